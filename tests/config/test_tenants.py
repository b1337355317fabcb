"""Tenants files: valid files, and the message for each error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_mews.config import tenants
from pytest_mews.errors import UsageError

VALID = tenants.tenants_template()
FIRST = tenants.DEFAULT_TENANTS.enterprises[0]
SECOND = tenants.DEFAULT_TENANTS.enterprises[1]


def _file(folder: Path, text: str) -> Path:
    path = folder / "tenants.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_template_describes_the_built_in_tenants(tmp_path: Path) -> None:
    """The template has the tenants that are used without a tenants file."""
    assert tenants.load_tenants(_file(tmp_path, VALID)) == tenants.DEFAULT_TENANTS


def test_the_built_in_tokens_have_the_format_of_mews_tokens() -> None:
    """A partner that checks the format of a token accepts the test values."""
    tokens = [tenants.DEFAULT_TENANTS.client_token, FIRST.access_token, SECOND.access_token]
    assert all(re.fullmatch(r"[0-9A-F]{32}-[0-9A-F]{31}", token) for token in tokens)
    assert len(set(tokens)) == 3


def test_one_access_token_can_have_several_enterprises(tmp_path: Path) -> None:
    """A portfolio token covers several enterprises (guidelines/authentication)."""
    text = VALID.replace(SECOND.access_token, FIRST.access_token)
    loaded = tenants.load_tenants(_file(tmp_path, text))
    assert {tenant.access_token for tenant in loaded.enterprises} == {FIRST.access_token}


@pytest.mark.parametrize(
    ("valid", "invalid", "problem"),
    [
        ('client_token = "', "client_token = ", "is not TOML"),
        ("client_token", "clientToken", "unknown key in the file: `clientToken`"),
        (f'access_token = "{FIRST.access_token}"', "", "lacks `access_token` in enterprise 1"),
        (f'"{SECOND.access_token}"', "7", "`access_token` in enterprise 2 that is not a string"),
        (f'"{FIRST.access_token}"', '" "', "empty `access_token` in enterprise 1"),
        ("integration_id", "integrationId", "unknown key in enterprise 1: `integrationId`"),
        (SECOND.id, FIRST.id, "the same `id` for two"),
        (SECOND.integration_id, FIRST.integration_id.upper(), "same `integration_id` for two"),
        (FIRST.id, "hotel-1", "an `id` in enterprise 1 that is not a GUID"),
        (FIRST.integration_id, f"{{{FIRST.integration_id}}}", "that is not a GUID"),
        ("[[enterprise]]", "[enterprise]", "is not TOML"),
    ],
)
def test_an_invalid_file_is_rejected_without_showing_its_secrets(
    tmp_path: Path, valid: str, invalid: str, problem: str
) -> None:
    """The message has the option, the file and the place, and no token."""
    assert valid in VALID
    path = _file(tmp_path, VALID.replace(valid, invalid, 1))
    with pytest.raises(UsageError, match=r"^--mews-tenants: ") as caught:
        tenants.load_tenants(path)
    message = str(caught.value)
    assert str(path) in message
    assert problem in message
    assert caught.value.remedy
    for secret in (tenants.DEFAULT_TENANTS.client_token, FIRST.access_token, SECOND.access_token):
        assert secret not in message


def test_invalid_toml_is_reported_with_its_line(tmp_path: Path) -> None:
    """The message has the place in the file."""
    with pytest.raises(UsageError, match="line 2"):
        tenants.load_tenants(_file(tmp_path, 'client_token = "x"\n[[enterprise]\n'))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('client_token = "x"\n', "has no [[enterprise]] table"),
        ('client_token = "x"\nenterprise = []\n', "has no [[enterprise]] table"),
        (
            'client_token = "x"\nenterprise = ["y"]\n',
            "has `enterprise` in another form than [[enterprise]] tables",
        ),
        (
            'client_token = "x"\n[enterprise]\nid = "y"\n',
            "has `enterprise` in another form than [[enterprise]] tables",
        ),
    ],
)
def test_a_file_without_enterprises_is_rejected(tmp_path: Path, text: str, problem: str) -> None:
    """At least one enterprise is required."""
    with pytest.raises(UsageError, match=re.escape(problem)):
        tenants.load_tenants(_file(tmp_path, text))


def test_a_file_without_a_client_token_is_rejected(tmp_path: Path) -> None:
    """The client token is required."""
    text = VALID.replace(f'client_token = "{tenants.DEFAULT_TENANTS.client_token}"', "")
    with pytest.raises(UsageError, match="lacks `client_token` in the file"):
        tenants.load_tenants(_file(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "problem"),
    [("missing.toml", "no such file"), (".", "is a directory"), ("latin.toml", "is not UTF-8")],
)
def test_an_unreadable_file_is_rejected(tmp_path: Path, name: str, problem: str) -> None:
    """The message says whether it is missing, a folder, or in another encoding."""
    (tmp_path / "latin.toml").write_bytes(b'client_token = "\xe9"')
    with pytest.raises(UsageError, match=problem):
        tenants.load_tenants(tmp_path / name)


def test_deep_nesting_is_a_usage_error(tmp_path: Path) -> None:
    """No RecursionError."""
    path = _file(tmp_path, "a = " + "[" * 100_000)
    with pytest.raises(UsageError, match=r"--mews-tenants: .* is nested too deeply"):
        tenants.load_tenants(path)
