"""Endpoint URLs: which are valid, and how the shared secret is added to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_mews.config.endpoint import build_endpoint, check_url, replace_token, token_in_url
from pytest_mews.errors import UsageError
from pytest_mews.model import WebhookKind

URL = "https://partner.example/hook"


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "http://localhost:8000",
        "http://[::1]:8000/hook?a=b&Token=s3cr3t",
        "https://user:pw@partner.example/hook/",
    ],
)
def test_a_valid_url_is_unchanged(url: str) -> None:
    """Nothing is normalised: the partner gave Mews exactly this URL."""
    assert check_url("--mews-target", url) == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "is empty"),
        ("partner.example/hook?Token=s3cr3t", "does not begin with https://"),
        ("admin:s3cr3t@partner.example/hook", "does not begin with https://"),
        ("localhost:8000/hook", "does not begin with https://"),
        ("ftp://partner.example/hook?s3cr3t", "does not begin with https://"),
        ("https://?Token=s3cr3t", "has no host"),
        ("https:///hook", "has no host"),
        ("https://partner.example:port/hook", "has a bad port"),
        ("https://partner.example:0/hook", "has a bad port"),
        ("https://partner.example:70000/hook?Token=s3cr3t", "has a bad port"),
        ("https://user:pa/s3cr3t@partner.example/", "has a bad port"),
        ("https://[::1/hook?Token=s3cr3t", "has a host that can't be parsed"),
        ("https://partner.example/hook?Token=a#s3cr3t", "has a fragment"),
        ("https://partner.example/hook?Token=my s3cr3t", "has whitespace"),
        ("https://partner.example/hook?Token=s3cr3t\n", "has whitespace"),
        ("https://partner.example/hook?Token=s3cr3té", "outside ASCII"),
        ("https://partner.example/hook?Token=s3cr3t&Token=s3cr3t2", "more than one Token"),
        ("https://partner.example/hook?a=s3cr3t&Token=", "has an empty Token"),
    ],
)
def test_an_invalid_url_is_rejected_without_showing_its_secrets(url: str, problem: str) -> None:
    """The message has the option, the URL without possible secrets, and a remedy."""
    with pytest.raises(UsageError) as caught:
        check_url("--mews-integration-target", url)
    assert caught.value.name == "--mews-integration-target"
    assert problem in caught.value.problem
    assert caught.value.remedy
    assert "s3cr3t" not in str(caught.value)


def test_a_path_instead_of_a_url_is_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `--mews-target tests` the user has forgotten the URL."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    with pytest.raises(UsageError, match=r"is a file or folder.*directly after --mews-target"):
        check_url("--mews-target", "tests")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (URL, f"{URL}?Token=a%2Fb%20c"),
        (f"{URL}?", f"{URL}?Token=a%2Fb%20c"),
        (f"{URL}?x=1&y", f"{URL}?x=1&y&Token=a%2Fb%20c"),
        (f"{URL}?x=%41+b", f"{URL}?x=%41+b&Token=a%2Fb%20c"),
    ],
)
def test_the_token_is_added_without_changing_the_query(url: str, expected: str) -> None:
    """The other parts of the query stay the same, byte for byte."""
    endpoint = build_endpoint(url, None, "a/b c")
    assert endpoint.general_url == endpoint.integration_url == expected
    assert endpoint.token == endpoint.integration_token == "a/b c"
    assert token_in_url(expected) == "a/b c"


def test_a_url_keeps_its_own_token() -> None:
    """--mews-token replaces no token; a note mentions the difference without either secret."""
    endpoint = build_endpoint(f"{URL}?Token=mine%21", f"{URL}/integration", "other")
    assert endpoint.token_of(WebhookKind.GENERAL) == "mine!"
    assert endpoint.token_of(WebhookKind.INTEGRATION) == "other"
    assert endpoint.url(WebhookKind.GENERAL) == f"{URL}?Token=mine%21"
    assert endpoint.url(WebhookKind.INTEGRATION) == f"{URL}/integration?Token=other"
    (note,) = endpoint.notes
    assert note.startswith("--mews-target: ")
    assert "mine" not in note
    assert "other" not in note


def test_a_token_in_one_url_is_not_added_to_the_other() -> None:
    """The other URL can be on another server."""
    endpoint = build_endpoint(URL, "https://other.example/?Token=mine", None)
    assert endpoint.general_url == URL
    assert (endpoint.token, endpoint.integration_token) == (None, "mine")


def test_without_a_token_the_url_is_unchanged() -> None:
    """The shared secret is optional."""
    endpoint = build_endpoint(f"{URL}?x=1", None, None)
    assert endpoint.general_url == f"{URL}?x=1"
    assert endpoint.token is None
    assert endpoint.notes == ()


def test_token_in_lower_case_is_not_the_secret() -> None:
    """The documentation shows `Token`; a note says that `token` is not treated as the secret."""
    endpoint = build_endpoint(f"{URL}?token=mine", None, None)
    assert endpoint.token is None
    assert "'token'" in endpoint.notes[0]
    assert "mine" not in endpoint.notes[0]


def test_the_token_can_be_replaced_and_removed() -> None:
    """Scenarios about the secret send a wrong one, and none."""
    url = f"{URL}?x=1&Token=mine&y=2"
    assert replace_token(url, "wrong") == f"{URL}?x=1&y=2&Token=wrong"
    assert replace_token(url, None) == f"{URL}?x=1&y=2"
