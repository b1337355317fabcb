"""The vocabulary of steps: each verb a small function that delivers and returns what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mews_harness.model import Delivery, Fault, Message, Scenario, Step, Transcript
from mews_harness.model.verdict import SIGN_OF_LIFE
from mews_harness.player.bench import Bench

Messages = Mapping[str, tuple[Message, ...]]
Verb = Callable[[Bench, Step, Messages], Iterator[Delivery]]


def preflight(bench: Bench, _step: Step, _messages: Messages) -> Iterator[Delivery]:
    """Show the one valid message that the preflight delivered; nothing is sent again."""
    yield bench.preflight


def send(bench: Bench, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Send each message of the draw once: one attempt, no retry; `token` as said."""
    name = step.arguments["message"]
    token = step.arguments.get("token", "right")
    for message in messages[name]:
        url = bench.address(message.kind, token)
        yield bench.courier.deliver(message, url, label=name, attempts=1)


def deliver(bench: Bench, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Deliver each message as Mews would, with all retries; `faults` spoil attempts 1, 2, …."""
    name = step.arguments["message"]
    faults = tuple(Fault(fault) for fault in step.arguments.get("faults", ()))
    for message in messages[name]:
        url = bench.endpoint.url(message.kind)
        yield bench.courier.deliver(message, url, label=name, faults=faults)


def sign_of_life(bench: Bench, _step: Step, messages: Messages) -> Iterator[Delivery]:
    """Send the canonical valid message once, after something hostile."""
    for message in messages[SIGN_OF_LIFE]:
        url = bench.endpoint.url(message.kind)
        yield bench.courier.deliver(message, url, label=SIGN_OF_LIFE, attempts=1)


VERBS: Mapping[str, Verb] = {
    "preflight": preflight,
    "send": send,
    "deliver": deliver,
    "sign-of-life": sign_of_life,
}


def play(scenario: Scenario, messages: Messages, bench: Bench) -> Transcript:
    """Play all steps in order; the transcript holds every delivery."""
    return Transcript(
        tuple(
            delivery
            for step in scenario.steps
            for delivery in VERBS[step.verb](bench, step, messages)
        )
    )
