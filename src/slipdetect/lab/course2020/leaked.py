"""What a split leaks that is used all the same, so that every table made on it can say so.

In: clips with their sides, what was found on two of them. Out: a ``Leaked``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slipdetect.lab.data import Clip
from slipdetect.lab.data.splits import Leaks


@dataclass(frozen=True)
class Leaked:
    """What is on more than one side of a split.

    Attributes:
        count: How many groups, and how many sets of equal files.
        test_clips: Test clips whose group or file is on another side too.
        of: Test clips in all.
        sentences: Which groups and files, the first ones by name.
    """

    count: int
    test_clips: int
    of: int
    sentences: tuple[str, ...]


def leaked(clips: Sequence[Clip], leaks: Leaks) -> Leaked:
    """Count what ``leaks`` found among ``clips``."""
    groups = {leak.group for leak in leaks.groups}
    copies = {clip.path for same in leaks.copies for clip in same}
    test = [clip for clip in clips if clip.split == "test"]
    # a group on two sides need not be on the test side, but then none of its clips is counted
    known = sum(clip.group in groups or clip.path in copies for clip in test)
    count = len(leaks.groups) + len(leaks.copies)
    return Leaked(count, known, len(test), tuple(leaks.sentences()))
