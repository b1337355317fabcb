"""The report's files: all of them are written, or none."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pytest_mews.config.report_folder import (
    check_no_link,
    create_folder,
    open_without_links,
    unwritable,
)
from pytest_mews.model import Run, Stage
from pytest_mews.reports.badge import render_badge
from pytest_mews.reports.certification_review import to_review_markdown
from pytest_mews.reports.command_lines import replay_file
from pytest_mews.reports.html_report import to_html
from pytest_mews.reports.json_report import to_json_text
from pytest_mews.reports.markdown_summary import to_markdown
from pytest_mews.reports.sarif import to_sarif_text

HTML_NAME, JSON_NAME = "certification.html", "certification.json"


@dataclass(frozen=True)
class Output:
    """A file of the report: its name and the function that renders it.

    With `uses_json` the function also takes the text of the JSON file, or None without one.
    """

    name: str
    render: Callable[..., str]
    uses_json: bool = False


@dataclass(frozen=True)
class WrittenReport:
    """Where the report is; `problems` are remarks about files that could not be rendered.

    `html` is None if the page is one of them.
    """

    html: Path | None
    json: Path
    problems: tuple[str, ...] = ()


OUTPUTS: tuple[Output, ...] = (
    Output(JSON_NAME, to_json_text),
    Output(HTML_NAME, to_html, uses_json=True),
    Output("summary.md", to_markdown),
    Output("certification-review.md", to_review_markdown),
    Output("certification.sarif", to_sarif_text),
    *(Output(f"badge-{stage}.svg", partial(render_badge, stage=stage)) for stage in Stage),
)


def write_report(run: Run, folder: Path) -> WrittenReport:
    """Write all files and the replay files into `folder`, which is created if it is missing.

    A file that can't be rendered becomes a remark and doesn't affect the others; an older file
    with its name is removed because it would describe another run.

    Raises:
        UsageError: the folder or a file in it can't be written; older files are unchanged.

    """
    contents: dict[Path, bytes | None] = {}
    problems = []
    json_text: str | None = None
    for output in OUTPUTS:
        path = folder / output.name
        try:
            text = output.render(run, json_text) if output.uses_json else output.render(run)
            contents[path] = text.encode("utf-8", "backslashreplace")
            if output.name == JSON_NAME:
                json_text = text
        except Exception as error:  # noqa: BLE001 - the other files have hours of evidence
            contents[path] = None
            problems.append(f"{output.name} could not be rendered ({type(error).__name__})")
    contents |= _replay_contents(run, folder)
    try:
        create_folder(folder)
        for path, content in contents.items():
            if path.parent != folder:
                check_no_link(path.parent)
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
        _replace(contents)
    except OSError as error:
        raise unwritable(folder, error) from error
    html = folder / HTML_NAME
    return WrittenReport(
        html if contents[html] is not None else None, folder / JSON_NAME, tuple(problems)
    )


def file_names(run: Run) -> tuple[str, ...]:
    """Return the paths of the files that a report of this run may have, relative to its folder."""
    replays = (replay_file(result) for result in run.results)
    return *(output.name for output in OUTPUTS), *replays


def _replay_contents(run: Run, folder: Path) -> dict[Path, bytes | None]:
    """Return the replay files of the run; None removes the file of an earlier run."""
    return {
        folder / replay_file(result): result.replay.text.encode("ascii")
        if result.replay is not None and result.replay.text
        else None
        for result in run.results
    }


def check_writable(folder: Path) -> None:
    """Create the folder and, for a moment, a file in it: better before a long run than after it.

    Raises:
        UsageError: the folder or the file can't be created.

    """
    probe = folder / f".writable-{os.getpid()}"
    try:
        create_folder(folder)
        _replace({probe: b""})
        probe.unlink()
    except OSError as error:
        raise unwritable(folder, error) from error


def write_draft(path: Path, content: bytes) -> None:
    """Write a new file; a file or link with its name is removed first."""
    path.unlink(missing_ok=True)
    with open(path, "xb", opener=open_without_links) as file:
        file.write(content)


def _replace(contents: dict[Path, bytes | None]) -> None:
    """Write drafts of all files, then rename them into place; None removes a file."""
    with ExitStack() as drafts:
        ready = []
        for path, content in contents.items():
            if content is not None:
                draft = path.with_name(f".{path.name}.{os.getpid()}.part")
                drafts.callback(draft.unlink, missing_ok=True)
                write_draft(draft, content)
                ready.append((draft, path))
        for draft, path in ready:
            draft.replace(path)
        for path, content in contents.items():
            if content is None:
                path.unlink(missing_ok=True)
