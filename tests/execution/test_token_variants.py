"""Spellings of a token: each differs from the right one as it says."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from pytest_mews.execution.token_variants import RIGHT, VARIANTS, secret_variants, with_variant
from pytest_mews.redaction import Redactor

URL = "https://x.example/hook?hotel=a%20b&Token=Open%2FSesame1"
SECRET = "Open/Sesame1"


def query(spelling: str, url: str = URL, secret: str = SECRET) -> dict[str, str]:
    """Read the query of a URL whose token is spelled in some way."""
    return dict(
        parse_qsl(urlsplit(with_variant(url, secret, spelling)).query, keep_blank_values=True)
    )


@pytest.mark.parametrize("spelling", [RIGHT, *VARIANTS])
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
    pairs = parse_qsl(urlsplit(with_variant(URL, SECRET, spelling)).query)
    right = [value == SECRET for name, value in pairs if name == "Token"]
    assert right == [spelling.startswith("right"), spelling.endswith("right")]


@pytest.mark.parametrize("secret", [SECRET, "0", "0-wrong-token", "1-another-wrong-token"])
def test_wrong_is_never_right(secret: str) -> None:
    """Whatever the right token is, the wrong one is another."""
    assert query("wrong", secret=secret)["Token"] not in {secret, ""}


@pytest.mark.parametrize("spelling", VARIANTS)
@pytest.mark.parametrize("secret", ["Abc4", "Ab0d-e0", "Letters", "Long-enough 0 Z%/0", "ßtraße-0"])
def test_no_spelling_shows_anything_of_the_secret(spelling: str, secret: str) -> None:
    """Once masked, a URL is the same whatever the secret: its length and letters do not show."""

    def shown(each: str) -> str:
        url = with_variant("https://x.example/hook?hotel=a", each, spelling)
        return Redactor([each, *secret_variants(each)]).redact_text(url)

    assert shown(secret) == shown("An-0ther-Secret-of-32-characters")


def test_other_name_carries_the_right_token() -> None:
    """The right secret stands under another parameter's name."""
    assert query("other-name")["Key"] == SECRET


def test_a_token_without_letters_has_no_other_case() -> None:
    """Digits have no case: a wrong token stands in, never the right one."""
    assert query("other-case", "https://x.example/?Token=1234", "1234")["Token"] != "1234"
