"""Where a framework's default would lose messages or hide errors, the verdict says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.model import Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.stacks.partners import DEFAULTS, Partner, require, running

FLASK = Partner("flask", DEFAULTS, 'waitress-serve --listen "127.0.0.1:$PORT" flask_get_json:app')
FASTAPI = Partner("fastapi", DEFAULTS, 'uvicorn fastapi_strict:app --port "$PORT"')
DJANGO = Partner("django", DEFAULTS, 'gunicorn --bind "127.0.0.1:$PORT" django_defaults')
EXPRESS = Partner("express", DEFAULTS, "node express_json.js")


@dataclass(frozen=True)
class Case:
    """One default, and what must be said about it.

    Attributes:
        partner: who has it.
        scenario: the id of the scenario that finds it.
        verdict: its verdict.
        says: a part of its reason.
        path: where the messages go.

    """

    partner: Partner
    scenario: str
    verdict: Verdict
    says: str
    path: str = "/webhooks/mews"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Case(FLASK, "ERR-01", Verdict.WARN, ": 500"), id="flask: deep nesting is a 500"
        ),
        pytest.param(Case(FLASK, "REC-08", Verdict.WARN, ": 415"), id="flask: no content type"),
        pytest.param(
            Case(FASTAPI, "ERR-03", Verdict.WARN, ": 422"), id="pydantic: extra is forbidden"
        ),
        pytest.param(Case(FASTAPI, "REC-08", Verdict.WARN, ": 422"), id="fastapi: no content type"),
        pytest.param(
            Case(FASTAPI, "AUTH-06", Verdict.WARN, ": 422"),
            id="fastapi: parsed before the token",
        ),
        pytest.param(
            Case(DJANGO, "PRE-01", Verdict.FAIL, ": 403"), id="django: a CSRF cookie is asked"
        ),
        pytest.param(
            Case(DJANGO, "RED-01", Verdict.FAIL, "301 to /slash/", "/slash"),
            id="django: 301 to the slash",
        ),
        pytest.param(
            Case(DJANGO, "REC-10", Verdict.WARN, ": 400", "/exempt"),
            id="django: chunks under gunicorn",
        ),
        pytest.param(Case(EXPRESS, "REC-04", Verdict.PASS, ""), id="express: 500 events fit"),
        pytest.param(Case(EXPRESS, "REC-07", Verdict.WARN, ": 413"), id="express: 100 kB"),
        pytest.param(Case(EXPRESS, "REC-08", Verdict.WARN, ": 400"), id="express: no content type"),
        pytest.param(
            Case(EXPRESS, "ERR-01", Verdict.WARN, "not UTF-8"), id="express: bytes are replaced"
        ),
    ],
)
def test_default_is_reported(case: Case, settings: Callable[..., Settings], tmp_path: Path) -> None:
    """The scenario meant for it finds it, and names the status that was answered."""
    require(case.partner)
    (scenario,) = [each for each in loader.load_scenarios() if each.id == case.scenario]
    with running(case.partner, tmp_path) as service:
        target = f"{service.url.replace('/webhooks/mews', case.path)}?Token={service.token}"
        chosen = settings(target, time_scale="0.001", examples="3")
        with CertificationRunner(chosen) as engine:
            result = engine.certify(scenario)
    assert (result.verdict, case.says in result.reason) == (case.verdict, True), result.reason
