"""Bodies without their secrets, and back."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_mews.replay.body_pieces import digest, join, split

TOKEN = "0F1E2D3C4B5A69788796A5B4C3D2E1F0-9C51D07E3A8B42F6615DE0A7B93C8F4"
SECRETS = {"minted new": TOKEN, "AccessToken of 1": "abc"}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 60), st.integers(0, 64), st.binary(max_size=3000))
def test_any_body_comes_back(before: bytes, start: int, length: int, after: bytes) -> None:
    """Whatever the bytes are, and whichever part of a secret stands in them."""
    body = before + TOKEN.encode()[start : start + length] + after
    pieces = json.loads(json.dumps(split(body, SECRETS)))
    assert join(pieces, SECRETS) == body


def test_a_secret_is_a_name() -> None:
    """The whole token is replaced, and text around it can be read."""
    pieces = split(f'{{"AccessToken":"{TOKEN}"}}'.encode(), SECRETS)
    assert pieces == ({"text": '{"AccessToken":"'}, {"secret": "minted new"}, {"text": '"}'})


@pytest.mark.parametrize(
    "body",
    [
        f'"{TOKEN[:20]}'.encode(),  # cut off in the middle
        f'"{TOKEN[:20]}'.encode() + b"\xff" + TOKEN[20:].encode(),
        f'"{TOKEN}"'.encode("utf-16")[:-1],
        TOKEN.encode() + b"x" * 5000,
    ],
)
def test_parts_and_other_encodings_are_found(body: bytes) -> None:
    """Eight characters of a secret in a row stand nowhere in the pieces."""
    pieces = split(body, SECRETS)
    kept = b"".join(join([each], {}) for each in pieces if "secret" not in each)
    for encoding in ("utf-8", "utf-16-le"):
        for at in range(len(TOKEN) - 8):
            assert TOKEN[at : at + 8].encode(encoding) not in kept
    assert join(pieces, SECRETS) == body


def test_a_short_secret_counts_as_a_value_only() -> None:
    """A token of three letters is replaced between quotes, not within a word."""
    body = b'{"AccessToken":"abc","Name":"abcdef"}'
    pieces = split(body, SECRETS)
    assert pieces[1] == {"secret": "AccessToken of 1"}
    assert pieces[2] == {"text": '","Name":"abcdef"}'}
    assert join(pieces, SECRETS) == body


def test_a_large_body_is_compressed() -> None:
    """More than 2,000 bytes are packed; the same bytes make the same text."""
    body = b'{"Discriminator":"ResourceUpdated"}' * 100
    (piece,) = split(body, {})
    assert len(piece["gzip"]) < 300
    assert (piece,) == split(body, {})
    assert join([piece], {}) == body


def test_the_digest_is_of_the_bytes_where_nothing_is_secret() -> None:
    """Anybody can check it with sha256sum."""
    body = b'{"Events":[]}'
    assert digest(split(body, SECRETS)) == hashlib.sha256(body).hexdigest()


def test_the_digest_tells_nothing_of_a_secret() -> None:
    """Two secrets of one name give the same digest: none can be guessed from it."""
    digests = {
        digest(split(f'"{secret}"'.encode(), {"AccessToken of 1": secret}))
        for secret in ("abc", "xyz")
    }
    assert digests == {hashlib.sha256(b'"{AccessToken of 1}"').hexdigest()}


@pytest.mark.parametrize(
    "piece", [{"gzip": "AAAA"}, {"gzip": "!"}, {"base64": "!"}, {"lunch": "soup"}]
)
def test_what_is_no_piece_is_refused(piece: dict[str, str]) -> None:
    """A file that was damaged is not sent."""
    with pytest.raises(ValueError, match=r"."):
        join([piece], {})


def test_an_unknown_name_is_refused() -> None:
    """A secret that nobody has is named."""
    with pytest.raises(KeyError, match="minted 9"):
        join([{"secret": "minted 9"}], SECRETS)
