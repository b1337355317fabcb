"""What Mews sends: the protocols of a sender, what all senders share, and one package for each."""

from __future__ import annotations

from pytest_mews.model.step import RIGHT
from pytest_mews.senders.authentication import (
    AuthenticatedRequest,
    Authentication,
    NoAuthentication,
)
from pytest_mews.senders.ids import IdSource
from pytest_mews.senders.plan import NO_PLANS, Plan, Plans, Target
from pytest_mews.senders.sender import Sender

__all__ = [
    "NO_PLANS",
    "RIGHT",
    "AuthenticatedRequest",
    "Authentication",
    "IdSource",
    "NoAuthentication",
    "Plan",
    "Plans",
    "Sender",
    "Target",
]
