"""Draw words for Integration Webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from pytest_mews.errors import HarnessError, ScenarioFileError
from pytest_mews.model import WebhookKind
from pytest_mews.senders.connector.ids import RelativeTime, Template
from pytest_mews.senders.connector.json_shapes import (
    NULL,
    Constant,
    Either,
    Record,
    nullable,
    parse,
)
from pytest_mews.senders.connector.payload_schemas import NEWEST, actions, load
from pytest_mews.senders.connector.plan import NO_PLANS, Plans, Target, TemplateMessage, unique
from pytest_mews.senders.connector.shape_strategies import canonical_example, templates

CREATED = "IntegrationCreated"
UNKNOWN_ACTION = "IntegrationRenamed"
LAG = "lag"  # in a list of ages: those that the profile's lag makes


def integration_action(  # noqa: PLR0913 - each is a key in a scenario file
    subject: Target,
    *,
    action: str,
    null: Sequence[str] = (),
    absent: Sequence[str] = (),
    null_undocumented: Sequence[str] = (),
    ages_s: Sequence[int | str] = (),
) -> Plans:
    """Send an Integration Webhook: fullest, barest, with nulls, then any the schema allows.

    Args:
        subject: what for.
        action: which one.
        null: properties of Data that are null in every case, such as `Requestor`.
        absent: properties of Data that are missing in every case, such as `Service`.
        null_undocumented: properties of Data that are null in every case, though null is not
            documented for them, such as `Service`.
        ages_s: how many seconds ago it happened, one fixed case each and none drawn, `lag` for
            both ends of the profile's; within the usual lag when empty.

    Raises:
        ScenarioMistake: the action, or a property of it, is not documented in any profile.

    """
    if action not in actions(NEWEST):
        remedy = f"Known: {', '.join(actions(NEWEST))}"
        raise ScenarioFileError("action: action", action, "is not documented", remedy)
    for name in (*null, *absent, *null_undocumented):
        if data_of(action_shape(NEWEST, action)).find(name) is None:
            problem = f"is no property of {action}'s Data"
            raise ScenarioFileError(
                "action: null, absent, null_undocumented", name, problem, "Correct the name"
            )
    if action not in subject.integration:
        return NO_PLANS
    whole = action_shape(subject.profile, action)
    pinned = _pin(data_of(whole), null, absent)
    if pinned is None:
        return NO_PLANS
    for name in null_undocumented:
        pinned = pinned.having(name, NULL)
    shape = whole.having("Data", pinned)
    forms = [
        canonical_example(shape),
        canonical_example(shape, optional=False),
        canonical_example(shape, null=True),
    ]

    def plan(template: Template) -> TemplateMessage:
        return TemplateMessage(WebhookKind.INTEGRATION, template, _phrase(whole, template))

    if ages_s:
        ages = dict.fromkeys(
            age for said in ages_s for age in (subject.lag_s if said == LAG else (int(said),))
        )
        return Plans(tuple(_aged(plan(forms[0]), age_s) for age_s in ages))
    return Plans(unique(plan(each) for each in forms), templates(shape).map(plan))


def new_integration(subject: Target) -> Plans:
    """Send the IntegrationCreated of an enterprise that connects now, enabled from the start."""
    if CREATED not in subject.integration:
        return NO_PLANS
    whole = action_shape(subject.profile, CREATED)
    data = data_of(whole).having("IsEnabled", Constant((True,)))
    template = canonical_example(whole.having("Data", data))
    return Plans((TemplateMessage(WebhookKind.INTEGRATION, template, f"{CREATED}, enabled"),))


def unknown_action(subject: Target) -> Plans:
    """Send an Integration Webhook whose action is not documented, or not yet."""
    if not subject.integration:
        return NO_PLANS

    def plan(name: str) -> TemplateMessage:
        shape = action_shape(subject.profile, "IntegrationEnabled")
        template = canonical_example(shape.having("Action", Constant((name,))))
        return TemplateMessage(WebhookKind.INTEGRATION, template, f"unknown action {name}")

    known = set(actions(NEWEST))
    names = st.from_regex(r"Integration([A-Z][a-z]{2,8}){1,2}", fullmatch=True)
    return Plans((plan(UNKNOWN_ACTION),), names.filter(lambda n: n not in known).map(plan))


def action_shape(profile: str, name: str) -> Record:
    """Give the shape of one action's message; HarnessFault where the profile has no such action."""
    either = parse(load("integration", profile))
    for option in either.options if isinstance(either, Either) else ():
        if isinstance(option, Record):
            tag = option.find("Action")
            if tag is not None and tag.shape == Constant((name,)):
                return option
    raise HarnessError(f"the schema of Integration Webhooks has no {name} in profile {profile}")


def aged(template: Template, age_s: int) -> Template:
    """Give an integration message's template with its datetimes so many seconds ago."""
    data = {
        name: RelativeTime(age_s) if isinstance(value, RelativeTime) else value
        for name, value in template["Data"].items()
    }
    return {**template, "Data": data}


def _aged(plan: TemplateMessage, age_s: int) -> TemplateMessage:
    phrase = f"{plan.phrase}, {age_s:,} s ago"
    return replace(plan, template=aged(plan.template, age_s), phrase=phrase)


def data_of(message: Record) -> Record:
    """Give the shape of a message's Data."""
    data = message.find("Data")
    assert data is not None
    assert isinstance(data.shape, Record)
    return data.shape


def _pin(data: Record, null: Sequence[str], absent: Sequence[str]) -> Record | None:
    """Force properties; None where the profile does not allow it."""
    for name in null:
        found = data.find(name)
        if found is None or not nullable(found.shape):
            return None
        data = data.having(name, NULL)
    for name in absent:
        found = data.find(name)
        if found is None or found.required:
            return None
        data = data.without(name)
    return data


def _phrase(shape: Record, template: Template) -> str:
    """Name the action, and what of its Data is missing or null."""
    data = template["Data"]
    missing = [each.name for each in data_of(shape).properties if each.name not in data]
    nulls = [f"{name} null" for name, value in data.items() if value is None]
    remarks = [*(f"without {name}" for name in missing), *nulls]
    return ", ".join([template["Action"], *remarks])
