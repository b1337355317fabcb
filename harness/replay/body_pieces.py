"""A body as pieces: its bytes, with the name of each secret instead of the secret.

A body that was corrupted on purpose can contain only a part of a secret, or contain it in UTF-16.
The piece then has the range of bytes and the encoding.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Piece = Mapping[str, Any]
MAX_DECOMPRESSED = 64 * 1024 * 1024  # bytes; the largest message of a scenario has a few million
MAX_UNCOMPRESSED = 2_000  # bytes
MIN_SECRET_PART = 8  # bytes; a shorter part of a secret stays in the body, since it reveals nothing
UTF_8, UTF_16 = "utf-8", "utf-16-le"
SecretKey = tuple[str, str]  # the name of a secret, and an encoding


def split_body(body: bytes, secrets: Mapping[str, str]) -> tuple[Piece, ...]:
    """Split a body into pieces.

    Args:
        body: the body.
        secrets: the secrets that it can contain, by name.

    """
    encoded = {
        (name, encoding): secret.encode(encoding)
        for name, secret in secrets.items()
        for encoding in (UTF_8, UTF_16)
    }
    pieces: list[Piece] = []
    position = 0
    for start, end, piece in _find_secrets(body, encoded):
        if start > position:
            pieces.append(_bytes_piece(body[position:start]))
        pieces.append(piece)
        position = end
    if position < len(body):
        pieces.append(_bytes_piece(body[position:]))
    return tuple(pieces)


def join_body(pieces: Iterable[Piece], secrets: Mapping[str, str]) -> bytes:
    """Join pieces to a body.

    Raises:
        KeyError: a secret is not in `secrets`; the error has its name.
        ValueError: a piece can't be decoded.

    """
    return b"".join(_decode(piece, secrets) for piece in pieces)


def body_digest(pieces: Iterable[Piece]) -> str:
    """Return the SHA-256 of a body in which each secret is replaced by its name in braces.

    A hash of the secrets themselves would make it possible to guess a short one.
    """
    digest = hashlib.sha256()
    for piece in pieces:
        is_secret = "secret" in piece
        digest.update(f"{{{piece['secret']}}}".encode() if is_secret else _decode(piece, {}))
    return digest.hexdigest()


def _decode(piece: Piece, secrets: Mapping[str, str]) -> bytes:
    match piece:
        case {"text": text}:
            return str(text).encode()
        case {"base64": text}:
            return base64.b64decode(text, validate=True)
        case {"gzip": text}:
            return _decompress(base64.b64decode(text, validate=True))
        case {"secret": name}:
            secret = secrets[name].encode(piece.get("encoding", UTF_8))
            return secret[piece.get("start", 0) : piece.get("end", len(secret))]
    raise ValueError("this is not a piece of a body")


def _decompress(data: bytes) -> bytes:
    """Decompress a piece; a file of someone else's could fill the memory from a few kilobytes."""
    decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # gzip
    try:
        result = decompressor.decompress(data, MAX_DECOMPRESSED)
    except zlib.error as error:
        raise ValueError("the piece is not compressed by gzip") from error
    if not decompressor.eof:
        raise ValueError("the piece is cut off, or too large")
    return result


def _bytes_piece(data: bytes) -> Piece:
    if len(data) > MAX_UNCOMPRESSED:
        return {"gzip": base64.b64encode(gzip.compress(data, mtime=0)).decode("ascii")}
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _find_secrets(
    body: bytes, encoded: Mapping[SecretKey, bytes]
) -> Iterator[tuple[int, int, Piece]]:
    """Yield the start, the end and the piece of each secret, or part of one, in order."""
    parts: dict[bytes, tuple[SecretKey, int]] = {}  # any MIN_SECRET_PART bytes, and their offset
    for key, secret in encoded.items():
        for offset in range(len(secret) - MIN_SECRET_PART + 1):
            parts.setdefault(secret[offset : offset + MIN_SECRET_PART], (key, offset))
    short = {key: secret for key, secret in encoded.items() if len(secret) < MIN_SECRET_PART}
    if not any(part in body for part in (*parts, *short.values())):
        return  # fast path: most messages have no token, and some are large
    position = 0
    while position < len(body):
        match = parts.get(body[position : position + MIN_SECRET_PART])
        if match is None:
            quoted = (key for key, secret in short.items() if _is_quoted(body, position, secret))
            match = next(((key, 0) for key in quoted), None)
        if match is None:
            position += 1
            continue
        (name, encoding), offset = match
        secret = encoded[name, encoding]
        length = 0
        while body[position : position + length + 1] == secret[offset : offset + length + 1]:
            if offset + length == len(secret):
                break
            length += 1
        piece = _secret_piece(name, encoding, offset, offset + length, len(secret))
        yield position, position + length, piece
        position += length


def _is_quoted(body: bytes, position: int, secret: bytes) -> bool:
    """Whether a short secret is at a position between quotes; elsewhere it is an ordinary word."""
    end = position + len(secret)
    around = body[position - 1 : position] + body[end : end + 1]
    return bool(secret) and body[position:end] == secret and around in (b'""', b"''")


def _secret_piece(name: str, encoding: str, start: int, end: int, size: int) -> Piece:
    piece: dict[str, Any] = {"secret": name}
    if encoding != UTF_8:
        piece["encoding"] = encoding
    if (start, end) != (0, size):
        piece |= {"start": start, "end": end}
    return piece
