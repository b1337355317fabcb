"""Steps as the tables of a scenario file and back: `do` names the class, which cattrs builds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from enum import EnumMeta
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from cattrs import ClassValidationError, Converter, ForbiddenExtraKeysError
from cattrs.errors import AttributeValidationNote

from pytest_mews.model.step import STEPS, Bound, Step

TAG = "do"  # the key of a step's name
_TYPE_NAMES: Mapping[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}


class StepTableError(ValueError):
    """A table is not a step.

    Attributes:
        key: the key of the wrong value; empty if a key is unknown or missing.
        value: the wrong value, or the key that is unknown or missing.
        problem: what is wrong with it: a predicate.
        known: the possible values or keys; empty for a missing key, and without a closed list.

    """

    def __init__(self, key: str, value: object, problem: str, known: Sequence[str] = ()) -> None:
        super().__init__(f"{key}: {value!r} {problem}")
        self.key, self.value, self.problem, self.known = key, value, problem, tuple(known)


def step_from_table(table: Mapping[str, Any]) -> Step:
    """Read a step.

    Raises:
        StepTableError: the table has no known name, or a wrong key or value.

    """
    name = table.get(TAG)
    if name is None:
        raise StepTableError("", TAG, "is missing")
    if not isinstance(name, str) or name not in STEPS:
        raise StepTableError(TAG, name, "is not a step", tuple(STEPS))
    try:
        arguments = {key: value for key, value in table.items() if key != TAG}
        step: Step = _CONVERTER.structure(arguments, STEPS[name])
    except ClassValidationError as error:
        raise next(_problems(error, table)) from error
    for key, argument_type in argument_types(name).items():
        bound, value = bound_of(argument_type), getattr(step, key)
        if bound is not None and value is not None and not bound.contains(value):
            raise StepTableError(key, value, f"is not {bound}")
    return step


def step_to_table(step: Step) -> dict[str, Any]:
    """Return a step as its scenario file has it: arguments with their default are left out."""
    return {TAG: step.do, **_CONVERTER.unstructure(step)}


@cache
def argument_types(step_name: str) -> Mapping[str, Any]:
    """Return the types of a step's arguments, with their bounds, by name."""
    hints = get_type_hints(STEPS[step_name], include_extras=True)
    return {field.name: hints[field.name] for field in fields(STEPS[step_name])}


def bound_of(argument_type: Any) -> Bound | None:  # noqa: ANN401 - a type
    """Return the bound of a number, which may be optional; None for other types."""
    if get_origin(argument_type) is Annotated:
        return next(item for item in argument_type.__metadata__ if isinstance(item, Bound))
    options = get_args(argument_type) if get_origin(argument_type) in {Union, UnionType} else ()
    return next(filter(None, map(bound_of, options)), None)


def choices_of(argument_type: Any) -> tuple[str | int, ...]:  # noqa: ANN401 - a type
    """Return the values of a closed list, or of an array of such values; empty for other types."""
    if isinstance(argument_type, EnumMeta):
        return tuple(choice.value for choice in list[Any](argument_type))
    if _is_literal(argument_type):
        return tuple(get_args(argument_type))
    return choices_of(get_args(argument_type)[0]) if _is_array(argument_type) else ()


def _is_literal(argument_type: Any) -> bool:  # noqa: ANN401 - a type
    return get_origin(argument_type) is Literal


def _is_array(argument_type: Any) -> bool:  # noqa: ANN401 - a type
    return get_origin(argument_type) is tuple


def _problems(error: ClassValidationError, table: Mapping[str, Any]) -> Iterator[StepTableError]:
    """Yield the problems of a table: first unknown keys, one of which may be a missing one."""
    types = argument_types(table[TAG])
    for cause in error.exceptions:
        if isinstance(cause, ForbiddenExtraKeysError):
            unknown = min(cause.extra_fields)
            yield StepTableError("", unknown, f"is not a key of {table[TAG]}", tuple(types))
    for cause in error.exceptions:
        for note in getattr(cause, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                yield _problem(note.name, cause, table, types)


def _problem(
    key: str, cause: Exception, table: Mapping[str, Any], types: Mapping[str, Any]
) -> StepTableError:
    if key not in table:
        return StepTableError("", key, "is missing")
    value, choices = table[key], choices_of(types[key])
    is_array = _is_array(types[key])
    if not choices or (is_array and not isinstance(value, list)):
        return StepTableError(key, value, str(cause))
    wrong = next(item for item in (value if is_array else [value]) if item not in choices)
    return StepTableError(key, wrong, "is not a possible value", tuple(map(str, choices)))


def _check_type(expected: type) -> Callable[[Any, Any], Any]:
    """Return a hook that converts nothing, except texts to the values of an enum."""
    accepted = (int, float) if expected is float else (expected,)

    def structure(value: Any, kind: Any) -> Any:  # noqa: ANN401 - any value of a file
        if not isinstance(value, accepted) or isinstance(value, bool) is not (expected is bool):
            raise ValueError(f"is not {_TYPE_NAMES[expected]}")
        return kind(value) if isinstance(kind, EnumMeta) else value

    return structure


def _check_choice(literal: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401 - a type
    choices = get_args(literal)

    def structure(value: Any, _: Any) -> Any:  # noqa: ANN401 - any value of a file
        if value not in choices:
            raise ValueError("is not a possible value")
        return choices[choices.index(value)]

    return structure


def _check_array(array: Any, converter: Converter) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    item_type = get_args(array)[0]

    def structure(value: Any, _: Any) -> Any:  # noqa: ANN401 - any value of a file
        if not isinstance(value, (list, tuple)):
            raise ValueError("is not an array")  # noqa: TRY004 - every hook raises ValueError
        return tuple(converter.structure(item, item_type) for item in value)

    return structure


def _build_converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, omit_if_default=True)
    for expected in _TYPE_NAMES:
        converter.register_structure_hook(expected, _check_type(expected))
    converter.register_structure_hook_factory(_is_literal, _check_choice)
    converter.register_structure_hook_factory(_is_array, lambda kind: _check_array(kind, converter))
    return converter


_CONVERTER = _build_converter()
