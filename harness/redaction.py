"""Redaction: replaces secrets with `***` in every output.

The rules are less strict for short secrets, since redacting ordinary words would make a report
unreadable:

1. A secret of 8 characters or more is redacted everywhere, in upper and lower case.
2. A secret of 4 to 7 characters is redacted as a separate word (`test`, but not in `latest`).
3. A shorter secret, and every other value in the query of an endpoint's URL, is redacted only as
   the value of a query.
4. A text that is equal to a secret is redacted, whatever its length.
5. The values of `AccessToken`, `ClientToken` and `ApiKey` in JSON or cookies are redacted, even if
   the redactor does not know them.
6. So is every text in the format of Mews's tokens: 32 and 31 hexadecimal digits with a hyphen
   between them.

The redactor also finds a secret that is percent-encoded (once or several times), JSON-escaped,
HTML-escaped, as `repr` shows it, or in any mixture of these. A secret of rule 1 is found as well
where its letters are escaped, in UTF-16, in hexadecimal digits (also with separators), and within a
base64 text, at any offset and across line ends. Not found: a secret that is reversed, cut into
parts, compressed, encrypted, replaced letter by letter (rot13), or has other characters in between.
"""

from __future__ import annotations

import base64
import html
import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cached_property, lru_cache
from types import NoneType
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import quote

from pytest_mews.model.exchange import MAX_LENGTH

REDACTED = "***"
MIN_LENGTH_ANYWHERE, MIN_LENGTH_WORD = 8, 4
T = TypeVar("T")
_MAX_CACHED_LENGTH = 512
_WITHOUT_TEXT = frozenset({NoneType, bool, int, float})
_MANY = 4  # at least as many texts are searched together

_USERINFO = re.compile(r"(?:^|(?<=//))[^/?#]*(?=@)")
# A password with an unescaped / or ? looks like a port that is not a number.
_BAD_PORT = re.compile(r"(?<=//)(?!\[)([^/?#@]*:)(?!\d*(?:[/?#]|$))[^?#]+")
# A query that was given as the whole URL: `Token=…`.
_LONE_VALUE = re.compile(r"^([A-Za-z][\w-]*=)(?!//)[^&]*")
_QUERY_VALUE = re.compile(r"(?<=[?&])([^=&#]*=)?[^&#]+")
_NAMES = "AccessToken|ClientToken|ApiKey"
# Our own texts abbreviate a token with an ellipsis, which no cookie contains.
_NAMED = re.compile(
    rf"""((?:{_NAMES})(?:\\*["']\s*:\s*\\*["']))[^"'\\]+|((?:{_NAMES})=)(?!…)[^;&\s"'\\]+""",
    re.IGNORECASE,
)
# The format "0123456789ABCDEF0123456789ABCDEF-0123456789ABCDEF0123456789ABCDE", which the harness
# generates too. The first pattern fails fast on a text without a token.
_TOKEN_END = re.compile("-[0-9A-Fa-f]{31}")
_TOKEN = re.compile("[0-9A-Fa-f]{32}-[0-9A-Fa-f]{31}")
# A letter or digit that is escaped without need: only then a text is decoded.
_ESCAPED_LETTER = re.compile(
    r"%(?:25)*(?:[3-7][0-9a-f]|2[36])|&#0*(?:x0*[3-7][0-9a-f]|4[89]|[5-9][0-9]|1[0-2][0-9]);"
    r"|\\+(?:u00|x)[3-7][0-9a-f]|\\+u\{0*[3-7][0-9a-f]\}",
    re.IGNORECASE,
)
_ESCAPE = re.compile(
    rb"%(?:25)*(?P<percent>[0-9a-f]{2})|&#0*(?P<decimal>[0-9]{1,7});|&#x0*(?P<entity>[0-9a-f]{1,6});"
    rb"|(?P<name>&[a-z0-9]{2,31};)|\\+(?:u(?P<u>[0-9a-f]{4})|u\{0*(?P<braces>[0-9a-f]{1,6})\}"
    rb"|x(?P<x>[0-9a-f]{2}))|\\+(?P<other>[^0-9a-z\\])",
    re.IGNORECASE,
)
_MAX_NESTING = 4  # escapes within escapes
_PREFIX = r"(?:0x|\\+x)?"
_SEPARATORS = b":,-x\\ \t\r\n"
_SEPARATOR = r"(?:0x|\\+x|[:\s,-]){0,3}"
_LINE_END = re.compile(rb"[ \t]*(?:[\r\n]|\\+[rn])(?:\s|\\+[rn])*")
_BROKEN_BASE64 = re.compile(
    r"[A-Za-z0-9+/_-]{16}[ \t]*(?:[\r\n]|\\+[rn])(?:\s|\\+[rn])*[A-Za-z0-9+/_-]{2}"
)
_ZEROS = re.compile(rb"\0+")
_TEXT_SEPARATOR = "\x1f"  # whitespace, but no line end, which encoded secrets may have within
_MIN_LENGTH_BASE64 = 8  # shorter pieces of base64 are not redacted


class Secret(str):
    """A secret text: it works as a `str`, but its repr, which tracebacks show, is `***`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return REDACTED

    @classmethod
    def of(cls, text: str | None) -> Self | None:
        """Return a text as a secret; None stays None."""
        return None if text is None else cls(text)


class HasSecrets(Protocol):
    """Settings that `Redactor.from_settings` accepts."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not appear in any output."""

    @property
    def query_values(self) -> tuple[str, ...]:
        """Other values in the queries of the endpoint's URLs, which can be secret."""


def redact_url(url: str) -> str:
    """Redact the user, password, query values and fragment of a URL, even if it is malformed."""
    url_without_fragment, separator, _ = url.partition("#")
    redacted = _LONE_VALUE.sub(rf"\1{REDACTED}", url_without_fragment)
    redacted = _USERINFO.sub(REDACTED, redacted)
    redacted = _BAD_PORT.sub(rf"\1{REDACTED}", redacted)
    redacted = _QUERY_VALUE.sub(lambda match: (match[1] or "") + REDACTED, redacted)
    return redacted + (separator and separator + REDACTED)


def find_tokens(body: bytes) -> list[str]:
    """Return the texts in the format of Mews's tokens in a message: keys generated for it."""
    return _TOKEN.findall(body.decode("latin-1")) if b"Token" in body or b"ApiKey" in body else []


class DisguiseFinder:
    """Finds secrets whose letters are escaped, or that are encoded with separators or line ends.

    Args:
        secrets: secrets of at least `MIN_LENGTH_ANYWHERE` characters.

    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted(secrets, key=len, reverse=True)
        self._plain = [_octets(secret).lower() for secret in self._secrets]

    @cached_property
    def _hexadecimal(self) -> dict[bytes, str]:
        """The digits of each secret, in either case of its letters, and the pattern for them."""
        cases = dict.fromkeys(
            form for secret in self._secrets for form in (secret, secret.lower(), secret.upper())
        )
        return {
            _octets(form).hex().encode(): _PREFIX
            + _SEPARATOR.join(f"{octet:02x}" for octet in _octets(form))
            for form in cases
        }

    @cached_property
    def _base64(self) -> list[bytes]:
        encoded = {form for secret in self._secrets for form in _encoded(secret)}
        cores = {core for form in encoded for core in _base64_cores(form)}
        return [core.encode() for core in sorted(cores, key=len, reverse=True)]

    def redact(self, text: str) -> str:
        """Redact the disguised secrets of a text."""
        if not self._plain:
            return text
        # Searches for plain texts are fast; hardly any text comes to the pattern.
        octets = _octets(text.lower()).replace(b"0x", b"").translate(None, _SEPARATORS)
        for digits, pattern in self._hexadecimal.items():
            if digits in octets:
                text = re.sub(pattern, REDACTED, text, flags=re.IGNORECASE)
        if ("%" in text or "&" in text or "\\" in text) and _ESCAPED_LETTER.search(text):
            text = _replace_disguised(text, _decode_escapes, self._plain)
        if "\0" in text:
            text = _replace_disguised(text, _drop_zeros, self._plain)
        has_lines = "\n" in text or "\r" in text or "\\" in text
        if has_lines and _BROKEN_BASE64.search(text):
            text = _replace_disguised(text, _drop_line_ends, self._base64, ignore_case=False)
        return text


class Redactor:
    """Replaces secrets with `***` by the rules of this module."""

    def __init__(self, secrets: Iterable[str], query_values: Iterable[str] = ()) -> None:
        known = {secret for secret in secrets if secret}
        self._complete_texts = known | {REDACTED}
        self._disguised = DisguiseFinder(
            secret for secret in known if len(secret) >= MIN_LENGTH_ANYWHERE
        )
        patterns = {form: _pattern_for(secret, form) for secret in known for form in _forms(secret)}
        patterns |= {
            form: _in_query(_escaped_pattern(form))
            for value in query_values
            for form in (value, _percent(value))
            if value and form not in patterns
        }
        # The longest first. Searching for a literal is fast; a pattern is compiled, which is slow,
        # only once a text has its literal.
        self._patterns = [
            (_longest_literal(form).lower(), patterns[form])
            for form in sorted(patterns, key=len, reverse=True)
        ]
        # Thousands of exchanges repeat the same few URLs and headers.
        self._cached = lru_cache(maxsize=4096)(self._replace)

    @classmethod
    def from_settings(cls, settings: HasSecrets, extra_secrets: Iterable[str] = ()) -> Redactor:
        """Create a redactor for all secrets of the settings, and for extra secrets."""
        return cls([*settings.secrets, *extra_secrets], settings.query_values)

    def redact_text(self, text: str) -> str:
        """Redact a text."""
        return self._cached(text) if len(text) < _MAX_CACHED_LENGTH else self._replace(text)

    def are_clean(self, texts: Collection[str]) -> bool:
        """Return whether texts certainly have no secret; faster than to redact each."""
        joined = _TEXT_SEPARATOR.join(texts)
        return self._complete_texts.isdisjoint(texts) and self._replace(joined) is joined

    def redact_bytes(self, data: bytes) -> bytes:
        """Redact bytes; parts that are not UTF-8 stay unchanged."""
        text = data.decode("utf-8", "surrogateescape")
        redacted = self._replace(text)
        return data if redacted is text else redacted.encode("utf-8", "surrogateescape")

    def _replace(self, text: str) -> str:
        if text in self._complete_texts:
            return REDACTED
        result = text
        lowered = text.lower()
        for literal, pattern in self._patterns:
            if literal in lowered:
                result = re.sub(pattern, REDACTED, result, flags=re.IGNORECASE)
        if "token" in lowered or "apikey" in lowered:
            result = _NAMED.sub(lambda match: (match[1] or match[2]) + REDACTED, result)
        if _TOKEN_END.search(result):
            result = _TOKEN.sub(REDACTED, result)
        result = self._disguised.redact(result)
        return text if result == text else result


def redact(value: T, redactor: Redactor) -> T:
    """Redact all text within frozen dataclasses, tuples, lists, sets and mappings.

    The result has the type of the value, and is the same object if it has no secret.
    """
    result: T = _walk(value, redactor)
    return result


def _walk(value: Any, redactor: Redactor) -> Any:  # noqa: ANN401 - any part of a run
    result = value
    if type(value) in _WITHOUT_TEXT:  # most parts of a run
        pass
    elif isinstance(value, str):
        result = value if isinstance(value, Enum) else redactor.redact_text(value)
    elif isinstance(value, bytes):
        result = redactor.redact_bytes(value)
    elif isinstance(value, tuple | list | frozenset | set):
        result = _redact_items(value, redactor)
    elif is_dataclass(value) and not isinstance(value, type):
        result = _redact_fields(value, redactor)
    elif isinstance(value, Mapping):
        pairs = {_walk(key, redactor): _walk(item, redactor) for key, item in value.items()}
        is_same = all(key in pairs and pairs[key] is item for key, item in value.items())
        result = value if is_same else type(value)(pairs)  # type: ignore[call-arg]
    return result


def _redact_items(
    items: tuple[Any, ...] | list[Any] | frozenset[Any] | set[Any], redactor: Redactor
) -> Any:  # noqa: ANN401 - of the type of `items`
    are_texts = len(items) >= _MANY and all(type(item) is str for item in items)
    if are_texts and redactor.are_clean(items):
        return items
    redacted = [_walk(item, redactor) for item in items]
    is_same = all(new is old for new, old in zip(redacted, items, strict=True))
    return items if is_same else type(items)(redacted)


def _redact_fields(value: Any, redactor: Redactor) -> Any:  # noqa: ANN401 - a dataclass
    dataclass_type: type = type(value)
    changed = {}
    for name, limit in _field_limits(dataclass_type).items():
        before = getattr(value, name)
        after = _walk(before, redactor)
        if limit is not None and len(after) > limit:
            after = after[:limit]
        if after is not before:
            changed[name] = after
    return replace(value, **changed) if changed else value


@lru_cache(maxsize=256)
def _field_limits(dataclass_type: type) -> dict[str, int | None]:
    """Return the fields of a dataclass, with the length to which each is cut, if any."""
    return {field.name: field.metadata.get(MAX_LENGTH) for field in fields(dataclass_type)}


def _forms(secret: str) -> set[str]:
    """Return the forms of a secret to search for; `_escaped_pattern` adds the escapes."""
    forms = {secret, _percent(secret)}
    if len(secret) < MIN_LENGTH_ANYWHERE:
        return forms
    return forms.union(*map(_base64_cores, _encoded(secret)))


def _encoded(secret: str) -> set[str]:
    """Return the spellings of a secret within a text that is encoded as a whole."""
    complete = quote(secret, safe="")
    return {secret, quote(secret), complete, quote(complete), json.dumps(secret)[1:-1]}


def _percent(secret: str) -> str:
    return "".join(f"%{octet:02X}" for octet in _octets(secret))


def _base64_cores(text: str) -> set[str]:
    """Encode a text that is part of a longer one, at each of the three possible offsets."""
    cores = set()
    octets = _octets(text)
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + octets)
        # Only the characters that depend on nothing but the text.
        core = encoded[-(-8 * before // 6) : 8 * (before + len(octets)) // 6].decode()
        cores |= {core, core.translate({ord("+"): "-", ord("/"): "_"})}
    return {core for core in cores if len(core) >= _MIN_LENGTH_BASE64}


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _escaped_pattern(form: str) -> str:
    """Return a pattern for a text whose special characters can be escaped in many ways."""
    return "".join(map(_character_pattern, form))


@lru_cache(maxsize=512)
def _character_pattern(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    escaped = re.escape(character)
    code = ord(character)
    escapes = {
        escaped,
        rf"\\+{escaped}",
        "".join(f"%(?:25)*{octet:02x}" for octet in _octets(character)),
        f"&#0*{code};|&#x0*{code:x};",
        re.escape(html.escape(character)),
        re.escape(repr(character)[1:-1]),
        re.escape(json.dumps(character)[1:-1]),
        rf"\\+u{code:04x}",
    }
    if character == " ":
        escapes.add(r"\+")
    return f"(?:{'|'.join(sorted(escapes, key=len, reverse=True))})"


def _longest_literal(form: str) -> str:
    """Return the longest part of a text that no escape changes, to search for it first."""
    longest = max(re.split(r"[^0-9A-Za-z]+", form), key=len)
    is_percent_encoded = form.startswith("%") and len(longest) == 2  # noqa: PLR2004 - as in %41
    return form[:3] if is_percent_encoded else longest


def _pattern_for(secret: str, form: str) -> str:
    pattern = _escaped_pattern(form)
    if len(secret) >= MIN_LENGTH_ANYWHERE:
        return pattern
    if len(secret) >= MIN_LENGTH_WORD:
        return rf"(?<![^\W_]){pattern}(?![^\W_])"
    return _in_query(pattern)


def _in_query(pattern: str) -> str:
    return rf"(?<==){pattern}(?=[&#\s\"'<>;,)\\]|$)"


Decoded = tuple[bytes, list[int]]
"""A decoded text, and the place in the original of each of its bytes, and of its end."""


def _replace_disguised(
    text: str,
    decode: Callable[[bytes], Decoded],
    secrets: Iterable[bytes],
    *,
    ignore_case: bool = True,
) -> str:
    """Replace the parts of a text that are secrets once decoded."""
    data = _octets(text)
    decoded, places = decode(data)
    if ignore_case:
        decoded = decoded.lower()
    spans = []
    for secret in secrets:
        start = decoded.find(secret)
        while start >= 0:
            end = start + len(secret)
            spans.append((places[start], places[end]))
            start = decoded.find(secret, end)
    if not spans:
        return text
    result, position = bytearray(), 0
    for start, end in sorted(spans):
        if start >= position:
            result += data[position:start] + REDACTED.encode()
        position = max(position, end)
    return (result + data[position:]).decode("utf-8", "surrogatepass")


def _decode_escapes(data: bytes) -> Decoded:
    """Decode all escapes, also those within others."""
    places = list(range(len(data) + 1))
    for _ in range(_MAX_NESTING):
        decoded, inner = _substitute(data, _ESCAPE, _decode_escape)
        if decoded == data:
            break
        data, places = decoded, [places[place] for place in inner]
    return data, places


def _drop_line_ends(data: bytes) -> Decoded:
    return _substitute(data, _LINE_END, lambda _: b"")


def _drop_zeros(data: bytes) -> Decoded:
    """Decode the ASCII characters of UTF-16 and UTF-32."""
    return _substitute(data, _ZEROS, lambda _: b"")


def _substitute(
    data: bytes, pattern: re.Pattern[bytes], replace_match: Callable[[re.Match[bytes]], bytes]
) -> Decoded:
    result, places, position = bytearray(), list[int](), 0
    for match in pattern.finditer(data):
        replacement = replace_match(match)
        result += data[position : match.start()] + replacement
        places += range(position, match.start())
        places += [match.start()] * len(replacement)
        position = match.end()
    places += range(position, len(data) + 1)
    return bytes(result + data[position:]), places


def _decode_escape(match: re.Match[bytes]) -> bytes:
    kind, value = match.lastgroup, match[match.lastgroup or 0]
    if kind in {"percent", "x"}:
        return bytes.fromhex(value.decode())
    if kind == "other":
        return value
    if kind == "name":
        return html.unescape(value.decode()).encode()
    code = int(value, 10 if kind == "decimal" else 16)
    return _octets(chr(code)) if code <= sys.maxunicode else match[0]
