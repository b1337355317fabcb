"""Endpoint URLs: which are valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_mews.config.endpoint import check_url
from pytest_mews.errors import UsageError

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
