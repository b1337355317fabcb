"""The report's files: written whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from mews_harness.errors import UsageMistake
from mews_harness.model import Run
from mews_harness.reports.machine import to_json
from mews_harness.reports.page import to_html


@dataclass(frozen=True)
class Written:
    """Where the report went."""

    html: Path
    json: Path


def write(run: Run, folder: Path) -> Written:
    """Write both files into `folder`, which is created where it is missing.

    Raises:
        UsageMistake: the folder or a file in it can't be written.

    """
    files = Written(folder / "certification.html", folder / "certification.json")
    # ASCII keeps control and direction characters as \u escapes, also for `cat` and `less`.
    data = json.dumps(to_json(run), indent=1, ensure_ascii=True).encode("ascii")
    page = to_html(run).encode("utf-8", "backslashreplace")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(files.json, data)
        _replace(files.html, page)
    except OSError as error:
        raise _mistake(folder, error) from error
    return files


def check_writable(folder: Path) -> None:
    """Create the folder and a file in it for a moment, so that a long run is not lost at its end.

    Raises:
        UsageMistake: that is not possible.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / f".writable-{os.getpid()}", b"").unlink()
    except OSError as error:
        raise _mistake(folder, error) from error


def _replace(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(content)
        return draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _mistake(folder: Path, error: OSError) -> UsageMistake:
    problem = f"can't be written ({error.strerror or error})"
    return UsageMistake("--mews-report", folder, problem, "Name a folder that you may write to")
