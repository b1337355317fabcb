"""The errors of pytest-mews.

MewsError
├── UsageMistake     an option or a file that the user gave is wrong: exit status 4
│   └── ScenarioMistake   a scenario file breaks the scenario schema or names an unknown word
└── HarnessFault     the harness could not do its own work: verdict `error`, never the partner's
"""

from __future__ import annotations


class MewsError(Exception):
    """Whatever pytest-mews raises by itself."""


class UsageError(MewsError):
    """An option or file is wrong; says which, its value, and what to do.

    Args:
        name: the option (`--mews-profile`) or file that is wrong.
        value: what was given, already free of secrets.
        problem: what is wrong with it.
        remedy: what to do about it.

    """

    def __init__(self, name: str, value: object, problem: str, remedy: str) -> None:
        self.name, self.value, self.problem, self.remedy = name, value, problem, remedy
        super().__init__(f"{name}: {str(value)!r} {problem}. {remedy}")


class ScenarioFileError(UsageError):
    """A scenario file can't be used as it is."""


class HarnessError(MewsError):
    """The harness failed at its own work; never the partner's failure."""
