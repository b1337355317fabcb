"""Keep secrets out of every output.

Rules, from strict to lenient, since a mask that hits ordinary words makes a report unreadable:

1. A secret of 8 characters or more is masked wherever it stands, in any case of its letters.
2. One of 4 to 7 characters is masked where it is a word of its own (`test`, but not `latest`).
3. A shorter one, and whatever else the query of an endpoint bears, only as the value of a query.
4. A text that is a secret and nothing else is masked whatever its length.
5. The values of `AccessToken`, `ClientToken` and `ApiKey` in JSON or cookies are masked unknown.
6. So is whatever has the form of Mews's tokens: 32 and 31 hexadecimal digits with a hyphen between.

Each secret is also found percent-encoded (once or more often), JSON-escaped, HTML-escaped, as
`repr` shows it, and in any mixture of these; one of rule 1 in base64 too, wherever in the encoded
text it stands.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

MASK = "***"
ANYWHERE, WORD = 8, 4
T = TypeVar("T")
_CACHED_TEXT = 512

_USERINFO = re.compile(r"(?:^|(?<=//))[^/?#]*(?=@)")
# a password with an unescaped / or ? looks like a port that is no number
_BAD_PORT = re.compile(r"(?<=//)(?!\[)([^/?#@]*:)(?!\d*(?:[/?#]|$))[^?#]+")
_QUERY_VALUE = re.compile(r"(?<=[?&])([^=&#]*=)?[^&#]+")
_NAMES = "AccessToken|ClientToken|ApiKey"
# An ellipsis is how our own words leave a token out; a cookie has none.
_NAMED = re.compile(
    rf"""((?:{_NAMES})(?:\\*["']\s*:\s*\\*["']))[^"'\\]+|((?:{_NAMES})=)(?!…)[^;&\s"'\\]+""",
    re.IGNORECASE,
)
# Of the form "0123456789ABCDEF0123456789ABCDEF-0123456789ABCDEF0123456789ABCDE", which is also what
# the harness draws. The first pattern is quick to fail on a text without one.
_TOKEN_END = re.compile("-[0-9A-Fa-f]{31}")
_TOKEN = re.compile("[0-9A-Fa-f]{32}-[0-9A-Fa-f]{31}")
_BASE64 = 8  # characters of it that are worth masking


class HasSecrets(Protocol):
    """What `Mask.of` asks of the settings."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not appear anywhere."""

    @property
    def query_values(self) -> tuple[str, ...]:
        """Values that may be secret and stand in the query of an endpoint."""


def mask_url(url: str) -> str:
    """Show a URL without its user, password, query values and fragment, even a broken URL."""
    shown, mark, _ = url.partition("#")
    shown = _BAD_PORT.sub(rf"\1{MASK}", _USERINFO.sub(MASK, shown))
    shown = _QUERY_VALUE.sub(lambda found: (found[1] or "") + MASK, shown)
    return shown + (mark and mark + MASK)


def tokens_in(body: bytes) -> list[str]:
    """List what has the form of Mews's tokens in a message: keys that were drawn for it."""
    return _TOKEN.findall(body.decode("latin-1")) if b"Token" in body or b"ApiKey" in body else []


class Mask:
    """Replaces secrets by `***`; see the module for what counts as found."""

    def __init__(self, secrets: Iterable[str], in_queries: Iterable[str] = ()) -> None:
        everywhere = {secret for secret in secrets if secret}
        self._whole = everywhere | {MASK}
        rules = {form: _rule(secret, form) for secret in everywhere for form in _forms(secret)}
        rules |= {
            form: _in_query(_spelled(form))
            for value in in_queries
            for form in (value, _percent(value))
            if value and form not in rules
        }
        self._rules = rules
        self._hints = tuple({_literal(form).lower() for form in rules})
        # thousands of exchanges repeat the same few URLs and headers
        self._cached = lru_cache(maxsize=4096)(self._replace)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Compile all rules, which takes a while, once something like a secret has been seen."""
        longest_first = sorted(self._rules, key=len, reverse=True)
        alternatives = "|".join(self._rules[form] for form in longest_first)
        return re.compile(alternatives, re.IGNORECASE)

    @classmethod
    def of(cls, settings: HasSecrets, extra: Iterable[str] = ()) -> Mask:
        """Collect all that is secret in the settings, and whatever else the caller knows."""
        return cls([*settings.secrets, *extra], settings.query_values)

    def text(self, text: str) -> str:
        """Mask a text."""
        return self._cached(text) if len(text) < _CACHED_TEXT else self._replace(text)

    def bytes(self, data: bytes) -> bytes:
        """Mask bytes; what is not UTF-8 in them stays as it is."""
        text = data.decode("utf-8", "surrogateescape")
        masked_text = self._replace(text)
        return data if masked_text is text else masked_text.encode("utf-8", "surrogateescape")

    def _replace(self, text: str) -> str:
        if text in self._whole:
            return MASK
        result = text
        lowered = text.lower()
        if any(hint in lowered for hint in self._hints):
            result = self._pattern.sub(MASK, result)
        if "token" in lowered or "apikey" in lowered:
            result = _NAMED.sub(lambda found: (found[1] or found[2]) + MASK, result)
        if _TOKEN_END.search(result):
            result = _TOKEN.sub(MASK, result)
        return text if result == text else result


def redact(value: T, mask: Mask) -> T:
    """Mask all text within frozen dataclasses, tuples, lists, sets and mappings.

    The result has the type of the value, and is the very same object where nothing was masked.
    """
    result: T = _walk(value, mask)
    return result


def _walk(value: Any, mask: Mask) -> Any:  # noqa: ANN401 - any piece of a run
    if isinstance(value, str):
        return value if isinstance(value, Enum) else mask.text(value)
    if isinstance(value, bytes):
        return mask.bytes(value)
    if isinstance(value, tuple | list | frozenset | set):
        items = [_walk(item, mask) for item in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else type(value)(items)
    if isinstance(value, Mapping):
        pairs = {_walk(key, mask): _walk(item, mask) for key, item in value.items()}
        same = all(key in pairs and pairs[key] is item for key, item in value.items())
        return value if same else type(value)(pairs)  # type: ignore[call-arg]
    if is_dataclass(value) and not isinstance(value, type):
        before = {name: getattr(value, name) for name in _field_names(type(value))}
        after = {name: _walk(item, mask) for name, item in before.items()}
        changed = {name: item for name, item in after.items() if item is not before[name]}
        return replace(value, **changed) if changed else value
    return value


@lru_cache(maxsize=256)
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _forms(secret: str) -> set[str]:
    """List what is looked for; how each character of it may be escaped is `_spelled`'s business."""
    forms = {secret, _percent(secret)}
    if len(secret) < ANYWHERE:
        return forms
    written = {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]}
    return forms.union(*map(_in_base64, written))


def _percent(secret: str) -> str:
    return "".join(f"%{octet:02X}" for octet in _octets(secret))


def _in_base64(text: str) -> set[str]:
    """Encode a text as a part of something longer: it may begin at any of three places."""
    cores = set()
    octets = _octets(text)
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + octets)
        # only what depends on nothing but the text
        core = encoded[-(-8 * before // 6) : 8 * (before + len(octets)) // 6].decode()
        cores |= {core, core.translate({ord("+"): "-", ord("/"): "_"})}
    return {core for core in cores if len(core) >= _BASE64}


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _spelled(form: str) -> str:
    """Give the pattern of a text whose special characters may be escaped in any of many ways."""
    return "".join(map(_character, form))


@lru_cache(maxsize=512)
def _character(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    escaped = re.escape(character)
    code = ord(character)
    ways = {
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
        ways.add(r"\+")
    return f"(?:{'|'.join(sorted(ways, key=len, reverse=True))})"


def _literal(form: str) -> str:
    """Give a piece of a text that no escaping changes, the longest: what is looked for first."""
    longest = max(re.split(r"[^0-9A-Za-z]+", form), key=len)
    every_one_encoded = form.startswith("%") and len(longest) == 2  # noqa: PLR2004 - as in %41
    return form[:3] if every_one_encoded else longest


def _rule(secret: str, form: str) -> str:
    spelled = _spelled(form)
    if len(secret) >= ANYWHERE:
        return spelled
    if len(secret) >= WORD:
        return rf"(?<![^\W_]){spelled}(?![^\W_])"
    return _in_query(spelled)


def _in_query(pattern: str) -> str:
    return rf"(?<==){pattern}(?=[&#\s\"'<>;,)\\]|$)"
