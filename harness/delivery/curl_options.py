"""A request as options of a curl handle, and the certificates that it trusts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pycurl

from pytest_mews import __version__
from pytest_mews.delivery.tcp_reset import reset_on_close
from pytest_mews.delivery.transport import Request
from pytest_mews.errors import UsageError
from pytest_mews.model import Fault, TransferMode

USER_AGENT = f"pytest-mews/{__version__}"

_WITH_BODY = frozenset({"POST", "PUT"})  # even an empty one

# Headers that curl would add by itself; an empty one takes its own away.
_UNASKED = ("Accept", "Content-Type", "Expect")

# Idle seconds after which a kept connection is not used again. Servers close theirs after 2 s
# (gunicorn) or 5 s (uvicorn, Node): a request sent at that very moment would look like a reset.
_MAX_IDLE_S = 1


@dataclass(frozen=True)
class Authorities:
    """A bundle instead of the system's, a folder besides it; None leaves curl's own.

    The pycurl wheels for Linux look for the system's bundle each time a handle is made (since
    7.45.6), those for macOS use `/etc/ssl/cert.pem`; so nothing but an override is needed here.
    """

    file: str | None = None
    folder: str | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Authorities:
        """Read SSL_CERT_FILE and SSL_CERT_DIR, which libcurl itself does not look at.

        Raises:
            UsageMistake: one of them names what is not there.

        """
        file, folder = environment.get("SSL_CERT_FILE"), environment.get("SSL_CERT_DIR")
        if file and not Path(file).is_file():
            raise UsageError("SSL_CERT_FILE", file, "is not a file", "Name a PEM bundle")
        if folder and not any(Path(part).is_dir() for part in folder.split(os.pathsep)):
            raise UsageError("SSL_CERT_DIR", folder, "is not a folder", "Name a hashed folder")
        return cls(file or None, folder or None)


def headers_of(request: Request) -> tuple[tuple[str, str], ...]:
    """List the headers that are sent, but for Host and Content-Length."""
    sent = list(request.headers)
    if not any(name.lower() == "user-agent" for name, _ in sent):
        sent.append(("User-Agent", USER_AGENT))
    if _has_body(request) and request.manner is TransferMode.CHUNKED:
        sent.append(("Transfer-Encoding", "chunked"))
    return tuple(sent)


def configure(curl: pycurl.Curl, request: Request, authorities: Authorities) -> None:
    """Set everything but the callbacks.

    HTTP/1.1, no redirects, cookies, proxy, `Expect` or `Accept-Encoding`. The proxy variables of
    the environment are ignored on purpose: a proxy answers, times and fails in the partner's
    place, and the same command must give the same result on every machine.
    """
    # A Location may bear any character; what is ASCII is left exactly as it is.
    url = quote(request.url, safe="!\"#$%&'()*+,/:;<=>?@[\\]^_`{|}~")
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.PATH_AS_IS, 1)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.TIMEOUT_MS, max(1, round(request.deadline_s * 1000)))
    curl.setopt(pycurl.MAXAGE_CONN, _MAX_IDLE_S)
    _method(curl, request)
    sent = headers_of(request)
    named = {name.lower() for name, _ in sent}
    lines = [f"{name}: {value}" if value else f"{name};" for name, value in sent]
    lines += [f"{name}:" for name in _UNASKED if name.lower() not in named]
    curl.setopt(pycurl.HTTPHEADER, [line.encode() for line in lines])
    if request.fresh_connection or request.fault is Fault.RESET:
        curl.setopt(pycurl.FRESH_CONNECT, 1)
        curl.setopt(pycurl.FORBID_REUSE, 1)
    if request.fault is Fault.RESET:
        curl.setopt(pycurl.SOCKOPTFUNCTION, reset_on_close)
    verify(curl, authorities, chain=request.verify_tls, host=request.verify_tls)


def verify(curl: pycurl.Curl, authorities: Authorities, *, chain: bool, host: bool) -> None:
    """Say what must be true of the certificate, and have it kept for reading either way."""
    curl.setopt(pycurl.OPT_CERTINFO, 1)
    curl.setopt(pycurl.SSL_VERIFYPEER, int(chain))
    curl.setopt(pycurl.SSL_VERIFYHOST, 2 if host else 0)
    if authorities.file:
        curl.setopt(pycurl.CAINFO, authorities.file)
    if authorities.folder:
        curl.setopt(pycurl.CAPATH, authorities.folder)


def _method(curl: pycurl.Curl, request: Request) -> None:
    """Send a body with any method, and no body with those that have none."""
    if _has_body(request):
        chunked = request.manner is TransferMode.CHUNKED
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.POSTFIELDSIZE_LARGE, -1 if chunked else len(request.body))
    if request.method != "POST":
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)


def _has_body(request: Request) -> bool:
    return bool(request.body) or request.method in _WITH_BODY
