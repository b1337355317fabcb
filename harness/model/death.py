"""The death of the service in the middle of a run: it accepts no valid message any more.

Reasons and causes describe it in the same words.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_mews.model.message import Validity

MAX_NAMED = 4  # messages that may have ended the service


@dataclass(frozen=True)
class Death:
    """What ended the service, and whether it came back.

    Attributes:
        scenario_id: the scenario that sent the message; empty if several may have sent it.
        message: the description of the message that ended it; of several that may have, the most
            likely one.
        status: what it answers to valid messages since then; None if it refuses connections, or
            closes them without a response.
        waited_s: how long the harness waited, in seconds: until it came back, or gave up.
        returned: whether it came back.
        suspects: the scenarios that may have ended it, if it is unknown which of them did.
        other_messages: the descriptions of the other messages that may have ended it.
        validity: what the message is against the documentation.
        is_restart: whether no message ended it: the harness restarted it.

    """

    scenario_id: str
    message: str
    status: int | None = None
    waited_s: float = 0.0
    returned: bool = False
    suspects: tuple[str, ...] = ()
    other_messages: tuple[str, ...] = ()
    validity: Validity = Validity.DOCUMENTED
    is_restart: bool = False


def describe_death(death: Death) -> str:
    """Return what ended the service, and whether it came back: if not, the rest is blocked."""
    fate = _fate(death, ".0f")
    state = "died" if death.status is None else f"began to answer only {death.status}"
    if death.suspects:
        last = f", of {_messages(death)}" if death.message else ""
        return (
            f"the service {state} while {', '.join(death.suspects)} ran{last}, and {fate}: run "
            "each of these scenarios alone to see which of them ended it"
        )
    if not death.scenario_id:
        return f"the service {state} before this scenario, and {fate}"
    return f"{describe_end(death, f' at {death.scenario_id},')}, and {fate}"


def describe_return(death: Death) -> str:
    """Return what ended the service and whether it came back, for the scenario in which it died."""
    return f"{describe_end(death)}, and {_fate(death, '.1f')}"


def _fate(death: Death, precision: str) -> str:
    """Return whether the service came back, and the seconds until then in a format."""
    fate = "came back after" if death.returned else "did not come back within"
    return f"{fate} {death.waited_s:{precision}} s"


def describe_unreported(death: Death) -> str:
    """Return a note on a death that was noticed only after its scenario had passed."""
    end = describe_end(death, f" at {death.scenario_id},")
    return (
        f"{end[0].upper()}{end[1:]}, a moment after that scenario had passed, and came back after "
        f"{death.waited_s:.1f} s: what it had acknowledged and not yet processed is lost."
    )


def describe_end(death: Death, place: str = "") -> str:
    """Return what ended the service, and where: ` at ERR-05,`, for example."""
    if death.is_restart:
        return f"the service did not start again{place} when the harness restarted it"
    if death.status is None:
        return f"the service died{place} of {_messages(death)}"
    return f"the service answered only {death.status}{place} after {_messages(death)}"


def _messages(death: Death) -> str:
    """Return what may have ended it: `the message "a"`, `one of these messages: "a" or "b"`."""
    quoted = [f'"{description}"' for description in (death.message, *death.other_messages)]
    if len(quoted) == 1:
        return f"the message {quoted[0]}"
    if len(quoted) > MAX_NAMED:
        return f"one of {len(quoted)} messages, maybe {quoted[0]}"
    return f"one of these messages: {', '.join(quoted[:-1])} or {quoted[-1]}"
