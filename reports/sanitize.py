"""Untrusted text and bytes, made safe to look at: bounded, decoded, control characters shown."""

from __future__ import annotations

import base64
import codecs
import re
from dataclasses import dataclass

# All but tab and newline that a reader can't see or that changes what he sees: C0, DEL, C1,
# directional marks and overrides, zero-width spaces, line separators, lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]",
)


def sanitize(text: str) -> str:
    r"""Show control characters as escapes: ESC as `\x1b`, right-to-left override as `\u202e`."""
    return _UNSEEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - one byte


def capped(text: str, limit: int) -> str:
    """Cut a text after `limit` characters and say how many were left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… [{len(text) - limit:,} more characters left out]"


@dataclass(frozen=True)
class Body:
    r"""A body as text.

    Attributes:
        text: decoded as UTF-8; a byte that is not UTF-8 is shown as a `\xNN` escape.
        size: bytes on the wire, whatever was kept or shown.
        note: what was cut or could not be decoded; empty where the text says it all.
        base64: the kept bytes, where the text does not give them back.

    """

    text: str
    size: int
    note: str = ""
    base64: str = ""


def decode(data: bytes, size: int, limit: int) -> Body:
    """Decode at most `limit` bytes of a body of which `size` bytes went over the wire."""
    kept = data[:limit]
    whole = len(kept) >= size
    try:
        # A cut in the middle of a character is our doing, so it does not make the body binary.
        text = codecs.getincrementaldecoder("utf-8")().decode(kept, final=whole)
        binary = "\x00" in text
    except UnicodeDecodeError:
        text, binary = kept.decode("utf-8", "backslashreplace"), True
    notes = []
    if not whole:
        notes.append(f"the first {len(kept):,} of {size:,} bytes; the rest is left out")
    if binary:
        notes.append("not UTF-8 text: odd bytes are shown as escapes")
    encoded = base64.b64encode(kept).decode("ascii") if binary else ""
    return Body(text, size, "; ".join(notes), encoded)


_COMMAND = re.compile(r"##(?=[a-z]*\[)", re.IGNORECASE)


def one_line(text: str) -> str:
    r"""Show a text on one line of a log, where nothing in it can be taken for an order.

    Control characters and line ends are shown as escapes. `##[` and the like, which the runners of
    GitHub and Azure obey wherever they stand in a line, are broken up; that `::` begins no line is
    the caller's part.
    """
    shown = sanitize(text).replace("\t", r"\t").replace("\n", r"\n")
    return _COMMAND.sub("# #", shown)
