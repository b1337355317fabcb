"""Generator for bodies that are not JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from pytest_mews.model import Message, WebhookKind
from pytest_mews.senders.connector.batch import message_template
from pytest_mews.senders.connector.integration_webhooks import action_shape
from pytest_mews.senders.connector.message_plans import parse_kind
from pytest_mews.senders.connector.shape_strategies import canonical_example
from pytest_mews.senders.connector.subscription import general_events, integration_actions
from pytest_mews.senders.ids import IdSource, fill, serialize
from pytest_mews.senders.plan import NO_PLANS, Plans, Target

DEPTH = 10_000  # levels; far beyond the default recursion limits of parsers

# By description: takes a valid body and a position in it, and returns the corrupt body.
CORRUPTIONS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "an empty body": lambda _body, _at: b"",
    "the bare word undefined": lambda _body, _at: b"undefined",
    "truncated": lambda body, at: body[:at],
    "a trailing comma": lambda body, _at: body[:-1] + b",}",
    "single quotes": lambda body, _at: body.replace(b'"', b"'"),
    "an invalid UTF-8 byte": lambda body, at: body[:at] + b"\xff" + body[at:],
    # Complete UTF-16 is JSON to parsers that detect the encoding; half a character never is.
    "UTF-16 without its last byte": lambda body, _at: body.decode().encode("utf-16")[:-1],
    "its second half repeated at the end": lambda body, _at: body + body[len(body) // 2 :],
    "10,000 nested arrays that are not closed": lambda body, _at: (
        body[:-1] + b',"More":' + b"[" * DEPTH
    ),
}
WITH_POSITION = ("truncated", "an invalid UTF-8 byte")


@dataclass(frozen=True)
class MalformedBody:
    """A plan for a valid message with one event or action whose body is corrupted.

    Attributes:
        profile: the name of the delivery profile.
        kind: the kind of webhook.
        event: the discriminator or action.
        corruption: a key of `CORRUPTIONS`.
        position: the number of bytes before the corruption; only for those in `WITH_POSITION`.

    """

    profile: str
    kind: WebhookKind
    event: str
    corruption: str
    position: int

    def describe(self) -> str:
        """Name the corruption."""
        place = f" after byte {self.position}" if self.corruption in WITH_POSITION else ""
        kind = "" if self.kind is WebhookKind.GENERAL else ", an Integration Webhook"
        return f"not JSON: {self.corruption}{place}{kind}"

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the valid message and corrupt its body; the message has no readable events."""
        body = _valid_body(self.profile, self.kind, self.event, ids)
        position = min(self.position, len(body) - 1)
        corrupt_body = CORRUPTIONS[self.corruption](body, position)
        return (Message(self.kind, corrupt_body, (), self.describe()),)


def malformed_body(target: Target, *, kind: str = "general") -> Plans:
    """Generate bodies that no JSON parser accepts: valid messages, each corrupted in one way.

    Random cases are truncated, or have an invalid byte, at any position.

    Args:
        target: what to generate for.
        kind: the kind of webhook, `general` or `integration`. The valid message has the first
            subscribed event or action.

    Raises:
        ScenarioFileError: there is no such kind.

    """
    webhook_kind = parse_kind("malformed-body", kind)
    is_general = webhook_kind is WebhookKind.GENERAL
    names = general_events(target) if is_general else integration_actions(target)
    if not names:
        return NO_PLANS
    ids = IdSource(0, "the length of a message", 0, target.tenants)
    length = len(_valid_body(target.profile, webhook_kind, names[0], ids))

    def plan(corruption: str, position: int) -> MalformedBody:
        return MalformedBody(target.profile, webhook_kind, names[0], corruption, position)

    fixed = tuple(plan(corruption, length // 2) for corruption in CORRUPTIONS)
    positions = st.integers(1, length - 1)
    return Plans(fixed, st.builds(plan, st.sampled_from(WITH_POSITION), positions))


def _valid_body(profile: str, kind: WebhookKind, event: str, ids: IdSource) -> bytes:
    template = (
        message_template(profile, event)
        if kind is WebhookKind.GENERAL
        else canonical_example(action_shape(profile, event))
    )
    return serialize(fill(template, ids))
