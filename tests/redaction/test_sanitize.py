"""Untrusted text: bounded, decoded, control characters visible."""

from __future__ import annotations

import pytest

from pytest_mews.sanitize import capped, decode_body, sanitize


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
def test_control_characters_become_escapes(text: str, shown: str) -> None:
    """Invisible characters become escapes; letters of every script, tab and newline stay."""
    assert sanitize(text) == shown


def test_capped_text_counts_what_it_leaves_out() -> None:
    """A cut text says how much is missing; a short text is unchanged."""
    assert capped("abc", 3) == "abc"
    assert capped("abcd", 3) == "abc… [1 more characters left out]"


def test_text_cut_within_a_character_is_not_binary() -> None:
    """Text that the harness cuts within a character is still text."""
    body = decode_body("aé".encode() * 10, 30, 2)
    assert body.text == "a"
    assert body.base64 == ""
    assert "2 of 30 bytes" in body.note


def test_text_that_ends_within_a_character_is_binary() -> None:
    """A complete body that ends within a character is not shown as text alone."""
    body = decode_body(b"a\xc3", 2, 100)
    assert body.text == "a\\xc3"
    assert body.base64 == "YcM="
