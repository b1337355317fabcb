"""Sound services pass, whatever language and framework they use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.model import Stage, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.concurrent_certification import certify_concurrently
from tests.demo.webhook_client import (
    ONE_EVENT,
    general_webhook,
    integration_created,
    integration_webhook,
    send,
    send_truncated,
)
from tests.partner_processes import RunningService
from tests.stacks.stack_partners import (
    EXPRESS,
    SOUND_PARTNERS,
    TOKEN,
    StackPartner,
    skip_if_missing,
)

pytestmark = pytest.mark.slow

BuildSettings = Callable[..., Settings]


def url_of(service: RunningService) -> str:
    """Return the URL with its token."""
    return f"{service.url}?Token={service.token}"


# test_processing_stacks.py certifies that in Express, with the Processing stage as well.
@pytest.mark.parametrize(
    "partner",
    [partner for partner in SOUND_PARTNERS if partner is not EXPRESS],
    ids=lambda partner: partner.name,
    indirect=True,
)
def test_every_scenario_passes(service: RunningService, settings: BuildSettings) -> None:
    """Every scenario of the Delivery stage that applies passes, without a warning."""
    run_settings = settings(url_of(service), time_scale="0.001", examples="1")
    with CertificationRunner(run_settings) as runner:
        delivery = [
            scenario for scenario in loader.load_scenarios() if scenario.stage is Stage.DELIVERY
        ]
        results = certify_concurrently(runner, delivery)
    not_passed = {
        name: result.verdict
        for name, result in results.items()
        if result.verdict is not Verdict.PASS
    }
    # None of them redirects, all serve plain http on the loopback, and none asked for the events
    # that Mews sends on request.
    not_applicable = ["REC-13", *(f"RED-0{number}" for number in range(2, 7))]
    not_applicable += [f"TLS-0{number}" for number in range(1, 6)]
    assert not_passed == dict.fromkeys(not_applicable, Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (ONE_EVENT, {}),
        (ONE_EVENT, {"Content-Type": "application/json; charset=utf-8"}),
        (ONE_EVENT, {"Content-Type": "text/plain"}),
        (general_webhook(*["ServiceOrderUpdated"] * 500), {}),
        (general_webhook("BillUpdated", "CustomerAdded", "CustomerUpdated"), {}),
        (integration_created(Requestor=None, Service=...), {}),
        (integration_webhook("IntegrationRenamed"), {}),
    ],
    ids=["no content type", "charset", "text", "500", "unknown event", "nulls", "unknown action"],
)
def test_it_accepts_possible_requests(
    service: RunningService, body: bytes, headers: Mapping[str, str]
) -> None:
    """It does not require anything that Mews does not guarantee, such as a content type."""
    assert send(url_of(service), body, headers=headers).status == 202


def test_it_accepts_more_than_the_current_limit(service: RunningService) -> None:
    """It accepts a body of 3 MB: Mews may raise its limit, and a default must not prevent that."""
    body = ONE_EVENT[:-1] + b',"More":"' + b"x" * 3_000_000 + b'"}'
    assert send(url_of(service), body).status == 202


def test_it_checks_the_token_first(service: RunningService) -> None:
    """Without the right token it answers 401, even to malformed JSON; it allows only POST."""
    for query in ("", "?Token=", "?Token=wrong", "?Token=%ff", "?token=" + TOKEN):
        assert [send(service.url + query, body).status for body in (ONE_EVENT, b"{")] == [401, 401]
    assert send(url_of(service), b"", method="GET").status == 405


def test_its_output_has_no_secret(service: RunningService) -> None:
    """It logs neither the token nor an access token, and no error."""
    send(url_of(service), integration_created())
    send_truncated(url_of(service), ONE_EVENT)
    assert send(url_of(service), ONE_EVENT).status == 202
    output = service.output.read_text("utf-8")
    for text in (
        TOKEN,
        "first-access-token",
        "could not be handled",
        "Traceback",
        "    at ",
        "Fatal",
    ):
        assert text not in output


@pytest.mark.parametrize("partner", SOUND_PARTNERS, ids=lambda partner: partner.name)
def test_readme_has_the_tested_command(partner: StackPartner) -> None:
    """The README of the example has the command that the tests run."""
    readme = (partner.folder / "README.md").read_text("utf-8")
    command = partner.command.replace('"', "").replace("$PORT", "{port}")
    assert re.search(rf"--start .*{re.escape(command)}['\"]*( --api \S+)?$", readme, re.MULTILINE)
    assert partner.worker in readme


def test_missing_stack_is_skipped_but_never_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's machine may lack a stack; CI must have every one."""
    absent = StackPartner("cobol_on_wheels", SOUND_PARTNERS[0].folder, "cobol")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no cobol_on_wheels: pip install"):
        skip_if_missing(absent)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no cobol_on_wheels"):
        skip_if_missing(absent)
