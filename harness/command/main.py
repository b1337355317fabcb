"""The entry of the command `mews`: finds the subcommand, loads it, and sets the exit status."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from pytest_mews import __version__
from pytest_mews.command.stop_signal import interrupted_by_signals
from pytest_mews.command.subcommand import (
    INTERRUPTED,
    NOT_READY,
    PROGRAM,
    SUCCESS,
    SUMMARIES,
    USAGE_ERROR,
)
from pytest_mews.errors import HarnessError, did_you_mean
from pytest_mews.session.process_memory import GC_THRESHOLDS

# What a user may look for as a subcommand, and is an option.
_ELSEWHERE = {"replay": "`mews certify URL --replay ID` sends a failing case again."}

OUTPUT_ERRORS = frozenset({errno.EPIPE, errno.ENOSPC, errno.EIO})


class LazyGroup(click.Group):
    """The subcommands; the module of one is imported when it is used, not to list them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return the names of the subcommands."""
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import a subcommand; None if there is none of that name."""
        if cmd_name not in SUMMARIES:
            return None
        command: click.Command = import_module(f"{__package__}.{cmd_name}_command").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; an unknown one is an error with the closest name."""
        is_unknown = args[0] not in SUMMARIES and not args[0].startswith("-")
        if is_unknown and not ctx.resilient_parsing:  # as the completion of the shell
            known = _ELSEWHERE.get(args[0]) or did_you_mean(args[0], tuple(SUMMARIES))
            raise click.UsageError(f"There is no subcommand {args[0]!r}. {known}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the list of subcommands into the help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a subcommand, or an option."""
        names = [
            CompletionItem(name, help=summary)
            for name, summary in SUMMARIES.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(
    PROGRAM,
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="`mews COMMAND --help` explains each of them. Exit status: 0 ready, or done; 1 not "
    "ready, or not delivered; 2 interrupted; 4 a wrong option or file.",
)
@click.version_option(__version__, prog_name="pytest-mews")
def mews() -> None:
    """Play the part of Mews for your integration: certify it, or send it a single event."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `mews` and return the exit status; refuse Windows, where nothing of this was ever run.

    Args:
        arguments: the command line without the program; that of the process if omitted.

    """
    if sys.platform == "win32":
        message = f"{PROGRAM} doesn't run on Windows. Run it in WSL or in a Linux container."
        click.echo(f"Error: {message}", err=True)
        return USAGE_ERROR
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        with interrupted_by_signals():
            status: Any = mews.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return USAGE_ERROR
    except HarnessError as error:
        click.echo(f"Error: pytest-mews itself failed: {error}", err=True)
        return NOT_READY
    except click.Abort:
        return INTERRUPTED
    except OSError as error:
        if error.errno not in OUTPUT_ERRORS:
            raise
        return _give_up_output(error)
    return status or SUCCESS


def _give_up_output(error: OSError) -> int:
    """End without a traceback: the reader of the output is gone, or its disk is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still buffered
    if error.errno != errno.EPIPE:
        click.echo(f"Error: the output can't be written: {error.strerror}", err=True)
    return NOT_READY
