"""Scenarios as pytest items."""

from __future__ import annotations

import pytest

from pytest_mews.redaction import Redactor
from pytest_mews.session.items import format_harness_error


def test_a_harness_error_has_no_secret() -> None:
    """A traceback is redacted, without local variables, and without workflow commands."""
    secret = "distinct-token-77"
    with pytest.raises(OSError, match="gone") as error:
        raise OSError(f"{secret} is gone\n##[error]")
    traceback = format_harness_error(error, Redactor([secret]).redact_text)
    assert "*** is gone" in traceback
    assert secret not in traceback
    assert "##[" not in traceback
