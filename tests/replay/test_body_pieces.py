"""Bodies are split into pieces without secrets, and joined again."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_mews.replay.body_pieces import body_digest, join_body, split_body

TOKEN = "0F1E2D3C4B5A69788796A5B4C3D2E1F0-9C51D07E3A8B42F6615DE0A7B93C8F4"
SECRETS = {"generated token new": TOKEN, "AccessToken of 1": "abc"}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 60), st.integers(0, 64), st.binary(max_size=3000))
def test_any_body_can_be_joined_again(before: bytes, start: int, length: int, after: bytes) -> None:
    """A body with any bytes and any part of a secret is restored."""
    body = before + TOKEN.encode()[start : start + length] + after
    pieces = json.loads(json.dumps(split_body(body, SECRETS)))
    assert join_body(pieces, SECRETS) == body


def test_a_secret_is_replaced_by_its_name() -> None:
    """The token is replaced by its name, and the text around it stays readable."""
    pieces = split_body(f'{{"AccessToken":"{TOKEN}"}}'.encode(), SECRETS)
    assert pieces == (
        {"text": '{"AccessToken":"'},
        {"secret": "generated token new"},
        {"text": '"}'},
    )


@pytest.mark.parametrize(
    "body",
    [
        f'"{TOKEN[:20]}'.encode(),  # truncated in the middle
        f'"{TOKEN[:20]}'.encode() + b"\xff" + TOKEN[20:].encode(),
        f'"{TOKEN}"'.encode("utf-16")[:-1],
        TOKEN.encode() + b"x" * 5000,
    ],
)
def test_parts_and_other_encodings_are_found(body: bytes) -> None:
    """No piece contains eight consecutive characters of a secret."""
    pieces = split_body(body, SECRETS)
    visible = b"".join(join_body([piece], {}) for piece in pieces if "secret" not in piece)
    for encoding in ("utf-8", "utf-16-le"):
        for start in range(len(TOKEN) - 8):
            assert TOKEN[start : start + 8].encode(encoding) not in visible
    assert join_body(pieces, SECRETS) == body


def test_a_short_secret_is_replaced_as_a_whole_value_only() -> None:
    """A token of three letters is replaced between quotes but not within a word."""
    body = b'{"AccessToken":"abc","Name":"abcdef"}'
    pieces = split_body(body, SECRETS)
    assert pieces[1] == {"secret": "AccessToken of 1"}
    assert pieces[2] == {"text": '","Name":"abcdef"}'}
    assert join_body(pieces, SECRETS) == body


def test_a_large_body_is_compressed() -> None:
    """More than 2,000 bytes are compressed, always to the same text."""
    body = b'{"Discriminator":"ResourceUpdated"}' * 100
    (piece,) = split_body(body, {})
    assert len(piece["gzip"]) < 300
    assert (piece,) == split_body(body, {})
    assert join_body([piece], {}) == body


def test_the_digest_of_a_body_without_secrets_is_its_hash() -> None:
    """The digest of a body without secrets is what sha256sum prints."""
    body = b'{"Events":[]}'
    assert body_digest(split_body(body, SECRETS)) == hashlib.sha256(body).hexdigest()


def test_the_digest_reveals_nothing_about_a_secret() -> None:
    """Bodies with different secrets of the same name have the same digest."""
    digests = {
        body_digest(split_body(f'"{secret}"'.encode(), {"AccessToken of 1": secret}))
        for secret in ("abc", "xyz")
    }
    assert digests == {hashlib.sha256(b'"{AccessToken of 1}"').hexdigest()}


@pytest.mark.parametrize(
    "piece", [{"gzip": "AAAA"}, {"gzip": "!"}, {"base64": "!"}, {"unknown": "value"}]
)
def test_invalid_pieces_are_errors(piece: dict[str, str]) -> None:
    """A damaged or unknown piece raises an error."""
    with pytest.raises(ValueError, match=r"."):
        join_body([piece], {})


def test_an_unknown_secret_is_an_error() -> None:
    """The error names the unknown secret."""
    with pytest.raises(KeyError, match="generated token 9"):
        join_body([{"secret": "generated token 9"}], SECRETS)
