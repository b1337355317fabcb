"""certification.html: order, anchors, hostile content, size."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import sample_run

from pytest_mews.model import (
    Attempt,
    Evidence,
    Exchange,
    Fault,
    Outcome,
    Readiness,
    Run,
    ScenarioResult,
    Stage,
    Transcript,
    Verdict,
)
from pytest_mews.reports import WrittenReport
from pytest_mews.reports.html_report import to_html
from pytest_mews.reports.template_filters import ms

VOID = {"meta", "link", "br", "img", "hr", "input"}
HOSTILE = "<script>alert(1)</script>\x1b[31m\x00\u202e\" onload='x' </pre></details>{{ 7*7 }}"


class Page(HTMLParser):
    """Reads a page strictly: every tag must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.handlers: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag brings."""
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "href" and tag == "a":
                self.links.append(value or "")
            elif name in {"src", "href", "xlink:href", "srcset", "action", "poster"}:
                self.loads.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself, as in SVG."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag that was opened last is closed."""
        assert self.open.pop() == tag


def hostile(run: Run) -> Run:
    """A run into which a partner's answer brings whatever could break a page."""
    exchange = replace(
        sample_run.exchange(0, 5, 500, HOSTILE.encode() + b"\xff" * 10_000_000),
        response_headers=((HOSTILE, HOSTILE),) * 500,
        detail=HOSTILE * 10_000,
    )
    delivery = sample_run.delivery(HOSTILE, sample_run.message(2), exchange)
    delivery = replace(delivery, message=replace(delivery.message, description=HOSTILE))
    found = sample_run.finding(HOSTILE, HOSTILE * 10_000)
    trial = Evidence("smallest-failing", HOSTILE, (found,), Transcript((delivery,)))
    case = replace(sample_run.scenario("BAT-01", HOSTILE), why=HOSTILE, remedy=HOSTILE)
    result = ScenarioResult(case, Verdict.FAIL, HOSTILE * 10_000, evidence=(trial,))
    return replace(run, results=(result,), target=HOSTILE, notes=(HOSTILE,), command=HOSTILE)


def test_page_is_well_formed(written: WrittenReport) -> None:
    """Every tag is closed in order and no id comes twice."""
    page = Page(written.html.read_text("utf-8"))
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_fetched(written: WrittenReport) -> None:
    """The page loads nothing and runs nothing; only links to the documentation lead elsewhere."""
    text = written.html.read_text("utf-8")
    page = Page(text)
    assert page.loads == ["data:,"]  # an icon, so that no browser looks for one
    assert not page.tags & {"script", "iframe", "object", "embed", "form", "img"}
    assert page.handlers == []
    assert "@import" not in text
    assert "url(" not in text
    away = {link for link in page.links if not link.startswith("#")}
    assert away
    assert all(link.startswith("https://docs.mews.com/connector-api/") for link in away)


def test_links_within_the_page_lead_somewhere(written: WrittenReport) -> None:
    """Every link to an anchor has its target, and every scenario its stable anchor."""
    page = Page(written.html.read_text("utf-8"))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {result.scenario.id for result in sample_run.results()} <= set(page.ids)


def test_order_of_sections(written: WrittenReport) -> None:
    """What changed and what to fix come first, what was not observed and was waived last."""
    ids = Page(written.html.read_text("utf-8")).ids
    sections = ["comparison", "fix", "matrix", "details", "pictures", "profile", "unobserved"]
    sections.append("waivers")
    assert [id_ for id_ in ids if id_ in sections] == sections


def test_order_of_problems(run: Run) -> None:
    """MUST comes before SHOULD before MAY; a fault of the harness last, blocked ones as one."""
    ids = Page(to_html(run)).ids
    problems = [id_.removesuffix("-problem") for id_ in ids if id_.endswith("-problem")]
    assert problems == [
        "AUTH-02",
        "BAT-02",
        "PROC-03",
        "RET-03",
        "PROC-11",
        "TLS-03",
        "EVT-04",
        "RED-01",
    ]


def test_problem_says_all_that_is_needed(run: Run) -> None:
    """A failure shows what is asked, what was seen, what to do, and how to see it again."""
    text = to_html(replace(run, results=(sample_run.slow_batches(),)))
    assert "Put the message into a queue" in text
    assert "no answer within 5 s at any of 3 attempts" in text
    assert "+6.80 s" in text
    assert "the first 3 of 184 events" in text
    assert "-k BAT-02 --hypothesis-seed=8214" in text
    assert "Mews alone certifies" in text


def test_hostile_content_is_inert(run: Run) -> None:
    """Markup is text, and control or direction characters are visible escapes."""
    text = to_html(hostile(run))
    page = Page(text)
    assert not page.tags & {"script", "img"}
    assert page.handlers == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\x00\\u202e" in text
    assert "{{ 7*7 }}" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_hostile_content_does_not_bloat(run: Run) -> None:
    """Ten megabytes of an answer and hundreds of headers leave the page small."""
    assert len(to_html(hostile(run)).encode()) < 200_000


def test_long_run_stays_under_a_megabyte(run: Run) -> None:
    """Sixty scenarios, a third of them failing, and ten thousand samples fit into 1 MB."""
    failing = replace(sample_run.slow_batches(), samples=sample_run.samples(500))
    passing = sample_run.passed("REC-01", "Every documented event is accepted")
    results = tuple(
        replace(
            failing if index % 3 == 0 else passing,
            scenario=replace(failing.scenario, id=f"REC-{index:02d}"),
        )
        for index in range(60)
    )
    assert sum(len(result.samples) for result in results) == 10_000
    text = to_html(replace(run, results=results))
    Page(text)
    assert len(text.encode()) < 1_000_000


@pytest.mark.parametrize("readiness", list(Readiness))
def test_empty_run(run: Run, readiness: Readiness) -> None:
    """A run without scenarios is a page that says so, whatever its readiness."""
    text = to_html(replace(run, results=(), stages=(), readiness=readiness, notes=()))
    Page(text)
    assert "No scenario was played" in text
    assert "nothing to draw" in text


def test_interrupted_run_says_so(run: Run) -> None:
    """A run that was stopped does not look like a whole one."""
    assert "Interrupted." not in to_html(run)
    assert "Interrupted." in to_html(replace(run, interrupted=True))


def test_nothing_to_fix(run: Run) -> None:
    """A run that passed says that nothing needs fixing."""
    good = sample_run.passed("REC-01", "Every documented event is accepted")
    text = to_html(replace(run, results=(good,), readiness=Readiness.READY))
    assert "Nothing that was played needs fixing." in text
    assert "-problem" not in text


def test_flaky_shows_both_transcripts(run: Run) -> None:
    """The details of a flaky scenario have the failure and the pass."""
    flaky = next(one for one in run.results if one.verdict is Verdict.FLAKY)
    text = to_html(replace(run, results=(flaky,)))
    assert "First failing: 2 copies" in text
    assert "Passed on retry: 2 copies" in text


def test_blocked_for_one_reason_is_one_problem(run: Run) -> None:
    """What is blocked for the same reason is named once with links to the rest."""
    text = to_html(run)
    assert 'id="PROC-11-problem"' in text
    assert 'id="PROC-12-problem"' not in text
    assert '<a href="#PROC-12">PROC-12</a>' in text


def test_redirect_hops_and_faults_are_shown(run: Run) -> None:
    """A followed redirect is a row of its own, and a fault of ours is called ours."""
    hop: Exchange = replace(
        sample_run.exchange(0, 5, 307), outcome=Outcome.REDIRECTED, url="https://a.example/1"
    )
    last = replace(sample_run.exchange(6, 5), url="https://a.example/2")
    attempt = Attempt(1, Fault.DROP_RESPONSE, 0, (hop, last), Outcome.RESPONSE_DROPPED)
    delivery = replace(
        sample_run.delivery("m", sample_run.message(1)),
        attempts=(attempt, replace(attempt, number=2, exchanges=())),
    )
    trial = Evidence("first-failing", "moved", (), Transcript((delivery,)))
    text = to_html(replace(run, results=(replace(sample_run.slow_batches(), evidence=(trial,)),)))
    Page(text)
    assert "redirected, followed" in text
    assert "↳ https://a.example/2" in text
    assert "done on purpose: drop-response" in text


def test_pretty_printing_hides_nothing(run: Run) -> None:
    """A body that repeats a property, or is nested beyond reason, is shown as it was sent."""
    for raw in (b'{"Id":1,"Id":2}', b"[" * 3_000, b"not json"):
        message = replace(sample_run.message(1), body=raw)
        delivery = sample_run.delivery("m", message, sample_run.exchange(0, 5, 500))
        trial = Evidence("first-failing", "odd", (), Transcript((delivery,)))
        result = replace(sample_run.slow_batches(), evidence=(trial,), samples=())
        text = to_html(replace(run, results=(result,)))
        assert raw.decode().replace('"', "&#34;") in text


@pytest.mark.parametrize(
    ("moment", "shown"),
    [(0, "0 ms"), (999.4, "999 ms"), (999.6, "1.00 s"), (6800, "6.80 s"), (239_900, "4 min 0 s")],
)
def test_durations_are_for_people(moment: float, shown: str) -> None:
    """A duration has the unit that suits it, and is rounded before it is split."""
    assert ms(moment) == shown


def test_other_json_than_events_is_pretty_printed(run: Run) -> None:
    """A message that is JSON but no batch is shown whole where it is short, and cut where not."""
    for raw, shown in (
        (b"[1]", "[\n  1\n]"),
        (b'["' + b"x" * 9_000 + b'"]', "more characters left out"),
    ):
        message = replace(sample_run.message(1), body=raw)
        delivery = sample_run.delivery("m", message, sample_run.exchange(0, 5, 500))
        trial = Evidence("first-failing", "odd", (), Transcript((delivery,)))
        result = replace(sample_run.slow_batches(), evidence=(trial,), samples=())
        assert shown in to_html(replace(run, results=(result,)))


def test_processing_shows_chain_and_requests(run: Run) -> None:
    """A lost event is seen on a time line, with the requests and what was wrong in words."""
    text = to_html(replace(run, results=(sample_run.unfetched_entity(),)))
    Page(text)
    assert "1 not fetched: ServiceOrderUpdated bfee2c44-1f84-4326-a862-000000000005." in text
    assert text.count('<figure class="chain">') == 1  # where it is explained, and nowhere else
    assert "done on purpose: 429 with Retry-After" in text
    assert "Client names no version" in text
    assert "reservations/getAll/2023-06-06" in text
    assert "Mews allows 200" in text


def test_requests_in_the_page_are_capped(run: Run) -> None:
    """Thousands of requests leave the page small, and what is left out is counted."""
    result = sample_run.unfetched_entity()
    [trial] = result.evidence
    calls = tuple(sample_run.call(n, 1000 + n, "x" * 90_000) for n in range(1, 5_000))
    trial = replace(trial, transcript=replace(trial.transcript, calls=calls))
    text = to_html(replace(run, results=(replace(result, evidence=(trial,)),)))
    assert "4,979 more requests are left out here" in text
    assert len(text.encode()) < 200_000


def test_hostile_requests_are_inert(run: Run) -> None:
    """What a partner put into a path or got as a message is text, also in the picture."""
    result = sample_run.unfetched_entity()
    [trial] = result.evidence
    call = replace(
        trial.transcript.calls[0], operation="", path="/" + HOSTILE, message=HOSTILE * 1_000
    )
    sent = trial.transcript.deliveries[0]
    event = replace(sent.message.events[0], entity_id=HOSTILE)
    sent = replace(sent, message=replace(sent.message, events=(event,)))
    trial = replace(trial, transcript=Transcript((sent,), calls=(call,)))
    text = to_html(replace(run, results=(replace(result, evidence=(trial,)),)))
    assert not Page(text).tags & {"script", "img"}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert len(text.encode()) < 100_000


def test_handshakes_are_shown(run: Run) -> None:
    """A TLS scenario shows the certificate, its days and what is wrong with the server."""
    text = to_html(replace(run, results=(sample_run.expiring_certificate(),)))
    Page(text)
    assert "CN = partner.example" in text
    assert "11 days left" in text
    assert "No trusted authority issued it" in text
    assert "Takes TLS 1.1." in text
    assert "Nothing was delivered" not in text


def test_expired_and_missing_certificates(run: Run) -> None:
    """A certificate that ended, and a server that showed none, are told in words."""
    result = sample_run.expiring_certificate()
    seen = sample_run.tls_handshake()
    assert seen.certificate is not None
    ended = replace(seen.certificate, not_after_utc="2026-11-20T20:01:08Z")
    none = replace(seen, version="", certificate=None, chain=None, old=(), detail="refused")
    handshakes = (replace(seen, certificate=ended), none)
    trial = replace(result.evidence[0], transcript=Transcript((), handshakes))
    text = to_html(replace(run, results=(replace(result, evidence=(trial,)),)))
    assert "ended 3 days ago" in text
    assert "none shown" in text
    assert "refused" in text


def test_a_stage_without_its_means_is_said_once(run: Run) -> None:
    """Scenarios of an unobserved stage are folded under one remark, each with its anchor."""
    reason = "needs --mews-api HOST:PORT, and a service that calls this address"
    missing = tuple(
        ScenarioResult(
            sample_run.scenario(f"PROC-{n:02d}", "It is fetched", stage=Stage.PROCESSING),
            Verdict.NOT_OBSERVED,
            reason,
        )
        for n in range(1, 30)
    )
    text = to_html(replace(run, results=(sample_run.passed("REC-01", "Accepted"), *missing)))
    page = Page(text)
    assert "29 scenarios, PROC-01 to PROC-29" in text
    assert {f"PROC-{n:02d}" for n in range(1, 30)} <= set(page.ids)
    matrix = text[text.index('id="matrix"') : text.index('id="details"')]
    assert matrix.count(reason) == 1
    unobserved = text[text.index('<section id="unobserved"') :]
    assert unobserved.count(reason) == 1
    assert 'href="#PROC-29"' in unobserved
    assert "-problem" not in text
    assert "Not played." in text
