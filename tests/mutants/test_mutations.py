"""The mutants of a program, and what is said about those that no scenario catches."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter

import pytest

from tests.mutants.__main__ import NOT_FLAWS, summarize
from tests.mutants.mutations import Mutant, mutants
from tests.mutants.runs import Candidate, Result, candidates


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("x = a == b", ["a != b"]),
        ("x = a < b", ["a <= b"]),
        ("x = a in b", ["a not in b"]),
        ("x = a and b", ["(a or b)"]),
        ("x = not a", ["a"]),
        ("x = a + b", ["a - b"]),
        ("x = a if b else c", ["c if b else a"]),
        ("x = [True, 3, 0.5, 'Id', None]", ["False", "4", "5.0", "'IdOther'"]),
        ("if a: b", ["not (a)", "pass"]),
        ("if not a: x = b", ["a"]),
        ("def f(): return a", ["return None"]),
        ("log(a)", ["pass"]),
    ],
)
def test_one_expression_changes(source: str, changes: list[str]) -> None:
    """Each mutant is a program with exactly one of the changes."""
    found = list(mutants(source))
    assert [mutant.after for mutant in found] == changes
    for mutant in found:
        assert ast.parse(mutant.source)
        assert source.replace(mutant.before, mutant.after, 1) == mutant.source
    assert len({mutant.source for mutant in found}) == len(found)


def test_what_nobody_can_see_stays() -> None:
    """Docstrings, annotations, log messages and the texts of f-strings have no effect."""
    source = """
def f(a: "A") -> "B":
    'Documentation.'
    logger.error("message", a)
    x = f"text {a}"
"""
    assert list(mutants(source)) == []


def test_every_mutant_of_the_example_is_another_program() -> None:
    """There are hundreds of mutants, without two of the same program."""
    found = candidates()
    assert len(found) > 200
    assert len({(item.file, item.mutant.source) for item in found}) == len(found)


def test_not_flaws_name_mutants() -> None:
    """Each mutant that is as sound as the example still exists, once, and has a reason."""
    not_flaws = tomllib.loads(NOT_FLAWS.read_text("utf-8"))
    names = Counter(item.name for item in candidates())
    assert {name: names[name] for name in not_flaws} == dict.fromkeys(not_flaws, 1)
    assert all(not_flaws.values())


def result(name: str, caught_by: str, *, starts: bool = True) -> Result:
    """Build the result of a mutant of `app.py`."""
    return Result(Candidate("app.py", Mutant(1, "line", name, "other", "")), caught_by, starts, 1.0)


def test_share_of_mutants_that_are_caught() -> None:
    """Mutants that do not start, or are no flaw, do not count; an escape is named."""
    results = [
        result("a", "PROC-01 fail: never requested"),
        result("b", ""),
        result("c", ""),
        result("d", "the service does not start", starts=False),
    ]
    lines, complete = summarize(results, {"app.py: line: b -> other": "the same"})
    assert lines == [
        "",
        "4 mutants: 1 do not start, 1 are no flaw.",
        "1 of the other 2 are caught (50%).",
        "    escapes: app.py:1 c -> other: PASSES (1 s)",
    ]
    assert not complete
    assert summarize(results[:2], {"app.py: line: b -> other": "the same"})[1]
