"""No strategy is built with a lambda.

The oldest supported Hypothesis parses the source of a lambda when it first generates. Several
threads do so at once, and Python 3.11 may fail then: "AST constructor recursion depth mismatch".
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pytest_mews import senders

FOLDER = Path(senders.__file__).parent
METHODS = {"map", "filter", "flatmap"}


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.stem)
def test_no_strategy_has_a_lambda(path: Path) -> None:
    """What maps or filters a strategy is a named function, or a part of one."""
    lambdas = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in METHODS
        and any(isinstance(argument, ast.Lambda) for argument in node.args)
    ]
    assert lambdas == []
