"""Computing the flows of a row of pictures one by one, on several threads, or in batches.

In: gray pictures in order. Out: the flow of each to the next, in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from slipdetect.flow.method import BatchFlowMethod, FlowMethod

Gray = NDArray[np.uint8]
Flow = NDArray[np.float32]


def chained(frames: Iterable[Gray], method: FlowMethod) -> Iterator[Flow]:
    """Yield the flows one by one; each starts from the one before, if the method does that."""
    initial: Flow | None = None
    for prev, next in pairwise(frames):
        flow = method.calc(prev, next, initial)
        # a copy, because the receiver may change the flow in place
        initial = flow.copy() if method.uses_initial_flow else None
        yield flow


def threaded(
    frames: Iterable[Gray], calc: Callable[[Gray, Gray], Flow], threads: int
) -> Iterator[Flow]:
    """Yield the flows in order, ``threads`` of them computed at a time."""
    with ThreadPoolExecutor(threads, "flow") as pool:
        waiting: deque[Future[Flow]] = deque()
        try:
            for prev, next in pairwise(frames):
                waiting.append(pool.submit(calc, prev, next))
                # one more than there are threads, so that none waits for the next picture
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def batched(frames: Iterable[Gray], method: BatchFlowMethod) -> Iterator[Flow]:
    """Yield the flows in order, computed ``method.batch`` pairs at a time."""
    pairs = pairwise(frames)
    while batch := list(islice(pairs, method.batch)):
        flows = method.calc_batch(
            np.stack([prev for prev, _ in batch]), np.stack([next for _, next in batch])
        )
        yield from flows
