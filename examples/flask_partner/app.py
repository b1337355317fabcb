"""A webhook receiver for Mews in Flask, to start from.

It answers at once and works afterwards, because Mews waits no longer than 5 seconds
(https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook come to the same URL.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
from collections import defaultdict
from queue import SimpleQueue
from threading import Thread
from typing import Any

from flask import Flask, request

TOKEN = os.environ["MEWS_TOKEN"].encode()  # the secret in the URL that you give to Mews
# What changed, by event. Both events of a new customer name the same id: it is fetched once.
ENTITIES = {
    "ServiceOrderUpdated": "reservations",
    "ResourceUpdated": "resources",
    "MessageAdded": "messages",
    "ResourceBlockUpdated": "resourceBlocks",
    "CustomerAdded": "customers",
    "CustomerUpdated": "customers",
    "PaymentUpdated": "payments",
}
ACTIVE = {
    "IntegrationEnabled": True,
    "IntegrationReinstated": True,
    "IntegrationDisabled": False,
    "IntegrationCanceled": False,
}
ACTIONS = {*ACTIVE, "IntegrationCreated", "IntegrationDeleted", "IntegrationApiKeyCreated"}

logger = logging.getLogger("partner")
queue: SimpleQueue[dict[str, Any]] = SimpleQueue()
changed: dict[tuple[str, str], set[str]] = defaultdict(set)  # (enterprise id, entity) -> ids
integrations: dict[str, dict[str, Any]] = defaultdict(dict)  # by integration id

app = Flask(__name__)
# Flask sets no limit: anybody who finds the URL could fill the memory. This is some 40,000 events.
app.config["MAX_CONTENT_LENGTH"] = 4 * 2**20


# A rule that ends in a slash would redirect the URL without it; this one is the registered URL.
@app.post("/webhooks/mews")
def receive() -> tuple[str, int]:
    """Check who it is, check that it can be read, queue it, and say thanks."""
    given = request.args.get("Token", "").encode()
    if not hmac.compare_digest(given, TOKEN):
        return "", 401
    # Not `request.get_json()`: it answers 415 where no content type came (Mews promises none),
    # and 500 to lists in lists that are too deep for the parser.
    body = request.get_data(cache=False)
    try:
        message = json.loads(body)
        check(message)
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", 400
    queue.put(message)
    return "", 202


def check(message: Any) -> None:  # noqa: ANN401
    """Raise TypeError or KeyError where something is missing that `handle` needs."""
    if isinstance(message, dict) and isinstance(message.get("Events"), list):
        texts = [message["EnterpriseId"], message["IntegrationId"]]
        texts += [each["Value"]["Id"] for each in message["Events"] if known(each)]
    else:
        action, data = message["Action"], message["Data"]
        texts = [action]
        texts += [data["Integration"]["Id"]] if action in ACTIONS else []
        if action == "IntegrationApiKeyCreated":
            texts += [data["ApiKey"]]
        elif action == "IntegrationCreated":
            texts += [data["Enterprise"]["Id"], data["AccessToken"]]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError


def known(event: dict[str, Any]) -> bool:
    """Tell whether an event is one of ours; Mews may add others at any time."""
    return event["Discriminator"] in ENTITIES


def work() -> None:
    """Handle what was accepted, one message after the other."""
    while True:
        message = queue.get()
        try:
            handle(message)
        except Exception:  # a bad message must not end the worker
            logger.exception("A message could not be handled")


def handle(message: dict[str, Any]) -> None:
    """Note what a message says. It may come twice, and in any order."""
    if "Events" in message:
        for event in filter(known, message["Events"]):
            entity = ENTITIES[event["Discriminator"]]
            changed[message["EnterpriseId"], entity].add(event["Value"]["Id"])
        return  # here you fetch: one call for all ids of an entity
    action, data = message["Action"], message["Data"]
    if action not in ACTIONS:
        return
    name = data["Integration"]["Id"]
    if action == "IntegrationDeleted":
        integrations.pop(name, None)
    elif action in ACTIVE:
        integrations[name]["active"] = ACTIVE[action]
    elif action == "IntegrationApiKeyCreated":  # replaces the access token; may come before it
        integrations[name]["api_key"] = data["ApiKey"]
    else:
        integrations[name]["enterprise_id"] = data["Enterprise"]["Id"]
        integrations[name]["access_token"] = data["AccessToken"]
        integrations[name]["active"] = data.get("IsEnabled", True)


Thread(target=work, daemon=True).start()
