"""No secret passes the mask, in whatever form, and ordinary text stays readable."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_mews.model import Exchange, Outcome, Tenant, Tenants
from pytest_mews.redaction import Mask, mask_url, redact, tokens_in

SECRET = 'pa/ss "w&rd"+é'
LONG = "0123456789ABCDEF"


@dataclass(frozen=True)
class Thing:
    """A frozen dataclass with everything that a run may hold."""

    text: str = "plain"
    data: bytes = b"plain"
    pairs: tuple[tuple[str, str], ...] = ()
    table: Mapping[str, object] = field(default_factory=dict)
    outcome: Outcome = Outcome.DELIVERED
    number: float | None = None
    inner: Thing | None = None


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        html.escape(SECRET),
        repr(SECRET)[1:-1],
        SECRET.upper(),
    ],
)
def test_a_secret_is_found_in_every_form_it_may_take(form: str) -> None:
    """Encoded by a URL, by JSON, by HTML, by repr, or in other letters: it is masked."""
    assert Mask([SECRET]).text(f"before {form} after") == "before *** after"
    assert Mask([SECRET]).bytes(f"a{form}b".encode()) == b"a***b"


@given(st.text(min_size=8), st.text(), st.text())
def test_no_text_keeps_a_long_secret(secret: str, before: str, after: str) -> None:
    """Whatever surrounds a long secret, it does not get through in plain."""
    if secret in "***" or secret in before + after:
        return
    shown = Mask([secret]).text(before + secret + after)
    assert secret not in shown


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    """A secret that begins like another leaves no rest behind."""
    assert Mask([LONG, LONG + "-tail"]).text(f"x {LONG}-tail y") == "x *** y"


def test_a_short_secret_is_masked_as_a_word_only() -> None:
    """A token such as `test` does not make the report unreadable."""
    shown = Mask(["test"]).text("the latest test of ?Token=test")
    assert shown == "the latest *** of ?Token=***"


def test_a_tiny_secret_is_masked_as_the_value_of_a_query_only() -> None:
    """A token such as `a` is hidden where it is one."""
    mask = Mask(["a"])
    assert mask.text("a plan: https://x/?Token=a&b=c") == "a plan: https://x/?Token=***&b=c"
    assert mask.text("/?Token=ab") == "/?Token=ab"
    assert mask.text("a") == "***"


def test_other_query_values_are_masked_in_queries_only() -> None:
    """`?code=2026` may be a key, but 2026 is also a year."""
    mask = Mask([], in_queries=["2026"])
    assert mask.text("in 2026: https://x/?code=2026") == "in 2026: https://x/?code=***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"AccessToken": "new one", "Id": "1"}', '{"AccessToken": "***", "Id": "1"}'),
        ('{\\"ApiKey\\":\\"drawn\\"}', '{\\"ApiKey\\":\\"***\\"}'),
        ("{'AccessToken': 'drawn'}", "{'AccessToken': '***'}"),
        ("Cookie: ClientToken=c; AccessToken=a", "Cookie: ClientToken=***; AccessToken=***"),
        ('{"AccessToken": null}', '{"AccessToken": null}'),
        ("Token=wrong", "Token=wrong"),
    ],
)
def test_tokens_of_mews_are_masked_by_their_name(text: str, shown: str) -> None:
    """Keys that were drawn during the run are unknown to the mask, their names are not."""
    assert Mask([]).text(text) == shown


def test_masking_keeps_type_and_structure() -> None:
    """Every text within is masked, everything else stays."""
    thing = Thing(
        text=LONG,
        data=b"\xff" + LONG.encode(),
        pairs=(("Location", f"/?Token={LONG}"), ("Server", "x")),
        table=MappingProxyType({"key": [LONG, 1], LONG: {"plain"}}),
        number=1.5,
        inner=Thing(text=f"<{LONG}>"),
    )
    assert redact(thing, Mask([LONG])) == Thing(
        text="***",
        data=b"\xff***",
        pairs=(("Location", "/?Token=***"), ("Server", "x")),
        table=MappingProxyType({"key": ["***", 1], "***": {"plain"}}),
        number=1.5,
        inner=Thing(text="<***>"),
    )


def test_what_holds_no_secret_is_the_very_same_object() -> None:
    """Nothing is copied in vain, and masking twice changes nothing more."""
    thing = Thing(pairs=(("a", "b"),), table=MappingProxyType({"x": [1]}), inner=Thing())
    assert redact(thing, Mask([LONG])) is thing
    once = redact(Thing(text=LONG), Mask([LONG]))
    assert redact(once, Mask([LONG])) is once


def test_only_ids_remain_of_tenants() -> None:
    """Ids are how the report names an enterprise; tokens are not shown, however short."""
    tenants = Tenants("client", (Tenant("id-1", "integration-1", "k1"),))
    assert redact(tenants, Mask(["client", "k1"])) == Tenants(
        "***", (Tenant("id-1", "integration-1", "***"),)
    )


def test_an_exchange_is_masked_wherever_the_token_travels() -> None:
    """URL, headers, echoed body and detail are all outputs."""
    exchange = Exchange(
        method="POST",
        url=f"https://x/?Token={LONG}",
        request_headers=(("Referer", LONG),),
        request_size=1,
        outcome=Outcome.ERROR_STATUS,
        started_ms=0.0,
        ended_ms=1.0,
        response_body=f'{{"got": "{LONG.lower()}"}}'.encode(),
        detail=f"bad {LONG!r}",
    )
    assert LONG.lower() not in repr(redact(exchange, Mask([LONG]))).lower()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x/hook", "https://x/hook"),
        ("https://x:8000/@me", "https://x:8000/@me"),
        ("http://[::1]:80/a?Token=s", "http://[::1]:80/a?Token=***"),
        ("https://x/?a=1&Token=s%20t&flag", "https://x/?a=***&Token=***&***"),
        ("https://u:p@x/", "https://***@x/"),
        ("https://u:p@q@x/", "https://***@x/"),
        ("u:p@x/hook", "***@x/hook"),
        ("https://u:p/q@x/", "https://u:***"),
        ("https://x/?a=b c#s", "https://x/?a=***#***"),
        ("https://x/hook&Token=s", "https://x/hook&Token=***"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    """Even a URL that is broken gives nothing away."""
    assert mask_url(url) == shown


@pytest.mark.parametrize(
    "form",
    [
        "pa%2Fss \\u0022w&amp;rd&quot;+%C3%A9",
        'pa\\/ss \\\\\\"w\\u0026rd\\\\u0022\\u002b\\u00E9',
        "pa%252Fss%2520%2522w%2526rd%2522%252B%25C3%25A9",
        "pa&#47;ss+&#x22;w&#038;rd&#34;%2b&#xe9;",
        "".join(f"%{octet:02x}" for octet in SECRET.encode()),
    ],
)
def test_a_secret_is_found_in_a_mixture_of_escapes(form: str) -> None:
    """Each special character may be escaped in a way of its own, more than once."""
    assert Mask([SECRET]).text(f"before {form} after") == "before *** after"


@given(st.binary(max_size=9), st.binary(max_size=9), st.sampled_from([LONG, SECRET]))
def test_base64_of_a_longer_text_gives_nothing_away(
    before: bytes, after: bytes, secret: str
) -> None:
    """Wherever in an encoded text a secret stands, too little is left to decode it."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        shown = Mask([secret]).text(encode(before + secret.encode() + after).decode())
        assert "***" in shown
        left = max(shown.split("***"), key=len)
        assert len(left) <= (max(len(before), len(after)) + 3) // 3 * 4 + 2


@pytest.mark.parametrize(
    "text",
    [
        "key 0123456789ABCDEF0123456789ABCDEF-0123456789ABCDEF0123456789ABCDE!",
        "key 0123456789abcdef0123456789abcdef-0123456789abcdef0123456789abcde!",
    ],
)
def test_what_has_the_form_of_mews_tokens_is_masked(text: str) -> None:
    """A key that nobody has told the mask is known by its form; an id is none."""
    assert Mask([]).text(text) == "key ***!"
    assert Mask([]).text("851df8c8-90f2-4c4a-8e01-a4fc46b25178").startswith("851df8c8")


def test_only_messages_about_keys_are_searched_for_keys() -> None:
    """Keys that were drawn for a message are found in it."""
    key = "0123456789ABCDEF0123456789ABCDEF-0123456789ABCDEF0123456789ABCDE"
    assert tokens_in(f'{{"ApiKey":"{key}"}}'.encode()) == [key]
    assert tokens_in(b'{"Id":"851df8c8-90f2-4c4a-8e01-a4fc46b25178"}') == []


def test_our_own_words_about_tokens_stay() -> None:
    """A remedy that leaves a token out with an ellipsis is read as it was written."""
    words = "one Cookie header: ClientToken=…; AccessToken=…, without blanks"
    assert Mask([]).text(words) == words
    assert Mask([]).text("AccessToken=abc; ClientToken=d") == "AccessToken=***; ClientToken=***"
