"""The traceback of an interruption, as the other plugins receive it."""

from __future__ import annotations

import pytest

from pytest_mews.session.error_redactor import ErrorRedactor

SECRET = "uT0k5ecretQz9xY"


def interrupt(text: str) -> None:
    """Raise, with a secret as argument."""
    raise KeyboardInterrupt(len(text))


def interrupt_without_line() -> None:
    """Raise at an instruction that has no line, as a signal does at times."""
    interrupt(SECRET)


interrupt_without_line.__code__ = interrupt_without_line.__code__.replace(co_linetable=b"")


def test_an_instruction_without_a_line_is_left_out() -> None:
    """Pytest makes a text of it, without arguments."""
    with pytest.raises(KeyboardInterrupt) as interruption:
        interrupt_without_line()
    with pytest.raises(TypeError):
        interruption.getrepr(funcargs=True)
    ErrorRedactor().pytest_keyboard_interrupt(interruption)
    text = str(interruption.getrepr(funcargs=True))
    assert "KeyboardInterrupt: 15" in text
    assert SECRET not in text
