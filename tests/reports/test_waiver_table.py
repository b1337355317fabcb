"""Waivers in the page: reason, owner, last day and state of each."""

from __future__ import annotations

from dataclasses import replace

import sample_run

from pytest_mews.model import Run
from pytest_mews.reports.html_report import to_html


def test_every_waiver_is_listed(run: Run) -> None:
    """All states are distinguished, also for waivers of unknown scenarios."""
    text = to_html(run)
    section = text[text.index('<section id="waivers"') :]
    assert "keys are rotated by hand" in section
    assert "ops@partner.example" in section
    assert "2026-12-31" in section
    assert "In use" in section
    assert "Unused" in section
    assert "Inconclusive" in section
    assert "Expired" in section
    assert '<a href="#INT-03">' in section
    assert 'href="#GONE-01"' not in section


def test_waived_failure_keeps_its_evidence(run: Run) -> None:
    """The details have the waiver, the verdict without it, and the evidence."""
    text = to_html(run)
    details = text[text.index('id="INT-03-details"') :]
    details = details[: details.index("</section>")]
    assert "<strong>Waived</strong> by ops@partner.example until 2026-12-31" in details
    assert 'Without the waiver: <span class="badge is-fail">' in details
    assert "501 after 4 ms" in details


def test_waived_failure_is_not_among_the_problems(run: Run) -> None:
    """A waived failure is not listed as something to fix."""
    text = to_html(replace(run, results=(sample_run.waived(),)))
    assert "Nothing that was tested needs fixing." in text


def test_no_waivers(run: Run) -> None:
    """A run without waivers says so."""
    assert "No failure was waived." in to_html(replace(run, waivers=()))


def test_stale_waivers_are_counted_at_the_top(run: Run) -> None:
    """Unused and expired waivers are counted on the first screen, used ones are not."""
    assert '2 of 4 <a href="#waivers">waivers</a> are unused or expired.' in to_html(run)
    used = replace(run, waivers=run.waivers[:1])
    assert "unused or expired" not in to_html(used).split("<nav")[0]
