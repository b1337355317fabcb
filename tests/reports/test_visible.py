"""Untrusted text: bounded, decoded, visible."""

from __future__ import annotations

import pytest

from pytest_mews.reports.sanitize import capped, decode, sanitize


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\x00b", "a\\x00b"),
        ("\u202egnp", "\\u202egnp"),
        ("\ud800", "\\ud800"),
        ("\x9b", "\\x9b"),
        ("Hôtel 日本\n\tok", "Hôtel 日本\n\tok"),
    ],
)
def test_control_characters_are_escapes(text: str, shown: str) -> None:
    """What can't be seen is an escape; letters of every script, tab and newline stay."""
    assert sanitize(text) == shown


def test_capped_counts_what_it_leaves_out() -> None:
    """A cut text says how much is missing, a short one is itself."""
    assert capped("abc", 3) == "abc"
    assert capped("abcd", 3) == "abc… [1 more characters left out]"


def test_cut_inside_a_character_is_not_binary() -> None:
    """Text that we cut in the middle of a character is still text."""
    body = decode("aé".encode() * 10, 30, 2)
    assert body.text == "a"
    assert body.base64 == ""
    assert "2 of 30 bytes" in body.note


def test_text_that_ends_in_half_a_character_is_binary() -> None:
    """A body that itself ends in the middle of a character is not passed off as text."""
    body = decode(b"a\xc3", 2, 100)
    assert body.text == "a\\xc3"
    assert body.base64 == "YcM="
