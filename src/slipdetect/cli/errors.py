"""How commands end: every error becomes one line on stderr and an exit code.

In: whatever a command raises. Out: the exit code.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

import click

from slipdetect.cli.console import Console
from slipdetect.cli.lazy import LazyGroup
from slipdetect.cli.settings import with_origin, words_of
from slipdetect.errors import OutputError, SlipdetectError

INTERNAL = 1
SOME_FAILED = 5
EVENT_FOUND = 10
INTERRUPTED = 130
PIPE_CLOSED = 141  # what a shell reports of any program that SIGPIPE ended


class Application(LazyGroup):
    """The command group that turns errors into exit codes."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the options of every command; an error says which variable or file set it."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.BadParameter as error:
            raise with_origin(error) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors of it end in ``click.exceptions.Exit``."""
        try:
            return super().invoke(ctx)
        except (click.NoSuchCommand, click.NoSuchOption) as error:
            raise with_hint(error) from None
        except click.BadParameter as error:
            raise with_origin(error) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (Exception, KeyboardInterrupt) as error:
            ctx.exit(report(error, ctx.ensure_object(Console)))


def with_hint(error: click.NoSuchCommand | click.NoSuchOption) -> click.UsageError:
    """Return the error with what a name of the 2020 report or of before is called here."""
    from slipdetect.cli.words import hint

    name = error.command_name if isinstance(error, click.NoSuchCommand) else error.option_name
    command = "" if error.ctx is None else " ".join(["slipdetect", *words_of(error.ctx)])
    said = hint(name, command)
    return click.UsageError(f"{error.message} {said}.", error.ctx) if said else error


def report(error: BaseException, console: Console) -> int:
    """Say in one line what went wrong and return the exit code."""
    if isinstance(error, BrokenPipeError):
        _give_up_stdout()
        return PIPE_CLOSED
    if isinstance(error, KeyboardInterrupt):
        console.error("interrupted")
        return INTERRUPTED
    if isinstance(error, OutputError):
        _give_up_stdout()
    return report_one(error, "", console)[0]


def report_one(error: BaseException, source: str, console: Console) -> tuple[int, str]:
    """Say in one line what went wrong with one of several inputs.

    Args:
        error: What was raised.
        source: The input; what is no error of ours does not name it.
        console: Where; with its ``debug`` the traceback comes before it.

    Returns:
        The exit code, and the line.
    """
    known = isinstance(error, SlipdetectError)
    text = describe(error) if known or not source else f"{source!r}: {describe(error)}"
    if console.debug:
        console.block("".join(traceback.format_exception(error)))
    console.error(text)
    return error.exit_code if isinstance(error, SlipdetectError) else INTERNAL, text


def describe(error: BaseException) -> str:
    """Return the line that tells a user about ``error``."""
    if isinstance(error, SlipdetectError):
        return str(error)
    if isinstance(error, ImportError) and "cannot open shared object" in str(error):
        # OpenCV's wheel needs what a slim container or a server lacks
        name = str(error).partition(":")[0]
        return (
            f"the system has no {name}, which a library needs; install it (Debian: apt-get install "
            "libgl1 libglib2.0-0)"
        )
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"internal error: {text}; run with --debug for the traceback"


def _give_up_stdout() -> None:
    """Point stdout nowhere when it cannot take more, or Python fails again while it exits."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, sys.stdout.fileno())
        os.close(sink)
