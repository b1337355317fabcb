"""Write what scenario files and their documentation say, from the code and the schema.

.venv/bin/python docs/generate_scenarios.py

Steps and checks in `schemas/scenario.schema.json`, and the tables in docs/scenario-files.md, each
before a line `<!-- end -->` and after a line that says what it has:

- `<!-- example -->`: the file that docs/own-scenarios has,
- `<!-- keys -->`: the keys of a file, from the schema,
- `<!-- table: NAMES -->`: the steps or checks that modules with these names define,
- `<!-- generators: NAMES -->`: the generators that they define.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from pytest_mews.checks import CHECKS
from pytest_mews.execution.execution import perform
from pytest_mews.execution.steps import run_steps  # noqa: F401 - registers the steps
from pytest_mews.model.step import STEPS, Bound, Step
from pytest_mews.model.step_tables import TAG, argument_types, bound_of, choices_of
from pytest_mews.senders import Plans
from pytest_mews.senders.connector import GENERATORS

ROOT = Path(__file__).parents[1]
PAGE, SCHEMA = ROOT / "docs" / "scenario-files.md", ROOT / "schemas" / "scenario.schema.json"
EXAMPLE = ROOT / "docs" / "own-scenarios" / "large-groups.toml"
_PART = re.compile(r"(<!-- (\w+)(?:: ([a-z_ ]+))? -->\n).*?(<!-- end -->)", re.DOTALL)
_DESCRIPTION = re.compile(r"^    (\w+): (.*(?:\n        .*)*)", re.MULTILINE)
_JSON_TYPES: Mapping[Any, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}
_HEADINGS = {"do": "does", "that": "is met when"}


def render_page(text: str) -> str:
    """Return docs/scenario-files.md with new tables."""

    def render(found: re.Match[str]) -> str:
        return f"{found[1]}\n{PARTS[found[2]]((found[3] or '').split())}\n\n{found[4]}"

    return _PART.sub(render, text)


def render_schema(text: str) -> str:
    """Return the schema of scenario files with new steps and names of checks."""
    schema = json.loads(text)
    definitions = schema["$defs"]
    definitions["expectation"]["properties"]["that"] = {"enum": list(CHECKS)}
    definitions["step"] = {"oneOf": [_step_schema(name) for name in STEPS]}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _table(modules: Iterable[str]) -> str:
    """Return the rows of the steps that these modules perform, or of the checks they define."""
    names = set(modules)
    steps = [
        f"| `{name}` | {_step_text(step)} |"
        for name, step in STEPS.items()
        if perform.dispatch(step).__module__.rpartition(".")[2] in names
    ]
    checks = [
        f"| `{check.name}` | {_sentence(check.documentation)} |"
        for check in CHECKS.values()
        if check.function.__module__.rpartition(".")[2] in names
    ]
    key = "do" if steps else "that"
    return "\n".join([f"| `{key}` | {_HEADINGS[key]} |", "|---|---|", *steps, *checks])


def _example(_modules: Iterable[str]) -> str:
    """Return the example as a block of code."""
    return f"```toml\n{EXAMPLE.read_text('utf-8').rstrip()}\n```"


def _keys(_modules: Iterable[str]) -> str:
    """Return the rows of the keys of a scenario file."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    rows = []
    for name, definition in schema["properties"].items():
        values = (schema["$defs"]["level"] if name == "level" else definition).get("enum", ())
        possible = f" ({', '.join(f'`{value}`' for value in values)})" if values else ""
        required = "yes" if name in schema["required"] else "no"
        text = _sentence(definition["description"])
        rows.append(f"| `{name}` | {required} | {text}{possible} |")
    return "\n".join(["| key | required | meaning |", "|---|---|---|", *rows])


def _generators(modules: Iterable[str]) -> str:
    """Return the rows of the generators that modules define."""
    names = set(modules)
    rows = [
        f"| `{name}` | {_generator_text(generator)} |"
        for name, generator in GENERATORS.items()
        if generator.__module__.rpartition(".")[2] in names
    ]
    return "\n".join(["| `generator` | generates |", "|---|---|", *rows])


def _generator_text(generator: Callable[..., Plans]) -> str:
    """Return what a generator generates, and its arguments with their defaults."""
    text, _, rest = (inspect.getdoc(generator) or "").partition("\n\nArgs:\n")
    text = re.split(r"\n\n(?:Returns|Raises):\n", text)[0]
    described = dict(_DESCRIPTION.findall(re.split(r"\n\n\w+:\n", rest)[0]))
    arguments = []
    for name, parameter in inspect.signature(generator).parameters.items():
        if name != "target":
            values = _default(parameter.default)
            arguments.append(f"`{name}`{values}: {_one_line(described[name]).removesuffix('.')}")
    sentence = _sentence(text).removeprefix("generate ")
    return "<br>".join([sentence, *arguments])


def _default(value: object) -> str:
    if value in (inspect.Parameter.empty, None, "", (), False):
        return ""
    shown = json.dumps(value) if isinstance(value, bool | tuple) else value
    return f" (`{shown}` by default)"


PARTS: Mapping[str, Callable[[Iterable[str]], str]] = {
    "example": _example,
    "keys": _keys,
    "table": _table,
    "generators": _generators,
}


def _step_text(step: type[Step]) -> str:
    """Return what a step does, and its arguments with their values and defaults."""
    text, descriptions = _docstring(step)
    arguments = [
        f"`{name}`{_values(step, name)}: {description.removesuffix('.')}"
        for name, description in descriptions.items()
        if name != "message"
    ]
    return "<br>".join([_sentence(text), *arguments])


def _values(step: type[Step], name: str) -> str:
    """Return the possible values of an argument and its default, in parentheses."""
    (default,) = (field.default for field in fields(step) if field.name == name)
    shown = f"{default:g}" if isinstance(default, float) else str(default)
    choices = [str(choice) for choice in choices_of(argument_types(step.do)[name])]
    if default in (MISSING, None, "", (), False):
        values = [f"`{choice}`" for choice in choices]
    else:
        values = [
            f"`{shown}` by default",
            *(f"`{choice}`" for choice in choices if choice != shown),
        ]
    return f" ({', '.join(values)})" if values else ""


def _docstring(step: type[Step]) -> tuple[str, dict[str, str]]:
    """Split the docstring of a step into its text and the descriptions of its arguments."""
    text, _, attributes = (inspect.getdoc(step) or "").partition("\n\nAttributes:\n")
    found = _DESCRIPTION.findall(attributes)
    return text, {name: _one_line(description) for name, description in found}


def _sentence(text: str) -> str:
    """Return a text on one line, as table rows have it: in lower case, without the last stop."""
    line = _one_line(text).removesuffix(".")
    return line[0].lower() + line[1:] if line[1].islower() or line[1] == " " else line


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _step_schema(name: str) -> dict[str, Any]:
    step = STEPS[name]
    text, descriptions = _docstring(step)
    properties: dict[str, Any] = {TAG: {"const": name}}
    for field in fields(step):
        properties[field.name] = _type_schema(argument_types(name)[field.name])
        properties[field.name]["description"] = descriptions[field.name]
        if field.default is not MISSING and field.default is not None:
            default = field.default
            properties[field.name]["default"] = list(default) if default == () else default
    required = [field.name for field in fields(step) if field.default is MISSING]
    return {
        "description": _one_line(text),
        "type": "object",
        "additionalProperties": False,
        "required": [TAG, *required],
        "properties": properties,
    }


def _type_schema(argument_type: Any) -> dict[str, Any]:  # noqa: ANN401 - a type
    if get_origin(argument_type) is tuple:
        return {"type": "array", "items": _type_schema(get_args(argument_type)[0])}
    choices = choices_of(argument_type)
    if choices:
        return {"enum": list(choices)}
    bound = bound_of(argument_type)
    if bound is None:
        return {"type": _JSON_TYPES[argument_type]}
    return {"type": _number_type(argument_type), **_limit(bound)}


def _number_type(argument_type: Any) -> str:  # noqa: ANN401 - a type
    """Return the JSON type of a number with a bound, which may be optional."""
    if get_origin(argument_type) is Annotated:
        return _JSON_TYPES[get_args(argument_type)[0]]
    return next(_number_type(option) for option in get_args(argument_type) if bound_of(option))


def _limit(bound: Bound) -> dict[str, float]:
    smallest = "exclusiveMinimum" if bound.exclusive else "minimum"
    return {smallest: bound.minimum, "maximum": bound.maximum}


def main() -> None:
    """Write both files."""
    for path, render in ((PAGE, render_page), (SCHEMA, render_schema)):
        path.write_text(render(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
