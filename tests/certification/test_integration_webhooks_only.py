"""A run against a service that gets Integration Webhooks only."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import DemoPartner
from pytest_mews.model import Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.concurrent_certification import certify_concurrently

pytestmark = pytest.mark.slow

BuildSettings = Callable[..., Settings]
SCENARIOS = loader.load_scenarios()
REASON = "it needs General Webhooks, and there is no URL for them (--mews-target none)"


@pytest.mark.parametrize("flaw", ["sound", "rejects-general-after-integration"])
def test_no_general_webhook_is_sent(flaw: str, settings: BuildSettings) -> None:
    """What needs one is not applicable, with this reason; all else passes.

    The second partner would refuse General Webhooks after the first Integration Webhook.
    """
    with DemoPartner(flaw, tenants=DEFAULT_TENANTS) as partner:
        options = settings(
            "none",
            integration_target=partner.integration_url,
            time_scale="0.001",
            examples="2",
        )
        with CertificationRunner(options) as runner:
            results = certify_concurrently(runner, SCENARIOS)
            assert runner.environment.preflight.accepts
    passed = {name for name, result in results.items() if result.verdict is Verdict.PASS}
    assert {"PRE-01", "INT-01", "INT-11", "AUTH-08", "ERR-09"} <= passed
    verdicts = {result.verdict for result in results.values()}
    assert verdicts == {Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.NOT_OBSERVED}
    for name in ("REC-01", "AUTH-02", "ERR-01", "INT-09", "LOAD-01"):
        assert (results[name].verdict, results[name].reason) == (Verdict.NOT_APPLICABLE, REASON)
