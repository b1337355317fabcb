"""Authentication by a shared secret in the query of the URL, `?Token=…` (events/wh-faq).

A URL is sent as the user typed it. How a service decodes a `+` is unknown, space or plus; so the
variants with the right secret keep the `+`, and a wrong variant is wrong in both readings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from pytest_mews.errors import UsageError
from pytest_mews.model.step import RIGHT
from pytest_mews.redaction import redact_url
from pytest_mews.senders.authentication import AuthenticatedRequest
from pytest_mews.senders.url_secrets import (
    may_be_secret,
    path_secrets,
    query_parameters,
    query_values,
)

TOKEN_PARAMETER = "Token"  # noqa: S105 - a name, not a password
TOKEN_CONDITION, INTEGRATION_CONDITION = "token", "integration-token"

_WRONG_SECRETS = ("0-wrong-token", "1-another-wrong-token")


@dataclass(frozen=True)
class _Token:
    """A shared secret: the name of its parameter, and its value as it is in the URL."""

    name: str
    encoded: str

    @property
    def secret(self) -> str:
        """The decoded secret, if a `+` is a space."""
        return unquote_plus(self.encoded)

    @property
    def forms(self) -> tuple[str, ...]:
        """The secret as it is in the URL, and decoded in both readings of a `+`."""
        return self.secret, unquote(self.encoded), self.encoded

    @property
    def right(self) -> str:
        """The parameter as the user typed it."""
        return f"{quote(self.name, safe='')}={self.encoded}"

    @property
    def wrong(self) -> str:
        """A parameter that shows nothing of the secret, so that no report has to redact it."""
        return self.with_secret(next(wrong for wrong in _WRONG_SECRETS if wrong != self.secret))

    def with_secret(self, secret: str) -> str:
        """Return the parameter with another secret."""
        return replace(self, encoded=quote(secret, safe="")).right

    @property
    def other_case(self) -> str:
        """The parameter with the secret in the other case; a wrong one if it has no letters."""
        swapped = self.secret.swapcase()
        return self.with_secret(swapped) if swapped != self.secret else self.wrong

    @property
    def other_name(self) -> str:
        """A parameter of another name with the right secret."""
        name = "Key" if self.name.lower() != "key" else TOKEN_PARAMETER
        return replace(self, name=name).right

    @property
    def percent_encoded(self) -> _Token:
        """The token with every character of its value percent-encoded but `+`."""
        parts = map(_percent_encode, self.encoded.split("+"))
        return replace(self, encoded="+".join(parts))


def _percent_encode(encoded: str) -> str:
    return "".join(f"%{byte:02X}" for byte in unquote(encoded).encode())


VARIANTS: Mapping[str, Callable[[_Token], str | None]] = {
    RIGHT: lambda token: token.right,
    "wrong": lambda token: token.wrong,
    "missing": lambda _: None,
    "empty": lambda token: token.with_secret(""),
    "shortened": lambda token: token.with_secret(token.secret[:-1]),
    "lengthened": lambda token: token.with_secret(f"{token.secret}x"),
    "without-first-character": lambda token: token.with_secret(token.secret[1:]),
    "with-prefix": lambda token: token.with_secret(f"x{token.secret}"),
    "other-case": lambda token: token.other_case,
    "other-name": lambda token: token.other_name,
    "wrong-then-right": lambda token: f"{token.wrong}&{token.right}",
    "right-then-wrong": lambda token: f"{token.right}&{token.wrong}",
    "percent-encoded": lambda token: token.percent_encoded.right,
}
"""The parameters that each variant has instead of the right one; None leaves it out."""

RIGHT_VARIANTS = frozenset({RIGHT, "wrong-then-right", "right-then-wrong", "percent-encoded"})
"""The variants with the right token, alone or beside a wrong one."""


class TokenAuthentication:
    """The shared secret in the query of each URL; a URL that has none may get that of --mews-token.

    A secret in only one of the URLs is never copied to the other, which may be on another server.

    Args:
        urls: the URLs of the endpoint by their option, as for `Sender.authentication`.
        secret: the value of --mews-token, if any; it replaces no secret in a URL.
        secret_name: the query parameter that is the secret; `Token` if None.

    Attributes:
        secrets: the secrets of all URLs, and that of --mews-token, in all their forms.

    Raises:
        UsageError: a URL has the secret twice or empty, or no URL has a parameter `secret_name`.

    """

    def __init__(
        self, urls: Mapping[str, str], secret: str | None, secret_name: str | None
    ) -> None:
        self._name = TOKEN_PARAMETER if secret_name is None else secret_name
        self._added = None if secret is None else quote(secret, safe="")
        self._urls = dict(urls)
        for option, url in urls.items():
            self._check(option, url)
        if urls and secret is None and secret_name is not None:
            self._check_name(secret_name)
        tokens = [token for token in map(self._token, ("", *urls.values())) if token is not None]
        self.secrets: tuple[str, ...] = tuple(
            dict.fromkeys(form for token in tokens for form in token.forms)
        )

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of `VARIANTS`."""
        return tuple(VARIANTS)

    @property
    def near_secrets(self) -> tuple[str, ...]:
        """The secrets with one character more or less, in the other case, or percent-encoded."""
        tokens = [token for token in map(self._token, self._urls.values()) if token is not None]
        return tuple(dict.fromkeys(form for token in tokens for form in _near_secrets(token)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What may be a secret and is not tested, and a --mews-token that is not used."""
        return tuple(
            note for option, url in self._urls.items() for note in self._notes_on(option, url)
        )

    @property
    def unmet_conditions(self) -> Mapping[str, str]:
        """Conditions: the URL for General or for Integration Webhooks has the shared secret."""
        urls = tuple(self._urls.values()) or ("",)
        return {
            TOKEN_CONDITION: self._why_untested("the URL", urls[0]),
            INTEGRATION_CONDITION: self._why_untested("the URL for Integration Webhooks", urls[-1]),
        }

    def _why_untested(self, subject: str, url: str) -> str:
        """Return why the secret of a URL can't be tested, with a remedy; empty if it can."""
        if self._token(url):
            return ""
        remedy = "pass --mews-token to test one"
        if other := next(iter(self._untested_names(url)), None):
            remedy = f"if {other!r} is the shared secret, pass --mews-token-name {other!r}"
        return f"{subject} has no {self._name}, which is optional; {remedy}"

    def authenticate(self, url: str, body: bytes, variant: str = RIGHT) -> AuthenticatedRequest:  # noqa: ARG002 - the protocol's
        """Return the URL with a variant of its secret; the rest of the query stays as it is."""
        replacement = VARIANTS[variant]
        token = self._token(url)
        if token is None:
            return AuthenticatedRequest(url, has_credentials=False)
        if variant == RIGHT and self._values(url):
            return AuthenticatedRequest(url)
        bare, parameters = self.without_secrets(url), replacement(token)
        is_wrong = variant not in RIGHT_VARIANTS
        if parameters is None:
            return AuthenticatedRequest(bare, is_wrong=is_wrong)
        separator = "&" if "?" in bare else "?"
        return AuthenticatedRequest(f"{bare}{separator}{parameters}", is_wrong=is_wrong)

    def without_secrets(self, url: str) -> str:
        """Return the URL without the secret, the rest of the query unchanged."""
        parts = urlsplit(url)
        query = [
            part
            for part in parts.query.split("&")
            if part and unquote_plus(part.partition("=")[0]) != self._name
        ]
        return parts._replace(query="&".join(query)).geturl()

    def secret_of(self, url: str) -> str:
        """Return the decoded secret of a URL, or that of --mews-token; empty if there is none."""
        token = self._token(url)
        return "" if token is None else token.secret

    def _token(self, url: str) -> _Token | None:
        """Return the secret of a URL, else that of --mews-token; None if there is none."""
        encoded = next(iter(self._values(url)), self._added)
        return None if encoded is None else _Token(self._name, encoded)

    def _values(self, url: str) -> list[str]:
        return [value for name, value in query_parameters(url) if name == self._name]

    def _check(self, option: str, url: str) -> None:
        values = self._values(url)
        if len(values) > 1:
            problem, remedy = f"has more than one {self._name}", "Remove all but one of them."
            raise UsageError(option, redact_url(url), problem, remedy)
        if values == [""]:
            remedy = "Give its value, or set MEWS_TOKEN instead."
            raise UsageError(option, redact_url(url), f"has an empty {self._name}", remedy)

    def _check_name(self, secret_name: str) -> None:
        names = [name for url in self._urls.values() for name, _ in query_values(url) if name]
        if secret_name not in names:
            known = f"The URL has {', '.join(dict.fromkeys(names))}: name" if names else "Name"
            remedy = f"{known} one of its parameters, or give --mews-token as well."
            problem = "names no parameter of the URL's query"
            raise UsageError("--mews-token-name", secret_name, problem, remedy)

    def _notes_on(self, option: str, url: str) -> Iterator[str]:
        is_documented = self._name == TOKEN_PARAMETER
        shared = f"{self._name!r}{', as documented' if is_documented else ''}"
        for name in self._untested_names(url):
            yield (
                f"{option}: the query parameter {name!r} may be a secret, but no scenario tests "
                f"it: the shared secret is {shared}. To test {name!r} instead, give "
                f"--mews-token-name {name!r}."
            )
        if any(not name and may_be_secret(name, value) for name, value in query_values(url)):
            yield (
                f"{option}: a value without a name in the query may be a secret, but no scenario "
                f"tests it: the shared secret is {shared}."
            )
        for number in path_secrets(url):
            yield (
                f"{option}: segment {number} of the path may be a secret, but no scenario tests "
                "it: Mews documents a secret in the query."
            )
        token = self._token(url)
        if token and token.secret in unquote(urlsplit(url).path).split("/"):
            yield (
                f"{option}: the path has the shared secret as well. Mews documents it in the "
                f"query, as {self._name}: no scenario tests the one in the path."
            )
        if token and self._added is not None and unquote(self._added) not in token.forms:
            yield (
                f"{option}: the URL has its own {self._name}, which --mews-token does not replace."
            )

    def _untested_names(self, url: str) -> tuple[str, ...]:
        """List the other parameters of a query that may be secrets."""
        return tuple(
            dict.fromkeys(
                name
                for name, value in query_values(url)
                if name not in {"", self._name} and may_be_secret(name, value)
            )
        )


def _near_secrets(token: _Token) -> tuple[str, ...]:
    secret = token.secret
    near = (
        secret[:-1],
        secret[1:],
        f"{secret}x",
        f"x{secret}",
        secret.swapcase(),  # of letters that have no single other case, such as ß
    )
    return (*near, *(quote(text, safe="") for text in near), token.percent_encoded.encoded)
