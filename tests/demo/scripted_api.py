"""A scripted Connector API: every entity exists, and a test can script faults."""

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

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import DemoPartner
from pytest_mews.demo.processing.api_client import PREFIX
from tests.demo.webhook_client import general_webhook, send

ENTITIES = {  # operation: collection, and the property that names ids
    "reservations/getAll/2023-06-06": ("Reservations", "ReservationIds"),
    "reservations/getAll": ("Reservations", "ReservationIds"),
    "resources/getAll": ("Resources", "ResourceIds"),
    "resourceBlocks/getAll": ("ResourceBlocks", "ResourceBlockIds"),
    "customers/getAll": ("Customers", "CustomerIds"),
    "payments/getAll": ("Payments", "PaymentIds"),
    "messageThreads/getAll": ("MessageThreads", "MessageThreadIds"),
    "messages/getAll": ("Messages", None),
    "services/getAll": ("Services", None),
    "products/getAll": ("Products", "ProductIds"),
}
BROKEN_CONNECTION = object()
TIMEOUT_S = 20.0
POLL_INTERVAL_S = 0.01


@dataclass(frozen=True)
class ApiRequest:
    """A request that arrived, and when."""

    path: str
    body: Mapping[str, Any]
    at_s: float
    content_type: str = ""

    @property
    def operation(self) -> str:
        """The name of the operation: the path without the common prefix."""
        return self.path.removeprefix(PREFIX)

    @property
    def token(self) -> str:
        """The AccessToken."""
        return str(self.body["AccessToken"])

    @property
    def ids(self) -> list[str]:
        """The ids of the entities that it asks for."""
        _, name = ENTITIES.get(self.operation.rstrip("/"), ("", None))
        return list(self.body.get(name, ())) if name else []


@dataclass(frozen=True)
class ScriptedFault:
    """What happens to a request: an error, a broken connection, or a delayed response."""

    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = b"{}"
    delay_s: float = 0.0


class ScriptedApi(HTTPServer):
    """Answers every operation; each request uses up one of the `faults` first."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 0, threaded=True)
        self.requests: list[ApiRequest] = []
        self.faults: list[ScriptedFault] = []
        self.updated_utc = "2026-01-01T00:00:00Z"
        self.known_ids: tuple[str, ...] = ()  # returned to a request without ids
        self.missing_ids: frozenset[str] = frozenset()  # never returned: deleted entities
        self.released = threading.Event()
        self.partners: list[DemoPartner] = []  # that call this API
        self._changed = threading.Condition()

    @property
    def url(self) -> str:
        """The platform address."""
        return self.url_for("").rstrip("/")

    def application(self, request: Request) -> Response:
        """Respond to one request."""
        api_request = ApiRequest(
            request.path, json.loads(request.get_data()), time.monotonic(), request.mimetype
        )
        with self._changed:
            self.requests.append(api_request)
            fault = self.faults.pop(0) if self.faults else None
            self._changed.notify_all()
        if fault is not None:
            self.released.wait(fault.delay_s)
            if fault.body is BROKEN_CONNECTION:
                connection: socket.socket = request.environ["werkzeug.socket"]
                connection.shutdown(socket.SHUT_RDWR)
                return Response()
            if not fault.delay_s:
                assert isinstance(fault.body, bytes)
                return Response(fault.body, fault.status, fault.headers)
        return Response(json.dumps(self._page(api_request)), content_type="application/json")

    def wait_until(self, condition: Callable[[Sequence[ApiRequest]], object]) -> list[ApiRequest]:
        """Wait until a condition holds for the requests; return them."""
        with self._changed:
            held = self._changed.wait_for(lambda: condition(self.requests), TIMEOUT_S)
            assert held, self.requests
            return list(self.requests)

    def happens_within(
        self, seconds: float, condition: Callable[[Sequence[ApiRequest]], bool]
    ) -> bool:
        """Return whether a condition holds for the requests within some seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self.requests), seconds)

    def wait_until_idle(self) -> list[ApiRequest]:
        """Wait until the partners have fetched all they can; return all requests."""
        return self._wait_until_all(lambda partner: partner.is_idle)

    def wait_until_read(self) -> list[ApiRequest]:
        """Wait until the partners have read all messages that they accepted; return all requests.

        Unlike `wait_until_idle` it does not wait for fetches.
        """
        return self._wait_until_all(lambda partner: not partner._accepted.unfinished_tasks)

    def _wait_until_all(self, holds: Callable[[DemoPartner], bool]) -> list[ApiRequest]:
        end = time.monotonic() + TIMEOUT_S
        while not all(map(holds, self.partners)):
            assert time.monotonic() < end, self.requests
            time.sleep(POLL_INTERVAL_S)
        with self._changed:
            return list(self.requests)

    def _page(self, request: ApiRequest) -> dict[str, Any]:
        collection, id_property = ENTITIES[request.operation.rstrip("/")]
        ids = request.ids or list(self.known_ids)
        limitation = request.body["Limitation"]
        start = ids.index(limitation["Cursor"]) + 1 if limitation.get("Cursor") else 0
        ids = [entity_id for entity_id in ids if entity_id not in self.missing_ids]
        page = ids[start : start + limitation["Count"]]
        entities = [
            {
                "Id": entity_id,
                "UpdatedUtc": self.updated_utc,
                "State": "Brand-new",
                "Unknown": {"a": [1]},
            }
            for entity_id in page
        ]
        cursor = page[-1] if page else None
        return {collection: entities, "Cursor": cursor, "Extra": id_property}


def deliver(partner: DemoPartner, *bodies: bytes) -> None:
    """Deliver messages, each of which the partner must accept."""
    for body in bodies:
        assert send(partner.url, body).status == 202


def updates(
    *ids: str,
    discriminator: str = "CustomerUpdated",
    enterprise: str = DEFAULT_TENANTS.enterprises[0].id,
) -> bytes:
    """Return a message with one event for each id."""
    return general_webhook(*[discriminator] * len(ids), ids=ids, EnterpriseId=enterprise)
