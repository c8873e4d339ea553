"""Where work may be done: in this process, in others of this machine, or on other machines.

In: what the user asked for. Out: a ``Backend``; a new kind of them is a file and a line here.
"""

from __future__ import annotations

import re
from importlib import import_module

from slipdetect.errors import UsageError
from slipdetect.workers.backend import Backend

# what --on takes: file and class, made of an address or None, the most workers or None, and GPUs
_CLUSTERS = {"ray": ("ray_cluster", "RayCluster")}
_ADDRESS = re.compile(r"[^\s/@]+")


def open_backend(
    on: str | None, jobs: int | None, count: int, device: str = "auto"
) -> Backend | None:
    """Return where to work; nothing is started before its ``with`` block.

    Args:
        on: ``"ray"``, ``"ray://HOST:PORT"``, or None for this machine.
        jobs: Videos at a time; None for one, and with ``on`` for as many as there are CPUs.
        count: Of the videos; more workers than that are of no use.
        device: That the work asks for; workers on ``"cuda"`` need a GPU each.

    Returns:
        None where everything is done in this process.

    Raises:
        UsageError: ``on`` makes no sense.
        LibraryError: It needs a library that is not installed.
    """
    if on is None:
        jobs = 1 if jobs is None else min(jobs, count)
        if jobs <= 1:
            return None
        from slipdetect.workers.processes import Processes

        return Processes(jobs)
    name, scheme, address = on.partition("://")
    if name not in _CLUSTERS or (scheme and not _ADDRESS.fullmatch(address)):
        raise UsageError(f"--on takes ray or ray://HOST:PORT, not {on!r}")
    file, kind = _CLUSTERS[name]
    made = getattr(import_module(f"slipdetect.workers.{file}"), kind)
    backend: Backend = made(address if scheme else None, jobs, int(device.startswith("cuda")))
    return backend
