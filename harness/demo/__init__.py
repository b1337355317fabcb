"""The demo partner: sound by default; each named flaw shows what the harness detects."""

from __future__ import annotations

from pytest_mews.demo.demo_partner import DemoPartner
from pytest_mews.demo.registry import PARTNER_KINDS, SOUND, partner_kind

__all__ = ["PARTNER_KINDS", "SOUND", "DemoPartner", "partner_kind"]
