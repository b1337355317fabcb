"""Every mutant of a Python source file: the same program with one changed expression."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
}
OTHER = "Other"  # what a changed string ends with


@dataclass(frozen=True)
class Mutant:
    """A program with one changed expression.

    Attributes:
        line: of the expression, from 1.
        text: that line.
        before: the expression.
        after: what it became.
        source: the whole program.

    """

    line: int
    text: str
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """The line and the change, without the line's number, which an unrelated edit moves."""
        return f"{self.text}: {self.change}"

    @property
    def change(self) -> str:
        """The change, on one line."""
        return " ".join(f"{self.before} -> {self.after}".split())


def mutants(source: str) -> Iterator[Mutant]:
    """Yield the mutants of a program, in the order of its source.

    Annotations, docstrings, the texts of f-strings and the arguments of log messages stay.

    Args:
        source: a Python program.

    """
    lines = source.encode().splitlines(keepends=True)
    nodes = sorted(_mutable(ast.parse(source)), key=lambda node: (node.lineno, node.col_offset))
    for node in nodes:
        for replaced, after in _changes(node):
            start, end = _offsets(lines, replaced)
            before = source.encode()[start:end].decode()
            mutated = source.encode()[:start] + after.encode() + source.encode()[end:]
            text = lines[replaced.lineno - 1].decode().strip()
            yield Mutant(replaced.lineno, text, before, after, mutated.decode())


def _mutable(tree: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Yield the nodes that may change."""
    for name, value in ast.iter_fields(tree):
        if name in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_inert(child):
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield child
            yield from _mutable(child)


def _is_inert(node: ast.AST) -> bool:
    """Return whether a node has no effect that the harness can see."""
    if isinstance(node, ast.Expr):
        if isinstance(node.value, ast.Constant):
            return True  # a docstring
        return isinstance(node.value, ast.Call) and ast.unparse(node.value.func).startswith("logg")
    return isinstance(node, ast.JoinedStr)


Change = tuple[ast.expr | ast.stmt, str]
"""What is replaced, and what it becomes."""


def _changes(node: ast.expr | ast.stmt) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[operator]):
            other = ast.Compare(node.left, [_COMPARISONS[type(operator)]()], node.comparators)
            yield node, ast.unparse(other)
        case ast.BoolOp():
            operator = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, f"({ast.unparse(ast.BoolOp(operator, node.values))})"
        case ast.UnaryOp(op=ast.Not()):
            yield node, ast.unparse(node.operand)
        case ast.BinOp() if type(node.op) in _OPERATORS:
            yield node, ast.unparse(ast.BinOp(node.left, _OPERATORS[type(node.op)](), node.right))
        case ast.IfExp():
            yield node, ast.unparse(ast.IfExp(node.test, node.orelse, node.body))
        case ast.Constant():
            yield from ((node, repr(other)) for other in _other_constants(node.value))
        case ast.stmt():
            yield from _changed_statements(node)


def _changed_statements(node: ast.stmt) -> Iterator[Change]:
    match node:
        # Comparisons and negations change by themselves.
        case ast.If() | ast.While() if not isinstance(
            node.test, ast.Constant | ast.Compare | ast.UnaryOp
        ):
            yield node.test, f"not ({ast.unparse(node.test)})"
        case ast.Return() if node.value is not None and ast.unparse(node.value) != "None":
            yield node, "return None"
        case ast.Expr():
            yield node, "pass"


def _other_constants(value: object) -> Iterator[object]:
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
        case float() if value:
            yield value * 10
        case str():
            yield value + OTHER


def _offsets(lines: list[bytes], node: ast.expr | ast.stmt) -> tuple[int, int]:
    """Return where the bytes of a node begin and end in a program."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    return start, end
