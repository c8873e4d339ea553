"""A program that is run for every alert, without a shell: ``--on-event``.

In: a command line with placeholders. Out: a process per alert, with the alert's JSON on its stdin.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

from slipdetect.errors import AlertError, UsageError
from slipdetect.sinks.alert import TIMEOUT, AlertSink
from slipdetect.sinks.sink import Alert, Setup

STATE = "state"
PLACEHOLDERS = ("source", "start", "end", "peak", "score", "label", STATE, "down_for")

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
_STDERR = 2
_SECONDS_TO_DIE = 5.0


class Command(AlertSink):
    """Runs a program for every alert.

    The line is split once, by a shell's rules of quoting; then every argument has its placeholders
    replaced, so that nothing in a file name can become an argument of its own. What the program
    prints goes to this program's stderr.

    Args:
        line: Program and arguments.
        timeout: Seconds after which the program, and what it started, is killed; None: 10.
        cooldown: As for ``AlertSink``.

    Raises:
        UsageError: The line cannot be split, names no program that is there, or has a placeholder
            that does not exist.
    """

    option = "--on-event"
    metavar = "CMD"
    help = (
        "Run CMD for every event, without a shell: its JSON is on stdin, {source} {start} "
        "{end} {peak} {score} {label} {state} {down_for} are filled in."
    )
    name = "command"

    def __init__(
        self, line: str, timeout: float | None = None, cooldown: float | None = None
    ) -> None:
        super().__init__(cooldown)
        try:
            self._words = shlex.split(line)
        except ValueError as error:
            reason = str(error).lower()
            raise UsageError(f"the command cannot be split: {reason}; check its quotes") from error
        self._program = _checked(self._words)
        self._timeout = TIMEOUT if timeout is None else timeout
        self._process: subprocess.Popen[str] | None = None

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        return cls(given, setup.alert_timeout, setup.cooldown)

    def arguments(self, alert: Alert) -> list[str]:
        """Return the program and its arguments for one alert."""
        values = _values(alert)
        # one pass: braces in a file name stay what they are
        return [_PLACEHOLDER.sub(lambda found: values[found[1]], word) for word in self._words]

    def aftermath(self, alert: Alert) -> None:
        """Run the program again if its arguments can tell what for."""
        if STATE in _PLACEHOLDER.findall(" ".join(self._words)):
            super().aftermath(alert)

    def send(self, alert: Alert) -> None:
        """Run the program and wait for its end.

        Raises:
            AlertError: It cannot be started, takes too long or ends with another code than 0.
        """
        if self._stopped.is_set():
            raise AlertError("the run was ended")
        own_group = os.name == "posix"
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                self.arguments(alert),
                stdin=subprocess.PIPE,
                stdout=_STDERR,  # stdout is for results
                text=True,
                start_new_session=own_group,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise AlertError(f"{self._program!r} cannot be run: {reason}") from error
        self._process = process
        if self._stopped.is_set():  # while it was started
            _kill(process)
        try:
            process.communicate(alert.to_json(), timeout=self._timeout)
        except subprocess.TimeoutExpired as error:
            _kill(process)
            raise AlertError(f"{self._program!r} took more than {self._timeout:g} s") from error
        finally:
            self._process = None
        if process.returncode:
            code = process.returncode
            ending = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise AlertError(f"{self._program!r} ended with {ending}")

    def stop(self) -> None:
        super().stop()
        process = self._process
        if process is not None:
            _kill(process)


def _checked(words: list[str]) -> str:
    """Return the program's name after checking that all of the command makes sense."""
    if not words or not words[0]:
        raise UsageError("the command is empty; name a program")
    program = words[0]
    if _PLACEHOLDER.search(program):
        raise UsageError(f"the program {program!r} must not depend on the event; name one")
    for name in _PLACEHOLDER.findall(" ".join(words)):
        if name not in PLACEHOLDERS:
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise UsageError(f"the command has an unknown placeholder {{{name}}}; there is {known}")
    if shutil.which(program) is None:
        raise UsageError(f"the command's program {program!r} was not found; check its name")
    return Path(program).name


def _values(alert: Alert) -> dict[str, str]:
    event = alert.event
    # other users see the arguments of a process, so an address goes without its secrets
    source = alert.name if "://" in alert.source else alert.source
    return {
        # or a file called -rf would be an option
        "source": f"./{source}" if source.startswith("-") else source,
        "start": f"{event.start:.3f}",
        "end": f"{event.end:.3f}",
        "peak": f"{event.peak:.3f}",
        "score": f"{event.score:.3f}",
        "label": event.label,
        STATE: alert.type,
        "down_for": f"{event.down_for or 0.0:.1f}",
    }


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a program with all that it started."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_DIE)
