"""Draw word for bodies that are no JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from pytest_mews.model import Message, WebhookKind
from pytest_mews.senders.connector.batch import message_template
from pytest_mews.senders.connector.ids import IdSource, fill, serialise
from pytest_mews.senders.connector.integration_webhooks import action_shape
from pytest_mews.senders.connector.plan import NO_PLANS, Plans, Target, known_kind
from pytest_mews.senders.connector.shape_strategies import canonical_example

DEPTH = 10_000  # levels; far beyond the recursion that parsers allow by default

BREAKAGES: Mapping[str, Callable[[bytes, int], bytes]] = {
    "an empty body": lambda _body, _at: b"",
    "a bare word": lambda _body, _at: b"undefined",
    "cut off": lambda body, at: body[:at],
    "a comma too many at the end": lambda body, _at: body[:-1] + b",}",
    "single quotes": lambda body, _at: body.replace(b'"', b"'"),
    "a byte that is not UTF-8": lambda body, at: body[:at] + b"\xff" + body[at:],
    # Whole UTF-16 is JSON to parsers that guess the encoding; half a character is to none.
    "UTF-16, its last byte missing": lambda body, _at: body.decode().encode("utf-16")[:-1],
    "its own second half after the end": lambda body, _at: body + body[len(body) // 2 :],
    "10,000 lists that are never closed": lambda body, _at: body[:-1] + b',"More":' + b"[" * DEPTH,
}
PLACED = ("cut off", "a byte that is not UTF-8")


@dataclass(frozen=True)
class Malformed:
    """A valid message of one event or action, broken.

    Attributes:
        profile: whose schema the message followed.
        kind: which kind of webhook it was.
        event: its discriminator, or action.
        breakage: a key of `BREAKAGES`.
        at: after how many bytes, where the breakage has a place.

    """

    profile: str
    kind: WebhookKind
    event: str
    breakage: str
    at: int

    def describe(self) -> str:
        """Say what is broken."""
        place = f" after byte {self.at}" if self.breakage in PLACED else ""
        of_kind = "" if self.kind is WebhookKind.GENERAL else ", an integration webhook"
        return f"no JSON: {self.breakage}{place}{of_kind}"

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Write the valid message and break it; what it says can't be read any more."""
        valid = _valid(self.profile, self.kind, self.event, mint)
        at = min(self.at, len(valid) - 1)
        return (Message(self.kind, BREAKAGES[self.breakage](valid, at), (), self.describe()),)


def malformed_body(subject: Target, *, kind: str = "general") -> Plans:
    """Send what no JSON parser takes: a valid message broken in every way, then anywhere.

    Args:
        subject: what for.
        kind: `general` or `integration`; of it the first subscribed event or action.

    Raises:
        ScenarioMistake: there is no such kind.

    """
    of_kind = known_kind("malformed-body", kind)
    names = subject.general if of_kind is WebhookKind.GENERAL else subject.integration
    if not names:
        return NO_PLANS
    sample = IdSource(0, "the length of a message", 0, subject.tenants)
    length = len(_valid(subject.profile, of_kind, names[0], sample))

    def plan(breakage: str, at: int) -> Malformed:
        return Malformed(subject.profile, of_kind, names[0], breakage, at)

    fixed = tuple(plan(breakage, length // 2) for breakage in BREAKAGES)
    return Plans(fixed, st.builds(plan, st.sampled_from(PLACED), st.integers(1, length - 1)))


def _valid(profile: str, kind: WebhookKind, name: str, mint: IdSource) -> bytes:
    general = kind is WebhookKind.GENERAL
    template = (
        message_template(profile, name)
        if general
        else canonical_example(action_shape(profile, name))
    )
    return serialise(fill(template, mint))
