"""--mews-instances: several instances of the service, each with addresses of its own."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.errors import UsageError
from pytest_mews.kit.messages import batch
from pytest_mews.model import Verdict
from pytest_mews.run.instances import Instances
from pytest_mews.run.runner import CertificationRunner
from tests.service.conftest import SCENARIOS, command, ends, pid_in

pytestmark = pytest.mark.slow

BuildSettings = Callable[..., Settings]
PATH = "/webhooks/mews"
ANY_PORT = "127.0.0.1:0"
FETCHING = shlex.join([sys.executable, str(Path(__file__).with_name("fetching_program.py"))])


@pytest.fixture
def two_demo_partners(settings: BuildSettings) -> Iterator[Instances]:
    """Two instances of the demo partner."""
    instances = Instances(CertificationRunner(settings("demo")))
    try:
        instances.first.start()
        instances.start_others(2)
        yield instances
    finally:
        instances.close()


def test_each_instance_is_a_process_with_a_port_and_a_log(settings: BuildSettings) -> None:
    """Each is certified at its own port, writes its own log, and is stopped."""
    instances = Instances(CertificationRunner(settings(PATH, start=command("sound"))))
    try:
        instances.first.start()
        instances.start_others(3)
        environments = [runner.environment for runner in instances.runners]
        urls = {environment.endpoint.general_url for environment in environments}
        logs = [environment.started_service.log for environment in environments]  # type: ignore[union-attr]
        pids = [pid_in(lambda log=log: log.last_lines(9)) for log in logs]  # type: ignore[misc]
        results = [runner.certify(SCENARIOS["REC-02"]) for runner in instances.runners]
    finally:
        instances.close()
    assert len(urls) == len({*pids}) == 3
    assert [log.name for log in logs] == ["service.log", "service-2.log", "service-3.log"]
    assert [result.instance for result in results] == [1, 2, 3]
    assert {result.verdict for result in results} == {Verdict.PASS}
    assert all(map(ends, pids))


def test_each_instance_knows_its_number_and_its_emulator(
    settings: BuildSettings, tmp_path: Path
) -> None:
    """MEWS_INSTANCE lets each choose a database of its own."""
    script = 'cp "$(env > {0}/$MEWS_INSTANCE; echo /dev/null)" {0}/copy; exec {1}'
    start = shlex.join(["sh", "-c", script.format(tmp_path, command("sound"))])
    instances = Instances(CertificationRunner(settings(PATH, start=start, api=ANY_PORT)))
    try:
        instances.first.start()
        instances.start_others(2)
    finally:
        instances.close()
    variables = [(tmp_path / number).read_text("utf-8").splitlines() for number in "12"]
    addresses = [{line for line in lines if "MEWS_API_URL=" in line} for lines in variables]
    assert len(addresses[0] | addresses[1]) == 2


def test_an_instance_that_does_not_start_ends_the_run(settings: BuildSettings) -> None:
    """The error is that of its start; `close` stops those that did start."""
    start = f"sh -c 'test $MEWS_INSTANCE = 1 || exit 3; exec {command('sound')}'"
    instances = Instances(CertificationRunner(settings(PATH, start=start)))
    try:
        instances.first.start()
        service = instances.first.environment.started_service
        assert service is not None
        pid = pid_in(lambda: service.log.last_lines(9))
        with pytest.raises(UsageError, match="--mews-start"):
            instances.start_others(2)
    finally:
        instances.close()
    assert ends(pid)


def test_scenarios_are_divided_among_instances(pytester: pytest.Pytester) -> None:
    """Each exclusive scenario runs at some instance, and the report has all results."""
    exclusive = "PROC-06 or PROC-07 or PROC-33 or LOAD-01 or PRE-01"
    result = pytester.runpytest(
        *("--mews-target", PATH, "--mews-start", FETCHING, "--mews-api", ANY_PORT),
        *("--mews-events", "ServiceOrderUpdated", "--mews-instances", "3", "-k", exclusive),
    )
    assert result.ret == 0
    folder = pytester.path / "mews-report" / "selection"
    lines = (folder / "events.ndjson").read_text("utf-8").splitlines()
    ended = [event for event in map(json.loads, lines) if event["event"] == "scenario-ended"]
    assert {event["result"]["instance"] for event in ended} == {1, 2, 3}


def request_reservation(instance: CertificationRunner, entity_id: str) -> None:
    """Request a reservation from an instance's Connector API emulator."""
    partner = instance.environment.demo_partner
    assert partner is not None
    body = {
        "ClientToken": DEFAULT_TENANTS.client_token,
        "AccessToken": DEFAULT_TENANTS.enterprises[0].access_token,
        "Client": "A service of the tests 1.0",
        "ReservationIds": [entity_id],
        "Limitation": {"Count": 10},
    }
    url = f"{partner._api}/api/connector/v1/reservations/getAll/2023-06-06"
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(url, json.dumps(body).encode(), headers)) as response:
        response.read()


def test_no_two_instances_are_told_of_the_same_entity(two_demo_partners: Instances) -> None:
    """Also before the first scenario: what one does with the entities of another shows then."""
    told = []
    for runner in two_demo_partners.runners:
        connectivity = runner.environment.check_connectivity()
        assert connectivity is not None
        messages = [delivery.message for delivery in connectivity.deliveries]
        told.append({event.entity_id for message in messages for event in message.events})
    assert told[0].isdisjoint(told[1])


def test_instances_that_share_a_queue_are_noticed(two_demo_partners: Instances) -> None:
    """One requests what only the other one was told of; what neither knows shows nothing."""
    first, second = two_demo_partners.runners
    message = batch(1, types=["ServiceOrderUpdated"])
    entity_id = message.events[0].entity_id
    request_reservation(second, entity_id)
    assert two_demo_partners.describe_shared_state() == ""
    first.environment.platform.apply_message(message)
    request_reservation(first, entity_id)
    assert two_demo_partners.describe_shared_state() == ""
    request_reservation(second, entity_id)
    problem = two_demo_partners.describe_shared_state()
    assert "--mews-instances: '2' can't be used" in problem
    assert "reservations/getAll" in problem


def test_a_run_with_instances_that_share_a_queue_ends(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    """It has exit status 4, names the option and the remedy, and leaves an earlier report alone."""
    queue = tmp_path / "queue"
    target = ("--mews-target", PATH, "--mews-api", ANY_PORT, "--mews-events", "ServiceOrderUpdated")
    pytester.runpytest(*target, "--mews-start", FETCHING, "-k", "PRE-01")
    folder = pytester.path / "mews-report" / "selection"
    before = (folder / "certification.json").read_bytes()
    result = pytester.runpytest(
        *(*target, "--mews-start", f"{FETCHING} {queue} shared", "--mews-instances", "2"),
        *("--mews-fetch-timeout", "1", "-k", "PROC-17 or PROC-18 or PROC-27 or PROC-33"),
    )
    assert result.ret == 4
    assert "the instances share a database, a queue or a file" in result.stdout.str()
    assert (folder / "certification.json").read_bytes() == before


@pytest.mark.parametrize(
    ("target", "options", "name", "problem"),
    [
        (f"http://127.0.0.1:9{PATH}", {}, "--mews-instances", "this one runs already"),
        (PATH, {"app": "app:app"}, "--mews-instances", "one process has one application"),
        (f"http://127.0.0.1:9{PATH}", {"start": "serve"}, "--mews-target", "has one port"),
        (PATH, {"start": "serve", "api": "127.0.0.1:8088"}, "--mews-api", "MEWS_API_URL"),
        (PATH, {"start": "serve", "websocket": "[::1]:8089"}, "--mews-websocket", "[::1]:8089"),
        ("demo", {"api": "127.0.0.1:8088"}, "--mews-api", "127.0.0.1:8088"),
    ],
)
def test_instances_need_a_port_each(
    settings: BuildSettings, target: str, options: dict[str, str], name: str, problem: str
) -> None:
    """Otherwise the option, its value and the remedy are named before anything starts."""
    with pytest.raises(UsageError) as caught:
        settings(target, instances="2", **options)
    assert caught.value.name == name
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("target", "options", "expected"),
    [
        ("demo", {}, 6),
        ("demo", {"jobs": "1"}, 1),
        ("demo", {"websocket": "127.0.0.1:8089"}, 1),
        ("demo", {"instances": "2", "jobs": "1"}, 2),
        (f"http://127.0.0.1:9{PATH}", {}, 1),
        (PATH, {"start": "serve"}, 1),
        (PATH, {"start": "serve", "instances": "3"}, 3),
        ("none", {"start": "serve", "websocket": ANY_PORT, "instances": "2"}, 2),
    ],
)
def test_how_many_instances_there_are(
    settings: BuildSettings, target: str, options: dict[str, str], expected: int
) -> None:
    """A service that the user starts may share something, so only the demo partner has several."""
    assert settings(target, **options).instances == expected
