"""The secrets of the settings: which values they are, and that no repr shows them."""

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
        ("https://user:p%40ss@x/", {"p@ss", "p%40ss", "user:p@ss", "user:p%40ss"}),
        ("https://a-key-as-user@x/", {"a-key-as-user"}),
        ("https://x/0a1b2c3d4e5f60718293/mews", {"0a1b2c3d4e5f60718293"}),
        ("https://x/webhooks/mews-integration/v2", set()),
    ],
)
def test_secrets_in_a_url(settings: Callable[..., Settings], url: str, secrets: set[str]) -> None:
    """Token, password, and values with a telling name or a great length, encoded and decoded.

    So are segments of the path that look random.

    Ordinary short values stay readable in the report.
    """
    resolved = settings(url)
    tenants = resolved.tenants
    tokens = {tenants.client_token, *(tenant.access_token for tenant in tenants.enterprises)}
    assert set(resolved.secrets) - tokens == secrets


def test_no_repr_shows_a_secret(settings: Callable[..., Settings]) -> None:
    """Local variables in a traceback and failing assertions show no secret."""
    resolved = settings(
        "https://user:pa55word@x/?Token=s3cr3t",
        integration_target="https://y/?Token=0th3r",
        token="th1rd",
    )
    shown = repr(resolved) + repr(resolved.endpoint) + repr(resolved.tenants)
    assert not [secret for secret in resolved.secrets if secret in shown]
