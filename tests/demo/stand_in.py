"""A scripted stand-in for the Connector API: any entity exists, any fault can be ordered."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.demo import DemoPartner
from pytest_mews.demo.processing.api_client import PREFIX
from tests.demo.client import general, send

ENTITIES = {  # operation: collection, and the property that names ids
    "reservations/getAll/2023-06-06": ("Reservations", "ReservationIds"),
    "reservations/getAll": ("Reservations", "ReservationIds"),
    "resources/getAll": ("Resources", "ResourceIds"),
    "resourceBlocks/getAll": ("ResourceBlocks", "ResourceBlockIds"),
    "customers/getAll": ("Customers", "CustomerIds"),
    "payments/getAll": ("Payments", "PaymentIds"),
    "messageThreads/getAll": ("MessageThreads", "MessageThreadIds"),
    "messages/getAll": ("Messages", None),
}
BROKEN = object()
SOON_S = 20.0
BUSY_S = 3.0


@dataclass(frozen=True)
class Seen:
    """A request that came, and when."""

    path: str
    body: Mapping[str, Any]
    at_s: float

    @property
    def operation(self) -> str:
        """Its name, without what all paths have in common."""
        return self.path.removeprefix(PREFIX)

    @property
    def token(self) -> str:
        """Its AccessToken."""
        return str(self.body["AccessToken"])

    @property
    def ids(self) -> list[str]:
        """What it asks for by id."""
        _, name = ENTITIES.get(self.operation.rstrip("/"), ("", None))
        return list(self.body.get(name, ())) if name else []


@dataclass(frozen=True)
class Fault:
    """What happens to a request instead of an answer."""

    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = b"{}"
    delay_s: float = 0.0


class StandIn(HTTPServer):
    """Answers every operation; `faults` are used up first, one for each request."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 0, threaded=True)
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.stamp = "2026-01-01T00:00:00Z"
        self.shown: tuple[str, ...] = ()
        self.released = threading.Event()
        self.partners: list[DemoPartner] = []  # those that call it
        self._changed = threading.Condition()

    @property
    def api(self) -> str:
        """The base address."""
        return self.url_for("").rstrip("/")

    def application(self, request: Request) -> Response:
        """Answer one request."""
        seen = Seen(request.path, json.loads(request.get_data()), time.monotonic())
        with self._changed:
            self.seen.append(seen)
            fault = self.faults.pop(0) if self.faults else None
            self._changed.notify_all()
        if fault is not None:
            self.released.wait(fault.delay_s)
            if fault.body is BROKEN:
                connection: socket.socket = request.environ["werkzeug.socket"]
                connection.shutdown(socket.SHUT_RDWR)
                return Response()
            if not fault.delay_s:
                assert isinstance(fault.body, bytes)
                return Response(fault.body, fault.status, fault.headers)
        return Response(json.dumps(self._answer(seen)), content_type="application/json")

    def wait(self, holds: Callable[[Sequence[Seen]], object]) -> list[Seen]:
        """Wait until something holds of the requests so far; give them."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self.seen), SOON_S), self.seen
            return list(self.seen)

    def comes(self, holds: Callable[[Sequence[Seen]], bool], seconds: float) -> bool:
        """Tell whether something holds of the requests within some time."""
        with self._changed:
            return self._changed.wait_for(lambda: holds(self.seen), seconds)

    def calm(self, seconds: float = 0.4) -> list[Seen]:
        """Wait until nothing came for a while, from partners that are idle; give what came.

        A partner that can't become idle, such as one that waits for an answer, is let off in time.
        """
        end = time.monotonic() + BUSY_S
        with self._changed:
            while True:
                number = len(self.seen)
                came = self._changed.wait_for(lambda n=number: len(self.seen) > n, seconds)  # type: ignore[misc]
                idle = all(each.is_idle for each in self.partners) or time.monotonic() >= end
                if not came and idle:
                    return list(self.seen)

    def _answer(self, seen: Seen) -> dict[str, Any]:
        collection, named = ENTITIES[seen.operation.rstrip("/")]
        names = seen.ids or list(self.shown)
        limitation = seen.body["Limitation"]
        start = names.index(limitation["Cursor"]) + 1 if limitation.get("Cursor") else 0
        page = names[start : start + limitation["Count"]]
        found = [
            {"Id": name, "UpdatedUtc": self.stamp, "State": "Brand-new", "Unknown": {"a": [1]}}
            for name in page
        ]
        return {collection: found, "Cursor": page[-1] if page else None, "Extra": named}


def tell(partner: DemoPartner, *bodies: bytes) -> None:
    """Deliver messages, each of which must be accepted."""
    for body in bodies:
        assert send(partner.url, body).status == 202


def changed(
    *ids: str,
    discriminator: str = "CustomerUpdated",
    enterprise: str = DEFAULT.enterprises[0].id,
) -> bytes:
    """Write a message of events of one kind."""
    return general(*[discriminator] * len(ids), ids=ids, EnterpriseId=enterprise)
