"""Retired terms stay out: names, texts and documents use the terms of docs/glossary.md."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

RETIRED: Mapping[str, str] = {
    r"twins?": "Connector API emulator",
    r"embedded (sample )?partner|sample partner": "demo partner",
    r"signs? of life": "health check",
    r"zoo": "registry",
    r"grudges?|acquaintances?": "stateful flaws, load and tenancy flaws",
    r"courier": "sender",
    r"rig": "environment",
    r"(?<!make )bench": "context",
    r"mint(s|ed|ing)?": "id source, generate",
    r"misshapen": "invalid structure",
    r"missteps?": "request problem",
    r"keepsakes?": "recording",
    r"ledger": "result tracker",
    r"chronicle": "event publisher",
    r"sieve": "matrix filters",
    r"gravity": "severity",
    r"ration(s|ed)?": "size budget",
    r"farewell": "shutdown",
    r"sluggish": "slow",
    r"abreast": "concurrent",
    r"lull": "idle",
    r"heed(s|ed)?": "handle commands",
    r"knock(s|ed)?": "handshake attempted",
    r"habits?": "options",
    r"wirings?|wired": "connectivity",
    r"whoever": "name the actor",
    r"rejoin(s|ed)?": "reconnect",
    r"(?-i:NOT JUDGED)|couldn't be judged": "inconclusive",
    r"obligations?": "level",
    r"spoil(s|t|ed)?|disturb(s|ed)?": "injected fault",
    r"mend(s|ed)?": "fix",
    r"bears?|bore|borne": "have, contain",
    r"anew": "again",
    r"thereafter": "afterwards",
    r"in vain": "without success",
    r"for ever": "permanently",
    r"so many": "N, this many",
    r"that which": "what",
    r"catalogue": "scenarios",
    r"masked(?! variable)|masking(?!, closing)": "redacted, redaction",  # GitLab, WebSocket
}
"""Patterns of retired words, each with the term to use instead."""
_RETIRED = {re.compile(rf"\b({pattern})\b", re.IGNORECASE): use for pattern, use in RETIRED.items()}
_ANY_RETIRED = re.compile(rf"\b({'|'.join(RETIRED)})\b", re.IGNORECASE)
_NO_ACTOR = re.compile(r"(?:^|[.:;] )(Who|Whoever|What is|It is (?:told|said|asked|looked)) ")

PYTHON = [
    *ROOT.glob("harness/**/*.py"),
    *ROOT.glob("reports/**/*.py"),
    *ROOT.glob("scenarios/*.py"),
]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("examples/*/README.md"),
]
DATA = [
    *ROOT.glob("scenarios/*/*.toml"),
    *ROOT.glob("harness/mews/**/*.toml"),
    ROOT / "docs" / "failures.toml",
    *(path for path in ROOT.glob("schemas/*.json")),
]
TEMPLATES = [*ROOT.glob("reports/templates/*.html")]


def words_of(identifier: str) -> str:
    """Split an identifier into its words, in lower case."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", identifier)
    return spaced.replace("_", " ").replace("-", " ").lower()


def retired_in(text: str) -> list[str]:
    """List the retired terms in a text, each with the term to use instead."""
    if not _ANY_RETIRED.search(text):
        return []
    return [
        f"{match.group(0)!r} (use: {use})"
        for pattern, use in _RETIRED.items()
        for match in pattern.finditer(text)
    ]


def identifiers_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every name that a module defines, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def texts_of(source: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every string and comment of a module, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def strings_of(data: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON or TOML value
    """Yield every string in a JSON or TOML value, keys included."""
    match data:
        case str():
            yield data
        case dict():
            for key, value in data.items():
                yield key
                yield from strings_of(value)
        case list():
            for value in data:
                yield from strings_of(value)


def retired_in_module(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the retired terms in a module, its name included, each with its line."""
    yield from ((0, term) for term in retired_in(words_of(path.stem)))
    source = path.read_text("utf-8")
    tree = ast.parse(source)
    for line, name in identifiers_of(tree):
        yield from ((line, term) for term in retired_in(words_of(name)))
    for line, text in texts_of(source, tree):
        yield from ((line, term) for term in retired_in(text))


def test_no_module_uses_a_retired_term() -> None:
    """Neither a file name nor a name, a string or a comment in it."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {term}"
        for path in PYTHON
        for line, term in retired_in_module(path)
    ]
    assert found == []


def unclear_in(texts: Iterable[str]) -> list[str]:
    """List the retired terms in texts, and the sentences without an actor."""
    return [
        found for text in texts for found in [*retired_in(text), *map(str, _NO_ACTOR.findall(text))]
    ]


def test_no_document_uses_a_retired_term() -> None:
    """Documentation is prose with an actor, in the terms of the glossary."""
    found = {path: unclear_in([path.read_text("utf-8")]) for path in DOCUMENTS}
    assert {path: terms for path, terms in found.items() if terms} == {}


def test_no_data_uses_a_retired_term() -> None:
    """Scenario files, facts, profiles and schemas: keys and texts."""
    found = {}
    for path in DATA:
        text = path.read_text("utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        found[path] = unclear_in(strings_of(data))
    assert {path: terms for path, terms in found.items() if terms} == {}


def test_no_template_uses_a_retired_term() -> None:
    """The report's page."""
    found = {path: retired_in(path.read_text("utf-8")) for path in TEMPLATES}
    assert {path: terms for path, terms in found.items() if terms} == {}


def test_a_file_name_occurs_once() -> None:
    """A module is found by its name: only package files share theirs."""
    shared = {"__init__", "__main__"}
    names = [path.stem for path in PYTHON if path.stem not in shared]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
