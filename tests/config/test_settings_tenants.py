"""Tenants files: what is read, and what each mistake is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_mews.config import tenants
from pytest_mews.errors import UsageError

GOOD = tenants.template()
FIRST = tenants.DEFAULT.enterprises[0]
SECOND = tenants.DEFAULT.enterprises[1]


def _file(folder: Path, text: str) -> Path:
    path = folder / "tenants.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_template_describes_the_built_in_tenants(tmp_path: Path) -> None:
    """A user who starts from the template starts from what runs without it."""
    assert tenants.load(_file(tmp_path, GOOD)) == tenants.DEFAULT


def test_the_built_in_tokens_have_the_shape_of_mews_tokens() -> None:
    """A partner that checks the form of a token accepts the test values."""
    tokens = [tenants.DEFAULT.client_token, FIRST.access_token, SECOND.access_token]
    assert all(re.fullmatch(r"[0-9A-F]{32}-[0-9A-F]{31}", token) for token in tokens)
    assert len(set(tokens)) == 3


def test_one_access_token_may_serve_several_enterprises(tmp_path: Path) -> None:
    """A portfolio token covers several enterprises (guidelines/authentication)."""
    text = GOOD.replace(SECOND.access_token, FIRST.access_token)
    loaded = tenants.load(_file(tmp_path, text))
    assert {tenant.access_token for tenant in loaded.enterprises} == {FIRST.access_token}


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ('client_token = "', "client_token = ", "is not TOML"),
        ("client_token", "clientToken", "unknown in the file: `clientToken`"),
        (f'access_token = "{FIRST.access_token}"', "", "lacks `access_token` in enterprise 1"),
        (f'"{SECOND.access_token}"', "7", "`access_token` in enterprise 2 that is not a string"),
        (f'"{FIRST.access_token}"', '" "', "empty `access_token` in enterprise 1"),
        ("integration_id", "integrationId", "unknown in enterprise 1: `integrationId`"),
        (SECOND.id, FIRST.id, "the same `id` to two"),
        (SECOND.integration_id, FIRST.integration_id.upper(), "same `integration_id` to two"),
        (FIRST.id, "hotel-1", "an `id` in enterprise 1 that is not a GUID"),
        (FIRST.integration_id, f"{{{FIRST.integration_id}}}", "that is not a GUID"),
        ("[[enterprise]]", "[enterprise]", "is not TOML"),
    ],
)
def test_a_bad_file_is_refused_with_the_place_and_without_its_secrets(
    tmp_path: Path, good: str, bad: str, problem: str
) -> None:
    """The message names option, file and place, and quotes no token."""
    assert good in GOOD
    path = _file(tmp_path, GOOD.replace(good, bad, 1))
    with pytest.raises(UsageError, match=r"^--mews-tenants: ") as caught:
        tenants.load(path)
    message = str(caught.value)
    assert str(path) in message
    assert problem in message
    assert caught.value.remedy
    for secret in (tenants.DEFAULT.client_token, FIRST.access_token, SECOND.access_token):
        assert secret not in message


def test_bad_toml_is_reported_with_its_line(tmp_path: Path) -> None:
    """The user finds the place at once."""
    with pytest.raises(UsageError, match="line 2"):
        tenants.load(_file(tmp_path, 'client_token = "x"\n[[enterprise]\n'))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('client_token = "x"\n', "has no [[enterprise]] table"),
        ('client_token = "x"\nenterprise = []\n', "has no [[enterprise]] table"),
        (
            'client_token = "x"\nenterprise = ["y"]\n',
            "else than [[enterprise]] tables as `enterprise`",
        ),
        (
            'client_token = "x"\n[enterprise]\nid = "y"\n',
            "else than [[enterprise]] tables as `enterprise`",
        ),
    ],
)
def test_a_file_without_enterprises_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    """There is nothing to play without an enterprise."""
    with pytest.raises(UsageError, match=re.escape(problem)):
        tenants.load(_file(tmp_path, text))


def test_a_file_without_a_client_token_is_refused(tmp_path: Path) -> None:
    """The client token belongs to the file."""
    text = GOOD.replace(f'client_token = "{tenants.DEFAULT.client_token}"', "")
    with pytest.raises(UsageError, match="lacks `client_token` in the file"):
        tenants.load(_file(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "problem"),
    [("missing.toml", "no such file"), (".", "is a directory"), ("latin.toml", "is not UTF-8")],
)
def test_an_unreadable_file_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    """Missing, a folder, or in another encoding: each is said."""
    (tmp_path / "latin.toml").write_bytes(b'client_token = "\xe9"')
    with pytest.raises(UsageError, match=problem):
        tenants.load(tmp_path / name)
