"""Generators for Integration Webhooks, and the shapes of their messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_mews.errors import HarnessError, ScenarioFileError
from pytest_mews.mews.lifecycle import CREATED
from pytest_mews.model import Validity, WebhookKind
from pytest_mews.senders.connector.json_shapes import (
    NULL,
    Either,
    Literal,
    Record,
    is_nullable,
    parse_schema,
)
from pytest_mews.senders.connector.message_plans import (
    TemplateMessage,
    with_validity,
    without_duplicates,
)
from pytest_mews.senders.connector.payload_schemas import ALL_REVISIONS, actions, load_schema
from pytest_mews.senders.connector.random_text import undocumented_names
from pytest_mews.senders.connector.shape_strategies import canonical_example, templates
from pytest_mews.senders.connector.subscription import integration_actions
from pytest_mews.senders.ids import RelativeTime, Template
from pytest_mews.senders.plan import NO_PLANS, Plans, Target

UNKNOWN_ACTION = "IntegrationRenamed"
LAG = "lag"  # in `ages_s`: both ends of the profile's lag_s


def integration_action(  # noqa: PLR0913 - each is a key in a scenario file
    target: Target,
    *,
    action: str,
    null: Sequence[str] = (),
    absent: Sequence[str] = (),
    null_undocumented: Sequence[str] = (),
    ages_s: Sequence[int | str] = (),
) -> Plans:
    """Generate an Integration Webhook with one action.

    The fixed cases are the message with all properties, without optional ones, and with null where
    the schema allows it. Random cases are any message that the schema allows.

    Args:
        target: what to generate for.
        action: the action.
        null: properties of Data that are null in every case, such as `Requestor`.
        absent: properties of Data that are missing in every case, such as `Service`.
        null_undocumented: properties of Data that are null in every case although the
            documentation doesn't show null for them, such as `Service`.
        ages_s: how many seconds before the start of the run the action happened, one fixed case
            each and no random ones; "lag" for both ends of the profile's `lag_s`. If omitted, the
            age is within the usual lag.

    Raises:
        ScenarioFileError: no profile documents the action or the property.

    """
    documented = actions(ALL_REVISIONS)
    if action not in documented:
        remedy = f"Known: {', '.join(documented)}."
        raise ScenarioFileError("integration-action: action", action, "is not documented", remedy)
    for name in (*null, *absent, *null_undocumented):
        if data_shape(action_shape(ALL_REVISIONS, action)).find(name) is None:
            raise ScenarioFileError(
                "integration-action: null, absent, null_undocumented",
                name,
                f"is not a property of {action}'s Data",
                "Correct the name",
            )
    if action not in integration_actions(target):
        return NO_PLANS
    complete = action_shape(target.profile, action)
    data = _restrict(data_shape(complete), null, absent)
    if data is None:
        return NO_PLANS
    for name in null_undocumented:
        data = data.with_property(name, NULL)
    shape = complete.with_property("Data", data)
    examples = [
        canonical_example(shape),
        canonical_example(shape, optional=False),
        canonical_example(shape, null=True),
    ]

    def plan(template: Template) -> TemplateMessage:
        return TemplateMessage(WebhookKind.INTEGRATION, template, _describe(complete, template))

    if ages_s:
        ages = dict.fromkeys(
            age_s for value in ages_s for age_s in (target.lag_s if value == LAG else (int(value),))
        )
        return Plans(tuple(_plan_with_age(plan(examples[0]), age_s) for age_s in ages))
    plans = Plans(without_duplicates(map(plan, examples)), templates(shape).map(plan))
    return with_validity(plans, Validity.UNDOCUMENTED) if null_undocumented else plans


def new_integration(target: Target, *, enabled: bool = True) -> Plans:
    """Generate the IntegrationCreated of an enterprise that connects now.

    Args:
        target: what to generate for.
        enabled: the value of IsEnabled.

    """
    if CREATED not in integration_actions(target):
        return NO_PLANS
    shape = action_shape(target.profile, CREATED)
    data = data_shape(shape).with_property("IsEnabled", Literal((enabled,)))
    template = canonical_example(shape.with_property("Data", data))
    state = "enabled" if enabled else "not enabled"
    return Plans((TemplateMessage(WebhookKind.INTEGRATION, template, f"{CREATED}, {state}"),))


def unknown_action(target: Target) -> Plans:
    """Generate an Integration Webhook whose action is not documented."""
    if not integration_actions(target):
        return NO_PLANS

    def plan(action: str) -> TemplateMessage:
        shape = action_shape(target.profile, "IntegrationEnabled")
        template = canonical_example(shape.with_property("Action", Literal((action,))))
        return TemplateMessage(WebhookKind.INTEGRATION, template, f"unknown action {action}")

    documented = set(actions(ALL_REVISIONS))
    names = undocumented_names(documented, r"Integration([A-Z][a-z]{2,8}){1,2}")
    return Plans((plan(UNKNOWN_ACTION),), names.map(plan))


def action_shape(profile: str, action: str) -> Record:
    """Return the shape of an action's message; HarnessError if the profile has no such action."""
    message = parse_schema(load_schema("integration", profile))
    for option in message.options if isinstance(message, Either) else ():
        if isinstance(option, Record):
            action_property = option.find("Action")
            if action_property is not None and action_property.shape == Literal((action,)):
                return option
    raise HarnessError(f"the schema of Integration Webhooks has no {action} in profile {profile}")


def data_shape(message: Record) -> Record:
    """Return the shape of a message's Data."""
    data = message.find("Data")
    assert data is not None
    assert isinstance(data.shape, Record)
    return data.shape


def with_age(template: Template, age_s: int) -> Template:
    """Return the template of a message with all datetimes in Data set to that age, in seconds."""
    data = {
        name: RelativeTime(age_s) if isinstance(value, RelativeTime) else value
        for name, value in template["Data"].items()
    }
    return {**template, "Data": data}


def _plan_with_age(plan: TemplateMessage, age_s: int) -> TemplateMessage:
    description = f"{plan.description}, {age_s:,} s ago"
    return replace(plan, template=with_age(plan.template, age_s), description=description)


def _restrict(data: Record, null: Sequence[str], absent: Sequence[str]) -> Record | None:
    """Make properties null or absent; return None if the profile doesn't allow it."""
    for name in null:
        found = data.find(name)
        if found is None or not is_nullable(found.shape):
            return None
        data = data.with_property(name, NULL)
    for name in absent:
        found = data.find(name)
        if found is None or found.required:
            return None
        data = data.without_property(name)
    return data


def _describe(shape: Record, template: Template) -> str:
    """Name the action, and the properties of Data that are missing or null."""
    data = template["Data"]
    missing = [
        f"without {member.name}"
        for member in data_shape(shape).properties
        if member.name not in data
    ]
    nulls = [f"{name} null" for name, value in data.items() if value is None]
    return ", ".join([template["Action"], *missing, *nulls])
