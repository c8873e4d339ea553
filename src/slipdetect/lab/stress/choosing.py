"""A few clips that stand for all.

In: clips. Out: some of them, as many with a fall as without, spread over their groups.
"""

from __future__ import annotations

from collections.abc import Sequence

from slipdetect.lab.data import Clip


def choose_evenly(clips: Sequence[Clip], each: int) -> list[Clip]:
    """Return ``each`` clips with a fall and as many without, or all where there are fewer.

    One clip of every group is taken, then a second of every group, and so on; where there are more
    groups than places, they are taken at even distances, in the order of data set and name.

    Args:
        clips: Annotated clips.
        each: Clips of either label.

    Returns:
        The chosen clips in their old order.
    """
    chosen: set[int] = set()
    for positive in (True, False):
        groups: dict[tuple[str, str], list[int]] = {}
        for index, clip in enumerate(clips):
            if clip.positive == positive:
                groups.setdefault((clip.source, clip.group), []).append(index)
        chosen |= set(_round_robin([groups[name] for name in sorted(groups)], each))
    return [clip for index, clip in enumerate(clips) if index in chosen]


def _round_robin(groups: list[list[int]], places: int) -> list[int]:
    taken: list[int] = []
    for turn in range(max(map(len, groups), default=0)):
        there = [group[turn] for group in groups if len(group) > turn]
        room = min(places - len(taken), len(there))
        taken += [there[place * len(there) // room] for place in range(room)]
    return taken
