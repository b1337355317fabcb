"""How a token may be spelled in the query, rightly and wrongly: a closed vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from pytest_mews.config.endpoint import PARAMETER, with_token

RIGHT = "right"


_WRONG = ("0-wrong-token", "1-another-wrong-token")


def _other(secret: str) -> str:
    """Give a wrong token that shows nothing of the right one: no report masks it."""
    return next(each for each in _WRONG if each != secret)


def _named(name: str, value: str) -> str:
    return f"{name}={quote(value, safe='')}"


def _other_case(secret: str) -> str:
    swapped = secret.swapcase()
    return swapped if swapped != secret else _other(secret)


# From the secret to the piece of the query that stands for it; None leaves it out.
VARIANTS: Mapping[str, Callable[[str], str | None]] = {
    "wrong": lambda secret: _named(PARAMETER, _other(secret)),
    "missing": lambda _: None,
    "empty": lambda _: _named(PARAMETER, ""),
    "shortened": lambda secret: _named(PARAMETER, secret[:-1]),
    "lengthened": lambda secret: _named(PARAMETER, f"{secret}x"),
    "without-first-character": lambda secret: _named(PARAMETER, secret[1:]),
    "with-prefix": lambda secret: _named(PARAMETER, f"x{secret}"),
    "other-case": lambda secret: _named(PARAMETER, _other_case(secret)),
    "other-name": lambda secret: _named("Key", secret),
    "wrong-then-right": lambda secret: (
        f"{_named(PARAMETER, _other(secret))}&{_named(PARAMETER, secret)}"
    ),
    "right-then-wrong": lambda secret: (
        f"{_named(PARAMETER, secret)}&{_named(PARAMETER, _other(secret))}"
    ),
    "percent-encoded": lambda secret: (
        f"{PARAMETER}=" + "".join(f"%{byte:02X}" for byte in secret.encode())
    ),
}


def secret_variants(secret: str) -> tuple[str, ...]:
    """List the spellings that give the secret away, or nearly: they are secrets themselves."""
    swapped = secret.swapcase()  # of letters that have no single other case, such as ß
    encoded = "".join(f"%{byte:02X}" for byte in secret.encode())
    return secret[:-1], secret[1:], f"{secret}x", f"x{secret}", swapped, encoded


def with_variant(url: str, secret: str, spelling: str) -> str:
    """Give a URL whose secret is spelled another way; `right` leaves the URL as it is."""
    if spelling == RIGHT:
        return url
    bare = with_token(url, None)
    piece = VARIANTS[spelling](secret)
    if piece is None:
        return bare
    return f"{bare}{'&' if '?' in bare else '?'}{piece}"
