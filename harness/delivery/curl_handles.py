"""Curl handles that are used again, since setting all options takes longer than sending."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain

import pycurl

from pytest_mews.delivery.curl_options import TrustStore, configure, set_body_size
from pytest_mews.delivery.kept_connections import keeps_connection
from pytest_mews.delivery.transport import Request
from pytest_mews.model import Exchange, Outcome

_MAX_KEPT = 512  # as many as the largest burst; 4.4 KiB each, and its last message
_MAX_TEMPLATES = 64  # a run has a few endpoints, but a service may redirect to ever new URLs

_Options = tuple[object, ...]


class CurlHandles:
    """Makes handles, and keeps those of ordinary requests; only curl's thread may use it.

    Args:
        trust_store: the trusted certificate authorities.

    """

    def __init__(self, trust_store: TrustStore) -> None:
        self._trust_store = trust_store
        # Each multi handle has a cache of looked up names, and a run may need many of them.
        self._names = pycurl.CurlShare()
        self._names.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_DNS)
        self._templates: dict[_Options, pycurl.Curl] = {}
        self._kept: defaultdict[_Options, list[pycurl.Curl]] = defaultdict(list)
        self._count = 0

    def take(self, request: Request) -> pycurl.Curl:
        """Return a handle with all options of a request except the callbacks.

        Raises:
            Exception: curl accepts no such request.

        """
        if not keeps_connection(request):
            return self._share_names(self._configured(request))
        options = _options(request)
        if kept := self._kept.get(options):
            self._count -= 1
            curl = kept.pop()
        else:
            # Curl copies a handle in a tenth of the time that it takes to set its options.
            curl = self._share_names(self._template(options, request).duphandle())
        set_body_size(curl, request)
        return curl

    def give_back(self, curl: pycurl.Curl, request: Request, exchange: Exchange) -> None:
        """Keep the handle of a request that ended well for one with the same options."""
        ended_well = exchange.outcome is Outcome.DELIVERED and keeps_connection(request)
        if ended_well and self._count < _MAX_KEPT:
            self._kept[_options(request)].append(curl)
            self._count += 1
        else:
            curl.close()

    def close(self) -> None:
        """Free the handles that are kept."""
        for curl in chain(self._templates.values(), *self._kept.values()):
            curl.close()
        self._templates.clear()
        self._kept.clear()

    def _template(self, options: _Options, request: Request) -> pycurl.Curl:
        """Return a handle with these options that is never sent."""
        if options not in self._templates:
            if len(self._templates) == _MAX_TEMPLATES:
                self._templates.pop(next(iter(self._templates))).close()
            self._templates[options] = self._configured(request)
        return self._templates[options]

    def _configured(self, request: Request) -> pycurl.Curl:
        curl = pycurl.Curl()
        configure(curl, request, self._trust_store)
        return curl

    def _share_names(self, curl: pycurl.Curl) -> pycurl.Curl:
        curl.setopt(pycurl.SHARE, self._names)  # no copy has it
        return curl


def _options(request: Request) -> _Options:
    """Return what the options of an ordinary request depend on, but for the size of its body."""
    return (
        request.url,
        request.method,
        request.headers,
        request.deadline_s,
        request.verify_tls,
        bool(request.body),
    )
