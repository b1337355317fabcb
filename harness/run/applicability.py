"""Conditions under which a scenario applies to an endpoint; a scenario file names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_mews.config.endpoint import Endpoint, is_loopback
from pytest_mews.model import Basis, MessageSpec, Scenario, WebhookKind
from pytest_mews.senders.connector import Target, plans_for

Condition = Callable[[Endpoint, Target], bool]


def has_token(endpoint: Endpoint, _target: Target) -> bool:
    """Return whether the URL has a Token (the shared secret)."""
    return endpoint.token_of(WebhookKind.GENERAL) is not None


def has_integration_token(endpoint: Endpoint, _target: Target) -> bool:
    """Return whether the URL for Integration Webhooks has a Token."""
    return endpoint.token_of(WebhookKind.INTEGRATION) is not None


def has_two_enterprises(_endpoint: Endpoint, target: Target) -> bool:
    """Return whether at least two enterprises are configured."""
    return len(target.tenants.enterprises) > 1


def has_one_url(endpoint: Endpoint, _target: Target) -> bool:
    """Return whether General and Integration Webhooks have the same URL."""
    return endpoint.general_url == endpoint.integration_url


def uses_https(endpoint: Endpoint, _target: Target) -> bool:
    """Return whether one of the URLs is https."""
    return any(url.startswith("https:") for url in _urls(endpoint))


def uses_plain_http(endpoint: Endpoint, _target: Target) -> bool:
    """Return whether one of the URLs is plain http to a host other than the loopback."""
    return any(url.startswith("http:") and not is_loopback(url) for url in _urls(endpoint))


def has_fetchable_event(_endpoint: Endpoint, target: Target) -> bool:
    """Return whether a subscribed event has an entity that can be fetched by the event's id."""
    return bool(
        plans_for(MessageSpec("message", "single-event", {"only_fetchable": True}), target).fixed
    )


def _urls(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.general_url.lower(), endpoint.integration_url.lower()


CONDITIONS: Mapping[str, tuple[Condition, str]] = {
    "token": (
        has_token,
        "the URL has no Token, which is optional; pass --mews-token to test one",
    ),
    "integration-token": (
        has_integration_token,
        "the URL for Integration Webhooks has no Token, which is optional",
    ),
    "two-tenants": (has_two_enterprises, "only one enterprise is configured (--mews-tenants)"),
    "one-url": (has_one_url, "General and Integration Webhooks have different URLs"),
    "https": (uses_https, "the target uses plain http, so there is no TLS to check"),
    "fetchable": (
        has_fetchable_event,
        "no subscribed event has an entity that can be fetched by its id (--mews-events)",
    ),
    "plain-http": (
        uses_plain_http,
        "the target uses https, or plain http only on the loopback interface",
    ),
}
"""Each condition's function, and the reason for `not-applicable` where it returns False."""


def reason_not_applicable(
    scenario: Scenario, endpoint: Endpoint, target: Target, attempts: int
) -> str:
    """Return why a scenario does not apply; an empty string where it does.

    Args:
        scenario: the scenario.
        endpoint: the URLs and tokens of the partner.
        target: what messages are generated for.
        attempts: the profile's number of attempts. A step that injects a fault into all of them
            leaves no attempt that could be evaluated.

    """
    for name in scenario.applies:
        condition, reason = CONDITIONS[name]
        if not condition(endpoint, target):
            return reason
    if not all(plans_for(spec, target).fixed for spec in scenario.message_specs):
        return (
            "its events are not subscribed (--mews-events), don't exist in profile "
            f"{target.profile}, or don't fit into a batch of {target.batch_limit}"
        )
    since = min(source.revision for source in scenario.sources)
    if scenario.basis is Basis.DOCUMENTED and since > target.profile:
        return f"documented since {since}, after profile {target.profile}"
    if any(len(step.arguments.get("faults", ())) >= attempts for step in scenario.steps):
        return (
            "the profile makes too few attempts to retry after the injected faults "
            f"(attempts={attempts})"
        )
    return ""
