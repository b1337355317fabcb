"""The protocols suffice for a sender that signs: HMAC headers over the body and the time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.delivery import Clock, CurlTransport, Deliverer, DeliveryRules
from pytest_mews.execution import CaseContext, run_steps, send_preflight
from pytest_mews.execution.cases import build_messages, cases_of
from pytest_mews.model import (
    Basis,
    EventReference,
    Level,
    Message,
    MessageSpec,
    Outcome,
    Scenario,
    Stage,
    WebhookKind,
)
from pytest_mews.model.step import Send
from pytest_mews.redaction import Redactor
from pytest_mews.senders import (
    RIGHT,
    AuthenticatedRequest,
    Authentication,
    IdSource,
    Plan,
    Plans,
    Sender,
    Target,
)
from pytest_mews.senders.ids import serialize

KEY = "s3cret-signing-key"
RETRY_INTERVAL_S = 180.0
TARGET = Target("2026-09", ("order.state.updated",), 1, DEFAULT_TENANTS)


def signature(key: str, signed: bytes) -> str:
    """Sign bytes as the POS webhooks of Mews are signed: HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.digest(key.encode(), signed, hashlib.sha256)).decode()


class ManualClock:
    """A clock that advances only in `sleep`."""

    ms = 1000.0

    def now_ms(self) -> float:
        """Return the time."""
        return self.ms

    def sleep(self, seconds: float) -> None:
        """Advance at once."""
        self.ms += seconds * 1000


class Signing:
    """Signs the time and the body of every attempt."""

    notes: tuple[str, ...] = ()
    unmet_conditions: Mapping[str, str] = {"signature": ""}
    variants = (RIGHT, "wrong", "missing", "other-body", "old")

    def __init__(self, key: str, clock: Clock) -> None:
        self._key, self._clock = key, clock

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key."""
        return (self._key,)

    @property
    def near_secrets(self) -> tuple[str, ...]:
        """No variant sends anything of the key."""
        return ()

    def authenticate(self, url: str, body: bytes, variant: str = RIGHT) -> AuthenticatedRequest:
        """Add the time and the signature as headers."""
        now_s = self._clock.now_ms() / 1000
        time = f"{now_s - 3600 if variant == 'old' else now_s:.0f}"
        key = "another-key" if variant == "wrong" else self._key
        signed = b"{}" if variant == "other-body" else body
        value = signature(key, time.encode() + b"." + signed)
        headers = (("X-Timestamp", time), ("X-Signature", value))
        return AuthenticatedRequest(url, () if variant == "missing" else headers)

    def without_secrets(self, url: str) -> str:
        """Return the URL: it contains no secret."""
        return url


@dataclass(frozen=True)
class StateUpdated:
    """A plan for one order whose state changed."""

    def describe(self) -> str:
        """Describe the message."""
        return "1 event: order.state.updated"

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the message in an envelope of its own."""
        body = {
            "data": {
                "id": ids.entity_id(),
                "type": "orders",
                "attributes": {"state": "open", "updatedAt": "2025-02-06T09:41:30.465Z"},
            },
            "meta": {"eventType": "order.state.updated"},
        }
        events = SignedSender(ManualClock()).event_references(WebhookKind.GENERAL, body)
        return (Message(WebhookKind.GENERAL, serialize(body), events, self.describe()),)


class SignedSender:
    """A sender with another envelope, one event in a message, and no WebSocket."""

    default_profile = "2026-09"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @property
    def profiles(self) -> Mapping[str, Traversable]:
        """No profile is loaded here."""
        return {}

    def scenarios(self) -> tuple[Scenario, ...]:
        """Return the one scenario of this test."""
        return (SCENARIO,)

    def subscribed_events(
        self, names: str | None, use_case: str | None, revision: str, **_: object
    ) -> tuple[str, ...]:
        """Return the one event."""
        del names, use_case, revision
        return TARGET.events

    def authentication(
        self, urls: Mapping[str, str], secret: str | None, secret_name: str | None
    ) -> Authentication:
        """Sign with the secret, which is in no URL."""
        assert secret is not None
        assert secret_name is None
        del urls
        return Signing(secret, self._clock)

    def plans_for(self, spec: MessageSpec, target: Target) -> Plans:
        """Return the one plan."""
        assert spec.generator == "state-updated"
        del target
        return Plans((StateUpdated(),))

    def simplest_message(self, target: Target, kind: WebhookKind | None = None) -> Plan | None:
        """Return the one plan."""
        del target, kind
        return StateUpdated()

    def fetchable_message(self, target: Target) -> Plan | None:
        """No API is emulated for it."""
        del target

    def command_message(self, target: Target) -> Plan | None:
        """No command is sent."""
        del target

    def event_references(self, kind: WebhookKind, body: Any) -> tuple[EventReference, ...]:  # noqa: ANN401 - JSON
        """Read the one event of the envelope."""
        del kind
        return (EventReference(body["meta"]["eventType"], body["data"]["id"]),)


SCENARIO = Scenario(
    "SIG-01",
    "A wrong signature is refused",
    Level.MUST,
    Stage.DELIVERY,
    Basis.DOCUMENTED,
    (),
    "why",
    "remedy",
    (MessageSpec("order", "state-updated"),),
    tuple(Send("order", token=variant) for variant in Signing.variants[1:]),
    (),
    applies=("signature",),
)


class CheckingEndpoint:
    """An endpoint that checks signature and age; it refuses the first `failures` valid messages."""

    def __init__(self, clock: ManualClock, failures: int) -> None:
        self._clock, self._failures = clock, failures
        self.times: list[float] = []
        self.signatures: list[str] = []

    def __call__(self, request: Request) -> Response:
        """Answer 401, 503 or 202."""
        time = request.headers.get("X-Timestamp", "0")
        right = signature(KEY, time.encode() + b"." + request.get_data())
        received = request.headers.get("X-Signature", "")
        if not hmac.compare_digest(received, right):
            return Response("wrong signature", 401)
        if abs(self._clock.now_ms() / 1000 - float(time)) > 300:
            return Response("too old", 401)
        self.times.append(float(time))
        self.signatures.append(received)
        return Response(status=503 if len(self.times) <= self._failures else 202)


@dataclass
class Certification:
    """A signed sender, the real delivery package, and a local endpoint."""

    sender: Sender
    deliverer: Deliverer
    endpoint: Endpoint
    partner: CheckingEndpoint
    authentication: Authentication


@pytest.fixture
def certification(httpserver: HTTPServer) -> Iterator[Certification]:
    """Return a certification of an endpoint that answers 503 twice."""
    clock = ManualClock()
    partner = CheckingEndpoint(clock, failures=2)
    httpserver.expect_request("/pos", method="POST").respond_with_handler(partner)
    sender: Sender = SignedSender(clock)
    url = httpserver.url_for("/pos")
    authentication = sender.authentication({"--mews-target": url}, KEY, None)
    rules = DeliveryRules(30, 3, RETRY_INTERVAL_S, frozenset(), 0, verify_tls=True)
    with CurlTransport(clock) as transport:
        deliverer = Deliverer(transport, clock, rules, authentication=authentication)
        yield Certification(sender, deliverer, Endpoint(url, url), partner, authentication)


def test_the_signature_is_the_documented_one() -> None:
    """An example of the documentation: body, key `secret`, signature."""
    body = (
        '{"data":{"id":"8d645f44-ce7a-4c52-a5c3-95f56fd7a8ab","type":"orders","attributes":'
        '{"state":"open","updatedAt":"2025-02-06T09:41:30.465Z"}},'
        '"meta":{"eventType":"order.state.updated"}}'
    )
    assert signature("secret", body.encode()) == "7LHsgeNeD2wHrctpjlTtaWemU0MUr9cpiRZaFnaLESs="


def test_every_attempt_is_signed_by_itself(certification: Certification) -> None:
    """A retry three minutes later has its own time and signature, and the same body."""
    plan = certification.sender.simplest_message(TARGET)
    assert plan is not None
    (message,) = plan.build(IdSource(1, "SIG-01", 0, TARGET.tenants))
    delivery = certification.deliverer.deliver(
        message, certification.endpoint.general_url, label="order"
    )
    outcomes = [attempt.outcome for attempt in delivery.attempts]
    assert outcomes == [Outcome.ERROR_STATUS, Outcome.ERROR_STATUS, Outcome.DELIVERED]
    assert certification.partner.times == [1.0, 181.0, 361.0]
    assert len(set(certification.partner.signatures)) == 3
    assert delivery.message.events == (
        EventReference("order.state.updated", json.loads(message.body)["data"]["id"]),
    )
    shown = Redactor(certification.authentication.secrets)
    for attempt in delivery.attempts:
        headers = str(attempt.final_exchange.request_headers)
        assert "X-Signature" in headers
        assert shown.redact_text(headers) == headers, "no header contains the key"


def test_a_scenario_sends_every_wrong_variant(certification: Certification) -> None:
    """The steps of a scenario file name them; the endpoint refuses each for its own reason."""
    (scenario,) = certification.sender.scenarios()
    (case,) = cases_of(scenario, certification.sender, TARGET, 1).fixed
    messages = build_messages(case, IdSource(1, scenario.id, 0, TARGET.tenants))
    context = CaseContext(certification.deliverer, certification.endpoint, None)
    deliveries = run_steps(scenario, messages, context).deliveries
    exchanges = [delivery.attempts[-1].final_exchange for delivery in deliveries]
    responses = [(exchange.status, exchange.response_body) for exchange in exchanges]
    assert responses == [(401, b"wrong signature")] * 3 + [(401, b"too old")]
    assert certification.partner.times == []


def test_the_preflight_uses_the_sender(certification: Certification) -> None:
    """The simplest message of the sender goes out signed; the endpoint is up, though it fails."""
    preflight = send_preflight(
        certification.deliverer,
        certification.endpoint,
        certification.sender,
        TARGET,
        seed=1,
        timeout_s=5.0,
    )
    assert preflight.delivery.attempts[0].final_exchange.status == 503
    assert preflight.delivery.attempts[0].has_credentials
