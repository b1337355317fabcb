"""What all subcommands share: their summaries, the spelling of options, and the exit statuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import Any

import click

from pytest_mews.errors import UsageError
from pytest_mews.options import OPTIONS, PREFIX, spell

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
SUCCESS, NOT_READY, INTERRUPTED, USAGE_ERROR = 0, 1, 2, 4  # as pytest's
PROGRAM = "mews"
TARGET, URL = "--mews-target", "URL"  # an argument in most subcommands

SUMMARIES: Mapping[str, str] = {
    "certify": "Certify a service, and write the report.",
    "doctor": "Check within a minute whether a service is set up for a certification.",
    "send": "Send one event, or the lifecycle of an integration, as Mews does.",
    "sample": "Print the payload of an event.",
    "emulator": "Run the Connector API emulator, and with --websocket the WebSocket emulator.",
    "demo": "Run the demo partner: a sound service, or one with a flaw.",
    "scenarios": "List the scenarios.",
    "explain": "Explain a scenario, a fact or a kind of cause.",
    "report": "Write the report of a run from its events.",
    "tenants": "Print a tenants file to edit.",
}
"""What each subcommand does, in the order of `mews --help`."""


_MISSING = {
    URL: "Give the URL of the endpoint, such as http://127.0.0.1:8000/webhooks/mews.",
    "EVENT...": "Give an event, such as CustomerAdded, or lifecycle; --help has more.",
    "NAME...": "Give the id of a scenario, such as REC-04; `mews scenarios` lists them.",
    "EVENTS": "Give the events.ndjson in the report folder of a run.",
    "mews_target": "Give the URL of the endpoint; `mews demo` prints one to try with.",
}
"""What to give for a parameter that is missing: by the name of an argument, or of an option."""


_OF_PYTEST = {
    "-n": "`--jobs N` runs scenarios concurrently.",
    "-c": "mews reads no configuration file; `pytest -c FILE` does.",
    "--config": "mews reads no configuration file; `pytest -c FILE` does.",
}
"""What to do instead of options that pytest has, or that other programs have."""


class Subcommand(click.Command):
    """A subcommand of `mews`; its help begins with its summary.

    An option of the table has two spellings: `--token` and `--mews-token`. What the rest of the
    package says about `--mews-token` is shown with the first spelling.
    """

    def __init__(
        self,
        name: str,
        *,
        details: str,
        examples: Sequence[str],
        **attributes: Any,  # noqa: ANN401 - click's
    ) -> None:
        super().__init__(
            name,
            epilog="\n".join(["\b", "Examples:", *(f"  mews {example}" for example in examples)]),
            context_settings={"help_option_names": ["-h", "--help"]},
            **{**attributes, "help": f"{SUMMARIES[name]}\n\n{cleandoc(details)}"},
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; the error about a missing one says what to give."""
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as error:
            parameter = error.param
            if parameter is None:
                raise
            names = (parameter.human_readable_name, parameter.name or "")
            remedy = next((_MISSING[name] for name in names if name in _MISSING), "")
            problem = f"{error.format_message()} {remedy}".rstrip()
            raise click.UsageError(problem, ctx) from error
        except click.NoSuchOption as error:
            if error.option_name not in _OF_PYTEST:
                raise
            problem = f"{error.format_message()} {_OF_PYTEST[error.option_name]}"
            raise click.UsageError(problem, ctx) from error

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's
        """Run the subcommand; an error of the user becomes one of the command line."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            raise click.UsageError(self.respell(str(error)), ctx) from error

    def respell(self, text: str) -> str:
        """Return a text with each option as this subcommand spells it."""
        for parameter in self.params:
            spelled, *others = parameter.opts
            if parameter.human_readable_name.startswith(URL):
                spelled, others = URL, [TARGET]
            for other in others:
                if other.startswith(PREFIX):
                    text = re.sub(rf"{other}(?![\w-])", spelled, text)
        return text


class WholeNumber(click.IntRange):
    """A whole number within bounds; the error about another value has them, and an example.

    Args:
        minimum: the least that is allowed.
        maximum: the most.
        example: a number to give instead.

    """

    def __init__(self, minimum: int, maximum: int, example: int) -> None:
        super().__init__(minimum, maximum)
        self._problem = f"is not a whole number from {minimum:,} to {maximum:,}"
        self._remedy = f"Give one such as {example}."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        """Return the number.

        Raises:
            click.UsageError: it is no whole number, or out of bounds.

        """
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            raise _wrong_value(value, param, ctx, self._problem, self._remedy) from None


class Seed(click.types.IntParamType):
    """The seed of generated ids: any whole number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        """Return the number.

        Raises:
            click.UsageError: it is no whole number.

        """
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            problem, remedy = "is not a whole number", "Give one such as 7."
            raise _wrong_value(value, param, ctx, problem, remedy) from None


def _wrong_value(
    value: object,
    param: click.Parameter | None,
    ctx: click.Context | None,
    problem: str,
    remedy: str,
) -> click.UsageError:
    """Return the error about the value of an option."""
    name = param.opts[0] if param is not None else ""
    return click.UsageError(str(UsageError(name, value, problem, remedy)), ctx)


def subcommand(
    name: str, details: str, *examples: str
) -> Callable[[Callable[..., Any]], Subcommand]:
    """Return a decorator that makes a function a subcommand, which returns the exit status.

    Args:
        name: one of `SUMMARIES`.
        details: what its help says after the summary: paragraphs, which are wrapped.
        examples: command lines for the help, without `mews`.

    """
    return click.command(name, cls=Subcommand, details=details, examples=examples)


class TableOption(click.Option):
    """An option of the table; the help shows its first spelling only."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return how the option is typed, and its help, without the prefix of the table."""
        record = super().get_help_record(ctx)
        if record is None:
            return None
        typed, text = record
        assert isinstance(ctx.command, Subcommand)
        spelled = spell(ctx.command.respell(text), PROGRAM)
        return typed.replace(f", {self.opts[-1]}", ""), spelled


def table_option(
    flag: str,
    *,
    spelling: str = "",
    help: str = "",  # noqa: A002 - click's
    required: bool = False,
    hidden: bool = False,
) -> Decorator:
    """Return a decorator that adds an option of the table.

    Args:
        flag: its name in the table, such as `--mews-token`.
        spelling: what to call it first; its name without the prefix if omitted.
        help: the help, where the one in the table does not fit.
        required: whether the subcommand needs it.
        hidden: whether the help leaves it out.

    """
    (option,) = (option for option in OPTIONS if option.flag == flag)
    return click.option(
        option.dest,
        spelling or spell(option.flag, PROGRAM),
        option.flag,
        cls=TableOption,
        metavar=option.metavar,
        required=required,
        hidden=hidden,
        multiple=option.kind == "values",
        is_flag=option.kind == "flag" or None,  # False would let a value be left out
        help=help or option.help,
    )


def table_options(flags: Iterable[str]) -> Decorator:
    """Return a decorator that adds several options of the table, in this order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for flag in reversed(tuple(flags)):
            function = table_option(flag)(function)
        return function

    return decorate


def table_values(parameters: Mapping[str, Any]) -> dict[str, object]:
    """Return those parameters of a subcommand that are options of the table and were given."""
    return {
        option.dest: list(value) if isinstance(value, tuple) else value
        for option in OPTIONS
        if (value := parameters.get(option.dest)) not in (None, False, ())
    }
