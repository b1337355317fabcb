"""The errors of pytest-mews.

MewsError
├── UsageError               an option or a file of the user is wrong: exit status 4
│   └── ScenarioFileError    a scenario file is not valid
└── HarnessError             the harness itself failed: verdict `error`, never the partner's failure
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class MewsError(Exception):
    """Base class of the errors of pytest-mews."""


class UsageError(MewsError):
    """An option or a file is wrong. The message says which, its value, and the remedy.

    Args:
        name: the option (`--mews-profile`) or the file.
        value: the value that the user gave, without secrets.
        problem: what is wrong with the value: a predicate, such as "is not a URL".
        remedy: what the user can do: a sentence.

    """

    def __init__(self, name: str, value: object, problem: str, remedy: str) -> None:
        self.name, self.value, self.problem, self.remedy = name, value, problem, remedy
        super().__init__(f"{name}: {str(value)!r} {problem}. {remedy}")


class ScenarioFileError(UsageError):
    """A scenario file is not TOML, breaks the schema, or contradicts itself."""


class HarnessError(MewsError):
    """The harness itself failed; this is never the partner's failure."""


def did_you_mean(unknown: str, names: Sequence[str], listed_by: str = "") -> str:
    """Return the remedy for an unknown name: the closest name (ignoring case), then all names.

    Args:
        unknown: the name that the user gave.
        names: the names that exist.
        listed_by: a command that lists the names, instead of all of them; for a long list.

    """
    names_by_lower = {name.lower(): name for name in names}
    matches = get_close_matches(unknown.lower(), names_by_lower, n=1)
    suggestion = f"Did you mean {names_by_lower[matches[0]]}? " if matches else ""
    known = f"`{listed_by}` lists them" if listed_by else f"Known: {', '.join(names) or 'none'}"
    return f"{suggestion}{known}."
