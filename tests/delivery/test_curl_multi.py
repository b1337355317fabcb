"""The multi handle that later transfers leave is closed once it has no transfer left."""

from __future__ import annotations

from collections.abc import Iterator

import pycurl
import pytest
from raw_server import RequestFactory, ServerFactory, respond_with

from pytest_mews.delivery.curl_handles import CurlHandles
from pytest_mews.delivery.curl_multi import CurlMultiLoop
from pytest_mews.delivery.curl_options import TrustStore
from pytest_mews.delivery.curl_transfer import CurlTransfer


@pytest.fixture
def multi_loop() -> Iterator[CurlMultiLoop]:
    """Run no thread: the test is curl's thread."""
    loop = CurlMultiLoop()
    yield loop
    loop.close()


def start_stalled(
    multi_loop: CurlMultiLoop, make_request: RequestFactory, raw_server: ServerFactory
) -> CurlTransfer:
    """Start a transfer that gets no response."""
    request = make_request(raw_server(respond_with(b"", stall=True)).url)
    transfer = CurlTransfer(request, lambda _: None, CurlHandles(TrustStore()).take(request))
    multi_loop.start(transfer)
    return transfer


def is_closed(multi: pycurl.CurlMulti | None) -> bool:
    """Return whether a multi handle was closed."""
    assert multi is not None
    try:
        multi.info_read()
    except pycurl.error:
        return True
    return False


def test_a_multi_handle_is_closed_with_its_last_transfer(
    multi_loop: CurlMultiLoop, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """Another transfer in it may still run when its connections are left."""
    ended, running = (start_stalled(multi_loop, make_request, raw_server) for _ in range(2))
    assert ended.multi is running.multi
    multi_loop.remove(ended)
    multi_loop.leave_connections(ended)
    later = start_stalled(multi_loop, make_request, raw_server)
    assert later.multi is not running.multi
    assert not is_closed(running.multi)
    multi_loop.remove(running)
    multi_loop.leave_connections(running)
    assert is_closed(running.multi)
    assert start_stalled(multi_loop, make_request, raw_server).multi is later.multi


def test_closing_a_multi_handle_never_waits_for_a_look_up(
    multi_loop: CurlMultiLoop, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """An unresponsive name server would hold up every other delivery."""
    transfer = start_stalled(multi_loop, make_request, raw_server)
    multi_loop.remove(transfer, is_looking_up=True)
    multi_loop.leave_connections(transfer)
    assert not is_closed(transfer.multi)
    multi_loop.close()
    assert is_closed(transfer.multi)
