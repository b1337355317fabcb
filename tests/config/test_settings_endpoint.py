"""Endpoint URLs: which are accepted, and how the shared secret gets into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_mews.config.endpoint import build, check, token_in, with_token
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
def test_a_callable_url_is_accepted_as_it_is(url: str) -> None:
    """Nothing is normalised: the partner gave Mews this very URL."""
    assert check("--mews-target", url) == url


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
        ("https://[::1/hook?Token=s3cr3t", "has a host that can't be read"),
        ("https://partner.example/hook?Token=a#s3cr3t", "has a fragment"),
        ("https://partner.example/hook?Token=my s3cr3t", "has blanks"),
        ("https://partner.example/hook?Token=s3cr3t\n", "has blanks"),
        ("https://partner.example/hook?Token=s3cr3té", "outside ASCII"),
        ("https://partner.example/hook?Token=s3cr3t&Token=s3cr3t2", "more than one Token"),
        ("https://partner.example/hook?a=s3cr3t&Token=", "has an empty Token"),
    ],
)
def test_a_bad_url_is_refused_without_showing_its_secrets(url: str, problem: str) -> None:
    """The message names the option, shows the URL without what may be secret, and a remedy."""
    with pytest.raises(UsageError) as caught:
        check("--mews-integration-target", url)
    assert caught.value.name == "--mews-integration-target"
    assert problem in caught.value.problem
    assert caught.value.remedy
    assert "s3cr3t" not in str(caught.value)


def test_a_path_taken_for_a_url_is_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--mews-target tests` means that the URL was forgotten."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    with pytest.raises(UsageError, match=r"is a file or folder.*right after --mews-target"):
        check("--mews-target", "tests")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (URL, f"{URL}?Token=a%2Fb%20c"),
        (f"{URL}?", f"{URL}?Token=a%2Fb%20c"),
        (f"{URL}?x=1&y", f"{URL}?x=1&y&Token=a%2Fb%20c"),
        (f"{URL}?x=%41+b", f"{URL}?x=%41+b&Token=a%2Fb%20c"),
    ],
)
def test_the_token_is_added_and_the_rest_of_the_query_kept(url: str, expected: str) -> None:
    """The partner's own query parts reach it byte for byte."""
    endpoint = build(url, None, "a/b c")
    assert endpoint.general_url == endpoint.integration_url == expected
    assert endpoint.token == endpoint.integration_token == "a/b c"
    assert token_in(expected) == "a/b c"


def test_a_url_keeps_the_token_of_its_own() -> None:
    """--mews-token only fills a gap; a difference is noted without either secret."""
    endpoint = build(f"{URL}?Token=mine%21", f"{URL}/integration", "other")
    assert endpoint.token_of(WebhookKind.GENERAL) == "mine!"
    assert endpoint.token_of(WebhookKind.INTEGRATION) == "other"
    assert endpoint.url(WebhookKind.GENERAL) == f"{URL}?Token=mine%21"
    assert endpoint.url(WebhookKind.INTEGRATION) == f"{URL}/integration?Token=other"
    (note,) = endpoint.notes
    assert note.startswith("--mews-target: ")
    assert "mine" not in note
    assert "other" not in note


def test_a_token_in_one_url_is_not_carried_over_to_the_other() -> None:
    """The other URL may belong to another server."""
    endpoint = build(URL, "https://other.example/?Token=mine", None)
    assert endpoint.general_url == URL
    assert (endpoint.token, endpoint.integration_token) == (None, "mine")


def test_without_any_token_the_url_is_called_as_given() -> None:
    """The shared secret is optional."""
    endpoint = build(f"{URL}?x=1", None, None)
    assert endpoint.general_url == f"{URL}?x=1"
    assert endpoint.token is None
    assert endpoint.notes == ()


def test_a_token_by_another_case_is_noted_and_not_taken_for_the_secret() -> None:
    """The documentation's figure shows `Token`; `token` is the partner's own affair."""
    endpoint = build(f"{URL}?token=mine", None, None)
    assert endpoint.token is None
    assert "'token'" in endpoint.notes[0]
    assert "mine" not in endpoint.notes[0]


def test_the_token_can_be_replaced_and_taken_out() -> None:
    """Scenarios about the secret send a wrong one and none."""
    url = f"{URL}?x=1&Token=mine&y=2"
    assert with_token(url, "wrong") == f"{URL}?x=1&y=2&Token=wrong"
    assert with_token(url, None) == f"{URL}?x=1&y=2"
