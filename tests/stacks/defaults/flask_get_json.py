"""As in the tutorial: `get_json()`, which does not catch a RecursionError."""

from __future__ import annotations

import os

from flask import Flask, request

app = Flask(__name__)


@app.post("/webhooks/mews")
def receive() -> tuple[str, int]:
    """Parse the body and accept the message."""
    if request.args.get("Token") != os.environ["MEWS_TOKEN"]:
        return "", 401
    message = request.get_json()
    return "", 202 if isinstance(message, dict) else 400
