"""The requests of the partner after an integration got a new AccessToken."""

from __future__ import annotations

from pytest_mews.mews.lifecycle import API_KEY_CREATED
from pytest_mews.model.api_call import ApiCall
from pytest_mews.model.verdict import Transcript


def calls_after_rotation(transcript: Transcript) -> tuple[ApiCall, ...] | None:
    """Return the requests after the last acknowledged `IntegrationApiKeyCreated`; None without one.

    If a message follows the new key, only requests after that message count.
    """
    rotations = [
        index
        for index, delivery in enumerate(transcript.deliveries)
        if delivery.delivered
        and any(event.discriminator == API_KEY_CREATED for event in delivery.message.events)
    ]
    if not rotations:
        return None
    following = transcript.deliveries[rotations[-1] + 1 :]
    since_ms = transcript.deliveries[rotations[-1]].attempts[-1].final_exchange.ended_ms
    if following:
        since_ms = following[0].started_ms
    return tuple(call for call in transcript.calls if call.received_ms >= since_ms)
