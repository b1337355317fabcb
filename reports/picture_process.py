"""The child process that draws pictures, and has the JavaScript engine that this takes."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Timer
from typing import Any, Self

from pytest_mews.errors import MewsError

LIBRARY = "vl_convert"
TIMEOUT_S = 60.0  # for one picture; the first takes half a second, on a busy machine ten
_WORKER = Path(__file__).with_name("picture_worker.py")


class PictureError(MewsError):
    """No picture can be drawn; the message says why."""


def can_draw() -> bool:
    """Whether the library that draws is installed: it comes with the extra `pictures`."""
    return find_spec(LIBRARY) is not None


class PictureProcess:
    """Draws in a child process, which starts with the first picture.

    The child ends with the block, and if this process is killed, with its input.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._drawn: dict[str, str] = {}  # the page may show a picture twice

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child."""
        if self._process is not None:
            self._process.kill()  # it has nothing to lose
            with suppress(BrokenPipeError):  # of a request that the child did not read
                self._process.__exit__(None, None, None)

    def draw(self, spec: dict[str, Any]) -> str:
        """Return the SVG of a Vega-Lite specification.

        Raises:
            PictureError: the child did not start, ended, or took longer than `TIMEOUT_S`.

        """
        request = json.dumps(spec)
        if request not in self._drawn:
            self._drawn[request] = self._request(request)
        return self._drawn[request]

    def _request(self, request: str) -> str:
        try:
            process = self._process = self._process or _start()
        except OSError as error:
            raise PictureError(f"the process that draws did not start ({error})") from error
        assert process.stdin is not None
        assert process.stdout is not None
        timer = Timer(TIMEOUT_S, process.kill)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(f"{request}\n")
            process.stdin.flush()
            svg = json.loads(process.stdout.readline())
        except (OSError, ValueError) as error:
            raise PictureError(
                "the process that draws ended early, or gave no answer for "
                f"{TIMEOUT_S:g} s and was ended"
            ) from error
        finally:
            timer.cancel()
        assert isinstance(svg, str)
        return svg


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-P", str(_WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="ascii",  # JSON escapes everything else
        process_group=0,  # Ctrl-C is for the run, which writes its report
    )
