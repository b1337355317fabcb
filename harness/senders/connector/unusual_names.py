"""Draw word for names that are valid and seldom seen: long, foreign, or full of signs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from pytest_mews.model import Message, WebhookKind
from pytest_mews.senders.connector.ids import IdSource, Template
from pytest_mews.senders.connector.integration_webhooks import action_shape
from pytest_mews.senders.connector.plan import NO_PLANS, Plan, Plans, Target, TemplateMessage
from pytest_mews.senders.connector.shape_strategies import canonical_example

PREFERRED = "IntegrationCreated"  # the action with the most names
LONGEST_DRAWN = 400  # characters
NAMES: Mapping[str, str] = {
    "1 character": "H",
    "255 characters": "Grand Hotel " * 21 + "Spa",
    "2,000 characters": "Grand Hotel " * 166 + "Pension.",
    "accents": "Hôtel Zürich, Čeština 1. třída, Łódź",
    "other scripts": "ホテル 東京, Отель Москва, โรงแรม",
    "right to left": "فندق القدس, מלון ירושלים",
    "a change of direction": "Hotel \u202ebacra\u202c 5\u200f",
    "combining marks": "Zu\u0308rich Z\u0351\u0343\u0303a\u0317\u0320\u0353l\u0489g\u0334o\u0321",
    "emoji": "Hotel 🏨 👩🏽\u200d🚀 🇨🇿 ❤\ufe0f",
    "letters beyond 16 bits": "\U0001d4bd\U0001d45c\U0001d4c9\U0001d452\U0001d4c1 𠜎 𐍈",
    "control characters": "Hotel\t\x01\x07\x1b[31m\x7f\x85\r\n",
    "other ends of lines and blanks": "Hotel\u2028Ritz\u2029\u00a0\u200b\ufeff",
    "quotes and backslashes": "O'Neill's \"Inn\" \\ C:\\new `Ritz` -- %s ${name} {{7*7}}",
    "HTML": "<b>Ritz</b> <script>1</script> &amp; ]]> <!--",
    "a word that means something": "null",
}
ESCAPED = ("emoji", "letters beyond 16 bits")


@dataclass(frozen=True)
class Escaped:
    r"""A plan whose messages have all that is not ASCII as `\uXXXX`, which is the same JSON."""

    plan: Plan

    def describe(self) -> str:
        """Say what is sent, and how it is written."""
        return f"{self.plan.describe()}, in escapes"

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Write the messages again, in escapes."""
        return tuple(
            replace(
                message,
                body=json.dumps(json.loads(message.body), separators=(",", ":")).encode("ascii"),
                description=f"{message.description}, in escapes",
            )
            for message in self.plan.build(mint)
        )


def unusual_names(subject: Target) -> Plans:
    """Send an Integration Webhook with unusual names in all places, then drawn ones in any place.

    It is an `IntegrationCreated`, or the first subscribed action where that is none.
    """
    if not subject.integration:
        return NO_PLANS
    action = PREFERRED if PREFERRED in subject.integration else subject.integration[0]
    template = canonical_example(action_shape(subject.profile, action))
    places = [key for key, value in template["Data"].items() if _has_name(value)]

    def plan(name: str, phrase: str, where: list[str]) -> Plan:
        data = {
            key: {**value, "Name": name} if key in where else value
            for key, value in template["Data"].items()
        }
        said = "every name" if where == places else f"the name of {', '.join(where)}"
        phrase = f"{action}, {said}: {phrase}"
        return TemplateMessage(WebhookKind.INTEGRATION, {**template, "Data": data}, phrase)

    def drawn(name: str, where: list[str], *, escaped: bool) -> Plan:
        made = plan(name, f"{len(name)} drawn characters", where)
        return Escaped(made) if escaped else made

    # NUL is left out: many a database can't hold it, and no hotel bears it.
    text = st.text(
        st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=LONGEST_DRAWN
    )
    anywhere = st.sampled_from([places, *([place] for place in places)])
    return Plans(
        (
            *(plan(name, phrase, places) for phrase, name in NAMES.items()),
            *(Escaped(plan(NAMES[phrase], phrase, places)) for phrase in ESCAPED),
        ),
        st.builds(drawn, text, anywhere, escaped=st.booleans()),
    )


def _has_name(value: Template) -> bool:
    return isinstance(value, dict) and "Name" in value
