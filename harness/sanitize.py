"""Makes untrusted text and bytes safe to show: bounded, decoded, control characters visible."""

from __future__ import annotations

import base64
import codecs
import re
from dataclasses import dataclass

# Characters that are invisible or change how others look, except tab and newline: C0, DEL, C1,
# directional marks and overrides, zero-width spaces, line separators, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]",
)


def sanitize(text: str) -> str:
    r"""Replace control characters by escapes: ESC by `\x1b`, right-to-left override by `\u202e`."""
    return _INVISIBLE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - one byte


def capped(text: str, limit: int) -> str:
    """Cut a text after `limit` characters and say how many are left out."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… [{len(text) - limit:,} more characters left out]"


@dataclass(frozen=True)
class Body:
    r"""A body as text.

    Attributes:
        text: decoded as UTF-8; a byte that is not UTF-8 is shown as a `\xNN` escape.
        size: bytes on the wire, however many are kept or shown.
        note: what was cut or could not be decoded; empty if the text is complete.
        base64: the kept bytes if they can't be restored from the text.

    """

    text: str
    size: int
    note: str = ""
    base64: str = ""


def decode_body(data: bytes, size: int, limit: int) -> Body:
    """Decode at most `limit` bytes of a body; `size` is its number of bytes on the wire."""
    beginning = data[:limit]
    complete = len(beginning) >= size
    try:
        # A cut within a character doesn't make the body binary.
        text = codecs.getincrementaldecoder("utf-8")().decode(beginning, final=complete)
        binary = "\x00" in text
    except UnicodeDecodeError:
        text, binary = beginning.decode("utf-8", "backslashreplace"), True
    notes = []
    if not complete:
        notes.append(f"the first {len(beginning):,} of {size:,} bytes; the rest is left out")
    if binary:
        notes.append("not UTF-8 text: invalid bytes are shown as escapes")
    encoded = base64.b64encode(beginning).decode("ascii") if binary else ""
    return Body(text, size, "; ".join(notes), encoded)


_RUNNER_COMMAND = re.compile(r"##(?=[a-z]*\[)", re.IGNORECASE)


def one_line(text: str) -> str:
    r"""Return a text as one line that a log can contain without being read as a command.

    Control characters and line ends become escapes. `##[` and the like, which the runners of
    GitHub and Azure execute anywhere in a line, are broken up. The caller must make sure that no
    line starts with `::`.
    """
    line = sanitize(text).replace("\t", r"\t").replace("\n", r"\n")
    return _RUNNER_COMMAND.sub("# #", line)
