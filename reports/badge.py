"""The badge of a stage: an SVG with the stage and its readiness, also for screen readers."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from pytest_mews.model import Readiness, Run, Stage
from pytest_mews.reports.headline import readiness_title

# White text on each of these has a contrast of at least 4.5 (WCAG 2, AA).
COLOURS = {
    Readiness.READY: "#1a7f37",
    Readiness.WARNINGS: "#9a6700",
    Readiness.NOT_READY: "#cf222e",
    Readiness.INCOMPLETE: "#8250df",
    Readiness.NOT_OBSERVED: "#57606a",
}
CHARACTER_WIDTH = 6.2  # px: the average in Verdana at 11 px
MARGIN = 12  # px: left and right together


def render_badge(run: Run, stage: Stage) -> str:
    """Return the badge of a stage as SVG; a stage that the run lacks is not tested."""
    readiness = next(
        (summary.readiness for summary in run.stages if summary.stage is stage),
        Readiness.NOT_OBSERVED,
    )
    return _TEMPLATE.render(
        label=f"Mews {stage}",
        readiness=readiness_title(readiness).lower(),
        colour=COLOURS[readiness],
        text_width=lambda text: round(len(text) * CHARACTER_WIDTH),
        margin=MARGIN,
    )


_TEMPLATE = Environment(
    loader=PackageLoader("pytest_mews.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
).get_template("badge.svg")
