"""Two runs with the same --hypothesis-seed send the same messages."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.recording_endpoint import recording_endpoint

pytestmark = pytest.mark.slow

# Datetimes depend on the start of the run.
DATETIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SELECTION = ("-k", "REC-02 or REC-03 or RET-01 or INT-01", "--mews-time-scale", "0.001")
EXAMPLES = ("--mews-examples", "12")
Sent = Counter[tuple[str, str | None, bytes]]


def sent_requests(run: pytest.Pytester, seed: str, *options: str) -> Sent:
    """Certify an endpoint that accepts everything; count its requests, without datetimes."""
    with recording_endpoint() as endpoint:
        options += ("--mews-target", f"{endpoint.url}?Token=open-sesame")
        result = run.runpytest(*options, *SELECTION, *EXAMPLES, f"--hypothesis-seed={seed}")
    assert result.ret == 0, result.stdout.str()
    return Counter(
        (path, kind, DATETIME.sub(b"datetime", body)) for path, kind, body in endpoint.received
    )


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a pytester in an empty folder, in an environment without a token."""
    monkeypatch.delenv("MEWS_TOKEN", raising=False)
    return pytester


def test_what_a_seed_sends(run: pytest.Pytester) -> None:
    """Bodies are equal except for datetimes, also with --mews-jobs and -n; not with another seed.

    Only the documented example is always the same.
    """
    first = sent_requests(run, "77", "--mews-jobs", "1")
    assert len({body for _, _, body in first}) > 30
    assert sent_requests(run, "77", "--mews-jobs", "4") == first
    # Other processes have other hashes; each worker sends its own preflight.
    assert set(sent_requests(run, "77", "-n", "2")) == set(first)
    (example,) = first.keys() & sent_requests(run, "78").keys()
    assert example[2].count(b"Discriminator") == 6
