"""Certify flawed partners; write docs/reading-the-report.md, its screenshots and the sample report.

.venv/bin/python docs/generate_reading.py            # everything, about ten minutes
.venv/bin/python docs/generate_reading.py sample     # only the sample report, about one minute
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

DOCS = Path(__file__).parent
PAGE, SCREENSHOTS, SAMPLE = DOCS / "reading-the-report.md", DOCS / "reading", DOCS / "sample"
SAMPLE_FLAW = "body-limit"
SEED = 2026
SCREEN_SIZE: ViewportSize = {"width": 1280, "height": 800}
PALETTE_SIZE = 48  # a first screen has few colours; a small palette saves two thirds of the size
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Flaws of the demo partner, and how each looks from outside.
FLAWS = {
    "demands-signature": "Wants a signature header that Mews never sends",
    "redirects-302": "Redirects with a 302",
    "ignores-token": "Accepts any token or none",
    "body-limit": "Rejects bodies of more than 32 kB",
    "fetches-first": "Fetches every entity before it answers",
    "refuses-duplicates": "Rejects a repeated message as a conflict",
    "fetches-nothing": "Answers 200 and does nothing",
    "forgets-one-event-in-50": "Loses one event in fifty",
    "gives-up-on-429": "Gives up after a 429 from the API",
    "first-token-for-all": "Uses one hotel's AccessToken for all hotels",
}
INTRODUCTION = f"""\
`make docs` generates this page with `docs/generate_reading.py`: it certifies the demo partner with
ten flaws and takes a screenshot of the first screen of each report, {SCREEN_SIZE["width"]} pixels
wide and {SCREEN_SIZE["height"]} high. The complete report of one of these runs is
[sample/certification.html](sample/certification.html), with the same run as data in
[sample/certification.json](sample/certification.json).

From top to bottom, the first screen has: the verdict in a phrase and a sentence; the product
(`--mews-about`) and the target; each stage with its verdict and counts; time, profile, time scale,
seed, version, command, and the digest of `certification.json`; then **Fix these first** (**All
scenarios**, if there is nothing to fix): the levels MUST, SHOULD and MAY, each of which begins with
its *causes*: what failures have in common, each with its remedy and the scenarios that it explains
([causes.md](causes.md)). A square per scenario leads to its card. A red
**MUST** makes the run *not ready*; an amber **SHOULD** is strongly recommended; a dashed **MAY**
is worth knowing. Each entry has what was *observed* and how to *fix* it, and says whether Mews's
certification review looks at it (calls to the API) or only *operation* needs it; its link opens
the evidence: what the documentation says, each attempt, a curl command, and the command that runs
the scenario again. The navigation bar leads to everything else: what Mews's certification review
would see in the API calls, the matrix of all scenarios with its filters, the details, the pictures,
the profile with the source of each parameter, what was not observed, and the waivers.

With a baseline, a line above the navigation bar counts new, fixed and remaining failures. The
report can be printed (what is open), follows the system's dark mode, and needs no network. Search,
copy buttons and *expand all* are its only scripts.

*Fix* below is the remedy in that report. Try any of these flaws with
`mews certify demo:FLAW`."""


def certify(flaw: str, folder: Path) -> Mapping[str, Any]:
    """Run the certification as a user does, and return its certification.json."""
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--mews-target", f"demo:{flaw}")
    options = ("--mews-jobs", "8", "--mews-examples", "5", f"--hypothesis-seed={SEED}")
    completed = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, *command, *options, "--mews-report", str(folder)],
        cwd=folder.parent,
        check=False,
        capture_output=True,
        text=True,
    )
    if completed.returncode != 1:
        raise SystemExit(
            f"demo:{flaw} should fail, but the exit status is {completed.returncode}:\n"
            f"{completed.stdout}"
        )
    report: Mapping[str, Any] = json.loads((folder / "certification.json").read_text("utf-8"))
    return report


def take_screenshots(pages: Mapping[str, Path]) -> None:
    """Write a screenshot of each page's first screen to `SCREENSHOTS`, with few colours."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        raise SystemExit("no Chromium: run tests/browser/install-chromium")
    SCREENSHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        for name, path in pages.items():
            page = browser.new_page(viewport=SCREEN_SIZE, color_scheme="light")
            page.goto(path.as_uri())
            image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            image.quantize(PALETTE_SIZE, dither=Image.Dither.NONE).save(
                SCREENSHOTS / f"{name}.png", optimize=True
            )
            page.close()
        browser.close()


@dataclass(frozen=True)
class Problem:
    """What a report lists first: its text and its remedy."""

    text: str
    remedy: str


def first_problem(report: Mapping[str, Any]) -> Problem:
    """Return what the report lists first: the first cause of a MUST, else the first failed MUST."""
    for cause in report["causes"]:
        if cause["level"] == "MUST":
            return Problem(cause["summary"], cause["remedy"])
    failure = next(entry for entry in report["scenarios"] if entry["verdict"] == "fail")
    return Problem(f"{failure['id']} {failure['title']}", failure["remedy"])


def render(problems: Mapping[str, Problem]) -> str:
    """Return the page; `problems` has what the report of each flaw lists first."""
    blocks = ["# Reading the report", INTRODUCTION]
    for number, (flaw, problem) in enumerate(problems.items(), start=1):
        text = problem.text.rstrip(".")
        description = f"First screen for demo:{flaw}: not ready; the first problem is {text}"
        blocks += [
            f"## {number}. {FLAWS[flaw]}",
            f"![{description}](reading/{flaw}.png)",
            f"`demo:{flaw}`. **Problem:** {text}. **Fix:** {problem.remedy}",
        ]
    return "\n\n".join(blocks) + "\n"


def main(only_sample: bool) -> None:  # noqa: FBT001 - the script's only option
    """Certify the flaws and write the files."""
    with tempfile.TemporaryDirectory() as folder:
        flaws = [SAMPLE_FLAW] if only_sample else list(FLAWS)
        reports = {flaw: certify(flaw, Path(folder) / flaw) for flaw in flaws}
        SAMPLE.mkdir(exist_ok=True)
        for name in ("certification.html", "certification.json"):
            shutil.copyfile(Path(folder) / SAMPLE_FLAW / name, SAMPLE / name)
        if only_sample:
            return
        take_screenshots({flaw: Path(folder) / flaw / "certification.html" for flaw in flaws})
        text = render({flaw: first_problem(report) for flaw, report in reports.items()})
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] == ["sample"])
