"""BORIS counts time over all files that an observation queues: from there to the files themselves.

In: lengths of the files and times of the observation. Out: the files, and times in each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Queue:
    """The files of a player, one after the other.

    Attributes:
        files: Their names.
        lengths: Seconds of each.
        offset: Seconds that BORIS adds to every time of the observation.
    """

    files: Sequence[str]
    lengths: Sequence[float]
    offset: float = 0.0

    def pieces(self, start: float, end: float) -> Iterator[tuple[str, float, float]]:
        """Yield file, begin and end in it of every part of a time; a moment is in one file.

        What lies behind the last file's end stays in that, for the reader to refuse.
        """
        start, end, begin = start - self.offset, end - self.offset, 0.0
        last = len(self.files) - 1
        for index, (file, length) in enumerate(zip(self.files, self.lengths, strict=True)):
            stop = float("inf") if index == last else begin + length
            first, final = max(start, begin), min(end, stop)
            if first < final or (start == end and begin <= start < stop):
                yield file, first - begin, final - begin
            begin += length
