"""Runs nginx on loopback as an endpoint that accepts everything: 204 to any request."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_START_TIMEOUT_S = 10.0
_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  log_format sizes '$content_length';
  access_log {access_log};
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 100000000; client_max_body_size 0; client_body_buffer_size 256k;
  server {{ listen 127.0.0.1:{port} backlog=2048; location / {{ return 204; }} }}
}}
"""


@contextmanager
def run_nginx(access_log: Path | None = None) -> Iterator[str]:
    """Run nginx; yield the URL of the endpoint.

    Args:
        access_log: gets a line for each request, with the bytes of its body.

    """
    with tempfile.TemporaryDirectory(prefix="mews-benchmark-") as folder:
        port = _free_port()
        settings = Path(folder, "nginx.conf")
        log = f"{access_log} sizes" if access_log else "off"
        settings.write_text(_CONFIGURATION.format(folder=folder, port=port, access_log=log))
        command = ["nginx", "-c", str(settings), "-p", folder]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_until_listening(port)
                yield f"http://127.0.0.1:{port}/webhooks"
            finally:
                process.terminate()


def _wait_until_listening(port: int) -> None:
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < give_up_at:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError("nginx does not start")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
