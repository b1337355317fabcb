"""Draw word for bodies that are no JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from mews_harness.model import Kind, Message
from mews_harness.payloads.batch import message_template
from mews_harness.payloads.mint import Mint, fill, serialise
from mews_harness.payloads.plan import NOTHING, Plans, Subject

DEPTH = 10_000  # levels; far beyond the recursion that parsers allow by default

BREAKAGES: Mapping[str, Callable[[bytes, int], bytes]] = {
    "an empty body": lambda _body, _at: b"",
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
    """A valid message of one event, broken.

    Attributes:
        profile: whose schema the message followed.
        event: its discriminator.
        breakage: a key of `BREAKAGES`.
        at: after how many bytes, where the breakage has a place.

    """

    profile: str
    event: str
    breakage: str
    at: int

    def describe(self) -> str:
        """Say what is broken."""
        place = f" after byte {self.at}" if self.breakage in PLACED else ""
        return f"no JSON: {self.breakage}{place}"

    def build(self, mint: Mint) -> tuple[Message, ...]:
        """Write the valid message and break it; what it says can't be read any more."""
        valid = serialise(fill(message_template(self.profile, self.event), mint))
        at = min(self.at, len(valid) - 1)
        return (Message(Kind.GENERAL, BREAKAGES[self.breakage](valid, at), (), self.describe()),)


def malformed(subject: Subject) -> Plans:
    """Send what no JSON parser takes: a valid message broken in every way, then anywhere."""
    if not subject.general:
        return NOTHING
    event = subject.general[0]
    sample = Mint(0, "the length of a message", 0, subject.tenants)
    length = len(serialise(fill(message_template(subject.profile, event), sample)))

    def plan(breakage: str, at: int) -> Malformed:
        return Malformed(subject.profile, event, breakage, at)

    fixed = tuple(plan(breakage, length // 2) for breakage in BREAKAGES)
    return Plans(fixed, st.builds(plan, st.sampled_from(PLACED), st.integers(1, length - 1)))
