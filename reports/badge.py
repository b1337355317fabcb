"""A badge for each stage, as SVG: its word, in its colour and as a title that is read aloud."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from pytest_mews.model import Readiness, Run, Stage

# White on each of these has a contrast of 4.5 or more (WCAG 2, AA).
COLOURS = {
    Readiness.READY: "#1a7f37",
    Readiness.WARNINGS: "#9a6700",
    Readiness.NOT_READY: "#cf222e",
    Readiness.INCOMPLETE: "#8250df",
    Readiness.NOT_OBSERVED: "#57606a",
}
CHARACTER, MARGIN = 6.2, 12  # px: a character of Verdana at 11 px on average, both sides together


def badge(run: Run, stage: Stage) -> str:
    """Draw the badge of a stage; one that the run says nothing of was not observed."""
    found = [each.readiness for each in run.stages if each.stage is stage]
    readiness = found[0] if found else Readiness.NOT_OBSERVED
    return _TEMPLATE.render(
        label=f"Mews {stage}",
        word=readiness.replace("-", " "),
        colour=COLOURS[readiness],
        wide=lambda text: round(len(text) * CHARACTER),
        margin=MARGIN,
    )


_TEMPLATE = Environment(
    loader=PackageLoader("pytest_mews.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
).get_template("badge.svg")
