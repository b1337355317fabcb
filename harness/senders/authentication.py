"""How a sender authenticates itself to the endpoint: a protocol, and a sender that does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

from pytest_mews.model.record import record
from pytest_mews.model.step import RIGHT


@record
class AuthenticatedRequest:
    """What an attempt sends to authenticate itself.

    Attributes:
        url: the URL, with the credentials that belong there.
        headers: further headers, such as a signature.
        has_credentials: whether there is a secret at all; without one nothing was added.
        is_wrong: whether the credentials are wrong or missing, so that the endpoint must refuse
            the request.

    """

    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    has_credentials: bool = True
    is_wrong: bool = False


class Authentication(Protocol):
    """Adds credentials to requests, right ones and wrong ones.

    Deliveries of several threads use it at once, so it must not change.
    """

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the variants that scenario files can ask for, `RIGHT` included."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets in every form that a request has them in.

        They must not appear in any output, nor in a response of the endpoint.
        """

    @property
    def near_secrets(self) -> tuple[str, ...]:
        """What the variants send instead and reveals most of a secret; no output may show it."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks for every reader of the report, such as that a secret is not tested."""

    @property
    def unmet_conditions(self) -> Mapping[str, str]:
        """For each of the sender's conditions in scenario files, why it is not met.

        The reason is empty if the condition is met.
        """

    def authenticate(self, url: str, body: bytes, variant: str = RIGHT) -> AuthenticatedRequest:
        """Return the URL and headers of one attempt, which may depend on body and time.

        Args:
            url: the URL as the user gave it. A URL that was redirected to is not passed.
            body: the bytes that the attempt sends; empty with a method that has no body.
            variant: `RIGHT`, or the name of a variant in a scenario file. Without a secret, every
                variant is like `RIGHT`.

        Raises:
            KeyError: there is no such variant.

        """

    def without_secrets(self, url: str) -> str:
        """Return the URL without its credentials, as a command that can be shown has it."""

    def secret_of(self, url: str) -> str:
        """Return the secret that the service behind a URL must know; empty if there is none."""


class NoAuthentication:
    """Sends every request as it is."""

    variants: tuple[str, ...] = (RIGHT,)
    secrets: tuple[str, ...] = ()
    near_secrets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unmet_conditions: Mapping[str, str] = {}

    def authenticate(self, url: str, body: bytes, variant: str = RIGHT) -> AuthenticatedRequest:  # noqa: ARG002 - the protocol's
        """Return the URL unchanged."""
        return AuthenticatedRequest(url, has_credentials=False)

    def without_secrets(self, url: str) -> str:
        """Return the URL unchanged."""
        return url

    def secret_of(self, url: str) -> str:  # noqa: ARG002 - the protocol's
        """Return that there is none."""
        return ""
