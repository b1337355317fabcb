"""Measures how fast the kit generates and delivers messages to a FastAPI application in a test.

.venv/bin/python benchmarks/kit_deliveries.py [--examples 25]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from pytest_mews import Message, MewsWebhooks, general_webhooks, integration_lifecycles

app = FastAPI()


@app.post("/")
async def receive(request: Request) -> Response:
    """Parse a message, and accept it."""
    await request.json()
    return Response(status_code=202)


def measure(
    examples: int, deliver: Callable[[MewsWebhooks, object], None], strategy: SearchStrategy[object]
) -> float:
    """Return the seconds that a property with this many examples takes, without imports."""
    with MewsWebhooks() as webhooks:

        @settings(max_examples=examples, database=None, deadline=None)
        @given(example=strategy)
        def run(example: object) -> None:
            deliver(webhooks, example)

        started = time.perf_counter()
        run()
        return time.perf_counter() - started


def deliver_one(webhooks: MewsWebhooks, example: object) -> None:
    """Deliver a message."""
    assert isinstance(example, Message)
    assert webhooks.deliver(app, example).delivered


def deliver_all(webhooks: MewsWebhooks, example: object) -> None:
    """Deliver the messages of a lifecycle."""
    assert isinstance(example, tuple)
    assert all(delivery.delivered for delivery in webhooks.deliver_all(app, example))


def main() -> None:
    """Print the seconds for batches of up to 500 events, and for lifecycles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=25)
    examples = parser.parse_args().examples
    print(f"{examples} batches: {measure(examples, deliver_one, general_webhooks()):.2f} s")
    print(
        f"{examples} lifecycles: {measure(examples, deliver_all, integration_lifecycles()):.2f} s"
    )


if __name__ == "__main__":
    main()
