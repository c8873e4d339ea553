"""A recording in pieces, file by file, for programs that know files only.

In: a ``DetectionResult``. Out: a ``Part`` a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from slipdetect._text import plain_name

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult


@dataclass(frozen=True)
class Part:
    """A file of a recording, or all of one that is in one file.

    Attributes:
        name: Of the file, for people.
        begin: Seconds of the whole recording at which its pictures begin; ``-inf`` for the first.
        stop: The same of the next file; ``inf`` for the last.
        later: Seconds that the whole recording's clock is ahead of the file's.
        length: Seconds on the file's clock up to ``stop``, or to where the recording ends.
    """

    name: str
    begin: float
    stop: float
    later: float
    length: float


def parts_of(result: DetectionResult) -> Sequence[Part]:
    """Return the files that a result is about, in order."""
    info, pieces = result.info, result.report.pieces
    end = info.end if info.end is not None and not pieces else info.start + result.duration
    if not pieces:
        return [Part(plain_name(result.source), -inf, inf, 0.0, end)]
    starts = [piece.start for piece in pieces]
    found = []
    for piece, begin, stop in zip(pieces, [-inf, *starts[1:]], [*starts[1:], inf], strict=True):
        later = piece.start - piece.first
        length = min(stop, max(end, piece.start)) - later
        found.append(Part(plain_name(piece.source), begin, stop, later, length))
    return found
