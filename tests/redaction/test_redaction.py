"""The redactor finds secrets in every form; ordinary text stays readable."""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_mews.model import Exchange, Outcome, Tenant, Tenants
from pytest_mews.redaction import Redactor, Secret, find_tokens, redact, redact_url

SECRET = 'pa/ss "w&rd"+é'
LONG = "0123456789ABCDEF"


@dataclass(frozen=True)
class Example:
    """A frozen dataclass with every type of value in a run."""

    text: str = "plain"
    data: bytes = b"plain"
    pairs: tuple[tuple[str, str], ...] = ()
    table: Mapping[str, object] = field(default_factory=dict)
    outcome: Outcome = Outcome.DELIVERED
    number: float | None = None
    inner: Example | None = None


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
def test_a_secret_is_redacted_in_every_form(form: str) -> None:
    """Encoded by a URL, JSON, HTML or repr, or in upper case: it is redacted."""
    assert Redactor([SECRET]).redact_text(f"before {form} after") == "before *** after"
    assert Redactor([SECRET]).redact_bytes(f"a{form}b".encode()) == b"a***b"


@settings(deadline=None)
@given(st.text(min_size=8), st.text(), st.text())
def test_a_long_secret_is_redacted_in_any_text(secret: str, before: str, after: str) -> None:
    """The result has no long secret, whatever surrounds it."""
    if secret in "***" or secret in before + after:
        return
    redacted = Redactor([secret]).redact_text(before + secret + after)
    assert secret not in redacted


def test_the_longer_of_two_secrets_is_redacted_completely() -> None:
    """Of a secret that begins with another one, nothing remains."""
    assert Redactor([LONG, LONG + "-tail"]).redact_text(f"x {LONG}-tail y") == "x *** y"


def test_a_short_secret_is_redacted_as_a_word_only() -> None:
    """A token such as `test` does not make the report unreadable."""
    shown = Redactor(["test"]).redact_text("the latest test of ?Token=test")
    assert shown == "the latest *** of ?Token=***"


def test_a_very_short_secret_is_redacted_as_a_query_value_only() -> None:
    """A token such as `a` is redacted where it is the value."""
    redactor = Redactor(["a"])
    assert (
        redactor.redact_text("a plan: https://x/?Token=a&b=c") == "a plan: https://x/?Token=***&b=c"
    )
    assert redactor.redact_text("/?Token=ab") == "/?Token=ab"
    assert redactor.redact_text("a") == "***"


def test_other_query_values_are_redacted_in_queries_only() -> None:
    """`?code=2026` can be a key, but 2026 is also a year."""
    redactor = Redactor([], query_values=["2026"])
    assert redactor.redact_text("in 2026: https://x/?code=2026") == "in 2026: https://x/?code=***"


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
def test_tokens_of_mews_are_redacted_by_their_name(text: str, shown: str) -> None:
    """The redactor does not know keys that the run generates, but it knows their names."""
    assert Redactor([]).redact_text(text) == shown


def test_redaction_keeps_type_and_structure() -> None:
    """Every text inside is redacted, all else is unchanged."""
    example = Example(
        text=LONG,
        data=b"\xff" + LONG.encode(),
        pairs=(("Location", f"/?Token={LONG}"), ("Server", "x")),
        table=MappingProxyType({"key": [LONG, 1], LONG: {"plain"}}),
        number=1.5,
        inner=Example(text=f"<{LONG}>"),
    )
    assert redact(example, Redactor([LONG])) == Example(
        text="***",
        data=b"\xff***",
        pairs=(("Location", "/?Token=***"), ("Server", "x")),
        table=MappingProxyType({"key": ["***", 1], "***": {"plain"}}),
        number=1.5,
        inner=Example(text="<***>"),
    )


def test_a_value_without_a_secret_is_returned_itself() -> None:
    """Nothing is copied without need, and redacting twice changes nothing more."""
    example = Example(pairs=(("a", "b"),), table=MappingProxyType({"x": [1]}), inner=Example())
    assert redact(example, Redactor([LONG])) is example
    once = redact(Example(text=LONG), Redactor([LONG]))
    assert redact(once, Redactor([LONG])) is once


@settings(deadline=None)
@given(st.lists(st.text(), min_size=4, max_size=9), st.integers(0, 8), st.text(max_size=2))
def test_a_secret_among_many_texts_is_redacted(texts: list[str], index: int, around: str) -> None:
    """Many texts, such as ids, are searched together: the result is as if each was redacted."""
    redactor = Redactor([SECRET, LONG, "test", "a"])
    for form in (SECRET, quote(SECRET), LONG.lower(), "test", "a", "?Token=a"):
        items = (*texts[:index], f"{around}{form}{around}", *texts[index:])
        assert redact(items, redactor) == tuple(map(redactor.redact_text, items))


def test_tenants_keep_only_their_ids() -> None:
    """The report names enterprises by their ids; it shows no token, however short."""
    tenants = Tenants("client", (Tenant("id-1", "integration-1", "k1"),))
    assert redact(tenants, Redactor(["client", "k1"])) == Tenants(
        "***", (Tenant("id-1", "integration-1", "***"),)
    )


def test_an_exchange_is_redacted_everywhere() -> None:
    """URL, headers, echoed body and detail can contain the token."""
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
    assert LONG.lower() not in repr(redact(exchange, Redactor([LONG]))).lower()


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
        ("Token=s", "Token=***"),
        ("token=s?t&b=c", "token=***&b=***"),
    ],
)
def test_a_url_is_shown_without_possible_secrets(url: str, shown: str) -> None:
    """Even a malformed URL shows no secret."""
    assert redact_url(url) == shown


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
def test_a_secret_is_redacted_in_a_mixture_of_escapes(form: str) -> None:
    """Each special character can be escaped differently, more than once."""
    assert Redactor([SECRET]).redact_text(f"before {form} after") == "before *** after"


def mixed(secret: str, *, every: int) -> str:
    """Percent-encode every n-th character."""
    return "".join(
        f"%{ord(character):02x}" if index % every == 0 else character
        for index, character in enumerate(secret)
    )


@pytest.mark.parametrize(
    "form",
    [
        LONG.encode().hex(),
        LONG.encode().hex().upper(),
        LONG.lower().encode().hex(":"),
        LONG.encode().hex(" ", 2),
        "".join(f"0x{octet:02x}, " for octet in LONG.encode())[:-2],
        "".join(f"\\x{octet:02x}" for octet in LONG.encode()),
        "".join(f"&#{ord(character)};" for character in LONG),
        "".join(f"&#x{ord(character):X};" for character in LONG),
        "".join(f"\\u{ord(character):04X}" for character in LONG),
        "".join(f"\\\\u{ord(character):04x}" for character in LONG),
        "".join(f"\\u{{{ord(character):x}}}" for character in LONG),
        "".join(f"%26%23{ord(character)}%3B" for character in LONG),
        mixed(LONG, every=1),
        mixed(LONG, every=2),
        mixed(LONG, every=3),
        quote(mixed(LONG, every=3)),
        mixed(LONG.lower(), every=2),
    ],
)
def test_a_disguised_secret_is_redacted(form: str) -> None:
    """Hexadecimal digits, escaped letters, and any mixture of escaped and plain letters."""
    assert Redactor([LONG]).redact_text(f"before {form} after") == "before *** after"
    assert Redactor([LONG]).redact_bytes(f"\xff{form}|".encode("latin-1")) == b"\xff***|"
    assert Redactor(["another secret"]).redact_text(f"a {form} b") == f"a {form} b"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\\n", "\r\n  ", "\\r\\n"])
@pytest.mark.parametrize("before", [0, 1, 50, 51, 52, 53])
def test_base64_with_line_ends_shows_no_secret(line_end: str, before: int) -> None:
    """MIME cuts base64 into lines of 76 characters, PEM into lines of 64."""
    encoded = base64.b64encode(b"." * before + LONG.encode() + b"." * 60).decode()
    for width in (64, 76):
        lines = [encoded[start : start + width] for start in range(0, len(encoded), width)]
        redacted = Redactor([LONG]).redact_text(line_end.join(lines))
        assert "***" in redacted
        parts = "".join(redacted.replace("\\r", "").replace("\\n", "").split()).split("***")
        assert sum(len(part) for part in parts) <= (before + 60) // 3 * 4 + 12


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32"])
def test_a_body_in_utf_16_shows_no_secret(encoding: str) -> None:
    """What stands around the secret stays, up to the zeros."""
    body = f"your token: {LONG}, and é".encode(encoding)
    redacted = Redactor([LONG]).redact_bytes(body).replace(b"\0", b"")
    assert b"your token: ***, and " in redacted


def test_long_texts_with_escapes_are_redacted_in_time() -> None:
    """A body of 64 KiB in escapes is decoded within a second."""
    text = "".join(f"%{ord(character):02x}" for character in "plain text " * 2_000) + LONG
    started = time.thread_time()  # other tests may keep this one waiting
    assert (
        Redactor([LONG, *(f"{LONG}-{number}" for number in range(20))])
        .redact_text(text)
        .endswith("***")
    )
    assert time.thread_time() - started < 5.0


def test_a_cut_comes_after_redaction() -> None:
    """A secret across the limit of a body does not leave its first letters."""
    body = b"." * (64 * 1024 - 13) + LONG.encode() + b"." * 100
    exchange = Exchange(
        "POST", "https://x/", (), 1, Outcome.DELIVERED, 0.0, 1.0, response_body=body
    )
    redacted = redact(exchange, Redactor([LONG])).response_body
    assert redacted == (b"." * (64 * 1024 - 13) + b"***" + b"." * 10)
    assert len(redact(exchange, Redactor([])).response_body) == 64 * 1024


def test_the_repr_of_a_secret_shows_nothing() -> None:
    """Everything else works as with any text."""
    secret = Secret(LONG)
    assert (repr(secret), f"{secret}", secret == LONG, [secret]) == ("***", LONG, True, [LONG])
    assert repr([secret]) == "[***]"


@given(st.binary(max_size=9), st.binary(max_size=9), st.sampled_from([LONG, SECRET]))
def test_base64_of_a_longer_text_shows_no_secret(before: bytes, after: bytes, secret: str) -> None:
    """Too little of the encoded secret remains to decode it, at any offset."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        redacted = Redactor([secret]).redact_text(encode(before + secret.encode() + after).decode())
        assert "***" in redacted
        remainder = max(redacted.split("***"), key=len)
        assert len(remainder) <= (max(len(before), len(after)) + 3) // 3 * 4 + 2


@pytest.mark.parametrize(
    "text",
    [
        "key 0123456789ABCDEF0123456789ABCDEF-0123456789ABCDEF0123456789ABCDE!",
        "key 0123456789abcdef0123456789abcdef-0123456789abcdef0123456789abcde!",
    ],
)
def test_a_text_in_the_format_of_mews_tokens_is_redacted(text: str) -> None:
    """An unknown key is recognised by its format; an id does not have it."""
    assert Redactor([]).redact_text(text) == "key ***!"
    assert Redactor([]).redact_text("851df8c8-90f2-4c4a-8e01-a4fc46b25178").startswith("851df8c8")


def test_tokens_are_found_in_messages_with_keys() -> None:
    """Keys that were generated for a message are found in it."""
    key = "0123456789ABCDEF0123456789ABCDEF-0123456789ABCDEF0123456789ABCDE"
    assert find_tokens(f'{{"ApiKey":"{key}"}}'.encode()) == [key]
    assert find_tokens(b'{"Id":"851df8c8-90f2-4c4a-8e01-a4fc46b25178"}') == []


def test_our_own_texts_about_tokens_stay() -> None:
    """A remedy that abbreviates a token with an ellipsis is unchanged."""
    remedy = "one Cookie header: ClientToken=…; AccessToken=…, without blanks"
    assert Redactor([]).redact_text(remedy) == remedy
    assert (
        Redactor([]).redact_text("AccessToken=abc; ClientToken=d")
        == "AccessToken=***; ClientToken=***"
    )
