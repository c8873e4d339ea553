"""Which threads the networks compute in, and a CPU left to reading.

In: the device of the networks. Out: a context in which torch uses fewer threads; threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

import torch

from slipdetect.flow.machine import usable_cpus


@contextmanager
def room_for_reading(device: torch.device) -> Iterator[None]:
    """Leave one CPU of several to the thread that reads, where the networks run on CPUs too.

    With threads on every CPU they and the reader wait for each other. What the caller had set is
    restored, and never exceeded.
    """
    had = torch.get_num_threads()
    wanted = max(1, usable_cpus() - 1)
    if device.type != "cpu" or wanted >= had:
        yield
        return
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(had)


@contextmanager
def network_threads(device: torch.device, networks: int) -> Iterator[Executor | None]:
    """Give a thread for each of several networks, with its share of torch's, on several CPUs.

    What one thread leaves idle where it waits for memory, the others use. None elsewhere.
    """
    if device.type != "cpu" or networks == 1 or usable_cpus() == 1:
        yield None
        return
    share = max(1, torch.get_num_threads() // networks)
    pool = ThreadPoolExecutor(networks, "slipdetect-network", torch.set_num_threads, (share,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
