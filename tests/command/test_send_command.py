"""`mews send`: messages, attempts, and what Mews would do after each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import DemoPartner
from tests.command.conftest import Mews
from tests.recording_endpoint import recording_endpoint

FAST = ("--time-scale", "0.0001")
SECRET = "a-secret-of-the-test"
FIRST, SECOND = DEFAULT_TENANTS.enterprises
Partner = Callable[..., DemoPartner]


def discriminators(body: bytes) -> list[str]:
    """Return the discriminators of a General Webhook."""
    return [event["Discriminator"] for event in json.loads(body)["Events"]]


def test_one_event_is_delivered(mews: Mews, partner: Partner) -> None:
    """The output has the message, the attempt and the verdict, and not the token."""
    service = partner()
    done = mews("send", "CustomerAdded", "--to", service.url)
    assert done.status == 0, done.errors
    title, attempt, verdict = done.output.splitlines()
    assert title.startswith("message 1 of 1: CustomerAdded, 209 bytes, to http://127.0.0.1:")
    assert title.endswith("?Token=***")
    assert attempt.startswith("  attempt 1: 202 after ")
    assert verdict == "    Mews would count the message as delivered."
    assert service.token not in done.output


def test_several_events_are_one_batch_of_different_entities(mews: Mews) -> None:
    """With --count the named types alternate; the same seed gives the same ids."""
    with recording_endpoint() as endpoint:
        for seed in ("1", "1", "2"):
            words = ("CustomerUpdated", "PaymentUpdated", "--count", "5", "--seed", seed)
            assert mews("send", *words, "--to", endpoint.url).status == 0
    first, same, other = endpoint.bodies
    assert discriminators(first) == ["CustomerUpdated", "PaymentUpdated"] * 2 + ["CustomerUpdated"]
    assert len({event["Value"]["Id"] for event in json.loads(first)["Events"]}) == 5
    assert first == same != other
    assert json.loads(first)["EnterpriseId"] == FIRST.id


def test_more_events_than_the_limit_roll_over(mews: Mews) -> None:
    """As Mews does, the rest is sent in another message; the profile's limit can be changed."""
    with recording_endpoint() as endpoint:
        words = ("CustomerAdded", "--count", "5", "--profile-set", "batch_limit=2")
        done = mews("send", *words, "--to", endpoint.url)
    assert [len(discriminators(body)) for body in endpoint.bodies] == [2, 2, 1]
    assert "message 1 of 3: 2 × CustomerAdded" in done.output  # noqa: RUF001


def test_a_failing_message_is_sent_again_and_discarded(mews: Mews) -> None:
    """Each attempt is shown with what Mews would do; the figures have their origin."""
    with recording_endpoint(lambda _path, _body: 413) as endpoint:
        done = mews("send", "CustomerAdded", "--to", endpoint.url, *FAST)
    assert done.status == 1
    assert len(set(endpoint.bodies)) == 1
    assert len(endpoint.bodies) == 3
    assert "attempt 2: 413 after" in done.output
    again = "Mews would send it again after 180 s (assumed); here after 0.018 s."
    assert done.output.count(again) == 2
    assert "Mews would discard the message: 3 attempts (documented)." in done.output
    assert "    fix: Raise the limit for request bodies" in done.output


def test_the_response_of_a_failure_is_shown_without_secrets(
    mews: Mews, httpserver: HTTPServer
) -> None:
    """A body that repeats tokens has `***` instead; it is one bounded line, without controls."""
    body = f"no\x1b[31m {SECRET} {FIRST.access_token}\n{'x' * 1000}"
    httpserver.expect_request("/hook").respond_with_data(body, status=500)
    url = httpserver.url_for("/hook?Token=")
    done = mews("send", "IntegrationCreated", "--to", f"{url}{SECRET}", *FAST)
    assert "    response: no\\x1b[31m *** ***\\nxxx" in done.output
    assert "more characters left out]" in done.output
    assert SECRET not in done.output
    assert FIRST.access_token not in done.output
    assert "\x1b" not in done.output


def test_a_remedy_names_the_options_of_the_command(mews: Mews, partner: Partner) -> None:
    """Where the token is refused, it says how to give another one."""
    done = mews("send", "CustomerAdded", "--to", partner("demands-signature").url, *FAST)
    assert "attempt 3: 401" in done.output
    assert "with --token, and its name with --token-name" in done.output


def test_a_lost_answer_and_a_duplicate(mews: Mews) -> None:
    """--drop-response drops the first response, --twice sends the same bytes once more."""
    with recording_endpoint() as endpoint:
        done = mews(
            "send", "CustomerAdded", "--to", endpoint.url, "--drop-response", "--twice", *FAST
        )
    assert done.status == 0
    assert len(endpoint.bodies) == 3
    assert len(set(endpoint.bodies)) == 1
    assert (
        "attempt 1: the harness dropped the response (injected fault) (the service responded 202)\n"
    ) in done.output
    assert "the same message again, 209 bytes" in done.output


def test_a_lifecycle_has_every_action_of_a_new_integration(mews: Mews) -> None:
    """From the creation to the deletion, for an enterprise that is none of the tenants."""
    with recording_endpoint() as endpoint:
        assert mews("send", "lifecycle", "--to", endpoint.url).status == 0
    bodies = [json.loads(body) for body in endpoint.bodies]
    actions = [body["Action"].removeprefix("Integration") for body in bodies if "Action" in body]
    assert actions == [
        *("Created", "Disabled", "Enabled", "ApiKeyCreated"),
        *("Canceled", "Reinstated", "Deleted"),
    ]
    integrations = Counter(
        body.get("IntegrationId") or body["Data"]["Integration"]["Id"] for body in bodies
    )
    assert len(integrations) == 1
    assert not {FIRST.integration_id, SECOND.integration_id} & integrations.keys()


def test_an_action_is_for_the_named_enterprise(mews: Mews) -> None:
    """--enterprise chooses among the tenants; --integration-target is where actions go."""
    with recording_endpoint() as general, recording_endpoint() as integration:
        words = ("--to", general.url, "--integration-target", integration.url)
        assert mews("send", "IntegrationCreated", "--enterprise", "2", *words).status == 0
    assert general.bodies == []
    (body,) = integration.bodies
    data = json.loads(body)["Data"]
    assert (data["Enterprise"]["Id"], data["AccessToken"]) == (SECOND.id, SECOND.access_token)


def test_the_token_is_added_from_the_environment(
    mews: Mews, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MEWS_TOKEN is sent as Token, and is in no output."""
    monkeypatch.setenv("MEWS_TOKEN", SECRET)
    with recording_endpoint() as endpoint:
        done = mews("send", "CustomerAdded", "--to", endpoint.url)
    assert endpoint.received[0][0] == f"/hook?Token={SECRET}"
    assert SECRET not in done.output + done.errors


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["CustomerAded"], "EVENT: 'CustomerAded' is not an event. Did you mean CustomerAdded?"),
        (["DeviceCommand"], "EVENT: 'DeviceCommand' is sent on the WebSocket"),
        (["IntegrationCreated", "CustomerAdded"], "EVENT: 'IntegrationCreated' is a message of"),
        (["CustomerAdded", "lifecycle"], "EVENT: 'lifecycle' is a message of its own"),
        (["IntegrationCreated", "--count", "2"], "--count: '2' is for General Webhooks"),
        (
            ["CustomerAdded", "--count", "0"],
            "--count: '0' is not a whole number from 1 to 100,000. Give one",
        ),
        (
            ["CustomerAdded", "--enterprise", "3"],
            "--enterprise: '3' is more than the 2 enterprises",
        ),
        (["CustomerAdded", "--count", "x"], "--count: 'x' is not a whole number from 1 to"),
        (["CustomerAdded", "--seed", "x"], "--seed: 'x' is not a whole number. Give one such"),
        ([], "Missing argument 'EVENT...'. Give an event, such as CustomerAdded"),
        (["CustomerAdded", "--tenants", ""], "--tenants: '' names no file. Give the path"),
        (["CustomerAdded", "--enterprise", "x"], "--enterprise: 'x' is not the number"),
        (["CustomerAdded", "--profile", "2020-01"], "--profile: '2020-01' is not a delivery"),
        (["ProductUpdated", "--profile", "2022-08"], "is documented since 2026-08"),
        (["CustomerAdded", "--profile-set", "attempts=0"], "--profile-set: 'attempts=0' is not"),
        (["CustomerAdded", "--tenants", "no.toml"], "--tenants: 'no.toml' can't be read"),
    ],
)
def test_a_wrong_argument_sends_nothing(words: list[str], message: str, mews: Mews) -> None:
    """The exit status is 4, and the endpoint gets no request."""
    with recording_endpoint() as endpoint:
        done = mews("send", *words, "--to", endpoint.url)
    assert done.status == 4
    assert message in done.errors
    assert endpoint.received == []


@pytest.mark.parametrize("target", ["demo", "none"])
def test_only_a_url_is_sent_to(target: str, mews: Mews) -> None:
    """The demo partner has to be started first."""
    done = mews("send", "CustomerAdded", "--to", target)
    assert done.status == 4
    assert f"--to: '{target}' is not the URL of an endpoint. Give its URL" in done.errors
    assert "websocket" not in done.errors  # which this subcommand doesn't have


def test_the_tenants_file_gives_the_ids(mews: Mews, tmp_path: Path) -> None:
    """What `mews tenants` prints is accepted by --tenants."""
    own = "99999999-1111-4111-8111-111111111111"
    (tmp_path / "t.toml").write_text(mews("tenants").output.replace(FIRST.id, own))
    with recording_endpoint() as endpoint:
        assert (
            mews("send", "CustomerAdded", "--to", endpoint.url, "--tenants", "t.toml").status == 0
        )
    assert json.loads(endpoint.bodies[0])["EnterpriseId"] == own
