"""pytest-mews plays Mews: it delivers webhooks as documented and judges who receives them."""

from __future__ import annotations

__version__ = "0.1.0"
