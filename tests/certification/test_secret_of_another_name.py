"""A shared secret that the endpoint's URL has under another name than `Token`."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from pytest_mews.config.settings import Settings
from pytest_mews.model import Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from pytest_mews.session.terminal import header_lines
from tests.recording_endpoint import recording_endpoint

AUTH = [scenario for scenario in loader.load_scenarios() if scenario.area == "AUTH"]
EVENTS = {"events": "ServiceOrderUpdated", "examples": "1"}
BuildSettings = Callable[..., Settings]


def test_an_untested_secret_is_on_the_first_screen(settings: BuildSettings) -> None:
    """The header, the notes of the report and the reasons name the parameter, not its value."""
    with recording_endpoint() as endpoint:
        options = settings(f"{endpoint.url}?secret=s3cret-value", **EVENTS)
        with CertificationRunner(options) as runner:
            results = [runner.certify(scenario) for scenario in AUTH]
            notes = runner.environment.notes
    header = "\n".join(header_lines(options))
    assert {result.verdict for result in results} == {Verdict.NOT_APPLICABLE}
    assert "--mews-token-name 'secret'" in results[0].reason
    for text in (header, "\n".join(notes)):
        assert "'secret' may be a secret, but no scenario tests it" in text
        assert "s3cret-value" not in text


def test_a_secret_in_the_path_is_not_shown(settings: BuildSettings) -> None:
    """The header leaves out the shared secret wherever it is, and says that the query has it."""
    options = settings("http://127.0.0.1:9/hooks/our-s3cret", token="our-s3cret")
    header = "\n".join(header_lines(options))
    assert "our-s3cret" not in header
    assert "/hooks/***" in header
    assert "the path has the shared secret as well" in header


def test_the_secret_is_sent_wrong(settings: BuildSettings) -> None:
    """With --mews-token-name a service that checks nothing fails, and no result shows the value."""
    with recording_endpoint() as endpoint:
        options = settings(f"{endpoint.url}?x=1&secret=s3cret-value", token_name="secret", **EVENTS)
        with CertificationRunner(options) as runner:
            results = {scenario.id: runner.certify(scenario) for scenario in AUTH[:3]}
            notes = runner.environment.notes
        queries = [parse_qs(urlsplit(path).query) for path, _, _ in endpoint.received]
    verdicts = [result.verdict for result in results.values()]
    assert verdicts == [Verdict.PASS, Verdict.FAIL, Verdict.FAIL]
    assert notes == ()
    assert {tuple(query.get("secret", ())) for query in queries} >= {
        ("s3cret-value",),
        ("0-wrong-token",),
        (),
    }
    assert all(query["x"] == ["1"] for query in queries)
    assert "s3cret-value" not in repr(results)
