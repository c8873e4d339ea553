"""How much there is of every label, by side of the split and data set.

In: clips, and how long they are where that is known. Out: rows of counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipdetect.lab.data.annotations import Clip

SPLITS = ("train", "val", "test", "")


@dataclass(frozen=True)
class Count:
    """Clips of one label in one data set on one side.

    Attributes:
        split: train, val, test or empty.
        label: slip or other.
        source: Data set, empty where none is named.
        clips: Number of clips.
        groups: Groups they belong to.
        seconds: How long the clips are that could be read; None if none was.
        events: Events with times.
    """

    split: str
    label: str
    source: str
    clips: int
    groups: int
    seconds: float | None
    events: int


def count_clips(clips: Sequence[Clip], seconds: Mapping[Path, float]) -> list[Count]:
    """Return a row per side, label and data set that has clips, in that order."""
    found = []
    for split in SPLITS:
        for positive in (True, False):
            there = [c for c in clips if (c.split, c.positive) == (split, positive)]
            for source in sorted({clip.source for clip in there}):
                some = [clip for clip in there if clip.source == source]
                found.append(count(some, seconds, split, "slip" if positive else "other", source))
    return found


def count(
    clips: Sequence[Clip], seconds: Mapping[Path, float], split: str, label: str, source: str
) -> Count:
    """Return the row of ``clips``."""
    known = [seconds[clip.path] for clip in clips if clip.path in seconds]
    return Count(
        split=split,
        label=label,
        source=source,
        clips=len(clips),
        groups=len({clip.group for clip in clips}),
        seconds=sum(known) if known else None,
        events=sum(len(clip.events) for clip in clips),
    )
