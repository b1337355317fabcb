"""The wiring as a scenario shows it: the event that was to lead to a first request, and whether."""

from __future__ import annotations

from typing import cast

from mews_harness.delivery import Courier
from mews_harness.endpoint import Endpoint
from mews_harness.model import Call, Delivery, EventRef, Kind, Message
from mews_harness.player.bench import Bench
from mews_harness.player.watching import Watch
from mews_harness.twin import Twin

ID = "bfee2c44-1f84-4326-a862-000000000001"


class Recorded:
    """A twin that was asked for the wiring's entity, among others, before the scenario began."""

    def calls(self, since: int = 0) -> tuple[Call, ...]:
        """Give the one request."""
        call = Call(1, "/", "x", 5.0, 6.0, 200, asked=(ID, "other"), returned=(ID, "other"))
        return (call,) if since == 0 else ()


def test_the_wirings_own_event_is_seen_as_fetched() -> None:
    """The request that the wiring led to is shown with the wiring's id, and with no other."""
    message = Message(Kind.GENERAL, b"{}", (EventRef("ServiceOrderUpdated", ID),), "1 event")
    wiring = Delivery("wiring", message, ())
    bench = Bench(
        cast("Courier", None),
        cast("Endpoint", None),
        wiring,
        twin=cast("Twin", Recorded()),
        wiring=lambda: wiring,
    )
    deliveries: list[Delivery] = []
    with Watch(bench, {}, deliveries) as watch:
        assert watch.calls(everything=True) == ()
        watch.show_wiring()
        (call,) = watch.calls(everything=True)
    assert deliveries == [wiring]
    assert (call.asked, call.returned) == ((ID,), (ID,))
