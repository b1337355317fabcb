"""The report's files: written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pytest_mews.errors import UsageError
from pytest_mews.model import Run, Stage
from pytest_mews.reports.badge import badge
from pytest_mews.reports.command_lines import file_of
from pytest_mews.reports.html_report import to_html
from pytest_mews.reports.json_report import to_json
from pytest_mews.reports.markdown_summary import to_markdown
from pytest_mews.reports.sarif import to_sarif

HTML, JSON = "certification.html", "certification.json"


@dataclass(frozen=True)
class Output:
    """A file of the report: its name, and what renders it."""

    name: str
    render: Callable[[Run], str]


@dataclass(frozen=True)
class Written:
    """Where the report went; `problems` are remarks about files that could not be rendered.

    `html` is None where that page is one of them.
    """

    html: Path | None
    json: Path
    problems: tuple[str, ...] = ()


def _dumped(plain: Callable[[Run], object], run: Run) -> str:
    # ASCII keeps control and direction characters as \u escapes, also for `cat` and `less`.
    return json.dumps(plain(run), indent=1, ensure_ascii=True)


OUTPUTS: tuple[Output, ...] = (
    Output(JSON, partial(_dumped, to_json)),
    Output(HTML, to_html),
    Output("summary.md", to_markdown),
    Output("certification.sarif", partial(_dumped, to_sarif)),
    *(Output(f"badge-{stage}.svg", partial(badge, stage=stage)) for stage in Stage),
)


def write(run: Run, folder: Path) -> Written:
    """Write all files and the replay files into `folder`, which is created where it is missing.

    One that can't be rendered is a remark and not an error, and takes no other with it; an older
    file of its name is removed, since it would tell of another run.

    Raises:
        UsageMistake: the folder or a file in it can't be written; older files are as they were.

    """
    contents: dict[Path, bytes | None] = {}
    problems = []
    for output in OUTPUTS:
        path = folder / output.name
        try:
            contents[path] = output.render(run).encode("utf-8", "backslashreplace")
        except Exception as fault:  # noqa: BLE001 - hours of evidence hang on the other files
            contents[path] = None
            problems.append(f"{output.name} could not be rendered ({type(fault).__name__})")
    contents |= _replays(run, folder)
    try:
        for path, content in contents.items():
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
        _replace(contents)
    except OSError as error:
        raise _mistake(folder, error) from error
    page = folder / HTML
    return Written(page if contents[page] is not None else None, folder / JSON, tuple(problems))


def _replays(run: Run, folder: Path) -> dict[Path, bytes | None]:
    """Give a file for each failure that can be sent again; those of earlier runs go."""
    return {
        folder / file_of(result): result.replay.text.encode("ascii")
        if result.replay is not None and result.replay.text
        else None
        for result in run.results
    }


def check_writable(folder: Path) -> None:
    """Create the folder and a file in it for a moment, so that a long run is not lost at its end.

    Raises:
        UsageMistake: that is not possible.

    """
    probe = folder / f".writable-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace({probe: b""})
        probe.unlink()
    except OSError as error:
        raise _mistake(folder, error) from error


def _replace(contents: dict[Path, bytes | None]) -> None:
    """Put files in their places when all of them are on the disk; one without content goes."""
    with ExitStack() as drafts:
        ready = []
        for path, content in contents.items():
            if content is not None:
                draft = path.with_name(f".{path.name}.{os.getpid()}.part")
                drafts.callback(draft.unlink, missing_ok=True)
                draft.write_bytes(content)
                ready.append((draft, path))
        for draft, path in ready:
            draft.replace(path)
        for path, content in contents.items():
            if content is None:
                path.unlink(missing_ok=True)


def _mistake(folder: Path, error: OSError) -> UsageError:
    problem = f"can't be written ({error.strerror or error})"
    return UsageError("--mews-report", folder, problem, "Name a folder that you may write to.")
