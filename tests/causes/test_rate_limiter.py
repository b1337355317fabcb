"""A sound service behind a rate limiter has one cause: the limit."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.config.settings import Settings
from pytest_mews.execution import Budget
from pytest_mews.model import CauseKind, Verdict
from pytest_mews.model.verdict import FAILURES
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios.loader import load_scenarios
from tests.concurrent_certification import certify_concurrently
from tests.recording_endpoint import recording_endpoint

pytestmark = pytest.mark.slow

NAMES = {"PRE-01", "REC-01", "REC-03", "REC-04", "REC-05", "REC-11", "RET-01", "AUTH-02", "ERR-02"}
MAX_REQUESTS, WINDOW_S = 60, 10.0
TOKEN = "open-sesame"


class LimitedService:
    """Answers 429 beyond 60 requests in 10 s; otherwise as a sound service does."""

    def __init__(self) -> None:
        self._accepted_s: deque[float] = deque()

    def status_for(self, path: str, body: bytes) -> int:
        """Return the status of the response to a message."""
        now_s = time.monotonic()
        while self._accepted_s and self._accepted_s[0] < now_s - WINDOW_S:
            self._accepted_s.popleft()
        if len(self._accepted_s) >= MAX_REQUESTS:
            return 429
        self._accepted_s.append(now_s)
        if not path.endswith(f"?Token={TOKEN}"):
            return 401
        try:
            document = json.loads(body)
        except ValueError:
            return 400
        is_message = isinstance(document, dict) and document.keys() & {"Events", "Action"}
        return 202 if is_message else 400


def test_a_limit_is_the_only_cause(settings: Callable[..., Settings]) -> None:
    """It explains every scenario that did not pass, and the remedy is about the limit."""
    scenarios = [scenario for scenario in load_scenarios() if scenario.id in NAMES]
    with recording_endpoint(LimitedService().status_for) as endpoint:
        options = settings(f"{endpoint.url}?Token={TOKEN}", time_scale="0.001")
        with CertificationRunner(options, budget=Budget(executions=5, seconds=5)) as runner:
            results = certify_concurrently(runner, scenarios)
    (cause,) = find_causes(list(results.values()))
    assert cause.kind is CauseKind.RATE_LIMITED
    # Requests that are answered 401 count too, and our clock is not the service's.
    assert re.search(r"at most [56]\d were accepted within 10 s", cause.summary)
    assert "Raise or lift the limit" in cause.remedy
    failed = {name for name, result in results.items() if result.verdict in FAILURES}
    assert failed
    assert failed <= set(cause.explains)
    assert results["PRE-01"].verdict is Verdict.PASS
