"""Scenarios detect framework defaults that lose messages or hide errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.model import Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.stacks.stack_partners import DEFAULTS, StackPartner, run_partner, skip_if_missing

pytestmark = pytest.mark.slow

FLASK = StackPartner(
    "flask", DEFAULTS, 'waitress-serve --listen "127.0.0.1:$PORT" flask_get_json:app'
)
FASTAPI = StackPartner("fastapi", DEFAULTS, 'uvicorn fastapi_strict:app --port "$PORT"')
DJANGO = StackPartner("django", DEFAULTS, 'gunicorn --bind "127.0.0.1:$PORT" django_defaults')
EXPRESS = StackPartner("express", DEFAULTS, "node express_json.js")


@dataclass(frozen=True)
class DefaultCase:
    """A default, and the result of the scenario that detects it.

    Attributes:
        partner: a service with the default.
        scenario: the id of the scenario.
        verdict: its verdict.
        reason_part: a part of its reason.
        path: the path of the endpoint.

    """

    partner: StackPartner
    scenario: str
    verdict: Verdict
    reason_part: str
    path: str = "/webhooks/mews"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            DefaultCase(FLASK, "ERR-01", Verdict.WARN, "500 instead"),
            id="flask: deep nesting is a 500",
        ),
        pytest.param(
            DefaultCase(FLASK, "REC-08", Verdict.WARN, "415: "), id="flask: no content type"
        ),
        pytest.param(
            DefaultCase(FASTAPI, "ERR-03", Verdict.WARN, "422: "), id="pydantic: extra is forbidden"
        ),
        pytest.param(
            DefaultCase(FASTAPI, "REC-08", Verdict.WARN, "422: "), id="fastapi: no content type"
        ),
        pytest.param(
            DefaultCase(FASTAPI, "AUTH-06", Verdict.WARN, "422 instead"),
            id="fastapi: parses before it checks the token",
        ),
        pytest.param(
            DefaultCase(DJANGO, "PRE-01", Verdict.FAIL, "403: "),
            id="django: a CSRF cookie is required",
        ),
        pytest.param(
            DefaultCase(DJANGO, "RED-01", Verdict.FAIL, "301 to /slash/", "/slash"),
            id="django: 301 to the slash",
        ),
        pytest.param(
            DefaultCase(DJANGO, "REC-10", Verdict.WARN, "400: ", "/exempt"),
            id="django: chunks under gunicorn",
        ),
        pytest.param(
            DefaultCase(EXPRESS, "REC-04", Verdict.PASS, ""), id="express: 500 events fit"
        ),
        pytest.param(DefaultCase(EXPRESS, "REC-07", Verdict.WARN, "413: "), id="express: 100 kB"),
        pytest.param(
            DefaultCase(EXPRESS, "REC-08", Verdict.WARN, "400: "), id="express: no content type"
        ),
        pytest.param(
            DefaultCase(EXPRESS, "ERR-01", Verdict.WARN, "invalid UTF-8"),
            id="express: bytes are replaced",
        ),
    ],
)
def test_default_is_reported(
    case: DefaultCase, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """The scenario detects the default, and its reason has the status of the response."""
    skip_if_missing(case.partner)
    (scenario,) = [scenario for scenario in loader.load_scenarios() if scenario.id == case.scenario]
    with run_partner(case.partner, tmp_path) as service:
        target = f"{service.url.replace('/webhooks/mews', case.path)}?Token={service.token}"
        run_settings = settings(target, time_scale="0.001", examples="3")
        with CertificationRunner(run_settings) as runner:
            result = runner.certify(scenario)
    assert (result.verdict, case.reason_part in result.reason) == (case.verdict, True), (
        result.reason
    )
