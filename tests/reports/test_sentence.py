"""Words of an observation, made a sentence for the first screen."""

from __future__ import annotations

import pytest

from pytest_mews.reports.template_filters import sentence


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("no answer within 5.0 s", "No answer within 5.0 s."),
        ("It is over.", "It is over."),
        ("https://partner.example: no answer", "https://partner.example: no answer."),
        ("http://[::1]: no answer", "http://[::1]: no answer."),
        ("", "."),
    ],
)
def test_a_sentence_begins_with_a_capital_but_an_address_does_not(said: str, shown: str) -> None:
    """An address is shown as it is: `Https://` is nobody's."""
    assert sentence(said) == shown
