"""Which scenarios concern this endpoint: conditions that a scenario file may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_mews.config.endpoint import Endpoint, is_loopback
from pytest_mews.model import Basis, MessageSpec, Scenario, WebhookKind
from pytest_mews.senders.connector import Target, plans

Condition = Callable[[Endpoint, Target], bool]


def token(endpoint: Endpoint, _subject: Target) -> bool:
    """Hold when the URL bears a shared secret."""
    return endpoint.token_of(WebhookKind.GENERAL) is not None


def integration_token(endpoint: Endpoint, _subject: Target) -> bool:
    """Hold when the URL for Integration Webhooks bears a shared secret."""
    return endpoint.token_of(WebhookKind.INTEGRATION) is not None


def two_tenants(_endpoint: Endpoint, subject: Target) -> bool:
    """Hold when there are at least two enterprises to play."""
    return len(subject.tenants.enterprises) > 1


def one_url(endpoint: Endpoint, _subject: Target) -> bool:
    """Hold when General and Integration Webhooks have the same URL."""
    return endpoint.general_url == endpoint.integration_url


def https(endpoint: Endpoint, _subject: Target) -> bool:
    """Hold when a URL is https."""
    return any(url.startswith("https:") for url in _urls(endpoint))


def plain_http(endpoint: Endpoint, _subject: Target) -> bool:
    """Hold when a URL is plain http, and another machine may be behind it."""
    return any(url.startswith("http:") and not is_loopback(url) for url in _urls(endpoint))


def fetchable(_endpoint: Endpoint, subject: Target) -> bool:
    """Hold when an event is subscribed whose entity can be fetched by the id that it bears."""
    return bool(
        plans(MessageSpec("message", "single-event", {"only_fetchable": True}), subject).fixed
    )


def _urls(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.general_url.lower(), endpoint.integration_url.lower()


CONDITIONS: Mapping[str, tuple[Condition, str]] = {
    "token": (
        token,
        "the URL has no Token (a shared secret is optional): give --mews-token or put it there",
    ),
    "integration-token": (
        integration_token,
        "the URL for Integration Webhooks has no Token (a shared secret is optional)",
    ),
    "two-tenants": (two_tenants, "--mews-tenants has one enterprise only"),
    "one-url": (one_url, "General and Integration Webhooks have a URL each"),
    "https": (https, "the target is plain http: there is no TLS to look at"),
    "fetchable": (fetchable, "no event is subscribed whose entity can be fetched by its id"),
    "plain-http": (plain_http, "the target is https, or on this very machine (loopback)"),
}


def why_not(scenario: Scenario, endpoint: Endpoint, subject: Target, attempts: int) -> str:
    """Say why a scenario is not applicable; empty when it is.

    `attempts` is the profile's number: where all of them would be spoilt none could be judged.
    """
    for name in scenario.applies:
        holds, otherwise = CONDITIONS[name]
        if not holds(endpoint, subject):
            return otherwise
    if not all(plans(draw, subject).fixed for draw in scenario.message_specs):
        return (
            "what it sends is not subscribed (--mews-events), not in profile "
            f"{subject.profile}, or does not fit into messages of {subject.batch_limit} events"
        )
    since = min(source.revision for source in scenario.sources)
    if scenario.basis is Basis.DOCUMENTED and since > subject.profile:
        return f"documented since {since}, later than profile {subject.profile}"
    if any(len(step.arguments.get("faults", ())) >= attempts for step in scenario.steps):
        return f"the profile makes too few attempts to re-send a message (attempts={attempts})"
    return ""
