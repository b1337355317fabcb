"""Imports what the examples import, since pytester forgets the modules that a run imports.

Each page would import them again, and httpx, which imports httpcore with the first request, would
get another one than before.
"""

from __future__ import annotations

import aiohttp  # noqa: F401
import django.test  # noqa: F401
import fastapi.testclient  # noqa: F401
import flask  # noqa: F401
import httpcore  # noqa: F401
import httpcore2  # noqa: F401
import websockets.asyncio.client
import websockets.sync.client  # noqa: F401

import pytest_mews.kit.integration_machine
import pytest_mews.kit.mews_api
import pytest_mews.kit.mews_websocket
import pytest_mews.kit.strategies
import pytest_mews.kit.webhooks  # noqa: F401
