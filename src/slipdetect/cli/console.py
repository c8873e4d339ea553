"""Where words go: data to stdout, everything else to stderr, both around a progress bar.

In: text and how much of it the user wants. Out: lines on stdout and stderr.
"""

from __future__ import annotations

import logging
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click

from slipdetect._io import text_file
from slipdetect.errors import OutputError

_LOGGER = logging.getLogger("slipdetect")
_running: list[click.Command] = []  # the command of the main thread, for the others
_SECONDS_BETWEEN = 0.1  # drawings of the bar
COMMAND = "slipdetect.cli.command"  # in click's context: the innermost command that runs
_ARGUMENT = re.compile(r"\b(?P<name>[a-z][a-z_]*)=(?:True|\.\.\.|'(?P<text>[^']*)')")
_PREFIXES = {logging.WARNING: "Warning: ", logging.ERROR: "Error: ", logging.CRITICAL: "Error: "}


class Bar:
    """A progress bar, or nothing at all when not shown."""

    def __init__(self, total: float, shown: bool) -> None:
        self._bar: Any = None
        self._drawn = 0.0
        if shown:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total,
                file=sys.stderr,
                leave=False,
                dynamic_ncols=True,
                bar_format="{desc} |{bar}| {percentage:3.0f}%",
            )

    def show(self, done: float, text: str, *, now: bool = False) -> None:
        """Draw the bar at ``done`` behind ``text``, at most ten times a second unless ``now``."""
        if self._bar is None:
            return
        if not now and time.monotonic() - self._drawn < _SECONDS_BETWEEN:
            return
        self._drawn = time.monotonic()
        self._bar.n = min(done, self._bar.total)
        self._bar.set_description_str(text)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away while the block writes to the terminal."""
        if self._bar is None:
            yield
            return
        self._bar.clear()
        try:
            yield
        finally:
            self._bar.refresh()

    def close(self) -> None:
        """Remove the bar from the terminal."""
        if self._bar is not None:
            self._bar.close()


class Console:
    """The terminal as one run of a command sees it; click passes it as ``ctx.obj``."""

    def __init__(self) -> None:
        self.verbose = 0
        self.quiet = False
        self.debug = False
        self._bar: Bar | None = None
        self.apply()

    def apply(self) -> None:
        """Send what the library logs here, as much of it as was asked for."""
        _LOGGER.handlers = [_ConsoleHandler(self)]
        _LOGGER.propagate = False
        wanted = (logging.WARNING, logging.INFO, logging.DEBUG)[min(self.verbose, 2)]
        _LOGGER.setLevel(logging.ERROR if self.quiet else wanted)

    def data(self, text: str) -> None:
        """Write ``text`` to stdout as UTF-8 with ``\\n`` line ends, whatever the locale is.

        Raises:
            OutputError: It cannot be written; a closed pipe stays a ``BrokenPipeError``.
        """
        if not text:
            return
        try:
            self._write(text.encode("utf-8", "backslashreplace"), err=False)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"cannot write to standard output: {error.strerror}") from error

    def text(self, text: str) -> None:
        """Write a table or a sentence for people to stdout, in the terminal's encoding."""
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        self.data(text.encode(encoding, "backslashreplace").decode(encoding))

    def output(
        self, out: Path | None, *, overwrite: bool
    ) -> AbstractContextManager[Callable[[str], None]]:
        """Return what yields a taker of results: stdout, or a file renamed into place at the end.

        Raises:
            OutputError: The file cannot be written.
        """
        return nullcontext(self.data) if out is None else text_file(out, overwrite=overwrite)

    def note(self, text: str) -> None:
        """Tell something on stderr unless the user wants quiet."""
        if not self.quiet:
            self._write(one_line(name_options(text)) + "\n", err=True)

    def warn(self, text: str) -> None:
        """Warn in one line on stderr unless the user wants quiet."""
        self.note(f"Warning: {text}")

    def error(self, text: str) -> None:
        """Report an error in one line on stderr, always."""
        self._write(f"Error: {one_line(name_options(text))}\n", err=True)

    def block(self, text: str) -> None:
        """Write several lines to stderr, always."""
        self._write(text, err=True)

    @contextmanager
    def bar(self, total: float) -> Iterator[Bar]:
        """Show a progress bar on stderr while the block runs, if anybody is watching."""
        shown = not self.quiet and sys.stderr.isatty()
        self._bar = Bar(total, shown)
        try:
            yield self._bar
        finally:
            self._bar.close()
            self._bar = None

    def _write(self, text: str | bytes, *, err: bool) -> None:
        bar = self._bar  # another thread may end it meanwhile
        with nullcontext() if bar is None else bar.aside():
            click.echo(text, nl=False, err=err)


class _ConsoleHandler(logging.Handler):
    """Print log records as one line each."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        line = one_line(_PREFIXES.get(record.levelno, "") + record.getMessage())
        self._console.block(name_options(line) + "\n")


@contextmanager
def signals(handlers: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Call what belongs to a signal when it comes while the block runs, in the main thread."""
    before: dict[signal.Signals, Any] = {}

    def take(number: int, frame: object) -> None:
        handlers[signal.Signals(number)]()

    if threading.current_thread() is threading.main_thread():  # no other hears any
        before = {number: signal.signal(number, take) for number in handlers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def one_line(text: str) -> str:
    """Return ``text`` without anything that would start a new line or steer a terminal."""
    lines = " ".join(line.strip() for line in text.splitlines())
    return "".join(char for char in lines if char.isprintable() or "\ud800" <= char <= "\udfff")


def running(ctx: click.Context) -> None:
    """Remember which command runs, for what messages call its arguments."""
    ctx.meta[COMMAND] = ctx.command
    _running[:] = [ctx.command]


def name_options(text: str) -> str:
    """Name options of the command where a message names arguments: for ``overwrite=True``.

    ``device='cpu'`` becomes ``--device cpu``, and ``max_pixels=...`` becomes ``--max-pixels``.
    """
    ctx = click.get_current_context(silent=True)
    command = None if ctx is None else ctx.meta.get(COMMAND)
    if ctx is None and threading.current_thread() is not threading.main_thread():
        command = _running[-1] if _running else None  # click tells other threads nothing
    names = {} if command is None else {param.name: param.opts[-1] for param in command.params}

    def option(found: re.Match[str]) -> str:
        name = names.get(found["name"])
        return found[0] if name is None else f"{name} {found['text'] or ''}".rstrip()

    return _ARGUMENT.sub(option, text)
