"""How templates show sentences and durations."""

from __future__ import annotations

import pytest

from pytest_mews.reports.template_filters import ms, sentence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no answer within 5.0 s", "No answer within 5.0 s."),
        ("It is over.", "It is over."),
        ("https://partner.example: no answer", "https://partner.example: no answer."),
        ("http://[::1]: no answer", "http://[::1]: no answer."),
        ("", "."),
    ],
)
def test_sentence_is_capitalized_unless_it_starts_with_a_url(text: str, shown: str) -> None:
    """A URL keeps its first letter: `Https://` would be wrong."""
    assert sentence(text) == shown


@pytest.mark.parametrize(
    ("duration_ms", "shown"),
    [(0, "0 ms"), (999.4, "999 ms"), (999.6, "1.00 s"), (6800, "6.80 s"), (239_900, "4 min 0 s")],
)
def test_duration_has_a_suitable_unit(duration_ms: float, shown: str) -> None:
    """A duration is rounded before it is split into units."""
    assert ms(duration_ms) == shown
