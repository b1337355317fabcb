"""A failing test shows what the fixtures observed; other tests pay nothing."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

TESTS = """
import pytest
import requests
from pytest_mews import customer_added

def app(environ, start_response):
    start_response("503 Busy", [])
    return [b"busy with " + environ["QUERY_STRING"].encode()]

def deliver(mews_webhooks):
    mews_webhooks.token = "a-secret-of-the-test"
    return mews_webhooks.deliver(app, customer_added(), attempts=1).delivered

def test_fails(mews_api, mews_webhooks, mews_websocket):
    url = "https://api.mews.com/api/connector/v1/customers/getAll"
    requests.post(url, json={"AccessToken": "no"})
    assert deliver(mews_webhooks)

def test_passes(mews_webhooks):
    assert not deliver(mews_webhooks)

@pytest.mark.xfail
def test_is_expected_to_fail(mews_webhooks):
    assert deliver(mews_webhooks)

@pytest.fixture
def late(mews_webhooks):
    deliver(mews_webhooks)
    yield
    raise RuntimeError

def test_fails_at_the_end(late):
    pass
"""


def test_the_report_of_a_failing_test_has_sections(pytester: pytest.Pytester) -> None:
    """One for each fixture of the test, without secrets."""
    pytester.makepyfile(TESTS)
    result = pytester.runpytest("-p", "no:cacheprovider", "-rA")
    result.assert_outcomes(passed=2, failed=1, xfailed=1, errors=1)
    text = result.stdout.str()
    assert text.count("- mews_api -") == 1
    assert text.count("- mews_websocket -") == 1
    assert text.count("- mews_webhooks -") == 2
    result.stdout.fnmatch_lines(
        [
            "*400: ClientToken is required.",
            "  hint: the body has no ClientToken: mews_api.tenants.client_token",
            "POST https://testserver/: 1 event: CustomerAdded, * bytes",
            "  attempt 1: 503 after * ms, error-status",
            "    busy with Token=[*][*][*]",
            "no handshake came",
        ]
    )
    assert "Token=a-secret-of-the-test" not in text


def test_a_test_without_the_fixtures_pays_nothing(pytester: pytest.Pytester) -> None:
    """No hook of the kit is registered before a test uses one of its fixtures."""
    pytester.makepyfile(
        """
        def test_1_before(request):
            assert not request.config.pluginmanager.has_plugin("mews-failure-sections")

        def test_2(mews_api, request):
            assert request.config.pluginmanager.has_plugin("mews-failure-sections")
        """
    )
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_a_test_that_is_rerun_has_each_section_once(pytester: pytest.Pytester) -> None:
    """Plugins that repeat failing tests run the same item again."""
    pytester.makeconftest(
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            runtestprotocol(item, log=False, nextitem=nextitem)
            item._initrequest()
        """
    )
    pytester.makepyfile("def test(mews_api):\n    assert mews_api.calls()")
    result = pytester.runpytest("-p", "no:cacheprovider")
    assert result.stdout.str().count("- mews_api -") == 1


def test_sections_come_through_xdist(pytester: pytest.Pytester) -> None:
    """They are part of the report that a worker sends."""
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-n", "1")
    result.stdout.fnmatch_lines(["*- mews_api -*", "*- mews_webhooks -*"])
