"""What strangers, and services with faults, send to the emulators.

A request is bytes, so that the corpus can replay it on a socket. Most begin as a valid request of a
service, of which parts are then replaced.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from pytest_mews.emulator.connector_api import api_schemas
from pytest_mews.emulator.connector_api.operations import OPERATIONS
from tests.connector_api.emulator_client import PREFIX, body_for, guid

JSON_VALUES = [
    None, True, False, 0, -1, 1, 1.5, 1e308, 10**40, "", "x", "\x00", "\ud800", "\u202e",
    "a" * 3000,
    guid(1), guid(1).upper(), "2026-08-07T12:00:00Z", "2026-02-30T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+23:59", [], [[]], {}, [None], [guid(1)] * 1001, {"Value": None}, {"": {}},
]  # fmt: skip
PROPERTIES = sorted({
    name
    for operation in OPERATIONS.values()
    if operation.is_served
    for name in api_schemas.load("requests", operation.name)["properties"]
} | {"Unknown", ""})  # fmt: skip
"""What any operation reads: one that does not document it must not fail at it."""
INTERVALS = [
    {"StartUtc": "2026-08-07T00:00:00Z", "EndUtc": "2026-08-08T00:00:00Z"},
    {"StartUtc": "2026-08-08T00:00:00Z", "EndUtc": "2026-08-07T00:00:00Z"},
    {"StartUtc": "x"}, {"EndUtc": 1}, {"Count": 1000}, {"Count": 0}, {"Count": 1,
    "Cursor": guid(9)},
    {"Count": 10**30}, {"Count": True}, {"Cursor": ""},
]  # fmt: skip
METHODS = [b"POST"] * 8 + [
    b"GET",
    b"HEAD",
    b"PUT",
    b"OPTIONS",
    b"CONNECT",
    b"PRI",
    b"post",
    b"\xff",
]
TARGETS = [
    b"/", b"*", b"//", b"http://[::1", b"http://a/b", b"/" + b"a" * 9000, b"/\xff\x00", b"/%",
    b"?", b"",
    b"/api/connector/v1/", b"/api/connector/v1//customers/getAll", b"/ws/connector", b"/..//x",
]  # fmt: skip
VERSIONS = [b"HTTP/1.1"] * 8 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1.1", b"", b"x" * 70_000]
HEADERS = [
    b"Content-Type: application/json", b"Content-Type: text/plain", b"Content-Type:",
    b"Expect: 100-continue",
    b"Expect: x", b"Content-Encoding: gzip", b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Connection: close", b"Connection: upgrade", b"Upgrade: websocket", b"Upgrade: h2c",
    b"Host:", b"Host: a\x00",
    b"Content-Length: -1", b"Content-Length: 5, 5", b"Content-Length: 99999999999999999999",
    b": x", b"X",
    b" folded", b"X-A: " + b"y" * 9000, b"Cookie: ClientToken=a; AccessToken=b", b"X: \x1b[2J",
    b"\xff: \xff",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: x",
]  # fmt: skip
BODIES = [
    b"", b"null", b"{", b"[" * 50_000, b"\xff", b"\xef\xbb\xbf{}", b'{"a":NaN}', b"1" * 5000,
    b'"\\ud800"',
    b"5\r\nab", b"zz\r\n", b"0\r\n\r\n", b"ffffffffffffffffff\r\n",
    b"2;x\r\n{}\r\n0\r\nA: b\r\n\r\n",
]  # fmt: skip

json_values = st.one_of(
    st.sampled_from(JSON_VALUES),
    st.sampled_from(INTERVALS),
    st.recursive(
        st.sampled_from(JSON_VALUES),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=6,
    ),
)


@st.composite
def json_bodies(draw: st.DrawFn, operation: str) -> dict[str, Any]:
    """Build a valid body of an operation with some properties replaced."""
    replaced = draw(st.dictionaries(st.sampled_from(PROPERTIES), json_values, max_size=4))
    body = body_for(operation, draw(st.sampled_from(["access-token-one", "access-token-two", "x"])))
    return {**body, **replaced}


@st.composite
def api_requests(draw: st.DrawFn) -> bytes:
    """Build a request to the Connector API: well-formed HTTP, in most cases with a JSON body."""
    operation = draw(st.sampled_from(sorted(OPERATIONS)))
    body = draw(
        st.one_of(
            json_bodies(operation).map(lambda value: json.dumps(value).encode()),
            json_bodies(operation).map(lambda value: json.dumps(value).encode()),
            json_values.map(lambda value: json.dumps(value).encode()),
            st.sampled_from(BODIES),
        )
    )
    target = (PREFIX + operation).encode()
    lines = [b"POST %b HTTP/1.1" % target, b"Host: api", b"Content-Type: application/json"]
    lines += [b"Connection: close", b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@st.composite
def raw_requests(draw: st.DrawFn) -> bytes:
    """Build what may be a request: its parts replaced, repeated, cut."""
    data = b""
    for _ in range(draw(st.integers(1, 2))):
        body = draw(st.one_of(st.sampled_from(BODIES), st.binary(max_size=50)))
        known = draw(st.sampled_from(sorted(OPERATIONS)))
        target = draw(st.sampled_from([(PREFIX + known).encode(), *TARGETS]))
        line = draw(st.sampled_from([b" ", b"  ", b"\t"])).join(
            [draw(st.sampled_from(METHODS)), target, draw(st.sampled_from(VERSIONS))]
        )
        headers = draw(st.lists(st.sampled_from(HEADERS), max_size=6))
        if draw(st.booleans()):
            headers.append(b"Content-Length: %d" % len(body))
        newline = draw(st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"]))
        data += newline.join([line, *headers, b"", b""]) + body
    return data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data


def frame(first: int, payload: bytes, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    """Return a WebSocket frame with a first byte (FIN, reserved bits, opcode); masked."""
    size = len(payload)
    masked = (
        bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if mask else payload
    )
    flag = 0x80 if mask else 0
    if size < 126:
        return bytes([first, flag | size]) + mask + masked
    if size < 65536:
        return bytes([first, flag | 126]) + size.to_bytes(2) + mask + masked
    return bytes([first, flag | 127]) + size.to_bytes(8) + mask + masked


PAYLOADS = [
    b"",
    b"x",
    b"\xff",
    b"\x03\xe8",
    b"\x00\x00",
    b"\x03\xe8\xff",
    b"y" * 130,
    b"z" * 70_000,
]
frames = st.one_of(
    st.builds(
        frame,
        st.one_of(st.sampled_from([0x81, 0x82, 0x88, 0x89, 0x8A, 0x01, 0x00]), st.integers(0, 255)),
        st.sampled_from(PAYLOADS),
        st.sampled_from([b"\x01\x02\x03\x04", b"\x00\x00\x00\x00", b""]),
    ),
    st.binary(max_size=30),
    st.sampled_from(
        [b"\x81\xff" + b"\x7f" + b"\xff" * 7, b"\x81\xfe\x00\x01", b"\x89\xfe\x01\x00"]
    ),
)
