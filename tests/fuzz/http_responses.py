"""What an endpoint may send back: sound responses in many forms, and what is no response.

Redirects lead to the same machine or to what is no host, so that nothing leaves the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from hypothesis import strategies as st

TOKEN = "s3cret-Token-Of-The-Fuzzer"  # of the URL; a response may repeat it


class Ending(StrEnum):
    """What the server does after it has sent everything."""

    CLOSE = "close"
    RESET = "reset"
    STALL = "stall"


@dataclass(frozen=True)
class RawResponse:
    """The bytes that a server sends, in pieces, and what it does then.

    Attributes:
        pieces: what is sent.
        ending: what happens then.
        status: the status, if the response is sound; None if nothing is known about it.

    """

    pieces: tuple[bytes, ...]
    ending: Ending = Ending.CLOSE
    status: int | None = None

    @property
    def data(self) -> bytes:
        """All bytes."""
        return b"".join(self.pieces)

    def encode(self) -> bytes:
        """Return it as a file of the corpus: a line with the ending, then the bytes."""
        return self.ending.encode() + b"\n" + self.data

    @classmethod
    def decode(cls, file: bytes) -> RawResponse:
        """Read a file of the corpus."""
        ending, _, data = file.partition(b"\n")
        return cls((data,), Ending(ending.decode()))


SECRETS = [TOKEN.encode(), f"/hook?Token={TOKEN}".encode(), TOKEN.encode().hex().encode()]
STATUSES = [
    200,
    201,
    202,
    204,
    299,
    301,
    302,
    307,
    308,
    304,
    400,
    401,
    404,
    410,
    413,
    429,
    500,
    503,
]
REASONS = [b"", b" ", b" OK", b" \xc3\xa4\xff", b" " + b"x" * 2000]
NAMES = [
    b"Content-Type", b"content-type", b"Date", b"Server", b"Set-Cookie", b"Retry-After",
    b"Location",
    b"Connection", b"Content-Encoding", b"WWW-Authenticate", b"X-\xff", b"HTTP/1.1 200", b"Upgrade",
    b"Alt-Svc", b"Strict-Transport-Security", b"Trailer", b"", b" X", b"X Y",
]  # fmt: skip
LOCATIONS = [
    b"", b"/", b"//", b"/hook", b"?x", b"#x", b"\\x", b"/%zz", b"/\xff", b"http://", b"http:///x",
    b"http://[::1", b"http://[]/", b"http://127.0.0.1:1/x", b"http://127.0.0.1:99999/", b"/a b",
    b"http://127.0.0.1:/x", b"javascript:alert(1)", b"data:,x", b"file:///etc/passwd",
    b"ftp://127.0.0.1:1",
    b"http://a b/", b"http://127.0.0.1:1/" + b"x" * 9000, b"http://u:p@127.0.0.1:1/", b"/?Token=x",
]  # fmt: skip
VALUES = [
    b"", b"0", b"text/html", b'text/html; charset="x', b"application/json", b"gzip", b"br",
    b"close",
    b"keep-alive", b"chunked", b"-1", b"9" * 400, b"\x1b[31mred", b"<script>", b"::error::x",
    b"\x00",
    b"a\tb", b"\xff\xfe", b"x" * 70_000, *LOCATIONS, *SECRETS,
]  # fmt: skip
BODIES = [
    b"", b"ok", b"{}", b"null", b"<html><title>x", b"\x00" * 50, b"\xff" * 50, b"\x1b]0;x\x07",
    b"[" * 20_000, "\ud83d\ude00\u202e".encode("utf-16", "surrogatepass"), b"x" * 66_000, *SECRETS,
]  # fmt: skip
NEWLINES = [b"\r\n", b"\r\n", b"\r\n", b"\n"]

bodies = st.one_of(
    st.sampled_from(BODIES),
    st.binary(max_size=200),
    st.lists(st.sampled_from(BODIES)).map(b"".join),
)
header_values = st.one_of(
    st.sampled_from(VALUES), st.binary(max_size=20).filter(lambda value: b"\n" not in value)
)
headers = st.lists(st.tuples(st.sampled_from(NAMES), header_values), max_size=4)


def chunked(body: bytes, sizes: list[int], extension: bytes, trailer: bytes) -> bytes:
    """Return a body in chunks of these sizes."""
    out, offset = b"", 0
    for size in [*sizes, len(body)]:
        chunk = body[offset : offset + size]
        offset += len(chunk)
        if chunk:
            out += b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk)
    return out + b"0" + extension + b"\r\n" + trailer + b"\r\n"


@st.composite
def sound_responses(draw: st.DrawFn) -> RawResponse:
    """Build a complete response that every HTTP client must accept."""
    status = draw(st.sampled_from([s for s in STATUSES if s // 100 != 3]))
    body = b"" if status == 204 else draw(bodies)
    head = b"HTTP/1.1 %d%b\r\n" % (status, draw(st.sampled_from([b" OK", b" ", b" \xc3\xa4"])))
    for name in draw(st.lists(st.sampled_from([b"Date", b"X-A", b"content-type"]), max_size=3)):
        head += name + draw(st.sampled_from([b": x", b":x", b":  x  ", b":"])) + b"\r\n"
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    if status == 204:
        pass
    elif framing == "length":
        head += draw(st.sampled_from([b"Content-Length", b"content-length"]))
        head += b": %d\r\n" % len(body)
    elif framing == "chunked":
        head += b"Transfer-Encoding: chunked\r\n"
        body = chunked(
            body,
            draw(st.lists(st.integers(1, 50), max_size=4)),
            draw(st.sampled_from([b"", b";a=1", b';a="b"'])),
            draw(st.sampled_from([b"", b"X-T: 1\r\n"])),
        )
    else:
        head += b"Connection: close\r\n"
    interim = draw(st.sampled_from([b"", b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"]))
    return RawResponse(draw(cut(interim + head + b"\r\n" + body)), status=status)


@st.composite
def cut(draw: st.DrawFn, data: bytes) -> tuple[bytes, ...]:
    """Cut bytes into up to three pieces."""
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=2)))
    bounds = [0, *places, len(data)]
    return tuple(data[a:b] for a, b in pairwise(bounds))


@st.composite
def raw_responses(draw: st.DrawFn) -> RawResponse:
    """Build what may be a response: parts of one, in wrong forms, and cut anywhere."""
    data = b""
    for _ in range(draw(st.integers(1, 3))):  # the first ones may be interim
        status = draw(st.one_of(st.sampled_from([*STATUSES, 100, 101, 103]), st.integers(0, 9999)))
        newline = draw(st.sampled_from(NEWLINES))
        version = draw(
            st.sampled_from([b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/2", b"HTTP/9.9", b"ICY", b""])
        )
        data += version + b" %d" % status + draw(st.sampled_from(REASONS)) + newline
        for name, value in draw(headers):
            data += name + draw(st.sampled_from([b": ", b":", b" : ", b""])) + value + newline
        if draw(st.booleans()):
            location = draw(st.sampled_from(LOCATIONS))
            data += b"Location: " + location + newline
        body = draw(bodies)
        match draw(st.sampled_from(["length", "wrong-length", "chunked", "bad-chunks", "none"])):
            case "length":
                data += b"Content-Length: %d" % len(body) + newline
            case "wrong-length":
                length = draw(st.sampled_from([b"-1", b"1x", b"99999999999999999999", b"7", b""]))
                data += b"Content-Length: " + length + newline
            case "chunked":
                data += b"Transfer-Encoding: chunked" + newline
                body = chunked(body, [3], b"", b"")
            case "bad-chunks":
                data += b"Transfer-Encoding: chunked" + newline
                body = draw(
                    st.sampled_from([b"zz\r\n", b"fffffffffffffffff\r\n", b"5\r\nab", b"-1\r\n"])
                )
        data += newline + body
    if draw(st.booleans()):
        data = data[: draw(st.integers(0, len(data)))]
    ending = draw(st.sampled_from([Ending.CLOSE] * 5 + [Ending.RESET, Ending.RESET, Ending.STALL]))
    return RawResponse(draw(cut(data)), ending)


noise = st.binary(max_size=300).map(lambda data: RawResponse((data,)))
responses = st.one_of(sound_responses(), raw_responses(), raw_responses(), noise)
