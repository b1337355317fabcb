"""Translates a request into options of a curl handle, and selects the trusted certificates."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import pycurl

from pytest_mews import __version__
from pytest_mews.delivery.kept_connections import keeps_connection
from pytest_mews.delivery.tcp_reset import reset_on_close
from pytest_mews.delivery.transport import Request
from pytest_mews.errors import UsageError
from pytest_mews.model import Fault, TransferMode

USER_AGENT = f"pytest-mews/{__version__}"

_METHODS_WITH_BODY = frozenset({"POST", "PUT"})  # even an empty one

# Headers that curl adds by itself; an empty one removes curl's.
_CURL_DEFAULT_HEADERS = ("Accept", "Content-Type", "Expect")

# Idle seconds after which a kept connection is not used again. Servers close theirs after 2 s
# (gunicorn) or 5 s (uvicorn, Node): a request sent at that very moment would look like a reset.
_MAX_IDLE_S = 1


@dataclass(frozen=True)
class TrustStore:
    """The certificate authorities that TLS trusts; None leaves curl's own default.

    The pycurl wheels for Linux look for the system's bundle each time a handle is made (since
    7.45.6), those for macOS use `/etc/ssl/cert.pem`; so nothing but an override is needed here.

    Attributes:
        ca_file: a PEM bundle used instead of the default.
        ca_folder: a folder of certificates named by hash, used in addition.

    """

    ca_file: str | None = None
    ca_folder: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> TrustStore:
        """Read SSL_CERT_FILE and SSL_CERT_DIR, which libcurl itself ignores.

        Raises:
            UsageError: one of them names a file or folder that doesn't exist.

        """
        file, folder = environment.get("SSL_CERT_FILE"), environment.get("SSL_CERT_DIR")
        if file and not Path(file).is_file():
            raise UsageError("SSL_CERT_FILE", file, "is not a file", "Give the path of a PEM file.")
        if folder and not any(Path(part).is_dir() for part in folder.split(os.pathsep)):
            raise UsageError(
                "SSL_CERT_DIR",
                folder,
                "is not a folder",
                "Prepare it with openssl rehash.",
            )
        return cls(file or None, folder or None)


def request_headers(request: Request) -> tuple[tuple[str, str], ...]:
    """Return the headers that are sent, except Host and Content-Length."""
    is_chunked = _has_body(request) and request.transfer_mode is TransferMode.CHUNKED
    return _sent_headers(request.headers, is_chunked)


@lru_cache
def _sent_headers(
    headers: tuple[tuple[str, str], ...],
    is_chunked: bool,  # noqa: FBT001 - positional, for the cache
) -> tuple[tuple[str, str], ...]:
    if not any(name.lower() == "user-agent" for name, _ in headers):
        headers += (("User-Agent", USER_AGENT),)
    return (*headers, ("Transfer-Encoding", "chunked")) if is_chunked else headers


def configure(curl: pycurl.Curl, request: Request, trust_store: TrustStore) -> None:
    """Set all options of a handle except the callbacks.

    The request uses HTTP/1.1, and no redirects, cookies, proxy, `Expect` or `Accept-Encoding`.
    """
    # A Location may contain any character; ASCII characters are left exactly as they are.
    url = quote(request.url, safe="!\"#$%&'()*+,/:;<=>?@[\\]^_`{|}~")
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.PATH_AS_IS, 1)
    ignore_proxy_variables(curl)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.TIMEOUT_MS, max(1, round(request.deadline_s * 1000)))
    curl.setopt(pycurl.MAXAGE_CONN, _MAX_IDLE_S)
    _configure_method(curl, request)
    headers = request_headers(request)
    header_names = {name.lower() for name, _ in headers}
    lines = [f"{name}: {value}" if value else f"{name};" for name, value in headers]
    lines += [f"{name}:" for name in _CURL_DEFAULT_HEADERS if name.lower() not in header_names]
    curl.setopt(pycurl.HTTPHEADER, [line.encode() for line in lines])
    if request.fresh_connection or request.fault is Fault.RESET:
        curl.setopt(pycurl.FRESH_CONNECT, 1)
    if not keeps_connection(request):
        curl.setopt(pycurl.FORBID_REUSE, 1)
    if request.fault is Fault.RESET:
        curl.setopt(pycurl.SOCKOPTFUNCTION, reset_on_close)
    configure_verification(curl, trust_store, chain=request.verify_tls, host=request.verify_tls)


def ignore_proxy_variables(curl: pycurl.Curl) -> None:
    """Connect without a proxy, and without a look at the environment.

    A proxy responds, delays and fails in the partner's place, and the same command must give the
    same result on every machine. An empty PROXY would not do: libcurl would still look for
    `no_proxy`, while pytest changes the environment for each test in another thread, and a look at
    a changing environment ends in a segmentation fault.
    """
    curl.setopt(pycurl.NOPROXY, "*")


def set_body_size(curl: pycurl.Curl, request: Request) -> None:
    """Set the Content-Length of a request with a body; a chunked one has none."""
    if _has_body(request):
        chunked = request.transfer_mode is TransferMode.CHUNKED
        curl.setopt(pycurl.POSTFIELDSIZE_LARGE, -1 if chunked else len(request.body))


def configure_verification(
    curl: pycurl.Curl, trust_store: TrustStore, *, chain: bool, host: bool
) -> None:
    """Set what curl verifies of the server's certificate; it stores the certificate either way."""
    curl.setopt(pycurl.OPT_CERTINFO, 1)
    curl.setopt(pycurl.SSL_VERIFYPEER, int(chain))
    curl.setopt(pycurl.SSL_VERIFYHOST, 2 if host else 0)
    if trust_store.ca_file:
        curl.setopt(pycurl.CAINFO, trust_store.ca_file)
    if trust_store.ca_folder:
        curl.setopt(pycurl.CAPATH, trust_store.ca_folder)


def _configure_method(curl: pycurl.Curl, request: Request) -> None:
    if _has_body(request):
        curl.setopt(pycurl.POST, 1)
        set_body_size(curl, request)
    if request.method != "POST":
        curl.setopt(pycurl.CUSTOMREQUEST, request.method)


def _has_body(request: Request) -> bool:
    return bool(request.body) or request.method in _METHODS_WITH_BODY
