"""Workers as actors of a Ray cluster, on as many machines as that has.

In: the cluster's address. Out: a ``Backend``; a lost machine is told from a worker that died.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from slipdetect._version import __version__
from slipdetect.errors import LibraryError, WorkerError
from slipdetect.workers.backend import Worker
from slipdetect.workers.ray_actor import Actor
from slipdetect.workers.task import AT_ONCE, Make
from slipdetect.workers.words import Failed, Lost, Word

_SECONDS_TO_STOP = 5.0
_SECONDS_TO_ANSWER = 10.0  # of a cluster that is to be joined
_SECONDS_TO_ASK_AGAIN = 0.5  # whether a worker that did not answer is there
_NODE_DIED = "its node has died"  # in what Ray says of an actor
_SECONDS_BETWEEN_COUNTS = 2.0
_CLIENT_PORT = 10001  # of a head node where nothing else was said
_CALLS = 3  # that an actor answers at a time: a task, what that tells, a stop


class RayWorker:
    """An actor, and the calls to it that are not answered yet."""

    def __init__(self, handle: Any, begun: Any) -> None:
        self.handle = handle
        self.calls: dict[Any, str] = {begun: "begin"}
        self.ask_at: float | None = None  # time of the next ``ask``

    def give(self, files: Sequence[str], task: object) -> None:
        self.calls[self.handle.do.remote(files, task)] = "do"
        self.listen()

    def stop(self, level: int) -> None:
        self.handle.stop.remote(level)

    def listen(self) -> None:
        """Ask for what the task tells."""
        self.calls[self.handle.told.remote()] = "told"

    def ask(self) -> None:
        """Ask whether it is there."""
        self.ask_at = None
        self.calls = {self.handle.alive.remote(): "alive"}


class RayCluster:
    """The backend of many machines; each worker has a CPU of its own, or a GPU.

    Args:
        address: ``HOST:PORT`` of a cluster's client server, 10001 where only a host is given; None
            for what ``ray.init`` does by itself: join the cluster of ``RAY_ADDRESS`` or the one
            that ``ray start`` began on this machine, and otherwise start one here, which ends with
            the run.
        most: Workers in all; None for one a CPU.
        gpus: GPUs that each worker asks for.

    Raises:
        LibraryError: Ray is not installed.
        WorkerError: The cluster cannot be reached.
    """

    def __init__(self, address: str | None, most: int | None = None, gpus: int = 0) -> None:
        # what is started here would tell its maker so
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError as error:
            raise LibraryError(
                "--on ray needs Ray; pip install 'slipdetect[ray]' here and on every machine"
            ) from error
        self._ray: Any = ray
        self._address = None if address is None else client_address(address)
        self._most = most
        self._gpus = gpus
        self._workers: set[Worker] = set()
        self._there, self._count_at = 0, 0.0  # CPUs or GPUs, and when to count them again

    def __enter__(self) -> Self:
        self._insist_on_an_answer()
        try:
            self._ray.init(
                self._address,
                ignore_reinit_error=True,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
            )
        except Exception as error:  # of many kinds, by the way to the cluster
            reason = " ".join(str(error).split())[:300]
            raise WorkerError(
                f"no Ray cluster at {self._address or 'this machine'}: {type(error).__name__}: "
                f"{reason}; is 'ray start' running there, is its client port the one given "
                "(10001 by default), are Ray and Python of one version on all machines, and is "
                "RAY_AUTH_MODE=token set here where it is there?"
            ) from error
        # Ray prints what happens to its processes to standard output, whatever log_to_driver says
        from ray._private import worker as printing

        printing._worker_logs_enabled = False
        return self

    def _insist_on_an_answer(self) -> None:
        """Try the cluster that ``ray.init`` would join: by itself it waits for many minutes."""
        if self._address is not None or self._ray.is_initialized():
            return
        variable = os.environ.get("RAY_ADDRESS", "")
        address = variable or _begun_here()
        host, _, port = address.rpartition(":")
        if not (host and port.isdigit()):
            return
        try:
            socket.create_connection((host, int(port)), _SECONDS_TO_ANSWER).close()
        except OSError as error:
            origin = "RAY_ADDRESS names" if variable else "'ray start' began here"
            todo = "set it to one that runs" if variable else "end it by 'ray stop'"
            raise WorkerError(
                f"no Ray cluster at {address}, which {origin}: {error.strerror or error}; {todo}, "
                "or name one by --on ray://HOST"
            ) from error

    def __exit__(self, *raised: object) -> None:
        self.end(self._workers)
        self._ray.shutdown()

    def room(self) -> int:
        if self._most is not None:
            return self._most
        if time.monotonic() >= self._count_at:
            self._count_at = time.monotonic() + _SECONDS_BETWEEN_COUNTS
            there = self._ray.cluster_resources()
            self._there = int(there.get("GPU" if self._gpus else "CPU", 0) // max(self._gpus, 1))
        return self._there

    def begin(self, make: Make[Any, Any]) -> RayWorker:
        kind = self._ray.remote(
            num_cpus=1,
            num_gpus=self._gpus,
            max_restarts=0,
            max_concurrency=_CALLS,
            scheduling_strategy="SPREAD",
        )(Actor)
        handle = kind.remote()
        begun = handle.begin.remote(make, __version__, str(Path.cwd()), 1)
        worker = RayWorker(handle, begun)
        self._workers.add(worker)
        return worker

    def heard(self, workers: Collection[Worker], seconds: float) -> Sequence[tuple[Worker, Word]]:
        ours = [worker for worker in workers if isinstance(worker, RayWorker)]
        for worker in ours:
            if worker.ask_at is not None and time.monotonic() >= worker.ask_at:
                worker.ask()
        calls = {call: worker for worker in ours for call in worker.calls}
        if not calls:
            time.sleep(seconds)
            return []
        ready, _ = self._ray.wait(list(calls), num_returns=1, timeout=seconds)
        if ready:  # and all others that are
            ready, _ = self._ray.wait(list(calls), num_returns=len(calls), timeout=0)
        # what is told comes before the result
        ready.sort(key=lambda call: calls[call].calls.get(call) == "do")
        return [(calls[call], word) for call in ready for word in self._words(calls[call], call)]

    def end(self, workers: Collection[Worker]) -> None:
        ours = [worker for worker in workers if isinstance(worker, RayWorker)]
        self._workers.difference_update(ours)
        busy = [call for each in ours for call, what in each.calls.items() if what == "do"]
        with suppress(Exception):  # the cluster may be gone
            for worker in ours:
                if "do" in worker.calls.values():
                    worker.stop(AT_ONCE)
            if busy:
                self._ray.wait(busy, num_returns=len(busy), timeout=_SECONDS_TO_STOP)
            for worker in ours:
                self._ray.kill(worker.handle)

    def _words(self, worker: RayWorker, call: Any) -> Iterator[Word]:
        """Yield what the answer to a call says."""
        what = worker.calls.pop(call, None)
        if what is None:
            return  # forgotten meanwhile
        try:
            answer = self._ray.get(call)
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            first = str(cause).partition("\n")[0]  # tracebacks follow
            yield Failed(WorkerError(f"Ray could not call a worker: {first}"))
        except self._ray.exceptions.RayError as error:
            yield from self._gone(worker, error)
        else:
            yield from self._answered(worker, what, answer)

    def _answered(self, worker: RayWorker, what: str, answer: Any) -> Iterator[Word]:
        if what == "begin":
            yield answer
        elif what == "told":
            if "do" in worker.calls.values():
                worker.listen()
            yield from answer
        elif what == "alive":
            yield Lost("it did not answer for a while", with_machine=True)
        else:
            word, told = answer
            for rest in [each for each, kind in worker.calls.items() if kind == "told"]:
                yield from self._words(worker, rest)
            yield from told
            yield word

    def _gone(self, worker: RayWorker, error: Exception) -> Iterator[Word]:
        """Yield that a worker is lost, once it is known whether its machine is."""
        worker.calls.clear()
        text = str(error)
        if isinstance(error, self._ray.exceptions.ActorUnavailableError):
            worker.ask_at = time.monotonic() + _SECONDS_TO_ASK_AGAIN
        elif "creation task" in text:
            yield Failed(WorkerError(f"a worker cannot be made: {text.strip().splitlines()[-1]}"))
        elif isinstance(error, self._ray.exceptions.ActorDiedError) and _NODE_DIED not in text:
            memory = "out of memory" in text.lower()
            yield Lost("no memory was left" if memory else "killed, or crashed")
        else:
            yield Lost("it does not answer any more", with_machine=True)


def _begun_here() -> str:
    """Return the address of the cluster that ``ray start`` began on this machine; empty: none."""
    with suppress(Exception):  # where Ray keeps it is no promise of Ray's
        from ray._private.utils import read_ray_address

        return str(read_ray_address() or "")
    return ""


def client_address(address: str) -> str:
    """Return what ``ray.init`` takes for a host, with or without a port."""
    return f"ray://{address}" if ":" in address else f"ray://{address}:{_CLIENT_PORT}"
