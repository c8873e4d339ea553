"""A CPU left to reading while the networks compute on the others.

In: the device of the networks. Out: a context in which torch uses fewer threads.
"""

from __future__ import annotations

from collections.abc import Iterator
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
