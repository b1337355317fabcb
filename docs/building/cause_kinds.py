"""The kinds of causes, in the page about causes."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_mews.causes.kind_texts import KindText, load_kind_texts

PAGE = "causes.md"
_PLACE = "<!-- kinds of causes -->"


def fill(markdown: str) -> str:
    """Replace the marked place of the page by a section for each kind, whose anchor is its name."""
    blocks = [block for kind, text in load_kind_texts().items() for block in _section(kind, text)]
    return markdown.replace(_PLACE, "\n\n".join(blocks))


def _section(kind: str, text: KindText) -> Iterator[str]:
    yield f"### `{kind}`: {text.title} {{ #{kind} }}"
    yield f"Measured: {text.measured}. Claims: {text.claims}."
    if text.remedy:
        yield f"**Fix.** {text.remedy}"
    for case, remedy in text.remedies.items():
        yield f"**Fix, if {case}.** {remedy}"
    if text.remedy_of:
        pages = " or ".join(f"[{name}](reference/scenarios/{name}.md)" for name in text.remedy_of)
        yield f"**Fix.** That of {pages}, by what was observed."
    if text.example is not None:
        ids = " ".join(text.example.scenarios)
        yield f"```sh\nmews certify demo:{text.example.partner} {ids}\n```"
