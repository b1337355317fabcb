"""Keep secrets out of every output.

Rules, from strict to lenient, since a mask that hits ordinary words makes a report unreadable:

1. A secret of 8 characters or more is masked wherever it stands, in any case of its letters.
2. One of 4 to 7 characters is masked where it is a word of its own (`test`, but not `latest`).
3. A shorter one, and whatever else the query of an endpoint bears, only as the value of a query.
4. A text that is a secret and nothing else is masked whatever its length.
5. The values of `AccessToken`, `ClientToken` and `ApiKey` in JSON or cookies are masked unknown.

Each secret is also found percent-encoded, JSON-escaped, HTML-escaped and as `repr` shows it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, quote_plus

MASK = "***"
ANYWHERE, WORD = 8, 4
T = TypeVar("T")
_CACHED_TEXT = 512

_USERINFO = re.compile(r"(?:^|(?<=//))[^/?#]*(?=@)")
# a password with an unescaped / or ? looks like a port that is no number
_BAD_PORT = re.compile(r"(?<=//)(?!\[)([^/?#@]*:)(?!\d*(?:[/?#]|$))[^?#]+")
_QUERY_VALUE = re.compile(r"(?<=[?&])([^=&#]*=)?[^&#]+")
_NAMES = "AccessToken|ClientToken|ApiKey"
_NAMED = re.compile(
    rf"""((?:{_NAMES})(?:\\*["']\s*:\s*\\*["']))[^"'\\]+|((?:{_NAMES})=)[^;&\s"'\\]+""",
    re.IGNORECASE,
)


class Secretive(Protocol):
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


class Mask:
    """Replaces secrets by `***`; see the module for what counts as found."""

    def __init__(self, secrets: Iterable[str], in_queries: Iterable[str] = ()) -> None:
        everywhere = {secret for secret in secrets if secret}
        self._whole = everywhere | {MASK}
        rules = {form: _rule(secret, form) for secret in everywhere for form in _forms(secret)}
        rules |= {
            form: _in_query(form)
            for value in in_queries
            for form in _forms(value)
            if value and form not in rules
        }
        longest_first = sorted(rules, key=len, reverse=True)
        self._pattern = re.compile("|".join(rules[form] for form in longest_first), re.IGNORECASE)
        self._hints = tuple({form.lower() for form in rules})
        # thousands of exchanges repeat the same few URLs and headers
        self._cached = lru_cache(maxsize=4096)(self._replace)

    @classmethod
    def of(cls, settings: Secretive, extra: Iterable[str] = ()) -> Mask:
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
        return text if result == text else result


def masked(value: T, mask: Mask) -> T:
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
    quoted = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return quoted | escaped | {html.escape(secret), repr(secret)[1:-1]}


def _rule(secret: str, form: str) -> str:
    if len(secret) >= ANYWHERE:
        return re.escape(form)
    if len(secret) >= WORD:
        return rf"(?<![^\W_]){re.escape(form)}(?![^\W_])"
    return _in_query(form)


def _in_query(form: str) -> str:
    return rf"(?<==){re.escape(form)}(?=[&#\s\"'<>;,)\\]|$)"
