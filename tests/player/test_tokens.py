"""Spellings of a token: each differs from the right one as it says."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from mews_harness.player.tokens import RIGHT, SPELLINGS, spelled

URL = "https://x.example/hook?hotel=a%20b&Token=Open%2FSesame1"
SECRET = "Open/Sesame1"


def query(spelling: str, url: str = URL, secret: str = SECRET) -> dict[str, str]:
    """Read the query of a URL whose token is spelled in some way."""
    return dict(parse_qsl(urlsplit(spelled(url, secret, spelling)).query, keep_blank_values=True))


@pytest.mark.parametrize("spelling", [RIGHT, *SPELLINGS])
def test_the_rest_of_the_query_stays(spelling: str) -> None:
    """Only the token changes."""
    assert query(spelling)["hotel"] == "a b"


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        (RIGHT, SECRET),
        ("percent-encoded", SECRET),
        ("empty", ""),
        ("shortened", "Open/Sesame"),
        ("lengthened", "Open/Sesame1x"),
        ("other-case", "oPEN/sESAME1"),
        ("missing", None),
        ("other-name", None),
    ],
)
def test_what_a_receiver_reads(spelling: str, expected: str | None) -> None:
    """The decoded parameter is what the spelling's name says."""
    assert query(spelling).get("Token") == expected


@pytest.mark.parametrize("spelling", ["wrong-then-right", "right-then-wrong"])
def test_two_tokens_in_one_query(spelling: str) -> None:
    """Both stand there under the documented name, the right one where the spelling says."""
    pairs = parse_qsl(urlsplit(spelled(URL, SECRET, spelling)).query)
    right = [value == SECRET for name, value in pairs if name == "Token"]
    assert right == [spelling.startswith("right"), spelling.endswith("right")]


def test_wrong_differs_everywhere() -> None:
    """The wrong token is as long as the right one and shares no character in any place."""
    wrong = query("wrong")["Token"]
    assert len(wrong) == len(SECRET)
    assert all(a != b for a, b in zip(wrong, SECRET, strict=True))


def test_other_name_carries_the_right_token() -> None:
    """The right secret stands under another parameter's name."""
    assert query("other-name")["Key"] == SECRET


def test_a_token_without_letters_has_no_other_case() -> None:
    """Digits have no case: a wrong token stands in, never the right one."""
    assert query("other-case", "https://x.example/?Token=1234", "1234")["Token"] != "1234"
