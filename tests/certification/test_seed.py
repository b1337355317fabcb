"""--hypothesis-seed makes two runs send the same."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.recording_endpoint import recording_endpoint

# Datetimes lie before the run's own start, so that no freshness check refuses them.
WHEN = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CHOSEN = ("-k", "REC or RET-01 or INT-01 or INT-02", "--mews-time-scale", "0.001")
FEW = ("--mews-examples", "12")


def sent(run: pytest.Pytester, seed: str, *how: str) -> Counter[tuple[str, str | None, bytes]]:
    """Certify an endpoint that accepts everything, and count what came, datetimes left out."""
    with recording_endpoint() as endpoint:
        target = ("--mews-target", f"{endpoint.url}?Token=open-sesame")
        result = run.runpytest_subprocess(*target, *CHOSEN, *FEW, *how, f"--hypothesis-seed={seed}")
    assert result.ret == 0, result.stdout.str()
    return Counter((path, kind, WHEN.sub(b"then", body)) for path, kind, body in endpoint.received)


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Give an empty folder to run in, and an environment without a token."""
    monkeypatch.delenv("MEWS_TOKEN", raising=False)
    return pytester


def test_the_same_seed_sends_the_same(run: pytest.Pytester) -> None:
    """Bodies are the same byte for byte but for datetimes, also with --mews-jobs and -n."""
    first = sent(run, "77")
    drawn = {body for _, _, body in first}
    assert len(drawn) > 100
    for how in ((), ("--mews-jobs", "4")):
        assert sent(run, "77", *how) == first, how
    # each worker sends a preflight of its own
    assert set(sent(run, "77", "-n", "2")) == set(first)


def test_another_seed_sends_other_batches(run: pytest.Pytester) -> None:
    """Ids and batches follow the seed; only the documented example is itself each time."""
    one, other = (sent(run, seed) for seed in ("77", "78"))
    (example,) = one.keys() & other.keys()
    assert example[2].count(b"Discriminator") == 6
