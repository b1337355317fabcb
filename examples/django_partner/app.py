"""An example webhook receiver for Mews in Django.

It answers at once and processes messages afterwards, because Mews waits no longer than 5 seconds
(https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook arrive at the same URL.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import secrets
from collections import defaultdict
from queue import SimpleQueue
from threading import Thread
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

TOKEN = os.environ["MEWS_TOKEN"].encode()  # the secret in the URL that you register with Mews
# The entity that each event is about. Both events of a new customer have the same id.
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

# In your project this belongs in settings.py, urls.py, views.py and wsgi.py.
settings.configure(
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_urlsafe(),  # this service signs nothing
    # Empty by default, which makes Django answer every request with 400.
    ALLOWED_HOSTS=os.environ.get("HOSTS", "127.0.0.1,localhost").split(","),
    # Django answers 400 to larger bodies; its default is 2.5 MB. 4 MB are about 40,000 events.
    DATA_UPLOAD_MAX_MEMORY_SIZE=4 * 2**20,
    MIDDLEWARE=[
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
)


@csrf_exempt  # Mews sends no CSRF cookie: without this, Django answers every message with 403
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Check the token, check the message, queue it, and answer 202."""
    token = request.GET.get("Token", "").encode()
    if not hmac.compare_digest(token, TOKEN):
        return HttpResponse(status=401)
    try:
        message = json.loads(request.body)  # don't rely on a content type
        check(message)
    except (ValueError, TypeError, KeyError, RecursionError, UnreadablePostError):
        return HttpResponse(status=400)
    queue.put(message)
    return HttpResponse(status=202)


# No trailing slash: with one, Django would redirect the registered URL with 301, which loses the
# message.
urlpatterns = [path("webhooks/mews", receive)]


def check(message: Any) -> None:  # noqa: ANN401
    """Raise TypeError or KeyError if a property is missing that `handle` needs."""
    if isinstance(message, dict) and isinstance(message.get("Events"), list):
        strings = [message["EnterpriseId"], message["IntegrationId"]]
        strings += [event["Value"]["Id"] for event in message["Events"] if is_known(event)]
    else:
        action, data = message["Action"], message["Data"]
        strings = [action]
        strings += [data["Integration"]["Id"]] if action in ACTIONS else []
        if action == "IntegrationApiKeyCreated":
            strings += [data["ApiKey"]]
        elif action == "IntegrationCreated":
            strings += [data["Enterprise"]["Id"], data["AccessToken"]]
    if not all(isinstance(string, str) for string in strings):
        raise TypeError


def is_known(event: dict[str, Any]) -> bool:
    """Return whether this service handles an event; Mews may add others at any time."""
    return event["Discriminator"] in ENTITIES


def process_queue() -> None:
    """Handle the accepted messages, one after another."""
    while True:
        message = queue.get()
        try:
            handle(message)
        except Exception:  # a bad message must not end the worker
            logger.exception("A message could not be handled")


def handle(message: dict[str, Any]) -> None:
    """Apply a message, which may arrive twice and in any order."""
    if "Events" in message:
        for event in filter(is_known, message["Events"]):
            entity = ENTITIES[event["Discriminator"]]
            changed[message["EnterpriseId"], entity].add(event["Value"]["Id"])
        return  # fetch the entities here: one call for all ids of an entity
    action, data = message["Action"], message["Data"]
    if action not in ACTIONS:
        return
    integration_id = data["Integration"]["Id"]
    if action == "IntegrationDeleted":
        integrations.pop(integration_id, None)
    elif action in ACTIVE:
        integrations[integration_id]["active"] = ACTIVE[action]
    elif action == "IntegrationApiKeyCreated":  # replaces the access token, may arrive first
        integrations[integration_id]["api_key"] = data["ApiKey"]
    else:
        integrations[integration_id]["enterprise_id"] = data["Enterprise"]["Id"]
        integrations[integration_id]["access_token"] = data["AccessToken"]
        integrations[integration_id]["active"] = data.get("IsEnabled", True)


Thread(target=process_queue, daemon=True).start()
application = get_wsgi_application()
