"""Generator for names that are valid but unusual: long, in other scripts, or with symbols."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from pytest_mews.mews.lifecycle import CREATED
from pytest_mews.model import Message, WebhookKind
from pytest_mews.senders.connector.integration_webhooks import action_shape
from pytest_mews.senders.connector.message_plans import TemplateMessage
from pytest_mews.senders.connector.random_text import characters
from pytest_mews.senders.connector.shape_strategies import canonical_example
from pytest_mews.senders.connector.subscription import integration_actions
from pytest_mews.senders.ids import IdSource, Template
from pytest_mews.senders.plan import NO_PLANS, Plan, Plans, Target

PREFERRED_ACTION = CREATED  # the action with the most names
MAX_RANDOM_LENGTH = 400  # characters
# By description.
NAMES: Mapping[str, str] = {
    "1 character": "H",
    "255 characters": "Grand Hotel " * 21 + "Spa",
    "2,000 characters": "Grand Hotel " * 166 + "Pension.",
    "accents": "Hôtel Zürich, Čeština 1. třída, Łódź",
    "other scripts": "ホテル 東京, Отель Москва, โรงแรม",
    "right to left": "فندق القدس, מלון ירושלים",
    "mixed text directions": "Hotel \u202ebacra\u202c 5\u200f",
    "combining marks": "Zu\u0308rich Z\u0351\u0343\u0303a\u0317\u0320\u0353l\u0489g\u0334o\u0321",
    "emoji": "Hotel 🏨 👩🏽\u200d🚀 🇨🇿 ❤\ufe0f",
    "characters outside the BMP": "\U0001d4bd\U0001d45c\U0001d4c9\U0001d452\U0001d4c1 𠜎 𐍈",
    "control characters": "Hotel\t\x01\x07\x1b[31m\x7f\x85\r\n",
    "Unicode line separators and spaces": "Hotel\u2028Ritz\u2029\u00a0\u200b\ufeff",
    "quotes and backslashes": "O'Neill's \"Inn\" \\ C:\\new `Ritz` -- %s ${name} {{7*7}}",
    "HTML": "<b>Ritz</b> <script>1</script> &amp; ]]> <!--",
    "the word null": "null",
}
ESCAPED_NAMES = ("emoji", "characters outside the BMP")


@dataclass(frozen=True)
class Escaped:
    r"""A plan whose bodies have all non-ASCII characters as `\uXXXX` escapes: equivalent JSON."""

    plan: Plan

    def describe(self) -> str:
        """Add to the description that characters are escaped."""
        return f"{self.plan.describe()}, escaped"

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the messages and escape their bodies."""
        return tuple(
            replace(
                message,
                body=json.dumps(json.loads(message.body), separators=(",", ":")).encode("ascii"),
                description=f"{message.description}, escaped",
            )
            for message in self.plan.build(ids)
        )


def unusual_names(target: Target) -> Plans:
    """Generate an Integration Webhook with unusual names of enterprise, service, and so on.

    The fixed cases are long names, names in other scripts and names with symbols, with the same
    name everywhere; random cases have a random name in one place or everywhere. The action is
    IntegrationCreated if it is subscribed to, otherwise the first subscribed one.
    """
    if not integration_actions(target):
        return NO_PLANS
    actions = integration_actions(target)
    action = PREFERRED_ACTION if PREFERRED_ACTION in actions else actions[0]
    template = canonical_example(action_shape(target.profile, action))
    named = [key for key, value in template["Data"].items() if _has_name(value)]

    def plan(name: str, description: str, keys: list[str]) -> Plan:
        data = {
            key: {**value, "Name": name} if key in keys else value
            for key, value in template["Data"].items()
        }
        where = "every name" if keys == named else f"the name of {', '.join(keys)}"
        description = f"{action}, {where}: {description}"
        return TemplateMessage(WebhookKind.INTEGRATION, {**template, "Data": data}, description)

    def random_plan(name: str, keys: list[str], *, escaped: bool) -> Plan:
        unescaped = plan(name, f"{len(name)} random characters", keys)
        return Escaped(unescaped) if escaped else unescaped

    # Without NUL: many databases can't store it, and no hotel has it in its name.
    names = st.text(characters(exclude="\0"), min_size=1, max_size=MAX_RANDOM_LENGTH)
    keys = st.sampled_from([named, *([key] for key in named)])
    return Plans(
        (
            *(plan(name, description, named) for description, name in NAMES.items()),
            *(Escaped(plan(NAMES[key], key, named)) for key in ESCAPED_NAMES),
        ),
        st.builds(random_plan, names, keys, escaped=st.booleans()),
    )


def _has_name(value: Template) -> bool:
    return isinstance(value, dict) and "Name" in value
