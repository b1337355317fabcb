"""What counts as a secret of the settings, and that no repr shows it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.config.settings import Settings


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("https://x/?Token=s%65cret", {"secret", "s%65cret"}),
        ("https://x/?code=0123abcd", {"0123abcd"}),
        ("https://x/?api-key=0123abcd", {"0123abcd"}),
        ("https://x/?code=2026", set()),
        ("https://x/?source=webhooks", set()),
        ("https://x/?id=0123456789abcdef", {"0123456789abcdef"}),
        ("https://x/?0123456789abcdef", {"0123456789abcdef"}),
        ("https://user:p%40ss@x/", {"p@ss", "p%40ss"}),
        ("https://a-key-as-user@x/", {"a-key-as-user"}),
    ],
)
def test_what_a_url_may_have_of_secrets(
    settings: Callable[..., Settings], url: str, secrets: set[str]
) -> None:
    """Token, password, and what its name or its length tells; as it is spelled and as it is meant.

    Ordinary short values stay readable in the report.
    """
    chosen = settings(url)
    tenants = {chosen.tenants.client_token, *(x.access_token for x in chosen.tenants.enterprises)}
    assert set(chosen.secrets) - tenants == secrets


def test_no_repr_shows_a_secret(settings: Callable[..., Settings]) -> None:
    """Local variables in a traceback, or a failing assertion in a test, give nothing away."""
    chosen = settings(
        "https://user:pa55word@x/?Token=s3cr3t",
        integration_target="https://y/?Token=0th3r",
        token="th1rd",
    )
    shown = repr(chosen) + repr(chosen.endpoint) + repr(chosen.tenants)
    assert not [each for each in chosen.secrets if each in shown]
