"""A sound partner with several processes: it saves each message in a database, then answers.

`create_app` returns the WSGI application, for a server that forks workers and replaces them now and
then. Run as a program, this file is the worker that fetches: it looks into the database twice a
second.
Everything is in the database, so each process may end and start again at any time. With
`MEWS_PARALLEL` several threads apply the messages, each as soon as it can, as queues with several
consumers do: messages that arrive within a moment may be applied in another order.
"""

from __future__ import annotations

import hmac
import json
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import requests

from pytest_mews.demo.processing.entity_readers import Batch, entity_readers
from pytest_mews.demo.webhook_bodies import InvalidBodyError, entity_kind_of, read_message

TICK_S = 0.5  # how often the worker looks into the database
POLL_S = 0.02  # how often the consumers do
CONSUMERS = 4
MAX_DELAY_S = 0.1  # how long a consumer may take to begin
MAX_IDS = PAGE_SIZE = 200
MAX_PAUSE_S = 60.0
LIMIT_PAUSE_S = 1.0
PARALLEL = bool(os.environ.get("MEWS_PARALLEL"))
SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS inbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS integration (
    id TEXT PRIMARY KEY, enterprise TEXT, token TEXT, api_key TEXT,
    active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS change (
    enterprise TEXT, kind TEXT, id TEXT, since TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (enterprise, kind, id)
);
CREATE TABLE IF NOT EXISTS entity (
    enterprise TEXT, kind TEXT, id TEXT, updated TEXT, PRIMARY KEY (enterprise, kind, id)
);
"""
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Document = dict[str, Any]


class RequestError(Exception):
    """A request failed; has the status, and the seconds that Mews asks to wait, if any."""

    def __init__(self, status: int | None, retry_after: str | None = None) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.retry_after_s = float(retry_after) if (retry_after or "").isdecimal() else None


def connect() -> sqlite3.Connection:
    """Open the database; transactions wait for each other."""
    return sqlite3.connect(os.environ["MEWS_DATABASE"], timeout=30, isolation_level="IMMEDIATE")


def prepare() -> None:
    """Create the tables, and the integrations that exist already."""
    with closing(connect()) as database, database:
        database.executescript(SCHEMA)
        tenants = json.loads(Path(os.environ["MEWS_TENANTS"]).read_text("utf-8"))
        database.executemany(
            "INSERT OR IGNORE INTO integration (id, enterprise, token) VALUES (?, ?, ?)",
            [
                (tenant["integration_id"], tenant["id"], tenant["access_token"])
                for tenant in tenants["enterprise"]
            ],
        )


def create_app() -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """Prepare the database, and return the WSGI application."""
    prepare()
    return receive


def receive(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Check the token, check the message, save it, and answer 202."""
    status = respond(environ)
    headers = [("Content-Length", "0")]
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append(("Allow", "POST"))
    start_response(f"{status.value} {status.phrase}", headers)
    return []


def respond(environ: dict[str, Any]) -> HTTPStatus:
    """Return the status, after the message is saved."""
    if environ["PATH_INFO"] != "/webhooks/mews":
        return HTTPStatus.NOT_FOUND
    if environ["REQUEST_METHOD"] != "POST":
        return HTTPStatus.METHOD_NOT_ALLOWED
    values = parse_qs(environ["QUERY_STRING"]).get("Token", [])
    token = os.environ["MEWS_TOKEN"].encode()
    if len(values) != 1 or not hmac.compare_digest(values[0].encode(), token):
        return HTTPStatus.UNAUTHORIZED
    length = environ.get("CONTENT_LENGTH")
    try:
        body = environ["wsgi.input"].read()
        if length and len(body) < int(length):
            return HTTPStatus.BAD_REQUEST
        message = read_message(body)
    except (InvalidBodyError, OSError, ValueError):
        return HTTPStatus.BAD_REQUEST
    with closing(connect()) as database, database:
        database.execute("INSERT INTO inbox (body) VALUES (?)", [json.dumps(message)])
    return HTTPStatus.ACCEPTED


def work() -> None:
    """Apply the saved messages and fetch what they report, until the process ends."""
    prepare()
    if PARALLEL:
        for number in range(CONSUMERS):
            Thread(target=consume, args=[number], daemon=True).start()
    with closing(connect()) as database:
        session = requests.Session()
        session.trust_env = False
        while True:
            with database:
                apply_inbox(database)
            for batch in due_batches(database):
                fetch(database, session, *batch)
                with database:
                    apply_inbox(database)
            time.sleep(TICK_S)


def consume(consumer: int) -> None:
    """Apply every `CONSUMERS`th message, one after another."""
    with closing(connect()) as database:
        while True:
            row = database.execute(
                "SELECT number, body FROM inbox WHERE number % ? = ? ORDER BY number",
                [CONSUMERS, consumer],
            ).fetchone()
            if row is None:
                time.sleep(POLL_S)
                continue
            time.sleep(random.uniform(0, MAX_DELAY_S))
            with database:
                apply_message(database, json.loads(row[1]))
                database.execute("DELETE FROM inbox WHERE number = ?", [row[0]])


def apply_inbox(database: sqlite3.Connection) -> None:
    """Apply the messages in order of their arrival, and remove them, in one transaction."""
    if PARALLEL:
        return  # the consumers do it
    for number, body in database.execute(
        "SELECT number, body FROM inbox ORDER BY number"
    ).fetchall():
        apply_message(database, json.loads(body))
        database.execute("DELETE FROM inbox WHERE number = ?", [number])


def apply_message(database: sqlite3.Connection, message: Document) -> None:
    """Note the changes of a message, or update its integration."""
    if "Events" in message:
        now = datetime.now(UTC).isoformat()
        database.executemany(
            "INSERT INTO change (enterprise, kind, id, since) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET version = version + 1",
            [
                (message["EnterpriseId"], kind, event["Value"]["Id"], now)
                for event in message["Events"]
                if (kind := entity_kind_of(event))
            ],
        )
        return
    action, data = message["Action"], message["Data"]
    values: dict[str, object] = {
        "IntegrationEnabled": {"active": 1},
        "IntegrationReinstated": {"active": 1},
        "IntegrationDisabled": {"active": 0},
        "IntegrationCanceled": {"active": 0},
        "IntegrationApiKeyCreated": {"api_key": data.get("ApiKey")},
        "IntegrationCreated": {
            "enterprise": (data.get("Enterprise") or {}).get("Id"),
            "token": data.get("AccessToken"),
            "active": int(data.get("IsEnabled") is not False),
        },
    }.get(action, {})  # type: ignore[assignment]
    if action == "IntegrationDeleted":
        database.execute("DELETE FROM integration WHERE id = ?", [data["Integration"]["Id"]])
    elif values:
        database.execute(
            "INSERT OR IGNORE INTO integration (id) VALUES (?)", [data["Integration"]["Id"]]
        )
        columns = ", ".join(f"{name} = ?" for name in values)
        database.execute(
            f"UPDATE integration SET {columns} WHERE id = ?",
            [*values.values(), data["Integration"]["Id"]],
        )


def due_batches(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield enterprise and kind of the changes that can be fetched now."""
    yield from database.execute(
        "SELECT DISTINCT change.enterprise, kind FROM change JOIN integration "
        "ON integration.enterprise = change.enterprise WHERE active AND due <= ?",
        [time.time()],
    ).fetchall()


def fetch(
    database: sqlite3.Connection, session: requests.Session, enterprise: str, kind: str
) -> None:
    """Fetch as many entities as one request may name; what fails stays in the database, for later.

    After a 408 or a 413 a request names half as many, as long as there is something to fetch.
    """
    rows = database.execute(
        "SELECT id, version, since, failures FROM change "
        "WHERE enterprise = ? AND kind = ? AND due <= ? ORDER BY since LIMIT ?",
        [enterprise, kind, time.time(), MAX_COUNTS.get((enterprise, kind), MAX_IDS)],
    ).fetchall()
    if not rows:  # postponed meanwhile, by a 429 to another request of the enterprise
        return
    since = min(datetime.fromisoformat(row[2]) for row in rows)
    batch = Batch(enterprise, kind, frozenset(row[0] for row in rows), since)

    def fetch_pages(operation: str, collection: str, filters: Document) -> Iterator[Document]:
        limitation: Document = {"Count": PAGE_SIZE}
        while True:
            document = {**filters, "Limitation": limitation}
            page = call(database, session, enterprise, operation, document)
            if not isinstance(page.get(collection), list):
                raise RequestError(200)
            yield from page[collection]
            if not page.get("Cursor"):
                return
            limitation = {"Count": PAGE_SIZE, "Cursor": page["Cursor"]}

    try:
        entities = list(READERS[kind](fetch_pages, batch))  # type: ignore[arg-type]
    except RequestError as error:
        if error.status in TOO_LARGE:
            MAX_COUNTS[enterprise, kind] = max(1, len(rows) // 2)
        postpone(database, enterprise, kind, rows, error)
        return
    if len(rows) < MAX_COUNTS.get((enterprise, kind), MAX_IDS):
        MAX_COUNTS.pop((enterprise, kind), None)
    with database:
        database.executemany(
            "INSERT INTO entity VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET updated = max(updated, excluded.updated)",
            [
                (enterprise, kind, entity["Id"], entity.get("UpdatedUtc") or "")
                for entity in entities
            ],
        )
        # A change that was reported again meanwhile has another version, and stays.
        database.executemany(
            "DELETE FROM change WHERE enterprise = ? AND kind = ? AND id = ? AND version = ?",
            [(enterprise, kind, row[0], row[1]) for row in rows],
        )


READERS = entity_readers()
TOO_LARGE = {408, 413}
MAX_COUNTS: dict[tuple[str, str], int] = {}  # of ids in a request, by enterprise and kind


def postpone(
    database: sqlite3.Connection,
    enterprise: str,
    kind: str,
    rows: Sequence[tuple[str, int, str, int]],
    error: RequestError,
) -> None:
    """Note when to fetch again: after a request that was too large at once; after a 4xx never."""
    is_too_large = error.status in TOO_LARGE and len(rows) > 1
    is_retryable = (
        is_too_large or error.status in {None, 200, 401, 408, 429} or (error.status or 0) >= 500
    )
    failures = max(row[3] for row in rows) + (not is_too_large)
    pause_s = min(MAX_PAUSE_S, 0.4 * 2.0 ** min(failures, 10)) * random.uniform(0.8, 1.2)
    if error.retry_after_s is not None:
        pause_s = error.retry_after_s + random.uniform(0, 0.5)
    due = time.time() + (0 if is_too_large else pause_s)
    keys = [(enterprise, kind, row[0]) for row in rows]
    with database:
        if is_retryable:
            database.executemany(
                "UPDATE change SET due = ?, failures = ? "
                "WHERE enterprise = ? AND kind = ? AND id = ?",
                [(due, failures, *key) for key in keys],
            )
        else:
            database.executemany(
                "DELETE FROM change WHERE enterprise = ? AND kind = ? AND id = ?", keys
            )
        if error.status == 429:  # the limit is that of the enterprise
            database.execute(
                "UPDATE change SET due = max(due, ?) WHERE enterprise = ?", [due, enterprise]
            )


def call(
    database: sqlite3.Connection,
    session: requests.Session,
    enterprise: str,
    operation: str,
    body: Document,
) -> Document:
    """Make one request with the enterprise's current key, and return its JSON object."""
    with database:
        apply_inbox(database)  # a new key may have arrived
    row = database.execute(
        "SELECT coalesce(api_key, token) FROM integration WHERE enterprise = ? AND active",
        [enterprise],
    ).fetchone()
    if row is None or row[0] is None:
        raise RequestError(None)
    document = {
        "ClientToken": os.environ["MEWS_CLIENT_TOKEN"],
        "AccessToken": row[0],
        "Client": "Prefork Partner 1.0",
        **body,
    }
    url = f"{os.environ['MEWS_API_URL']}/api/connector/v1/{operation}"
    try:
        response = session.post(url, json=document, timeout=30)
    except requests.RequestException:
        raise RequestError(None) from None
    if response.status_code != HTTPStatus.OK:
        raise RequestError(response.status_code, response.headers.get("Retry-After"))
    try:
        result = response.json()
    except ValueError:
        raise RequestError(200) from None
    if not isinstance(result, dict):
        raise RequestError(200)
    return result


if __name__ == "__main__":
    work()
