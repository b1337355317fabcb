"""The variants of a token: each differs from the right one as its name says."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from pytest_mews.execution.token_variants import RIGHT, VARIANTS, secret_variants, with_variant
from pytest_mews.redaction import Redactor

URL = "https://x.example/hook?hotel=a%20b&Token=Open%2FSesame1"
SECRET = "Open/Sesame1"


def query(variant: str, url: str = URL, secret: str = SECRET) -> dict[str, str]:
    """Return the query of a URL with a variant of its token."""
    return dict(
        parse_qsl(urlsplit(with_variant(url, secret, variant)).query, keep_blank_values=True)
    )


@pytest.mark.parametrize("variant", [RIGHT, *VARIANTS])
def test_the_rest_of_the_query_is_unchanged(variant: str) -> None:
    """Only the token changes."""
    assert query(variant)["hotel"] == "a b"


@pytest.mark.parametrize(
    ("variant", "expected"),
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
def test_decoded_token(variant: str, expected: str | None) -> None:
    """The decoded parameter is what the name of the variant says."""
    assert query(variant).get("Token") == expected


@pytest.mark.parametrize("variant", ["wrong-then-right", "right-then-wrong"])
def test_two_tokens_in_one_query(variant: str) -> None:
    """Both have the documented name, and the right one is where the variant says."""
    pairs = parse_qsl(urlsplit(with_variant(URL, SECRET, variant)).query)
    is_right = [value == SECRET for name, value in pairs if name == "Token"]
    assert is_right == [variant.startswith("right"), variant.endswith("right")]


@pytest.mark.parametrize("secret", [SECRET, "0", "0-wrong-token", "1-another-wrong-token"])
def test_a_wrong_token_is_never_right(secret: str) -> None:
    """Whatever the right token is, the wrong one is another."""
    assert query("wrong", secret=secret)["Token"] not in {secret, ""}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("secret", ["Abc4", "Ab0d-e0", "Letters", "Long-enough 0 Z%/0", "ßtraße-0"])
def test_no_variant_reveals_the_secret_once_redacted(variant: str, secret: str) -> None:
    """A redacted URL is the same for every secret: neither its length nor its letters show."""

    def redacted_url(other_secret: str) -> str:
        url = with_variant("https://x.example/hook?hotel=a", other_secret, variant)
        return Redactor([other_secret, *secret_variants(other_secret)]).redact_text(url)

    assert redacted_url(secret) == redacted_url("An-0ther-Secret-of-32-characters")


def test_other_name_carries_the_right_token() -> None:
    """The right secret is in a parameter with another name."""
    assert query("other-name")["Key"] == SECRET


def test_other_case_of_a_token_without_letters() -> None:
    """Digits have no case: a wrong token replaces the right one."""
    assert query("other-case", "https://x.example/?Token=1234", "1234")["Token"] != "1234"
