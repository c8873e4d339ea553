"""Doing something with every clip of a test: here, in processes, or on other machines.

In: clips, what does one. Out: a result a clip; None for those that cannot be read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import TypeVar

from slipdetect.errors import VideoError
from slipdetect.lab.data import Clip
from slipdetect.workers import Answer, Backend, Crew, Done, Failed, Make, Told
from slipdetect.workers.manifest import Manifest

logger = logging.getLogger(__name__)

R = TypeVar("R")
Count = Callable[[int, int], None]


def each_clip(
    clips: Sequence[Clip],
    do: Callable[[Clip], R],
    on_clip: Count,
    *,
    backend: Backend | None = None,
    make: Make[Clip, R] | None = None,
    kept: Manifest[R] | None = None,
) -> list[R | None]:
    """Return the result of every clip, in order; one that cannot be read is warned of.

    Args:
        clips: All of them.
        do: Does one in this process, where there is no ``backend``.
        on_clip: Called after each clip with (clips done, clips in all).
        backend: Where workers run.
        make: Makes what does one in a worker.
        kept: Clips that an earlier run has done; takes those of this one.

    Raises:
        Exception: What ``do`` raises but ``VideoError``.
    """
    found: list[R | None] = [None if kept is None else kept.find(str(c.path)) for c in clips]
    left = [index for index, result in enumerate(found) if result is None]
    done = len(clips) - len(left)
    with ExitStack() as stack:
        if backend is None or make is None:
            answers = _here(clips, left, do)
        else:
            names = [str(clips[index].path) for index in left]
            stack.enter_context(backend)
            crew = Crew(backend, make, [clips[index] for index in left], names)
            answers = stack.enter_context(closing(crew.run()))
        for number, answer in answers:
            if isinstance(answer, Told):
                continue
            index = left[number]
            if isinstance(answer, Done):
                found[index] = answer.result
                if kept is not None:
                    kept.add(str(clips[index].path), answer.result)
            elif isinstance(answer.error, VideoError):
                logger.warning("left out: %s", answer.error)
            else:
                raise answer.error
            done += 1
            on_clip(done, len(clips))
    return found


def _here(
    clips: Sequence[Clip], left: Sequence[int], do: Callable[[Clip], R]
) -> Iterator[tuple[int, Answer[R]]]:
    for number, index in enumerate(left):
        try:
            answer: Answer[R] = Done(do(clips[index]))
        except VideoError as error:
            answer = Failed(error)
        yield number, answer
