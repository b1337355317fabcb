"""A WebSocket client that ends with its connection, for --mews-start."""

from __future__ import annotations

import os

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

cookies = "; ".join(
    f"{name}={os.environ[variable]}"
    for name, variable in (
        ("ClientToken", "MEWS_CLIENT_TOKEN"),
        ("AccessToken", "MEWS_ACCESS_TOKEN"),
    )
)
url = os.environ["MEWS_WEBSOCKET_URL"] + "/ws/connector"
with connect(url, additional_headers={"Cookie": cookies}) as connection:
    try:
        while True:
            connection.recv()
    except ConnectionClosed:
        pass
