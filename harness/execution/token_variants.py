"""Variants of the token in a URL, right and wrong ones: a closed list for scenario files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from pytest_mews.config.endpoint import TOKEN_PARAMETER, replace_token

RIGHT = "right"  # the variant that leaves the URL as it is

_WRONG_TOKENS = ("0-wrong-token", "1-another-wrong-token")


def _wrong_token(secret: str) -> str:
    """Return a wrong token that shows nothing of the right one, so no report has to redact it."""
    return next(token for token in _WRONG_TOKENS if token != secret)


def _parameter(name: str, value: str) -> str:
    return f"{name}={quote(value, safe='')}"


def _other_case(secret: str) -> str:
    swapped = secret.swapcase()
    return swapped if swapped != secret else _wrong_token(secret)


def _percent_encoded(secret: str) -> str:
    return "".join(f"%{byte:02X}" for byte in secret.encode())


# From the secret to the parameters that replace it in the query; None leaves it out.
VARIANTS: Mapping[str, Callable[[str], str | None]] = {
    "wrong": lambda secret: _parameter(TOKEN_PARAMETER, _wrong_token(secret)),
    "missing": lambda _: None,
    "empty": lambda _: _parameter(TOKEN_PARAMETER, ""),
    "shortened": lambda secret: _parameter(TOKEN_PARAMETER, secret[:-1]),
    "lengthened": lambda secret: _parameter(TOKEN_PARAMETER, f"{secret}x"),
    "without-first-character": lambda secret: _parameter(TOKEN_PARAMETER, secret[1:]),
    "with-prefix": lambda secret: _parameter(TOKEN_PARAMETER, f"x{secret}"),
    "other-case": lambda secret: _parameter(TOKEN_PARAMETER, _other_case(secret)),
    "other-name": lambda secret: _parameter("Key", secret),
    "wrong-then-right": lambda secret: (
        f"{_parameter(TOKEN_PARAMETER, _wrong_token(secret))}&{_parameter(TOKEN_PARAMETER, secret)}"
    ),
    "right-then-wrong": lambda secret: (
        f"{_parameter(TOKEN_PARAMETER, secret)}&{_parameter(TOKEN_PARAMETER, _wrong_token(secret))}"
    ),
    "percent-encoded": lambda secret: f"{TOKEN_PARAMETER}={_percent_encoded(secret)}",
}


def secret_variants(secret: str) -> tuple[str, ...]:
    """Return the variants that reveal the secret or most of it: reports must redact them too."""
    swapped = secret.swapcase()  # of letters that have no single other case, such as ß
    return (
        secret[:-1],
        secret[1:],
        f"{secret}x",
        f"x{secret}",
        swapped,
        _percent_encoded(secret),
    )


def with_variant(url: str, secret: str, variant: str) -> str:
    """Return a URL with a variant of its secret; `right` leaves the URL as it is."""
    if variant == RIGHT:
        return url
    without_token = replace_token(url, None)
    parameters = VARIANTS[variant](secret)
    if parameters is None:
        return without_token
    return f"{without_token}{'&' if '?' in without_token else '?'}{parameters}"
