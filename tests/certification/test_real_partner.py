"""A real service on a real socket: the FastAPI example, certified as a user would."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.processes import Served, fastapi_partner


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the FastAPI example as a process of its own."""
    with fastapi_partner(tmp_path_factory.mktemp("fastapi")) as service:
        yield service


def test_fastapi_example_is_ready(
    served: Served, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the defaults, the example passes every scenario without a warning."""
    monkeypatch.setenv("MEWS_TOKEN", served.token)
    result = pytester.runpytest_subprocess("--mews-target", served.url)
    assert result.ret == 0, result.stdout.str()
    report = json.loads((pytester.path / "mews-report" / "certification.json").read_text("utf-8"))
    assert report["readiness"] == "ready"
    others = {each["id"] for each in report["scenarios"] if each["verdict"] != "pass"}
    # Not applicable: it does not redirect, and serves plain http on the loopback.
    redirects = {f"RED-0{number}" for number in range(2, 7)}
    assert others == redirects | {f"TLS-0{number}" for number in range(1, 6)}
    assert served.token not in json.dumps(report)


def test_without_the_token_it_is_refused(
    served: Served, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forgotten token fails the preflight with its 401, and nothing else is tried."""
    monkeypatch.delenv("MEWS_TOKEN", raising=False)
    result = pytester.runpytest_subprocess("--mews-target", served.url)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*mews::PRE-01 FAIL*", "*expected a 2xx answer*401*"])
