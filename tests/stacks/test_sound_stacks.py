"""Sound services are not accused, whatever they are written in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.model import Stage, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.demo.webhook_client import ONE_EVENT, integration_created, general_webhook, integration_webhook, send, send_truncated
from tests.partner_processes import RunningService
from tests.stacks.partners import SOUND, TOKEN, Partner, require

Build = Callable[..., Settings]


def url_of(service: RunningService) -> str:
    """Give the URL with its token."""
    return f"{service.url}?Token={service.token}"


def test_every_scenario_passes(service: RunningService, settings: Build) -> None:
    """No failure, no warning; of Delivery nothing that was not tried."""
    chosen = settings(url_of(service), time_scale="0.001", examples="3")
    with CertificationRunner(chosen) as engine:
        delivery = [each for each in loader.load_scenarios() if each.stage is Stage.DELIVERY]
        results = [engine.certify(scenario) for scenario in delivery]
    said = {each.scenario.id: each.verdict for each in results if each.verdict is not Verdict.PASS}
    # None of them redirects, and all serve plain http on the loopback.
    others = [f"RED-0{number}" for number in range(2, 7)]
    others += [f"TLS-0{number}" for number in range(1, 6)]
    assert said == dict.fromkeys(others, Verdict.NOT_APPLICABLE)


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
def test_it_takes_what_may_come(service: RunningService, body: bytes, headers: Mapping[str, str]) -> None:
    """What Mews does not promise, such as a content type, is not asked for."""
    assert send(url_of(service), body, headers=headers).status == 202


def test_it_takes_more_than_the_limit_of_today(service: RunningService) -> None:
    """A body of 3 MB is read: Mews may raise its limit, and no default may stand in the way."""
    body = ONE_EVENT[:-1] + b',"More":"' + b"x" * 3_000_000 + b'"}'
    assert send(url_of(service), body).status == 202


def test_it_asks_for_the_token_first(service: RunningService) -> None:
    """401 without the right token, even to malformed JSON; only POST is served."""
    for query in ("", "?Token=", "?Token=wrong", "?Token=%ff", "?token=" + TOKEN):
        assert [send(service.url + query, body).status for body in (ONE_EVENT, b"{")] == [401, 401]
    assert send(url_of(service), b"", method="GET").status == 405


def test_its_output_bears_no_secret(service: RunningService) -> None:
    """Neither the token nor an access token is logged, and nothing broke."""
    send(url_of(service), integration_created())
    send_truncated(url_of(service), ONE_EVENT)
    assert send(url_of(service), ONE_EVENT).status == 202
    output = service.output.read_text("utf-8")
    for word in (
        TOKEN,
        "first-access-token",
        "could not be handled",
        "Traceback",
        "    at ",
        "Fatal",
    ):
        assert word not in output


@pytest.mark.parametrize("partner", SOUND, ids=lambda partner: partner.name)
def test_readme_starts_it_as_it_was_tested(partner: Partner) -> None:
    """The command that the tests run is the one that a partner reads."""
    readme = (partner.folder / "README.md").read_text("utf-8")
    assert f"\n    {partner.command}\n" in readme
    assert partner.worker in readme


def test_missing_stack_is_skipped_but_never_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's machine need not have every stack; CI must."""
    absent = Partner("cobol_on_wheels", SOUND[0].folder, "cobol")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no cobol_on_wheels: pip install"):
        require(absent)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no cobol_on_wheels"):
        require(absent)
