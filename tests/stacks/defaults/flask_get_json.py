"""The tutorial's way: `get_json()`, which lets a RecursionError through."""

from __future__ import annotations

import os

from flask import Flask, request

app = Flask(__name__)


@app.post("/webhooks/mews")
def receive() -> tuple[str, int]:
    """Parse and accept."""
    if request.args.get("Token") != os.environ["MEWS_TOKEN"]:
        return "", 401
    message = request.get_json()
    return "", 202 if isinstance(message, dict) else 400
