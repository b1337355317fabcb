"""What `mews doctor` checks: whether a service is set up for a certification.

Each check observes what a scenario certifies, once and briefly, and has the remedy of the scenario.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pytest_mews.checks import CHECKS, describe_attempt, diagnose_preflight, remedy_for
from pytest_mews.execution import FIRST_CALL_FACTOR, Preflight, probe_connector_api
from pytest_mews.model import ApiCall, Attempt, Transcript
from pytest_mews.model.exchange import PREFLIGHT
from pytest_mews.run.environment import Environment
from pytest_mews.senders import IdSource

MAX_S = 60.0  # for all checks together
WRONG = "wrong"  # the variant of the credentials
ENDPOINT, TOKEN, API, WEBSOCKET = "PRE-01", "AUTH-02", "PRE-02", "PRE-03"


@dataclass(frozen=True)
class SetUpCheck:
    """The result of one check.

    Attributes:
        subject: what was checked.
        ok: whether it is as it should be; None if it was not checked.
        observed: what was observed, or why it was not checked.
        remedy: what to do; empty if nothing.

    """

    subject: str
    ok: bool | None
    observed: str
    remedy: str = ""


class SetUp:
    """Checks the set-up of a service, within `MAX_S` seconds.

    Args:
        environment: started; whatever it does not serve is not checked.
        now_s: a monotonic clock.
        report: told what is waited for, and how long at most, before a wait.

    """

    def __init__(
        self,
        environment: Environment,
        now_s: Callable[[], float],
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._environment, self._now_s, self._report = environment, now_s, report
        self._end_s = now_s() + MAX_S
        scenarios = environment.settings.sender.scenarios()
        self._remedies = {scenario.id: scenario.remedy for scenario in scenarios}

    def checks(self) -> Iterator[SetUpCheck]:
        """Yield each check as soon as it is made."""
        accepts = False
        if self._environment.settings.has_webhooks:
            preflight = self._environment.preflight
            accepts = preflight.accepts
            yield from self._check_endpoint(preflight)
        yield from self._check_api(accepts=accepts)
        yield self._check_websocket()

    @property
    def _left_s(self) -> float:
        return max(0.0, self._end_s - self._now_s())

    def _check_endpoint(self, preflight: Preflight) -> Iterator[SetUpCheck]:
        attempt = preflight.delivery.attempts[-1]
        observed = describe_attempt(attempt)
        remedy = self._remedy(attempt)
        yield SetUpCheck(
            "URL reachable", preflight.reached, observed, "" if preflight.reached else remedy
        )
        if not preflight.reached:
            return
        ok = preflight.accepts and not preflight.is_slow
        yield SetUpCheck("message accepted", ok, observed, "" if ok else remedy)
        if preflight.accepts:
            yield self._check_token(attempt)

    def _remedy(self, attempt: Attempt) -> str:
        diagnosis = diagnose_preflight(attempt)
        remedy = remedy_for(attempt, preflight=True) or self._remedies[ENDPOINT]
        if not diagnosis:
            return remedy
        end = "" if diagnosis.endswith("?") else "."
        return f"{diagnosis[0].upper()}{diagnosis[1:]}{end} {remedy}"

    def _check_token(self, accepted: Attempt) -> SetUpCheck:
        subject = "token checked"
        if not accepted.has_credentials:
            reason = "the URL has no token, which is optional; MEWS_TOKEN adds one"
            return SetUpCheck(subject, None, reason)
        environment = self._environment
        plan = environment.settings.sender.simplest_message(environment.target)
        assert plan is not None
        ids = IdSource(environment.settings.seed, PREFLIGHT, 1, environment.settings.tenants)
        (message,) = plan.build(ids)
        delivery = environment.deliverer.deliver(
            message, environment.endpoint.url(message.kind), label=TOKEN, attempts=1, variant=WRONG
        )
        ok = CHECKS["refused"].observe(Transcript((delivery,))).met
        response = describe_attempt(delivery.attempts[-1])
        observed = f"the right one accepted; a wrong one: {response}"
        return SetUpCheck(subject, ok, observed, "" if ok else self._remedies[TOKEN])

    def _check_api(self, *, accepts: bool) -> Iterator[SetUpCheck]:
        subject = "API called"
        environment = self._environment
        if environment.connector_api is None or not environment.settings.has_webhooks:
            yield SetUpCheck(
                subject, None, "give --mews-api HOST:PORT, and let the service call it"
            )
            return
        if not accepts:
            yield SetUpCheck(subject, None, "the endpoint accepted no message")
            return
        wait_s = min(environment.settings.fetch_timeout_s * FIRST_CALL_FACTOR, self._left_s)
        self._report(f"waiting up to {wait_s:.2g} s for a request to the Connector API emulator")
        connectivity = probe_connector_api(
            environment.deliverer,
            environment.endpoint,
            environment.settings.sender,
            environment.target,
            environment.connector_api,
            seed=environment.settings.seed,
            fetch_timeout_s=wait_s / FIRST_CALL_FACTOR,
        )
        if connectivity is None:
            yield SetUpCheck(subject, None, "no subscribed event leads to a call")
            return
        calls = [call for call in connectivity.calls if not call.concerns_commands]
        seen = CHECKS["api-called"].observe(Transcript(connectivity.deliveries, calls=tuple(calls)))
        remedy = "" if seen.met else seen.remedy or self._remedies[API]
        yield SetUpCheck(subject, seen.met, seen.observed, remedy)
        if calls:
            yield self._check_owner(calls)

    def _check_owner(self, calls: list[ApiCall]) -> SetUpCheck:
        """Check that the calls have the AccessToken of the enterprise that the event is about."""
        expected = self._environment.settings.tenants.enterprises[0].id
        owners = Counter(call.enterprise_id for call in calls)
        observed = ", ".join(
            f"{count} with the AccessToken of enterprise {owner}"
            if owner
            else f"{count} with an unknown AccessToken"
            for owner, count in owners.items()
        )
        ok = expected in owners and None not in owners
        remedy = (
            f"The event is about enterprise {expected}: fetch it with the AccessToken that "
            "--mews-tenants has for it. `mews tenants` prints the built-in ones."
        )
        return SetUpCheck("whose token", ok, observed, "" if ok else remedy)

    def _check_websocket(self) -> SetUpCheck:
        subject = "WebSocket connected"
        environment = self._environment
        server = environment.websocket
        if server is None:
            reason = "give --mews-websocket HOST:PORT, and let the service connect to it"
            return SetUpCheck(subject, None, reason)
        enterprise = environment.settings.tenants.enterprises[0].id
        left_s = self._left_s
        if left_s and enterprise not in server.connected_enterprises():
            self._report(f"waiting up to {left_s:.2g} s for a client of the WebSocket emulator")
        server.log.wait_until(lambda: enterprise in server.connected_enterprises(), left_s)
        if enterprise in server.connected_enterprises():
            return SetUpCheck(subject, ok=True, observed=f"by enterprise {enterprise}")
        seen = CHECKS["handshake-valid"].observe(
            Transcript((), websocket_handshakes=server.log.handshakes())
        )
        return SetUpCheck(
            subject, ok=False, observed=seen.observed, remedy=self._remedies[WEBSOCKET]
        )
