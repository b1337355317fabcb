"""Conditions under which a scenario applies to an endpoint; a scenario file names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pytest_mews.config.endpoint import Endpoint, is_loopback
from pytest_mews.mews.events import EVENTS, event_names
from pytest_mews.model import Basis, Scenario, WebhookKind
from pytest_mews.senders import Authentication, Sender, Target

MAX_NAMED = 3  # events in a reason
Condition = Callable[[Endpoint, Sender, Target], bool]


def has_two_enterprises(_endpoint: Endpoint, _sender: Sender, target: Target) -> bool:
    """Return whether at least two enterprises are configured."""
    return len(target.tenants.enterprises) > 1


def has_one_url(endpoint: Endpoint, _sender: Sender, _target: Target) -> bool:
    """Return whether General and Integration Webhooks have the same URL."""
    return len(endpoint.urls) == 1


def uses_https(endpoint: Endpoint, _sender: Sender, _target: Target) -> bool:
    """Return whether one of the URLs is https."""
    return any(url.lower().startswith("https:") for url in endpoint.urls)


def uses_plain_http(endpoint: Endpoint, _sender: Sender, _target: Target) -> bool:
    """Return whether one of the URLs is plain http to a host other than the loopback."""
    return any(url.lower().startswith("http:") and not is_loopback(url) for url in endpoint.urls)


def has_portfolios(_endpoint: Endpoint, _sender: Sender, target: Target) -> bool:
    """Return whether the integration is offered to portfolios of several properties."""
    return target.has_portfolios


def has_fetchable_event(_endpoint: Endpoint, sender: Sender, target: Target) -> bool:
    """Return whether a subscribed event has an entity that can be fetched by the event's id."""
    return sender.fetchable_message(target) is not None


CONDITIONS: Mapping[str, tuple[Condition, str]] = {
    "two-tenants": (has_two_enterprises, "only one enterprise is configured (--mews-tenants)"),
    "portfolio": (
        has_portfolios,
        "nothing says that the integration is offered to portfolios (--mews-portfolios)",
    ),
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
"""Each condition's function, and the reason for `not-applicable` where it returns False.

The conditions on the shared secret are those of the sender's authentication.
"""


def reason_not_applicable(  # noqa: PLR0913 - everything that a scenario can depend on
    scenario: Scenario,
    endpoint: Endpoint,
    authentication: Authentication,
    sender: Sender,
    target: Target,
    *,
    attempts: int,
    can_restart: bool,
) -> str:
    """Return why a scenario does not apply; an empty string where it does.

    Args:
        scenario: the scenario.
        endpoint: the URLs of the partner.
        authentication: how the sender authenticates itself there.
        sender: generates the messages.
        target: what messages are generated for.
        attempts: the profile's number of attempts. A step that injects a fault into all of them
            leaves no attempt that could be evaluated.
        can_restart: whether the harness can restart the service.

    """
    for name in scenario.applies:
        if name in authentication.unmet_conditions:
            if reason := authentication.unmet_conditions[name]:
                return reason
            continue
        condition, reason = CONDITIONS[name]
        if not condition(endpoint, sender, target):
            return reason
    if not _has_plans(scenario, sender, target):
        return _reason_without_plans(scenario, endpoint, sender, target)
    documented = [fact.source.revision for fact in scenario.facts if fact.is_documented]
    if scenario.basis is Basis.DOCUMENTED and (since := min(documented)) > target.profile:
        return f"documented since {since}, after profile {target.profile}"
    return _reason_not_performed(scenario, attempts=attempts, can_restart=can_restart)


def _reason_not_performed(scenario: Scenario, *, attempts: int, can_restart: bool) -> str:
    """Return why a step can't be performed; an empty string if all of them can."""
    if scenario.restarts_service and not can_restart:
        return "the harness can restart only a service that it starts (--mews-start)"
    if any(step.min_attempts > attempts for step in scenario.steps):
        return (
            "the profile makes too few attempts to retry after the injected faults "
            f"(attempts={attempts})"
        )
    return ""


def _has_plans(scenario: Scenario, sender: Sender, target: Target) -> bool:
    """Return whether all messages of a scenario can be generated."""
    return all(sender.plans_for(spec, target).fixed for spec in scenario.message_specs)


def _reason_without_plans(
    scenario: Scenario, endpoint: Endpoint, sender: Sender, target: Target
) -> str:
    general_events = sender.subscribed_events(
        None, None, target.profile, webhook_kinds={WebhookKind.GENERAL}, has_websocket=False
    )
    with_general = replace(target, events=(*general_events, *target.events))
    if not endpoint.general_url and _has_plans(scenario, sender, with_general):
        return "it needs General Webhooks, and there is no URL for them (--mews-target none)"
    others = [name for name in event_names(revision=target.profile) if name not in target.events]
    missing = [
        name
        for name in others
        if _has_plans(scenario, sender, replace(target, events=(*target.events, name)))
    ]
    needed = " or ".join(missing if len(missing) <= MAX_NAMED else (*missing[:2], "another one"))
    if missing and all(EVENTS[name].opt_in for name in missing):
        return (
            f"Mews sends {needed} only to a partner that asked for it: if you did, name it in "
            "--mews-events, with your other events"
        )
    if missing:
        return f"the integration is not subscribed to {needed} (--mews-events)"
    if _has_plans(scenario, sender, replace(target, events=(*target.events, *others))):
        return "the integration is not subscribed to its events (--mews-events)"
    return (
        f"its events don't exist in profile {target.profile}, or don't fit into a batch of "
        f"{target.batch_limit}"
    )
