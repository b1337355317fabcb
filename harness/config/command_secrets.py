"""What in the command of --mews-start may be a secret: the values of environment variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from pytest_mews.redaction import REDACTED
from pytest_mews.senders.url_secrets import may_be_secret

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.+)", re.DOTALL)
_OPTION = re.compile(r"(-[\w-]*=)(.+)", re.DOTALL)
# In a script of `sh -c`: after its beginning, a space, or what separates commands.
_IN_SCRIPT = re.compile(
    r"(?:^|(?<=[\s;&|({]))(?P<name>[A-Za-z_]\w*)="
    r"(?P<value>(?:\"(?:\\.|[^\"\\])*\"|'[^']*'|\\.|[^\s;&|(){}'\"\\]|\{port\}|\$\{\w+\})+)"
)
_COMMAND_BEGINS = re.compile(r"(?:[;&|({\n]|\b(?:env|export|do|then|else)|\s(?:-e|--env))\s*\Z")
_NO_SECRET = re.compile(r"""["']?(?:\$\w+|\$\{\w+\}|\{port\})["']?""")
"""The value of a variable, or the port: neither shows a secret."""
_TAKES_ASSIGNMENT = frozenset({"-e", "--env"})  # of docker, podman and others
_ENV = "env"


def redact_assignments(words: Sequence[str]) -> Iterator[str]:
    """Yield the words of a command without the values that may be secrets.

    A word such as `KEY=value` assigns an environment variable after `env` and after the option
    `-e` or `--env` of a container's client; then its value is redacted. Elsewhere it is an argument
    of the program, and its value is redacted only if the name is that of a secret. A word with
    spaces is the script of a shell, where variables are also assigned before a command.
    """
    assigns, follows_option = True, False
    for word in words:
        if any(character.isspace() for character in word):
            yield _redact_script(word)
            assigns = False
        elif match := _ASSIGNMENT.fullmatch(word):
            name, value = match.groups()
            is_variable = assigns or follows_option
            yield f"{name}={_redact(name, value, is_variable=is_variable)}"
        elif match := _OPTION.fullmatch(word):
            option, value = match.groups()
            yield option + _redact_option(option, value)
        else:
            yield word
            assigns = PurePath(word).name == _ENV or (assigns and word.startswith("-"))
        follows_option = word in _TAKES_ASSIGNMENT


def _redact_option(option: str, value: str) -> str:
    """Redact the value of an option such as `--env=KEY=value` or `--api-key=value`."""
    assignment = _ASSIGNMENT.fullmatch(value)
    if option.rstrip("=") in _TAKES_ASSIGNMENT and assignment:
        name, assigned = assignment.groups()
        return f"{name}={_redact(name, assigned, is_variable=True)}"
    return _redact(option, value, is_variable=False)


def _redact_script(script: str) -> str:
    """Redact the assignments in the script of a shell."""
    parts, end, is_variable = [], 0, True
    for match in _IN_SCRIPT.finditer(script):
        between = script[end : match.start("name")]
        if between.strip() or "\n" in between:  # otherwise as the assignment before it
            is_variable = _COMMAND_BEGINS.search(between) is not None
        name, value = match.group("name", "value")
        parts.append(f"{between}{name}={_redact(name, value, is_variable=is_variable)}")
        end = match.end()
    return "".join((*parts, script[end:]))


def _redact(name: str, value: str, *, is_variable: bool) -> str:
    if _NO_SECRET.fullmatch(value) or not (is_variable or _is_named_secret(name)):
        return value
    return REDACTED


def _is_named_secret(name: str) -> bool:
    """Return whether a name is that of a secret; `may_be_secret` with a value of one character."""
    return may_be_secret(name, "x")
