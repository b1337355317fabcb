"""certification.html: order, anchors, hostile content, size."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import sample_run

from pytest_mews.mews.facts import DOCUMENTATION, load_facts
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

pytestmark = pytest.mark.pictures

VOID_TAGS = {"meta", "link", "br", "img", "hr", "input"}
HOSTILE_TEXT = "<script>alert(1)</script>\x1b[31m\x00\u202e\" onload='x' </pre></details>{{ 7*7 }}"
CONTROL_CHARACTERS = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"


class Page(HTMLParser):
    """Parses a page strictly: every tag must be closed in order."""

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
        """Record a tag with its ids, links and event handlers."""
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
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a tag that closes itself, as in SVG."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID_TAGS:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag that was opened last is closed."""
        assert self.open.pop() == tag


def hostile_run(run: Run) -> Run:
    """Return a run with a response that contains whatever could break a page."""
    exchange = replace(
        sample_run.exchange(0, 5, 500, HOSTILE_TEXT.encode() + b"\xff" * 10_000_000),
        response_headers=((HOSTILE_TEXT, HOSTILE_TEXT),) * 500,
        detail=HOSTILE_TEXT * 10_000,
    )
    delivery = sample_run.delivery(HOSTILE_TEXT, sample_run.message(2), exchange)
    delivery = replace(delivery, message=replace(delivery.message, description=HOSTILE_TEXT))
    unmet = sample_run.finding(HOSTILE_TEXT, HOSTILE_TEXT * 10_000)
    evidence = Evidence("smallest-failing", HOSTILE_TEXT, (unmet,), Transcript((delivery,)))
    scenario = replace(
        sample_run.scenario("BAT-01", HOSTILE_TEXT), why=HOSTILE_TEXT, remedy=HOSTILE_TEXT
    )
    result = ScenarioResult(scenario, Verdict.FAIL, HOSTILE_TEXT * 10_000, evidence=(evidence,))
    return replace(
        run,
        results=(result,),
        target=HOSTILE_TEXT,
        notes=(HOSTILE_TEXT,),
        command=HOSTILE_TEXT,
    )


def test_page_is_well_formed(written: WrittenReport) -> None:
    """Every tag is closed in order, and ids are unique."""
    page = Page(written.html.read_text("utf-8"))
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_loaded(written: WrittenReport) -> None:
    """The page loads nothing and runs its own script; only links to documentation leave it."""
    text = written.html.read_text("utf-8")
    page = Page(text)
    assert page.loads == ["data:,"]  # an icon, so that browsers request none
    assert not page.tags & {"iframe", "object", "embed", "form", "img"}
    [script] = re.findall("<script[^>]*>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in text
    assert page.handlers == []
    assert "@import" not in text
    assert "url(" not in text
    external = {link for link in page.links if not link.startswith("#")}
    assert external
    assert all(link.startswith(DOCUMENTATION) for link in external)


def test_links_within_the_page_have_targets(written: WrittenReport) -> None:
    """Every link to an anchor has its target, and every scenario its stable anchor."""
    page = Page(written.html.read_text("utf-8"))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {result.scenario.id for result in sample_run.results()} <= set(page.ids)


def test_order_of_sections(written: WrittenReport) -> None:
    """Changes and problems come first; what was not observed or is waived comes last."""
    ids = Page(written.html.read_text("utf-8")).ids
    sections = ["comparison", "fix", "matrix", "details", "pictures", "profile", "unobserved"]
    sections.append("waivers")
    assert [id_ for id_ in ids if id_ in sections] == sections


def test_order_of_problems(run: Run) -> None:
    """MUST, SHOULD, MAY, then harness errors; blocked scenarios with one reason are one."""
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


def test_problem_is_complete(run: Run) -> None:
    """A failure has requirement, observation, fix, and the command to see it again."""
    text = to_html(replace(run, results=(sample_run.slow_batches(),)))
    assert "Put the message into a queue" in text
    assert "no response within 5 s in any of 3 attempts" in text
    assert "+6.80 s" in text
    assert "the first 3 of 184 events" in text
    assert "-k BAT-02 --hypothesis-seed=8214" in text
    assert "Mews alone certifies" in text


def test_facts_are_shown_by_paragraph_of_the_documentation(run: Run) -> None:
    """Facts of one paragraph share its link; inferred ones beside documented ones are marked."""
    facts = load_facts()
    slow = sample_run.slow_batches()

    def shown(*ids: str) -> str:
        scenario = replace(slow.scenario, facts=tuple(facts[id_] for id_ in ids))
        text = to_html(replace(run, results=(replace(slow, scenario=scenario),)))
        return text.partition("<h4>What ")[2].partition("<strong>Why it matters")[0]

    mixed = shown("G-14", "G-16", "G-37")
    assert mixed.startswith("the documentation says, and what we infer from it</h4>")
    assert mixed.count("wh-general#supported-events") == 1
    assert "revisions 2022-05, 2022-08</span>" in mixed
    assert mixed.count("(inferred)") == 1
    assert "(inferred)" in mixed.partition("no reason to refuse a message.")[2]
    inferred = shown("T-02")
    assert inferred.startswith("we infer from the documentation</h4>")
    assert "(inferred)" not in inferred
    assert "revision not known" in shown("C-01")


def test_http_version_is_shown_once(run: Run) -> None:
    """The status line of a response has the HTTP version as the exchange has it."""
    text = to_html(replace(run, results=(sample_run.slow_batches(),)))
    assert ">HTTP/1.1 503\n" in text
    assert "HTTP/HTTP" not in text


def test_hostile_content_is_inert(run: Run) -> None:
    """Markup is text, and control or direction characters are visible escapes."""
    text = to_html(hostile_run(run))
    page = Page(text)
    assert "img" not in page.tags
    assert text.count("<script") == 1
    assert page.handlers == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\x00\\u202e" in text
    assert "{{ 7*7 }}" in text
    assert not re.search(CONTROL_CHARACTERS, text)


def test_hostile_content_is_bounded(run: Run) -> None:
    """Ten megabytes of a response and hundreds of headers leave the page small."""
    assert len(to_html(hostile_run(run)).encode()) < 200_000


def test_long_run_stays_under_a_megabyte(run: Run) -> None:
    """Sixty scenarios, a third of them failing, and ten thousand samples fit into 1 MB."""
    failed = replace(sample_run.slow_batches(), attempts=sample_run.samples(500))
    passed = sample_run.passed("REC-01", "Every documented event is accepted")
    results = tuple(
        replace(
            failed if index % 3 == 0 else passed,
            scenario=replace(failed.scenario, id=f"REC-{index:02d}"),
        )
        for index in range(60)
    )
    assert sum(len(result.attempts) for result in results) == 10_000
    text = to_html(replace(run, results=results))
    Page(text)
    assert len(text.encode()) < 1_000_000


@pytest.mark.parametrize("readiness", list(Readiness))
def test_empty_run(run: Run, readiness: Readiness) -> None:
    """A run without scenarios is a page that says so, whatever its readiness."""
    text = to_html(replace(run, results=(), stages=(), readiness=readiness, notes=()))
    Page(text)
    assert "No scenario was run" in text
    assert "nothing to draw" in text


def test_time_scale_is_a_fact(run: Run) -> None:
    """The facts at the top have the time scale, or say that waits are in real time."""
    assert "<dt>Time scale</dt><dd>0.01</dd>" in to_html(run)
    assert "<dt>Time scale</dt><dd>1 (real time)</dd>" in to_html(replace(run, time_scale=1))


def test_interrupted_run_says_so(run: Run) -> None:
    """A run that was stopped doesn't look like a complete one."""
    assert "Interrupted." not in to_html(run)
    assert "Interrupted." in to_html(replace(run, interrupted=True))


def test_nothing_to_fix(run: Run) -> None:
    """A run that passed says that nothing needs fixing."""
    passed = sample_run.passed("REC-01", "Every documented event is accepted")
    text = to_html(replace(run, results=(passed,), readiness=Readiness.READY))
    assert "Nothing that was tested needs fixing." in text
    assert "-problem" not in text


def test_flaky_result_shows_both_transcripts(run: Run) -> None:
    """The details of a flaky scenario have the failure and the pass."""
    flaky = next(result for result in run.results if result.verdict is Verdict.FLAKY)
    text = to_html(replace(run, results=(flaky,)))
    assert "First failing: 2 copies" in text
    assert "Passed on retry: 2 copies" in text


def test_blocked_scenarios_with_one_reason_are_one_problem(run: Run) -> None:
    """Scenarios that are blocked for the same reason are one problem with links to the rest."""
    text = to_html(run)
    assert 'id="PROC-11-problem"' in text
    assert 'id="PROC-12-problem"' not in text
    assert '<a href="#PROC-12">PROC-12</a>' in text


def test_redirects_and_injected_faults_are_shown(run: Run) -> None:
    """A followed redirect has its own row, and an injected fault is called so."""
    redirect: Exchange = replace(
        sample_run.exchange(0, 5, 307), outcome=Outcome.REDIRECTED, url="https://a.example/1"
    )
    final = replace(sample_run.exchange(6, 5), url="https://a.example/2")
    attempt = Attempt(1, Fault.DROP_RESPONSE, 0, (redirect, final), Outcome.RESPONSE_DROPPED)
    delivery = replace(
        sample_run.delivery("m", sample_run.message(1)),
        attempts=(attempt, replace(attempt, number=2, exchanges=())),
    )
    evidence = Evidence("first-failing", "moved", (), Transcript((delivery,)))
    result = replace(sample_run.slow_batches(), evidence=(evidence,))
    text = to_html(replace(run, results=(result,)))
    Page(text)
    assert "redirected, followed" in text
    assert "↳ https://a.example/2" in text
    assert "injected fault: drop-response" in text


def result_with_body(body: bytes) -> ScenarioResult:
    """Return a failure whose message has this body."""
    message = replace(sample_run.message(1), body=body)
    delivery = sample_run.delivery("m", message, sample_run.exchange(0, 5, 500))
    evidence = Evidence("first-failing", "odd", (), Transcript((delivery,)))
    return replace(sample_run.slow_batches(), evidence=(evidence,), attempts=())


def test_pretty_printing_hides_nothing(run: Run) -> None:
    """A body with a repeated property or deep nesting is shown as it was sent."""
    for body in (b'{"Id":1,"Id":2}', b"[" * 3_000, b"not json"):
        text = to_html(replace(run, results=(result_with_body(body),)))
        assert body.decode().replace('"', "&#34;") in text


def test_json_without_events_is_pretty_printed(run: Run) -> None:
    """A message that is JSON but no batch is shown whole if it is short, otherwise cut."""
    for body, shown in (
        (b"[1]", "[\n  1\n]"),
        (b'["' + b"x" * 9_000 + b'"]', "more characters left out"),
    ):
        assert shown in to_html(replace(run, results=(result_with_body(body),)))


def test_processing_shows_fetches_and_requests(run: Run) -> None:
    """An unfetched entity is on a time line, with requests and their problems in words."""
    text = to_html(replace(run, results=(sample_run.unfetched_entity(),)))
    Page(text)
    assert "1 not fetched: ServiceOrderUpdated bfee2c44-1f84-4326-a862-000000000005." in text
    assert text.count('<figure class="timeline">') == 1  # with the problem, not in the details
    assert "injected fault: 429 with Retry-After" in text
    assert "Client names no version" in text
    assert "reservations/getAll/2023-06-06" in text
    assert "Mews allows 200" in text


def test_requests_in_the_page_are_bounded(run: Run) -> None:
    """Thousands of requests leave the page small, and the omitted ones are counted."""
    result = sample_run.unfetched_entity()
    [evidence] = result.evidence
    calls = tuple(
        sample_run.call(number, 1000 + number, "x" * 90_000) for number in range(1, 5_000)
    )
    evidence = replace(evidence, transcript=replace(evidence.transcript, calls=calls))
    text = to_html(replace(run, results=(replace(result, evidence=(evidence,)),)))
    assert "4,979 more requests are left out here" in text
    assert len(text.encode()) < 200_000


def test_hostile_requests_are_inert(run: Run) -> None:
    """Whatever a path or a message contains is text, also in the picture."""
    result = sample_run.unfetched_entity()
    [evidence] = result.evidence
    call = replace(
        evidence.transcript.calls[0],
        operation="",
        path="/" + HOSTILE_TEXT,
        message=HOSTILE_TEXT * 1_000,
    )
    delivery = evidence.transcript.deliveries[0]
    event = replace(delivery.message.events[0], entity_id=HOSTILE_TEXT)
    delivery = replace(delivery, message=replace(delivery.message, events=(event,)))
    evidence = replace(evidence, transcript=Transcript((delivery,), calls=(call,)))
    text = to_html(replace(run, results=(replace(result, evidence=(evidence,)),)))
    assert "img" not in Page(text).tags
    assert text.count("<script") == 1
    assert not re.search(CONTROL_CHARACTERS, text)
    assert len(text.encode()) < 100_000


def test_tls_handshakes_are_shown(run: Run) -> None:
    """A TLS scenario has the certificate, its remaining days and the server's problems."""
    text = to_html(replace(run, results=(sample_run.expiring_certificate(),)))
    Page(text)
    assert "CN = partner.example" in text
    assert "11 days left" in text
    assert "No trusted authority issued the certificate" in text
    assert "Accepts TLS 1.1." in text
    assert "Nothing was delivered" not in text


def test_expired_and_missing_certificates(run: Run) -> None:
    """An expired certificate, and a server that presented none, are described."""
    result = sample_run.expiring_certificate()
    handshake = sample_run.tls_handshake()
    assert handshake.certificate is not None
    expired = replace(handshake.certificate, not_after_utc="2026-11-20T20:01:08Z")
    without_certificate = replace(
        handshake,
        version="",
        certificate=None,
        chain_problem=None,
        deprecated_versions=(),
        detail="refused",
    )
    handshakes = (replace(handshake, certificate=expired), without_certificate)
    evidence = replace(result.evidence[0], transcript=Transcript((), handshakes))
    text = to_html(replace(run, results=(replace(result, evidence=(evidence,)),)))
    assert "expired 3 days ago" in text
    assert "none presented" in text
    assert "refused" in text


def test_unobserved_scenarios_are_collapsed(run: Run) -> None:
    """Scenarios of an unobserved stage share one line with the reason, each with its anchor."""
    reason = "needs --mews-api HOST:PORT, and the service pointed there"
    unobserved = tuple(
        ScenarioResult(
            sample_run.scenario(f"PROC-{number:02d}", "It is fetched", stage=Stage.PROCESSING),
            Verdict.NOT_OBSERVED,
            reason,
        )
        for number in range(1, 30)
    )
    results = (sample_run.passed("REC-01", "Accepted"), *unobserved)
    text = to_html(replace(run, results=results))
    page = Page(text)
    assert "29 scenarios, PROC-01 to PROC-29" in text
    assert {f"PROC-{number:02d}" for number in range(1, 30)} <= set(page.ids)
    matrix = text[text.index('id="matrix"') : text.index('id="details"')]
    assert matrix.count(reason) == 1
    section = text[text.index('<section id="unobserved"') :]
    assert section.count(reason) == 1
    assert 'href="#PROC-29"' in section
    assert "-problem" not in text
    assert "Not run." in text
