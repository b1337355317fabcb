"""Whether a response shows a secret that authenticates the sender."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from pytest_mews.model import Exchange, Outcome


def shows_secret(exchange: Exchange, secrets: Sequence[str]) -> bool:
    """Return whether headers or body of the response contain one of the secrets.

    A redirect to the same host may contain them, and so may the body of a redirect that was
    followed: the page that a framework sends with it repeats the URL, and only the sender reads it.
    """
    if not secrets:
        return False
    texts = [
        value
        for name, value in exchange.response_headers
        if name.lower() != "location" or not _has_same_host(exchange.url, value)
    ]
    if exchange.outcome is not Outcome.REDIRECTED:
        texts.append(exchange.response_body.decode("utf-8", "replace"))
    text = "\n".join(texts)
    forms = {form for secret in secrets for form in (secret, quote(secret, safe=""))} - {""}
    return any(form in text for form in forms)


def _has_same_host(url: str, location: str) -> bool:
    try:
        return urlsplit(location).netloc in {"", urlsplit(url).netloc}
    except ValueError:  # not a URL
        return False
