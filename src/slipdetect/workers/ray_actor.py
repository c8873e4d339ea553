"""A worker as an actor of Ray: the half that runs on some machine of a cluster.

In: a ``Make``, tasks. Out: ``Word``s.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from slipdetect._version import __version__
from slipdetect.errors import VideoError, WorkerError
from slipdetect.workers.task import GO_ON, Link, Make, do_task, made, portable, share_cpus, word_of
from slipdetect.workers.words import Failed, Ready, Word

_LONGEST_WAIT = 5.0  # for something to be told, seconds; whoever listens then asks again


class Actor:
    """What Ray makes on a machine; ``told`` and ``stop`` are called while ``do`` runs.

    Args:
        machine: Its name in messages; None: what Ray calls it.
    """

    def __init__(self, machine: str | None = None) -> None:
        self._machine = _machine() if machine is None else machine
        self._do: Callable[[object, Link], object] | None = None
        self._told: list[Word] = []
        self._at_work = False
        self._changed = threading.Condition()
        self._level = GO_ON

    def begin(self, make: Make[Any, Any], version: str, folder: str, cpus: int) -> Word:
        """Load what tasks need, in the folder that relative paths start from.

        Args:
            make: Makes what does tasks.
            version: Of slipdetect, where the run was started.
            folder: Working folder there.
            cpus: That this worker may use.
        """
        try:
            if version != __version__:
                raise WorkerError(
                    f"machine {self._machine!r} has slipdetect {__version__} and this one "
                    f"{version}; install one version on all"
                )
            with suppress(OSError):  # paths may be absolute, all of them
                os.chdir(folder)
            share_cpus(cpus)
            self._do = made(make)
        except WorkerError as error:
            return Failed(error)
        except Exception as error:
            named = portable(error)
            if named.args:
                named.args = (f"on machine {self._machine!r}: {named.args[0]}", *named.args[1:])
            return Failed(named)
        return Ready(self._machine)

    def do(self, files: Sequence[str], task: object) -> tuple[Word, list[Word]]:
        """Do a task whose files must be here; return what came of it, and what was not fetched."""
        if self._do is None:
            raise RuntimeError("a task before the worker has begun")
        self._at_work = True
        missing = next((name for name in files if not os.path.lexists(name)), None)
        if missing is None:
            word = do_task(self._do, task, self)
        else:
            word = Failed(
                VideoError(
                    f"{missing!r} is not there on machine {self._machine!r}; every machine needs "
                    "the videos under the same path"
                )
            )
        with self._changed:
            self._at_work = False
            self._changed.notify_all()
            return word, self._fetch()

    def told(self) -> list[Word]:
        """Return what was told since the last time; while a task is done, wait for something."""
        with self._changed:
            self._changed.wait_for(lambda: self._told or not self._at_work, _LONGEST_WAIT)
            return self._fetch()

    def alive(self) -> bool:
        """Answer."""
        return True

    def tell(self, message: object) -> None:
        with self._changed:
            self._told.append(word_of(message))
            self._changed.notify_all()

    def stopping(self) -> int:
        return self._level

    def stop(self, level: int) -> None:
        """Set what ``stopping`` returns."""
        self._level = level

    def _fetch(self) -> list[Word]:
        found, self._told = self._told, []
        return found


def _machine() -> str:
    """Return the name that ``ray start --node-name`` gave this machine, or its own and address."""
    ray: Any = import_module("ray")
    here = ray.get_runtime_context().get_node_id()
    for node in ray.nodes():
        if node["NodeID"] == here and node["NodeName"] != node["NodeManagerAddress"]:
            return str(node["NodeName"])
    return f"{socket.gethostname()} ({ray.util.get_node_ip_address()})"
