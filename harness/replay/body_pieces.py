"""A body in pieces: its bytes as they are, and in a secret's place the secret's name.

A body that was broken on purpose may hold a part of a secret only, or hold it in UTF-16; the piece
then says which bytes of which encoding.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Piece = Mapping[str, Any]
PLAIN_BYTES = 2_000  # more than this is compressed
SHORTEST = 8  # bytes of a secret that are hidden; fewer give nothing away
UTF_8, UTF_16 = "utf-8", "utf-16-le"


def split(body: bytes, secrets: Mapping[str, str]) -> tuple[Piece, ...]:
    """Take a body apart; `secrets` by the names that stand for them."""
    forms = {
        (name, encoding): secret.encode(encoding)
        for name, secret in secrets.items()
        for encoding in (UTF_8, UTF_16)
    }
    pieces: list[Piece] = []
    done = 0
    for start, end, piece in _found(body, forms):
        if start > done:
            pieces.append(_written(body[done:start]))
        pieces.append(piece)
        done = end
    if done < len(body):
        pieces.append(_written(body[done:]))
    return tuple(pieces)


def join(pieces: Iterable[Piece], secrets: Mapping[str, str]) -> bytes:
    """Put a body together again.

    Raises:
        KeyError: a secret is not among those given; bears its name.
        ValueError: a piece can't be decoded.

    """
    return b"".join(_read(piece, secrets) for piece in pieces)


def digest(pieces: Iterable[Piece]) -> str:
    """Give the SHA-256 of a body in which each secret is replaced by its name in braces.

    A hash over the secrets themselves would let a short one be guessed.
    """
    hashed = hashlib.sha256()
    for piece in pieces:
        hashed.update(f"{{{piece['secret']}}}".encode() if "secret" in piece else _read(piece, {}))
    return hashed.hexdigest()


def _read(piece: Piece, secrets: Mapping[str, str]) -> bytes:
    match piece:
        case {"text": text}:
            return str(text).encode()
        case {"base64": text}:
            return base64.b64decode(text, validate=True)
        case {"gzip": text}:
            try:
                return gzip.decompress(base64.b64decode(text, validate=True))
            except (EOFError, OSError) as error:
                raise ValueError("it is not compressed as gzip does") from error
        case {"secret": name}:
            whole = secrets[name].encode(piece.get("encoding", UTF_8))
            return whole[piece.get("start", 0) : piece.get("end", len(whole))]
    raise ValueError("it is no piece of a body")


def _written(data: bytes) -> Piece:
    if len(data) > PLAIN_BYTES:
        return {"gzip": base64.b64encode(gzip.compress(data, mtime=0)).decode("ascii")}
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _found(body: bytes, forms: Mapping[tuple[str, str], bytes]) -> Iterator[tuple[int, int, Piece]]:
    """Give each place where a secret stands, whole or a part of it, from the body's start on."""
    begins: dict[bytes, tuple[tuple[str, str], int]] = {}
    for key, form in forms.items():
        for at in range(len(form) - SHORTEST + 1):
            begins.setdefault(form[at : at + SHORTEST], (key, at))
    short = {key: form for key, form in forms.items() if len(form) < SHORTEST}
    if not any(sign in body for sign in (*begins, *short.values())):
        return  # as in the many messages without a token, some of them large
    place = 0
    while place < len(body):
        hit = begins.get(body[place : place + SHORTEST])
        if hit is None:
            quoted = (key for key, form in short.items() if _quoted(body, place, form))
            hit = next(((key, 0) for key in quoted), None)
        if hit is None:
            place += 1
            continue
        (name, encoding), at = hit
        form = forms[name, encoding]
        length = 0
        while body[place : place + length + 1] == form[at : at + length + 1]:
            if at + length == len(form):
                break
            length += 1
        yield place, place + length, _named(name, encoding, at, at + length, len(form))
        place += length


def _quoted(body: bytes, place: int, form: bytes) -> bool:
    """Whether a short secret stands there between quotes: elsewhere it is an ordinary word."""
    end = place + len(form)
    around = body[place - 1 : place] + body[end : end + 1]
    return bool(form) and body[place:end] == form and around in (b'""', b"''")


def _named(name: str, encoding: str, start: int, end: int, size: int) -> Piece:
    piece: dict[str, Any] = {"secret": name}
    if encoding != UTF_8:
        piece["encoding"] = encoding
    if (start, end) != (0, size):
        piece |= {"start": start, "end": end}
    return piece
