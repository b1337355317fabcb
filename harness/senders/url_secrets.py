"""What in a URL is a secret, or may be one: passwords, values of the query, segments of the path.

What is likely to be a secret is redacted in every output. A value that is too short for that may
still be a secret by its name, and is then mentioned as untested.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus, urlsplit

# A value in a query is likely to be a secret if its name matches and it has 8 characters or more,
# or if it has 16 characters or more.
_LIKELY_NAME = re.compile("token|key|secret|code|sig|pass|pwd|auth|credential", re.IGNORECASE)
_MIN_LENGTH, _MIN_LENGTH_NAMED = 16, 8
# Names of secrets of any length: not `keyword`, `design` or `author`.
_NAME = re.compile(
    r"token|secret|passw|credential|signature|api_?key"
    r"|(?<![a-z])(?:key|code|sig|pass|pwd|auth)(?![a-z])",
    re.IGNORECASE,
)
# A segment of the path: digits and letters in one piece, or a UUID.
_PIECE = re.compile(
    "(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[0-9A-Za-z]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.IGNORECASE,
)


def query_parameters(url: str) -> list[tuple[str, str]]:
    """List the decoded names and the encoded values in the query of a URL.

    A part without `=` is a name with an empty value.
    """
    parts = [part.partition("=") for part in urlsplit(url).query.split("&") if part]
    return [(unquote_plus(name), value) for name, _, value in parts]


def query_values(url: str) -> list[tuple[str, str]]:
    """List the decoded names and the encoded values in the query of a URL, without empty values.

    A part without `=` is a value without a name.
    """
    parts = [
        part.partition("=") if "=" in part else ("", "", part)
        for part in urlsplit(url).query.split("&")
    ]
    return [(unquote_plus(name), value) for name, _, value in parts if value]


def likely_secrets(url: str) -> tuple[str, ...]:
    """Return the password and all likely secrets in query and path, encoded and decoded."""
    parts = urlsplit(url)
    secrets = [parts.password, unquote(parts.password or "")]
    if parts.username and parts.password:
        user, password = unquote(parts.username), unquote(parts.password)
        secrets += [f"{parts.username}:{parts.password}", f"{user}:{password}"]
    else:  # some services expect a key as the user name
        secrets += [parts.username, unquote(parts.username or "")]
    for name, encoded in query_values(url):
        length = _MIN_LENGTH_NAMED if _LIKELY_NAME.search(name) else _MIN_LENGTH
        values = (encoded, unquote_plus(encoded))
        secrets += [value for value in values if len(value) >= length]
    secrets += path_secrets(url).values()
    return tuple(dict.fromkeys(secret for secret in secrets if secret))


def path_secrets(url: str) -> dict[int, str]:
    """Return the segments of a URL's path that are likely to be secrets, by number, from 1."""
    segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    return {number: text for number, text in enumerate(segments, 1) if _PIECE.search(text)}


def may_be_secret(name: str, value: str) -> bool:
    """Return whether a value of a query may be a secret, by its name or its length."""
    return bool(value) and (
        len(value) >= _MIN_LENGTH
        or _NAME.search(name) is not None
        or (_LIKELY_NAME.search(name) is not None and len(value) >= _MIN_LENGTH_NAMED)
    )
