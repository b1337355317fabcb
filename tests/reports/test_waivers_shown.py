"""Waivers in the page: with reason, owner and last day, and what became of each."""

from __future__ import annotations

from dataclasses import replace

import sample_run

from pytest_mews.model import Run
from pytest_mews.reports.html_report import to_html


def test_every_waiver_is_listed(run: Run) -> None:
    """Used, unused and expired ones are told apart, also those of unknown scenarios."""
    text = to_html(run)
    told = text[text.index('<section id="waivers"') :]
    assert "keys are rotated by hand" in told
    assert "ops@partner.example" in told
    assert "2026-12-31" in told
    assert "In use" in told
    assert "Unused" in told
    assert "Not judged" in told
    assert "Expired" in told
    assert '<a href="#INT-03">' in told
    assert 'href="#GONE-01"' not in told


def test_waived_failure_keeps_its_evidence(run: Run) -> None:
    """The details of a waived scenario show by whom and why, the verdict without it, the proof."""
    text = to_html(run)
    details = text[text.index('id="INT-03-details"') :]
    details = details[: details.index("</section>")]
    assert "<strong>Waived</strong> by ops@partner.example until 2026-12-31" in details
    assert 'Without the waiver: <span class="badge is-fail">' in details
    assert "501 after 4 ms" in details


def test_waived_is_not_among_what_to_fix(run: Run) -> None:
    """Nobody is asked to fix what is waived."""
    text = to_html(replace(run, results=(sample_run.waived(),)))
    assert "Nothing that was played needs fixing." in text


def test_no_waivers(run: Run) -> None:
    """A run without waivers says so."""
    assert "Nothing was waived." in to_html(replace(run, waivers=()))


def test_stale_waivers_are_told_at_the_top(run: Run) -> None:
    """Unused and expired ones are counted on the first screen, those in use are not."""
    assert '2 of 4 <a href="#waivers">waivers</a> are unused or expired.' in to_html(run)
    used = replace(run, waivers=run.waivers[:1])
    assert "unused or expired" not in to_html(used).split("<nav")[0]
