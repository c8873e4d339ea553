"""Taking fewer clips without cutting a group or changing how common a label is.

In: clips. Out: an order of their groups; nested subsets; a small balanced set for a smoke run.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from slipdetect.errors import DataError
from slipdetect.lab.data import Clip


def nested_subset(clips: Sequence[Clip], share: float, seed: int = 0) -> list[Clip]:
    """Return about ``share`` of the clips, in their order, as whole groups.

    Groups stand in one order for every share, so a smaller subset lies inside a larger one. The
    order is drawn at random but takes, wherever positives are rarer so far than in all clips, a
    group that has more of them, and else one that has fewer.

    Raises:
        DataError: The share is not in (0, 1].
    """
    if not 0.0 < share <= 1.0:
        raise DataError(f"the share of clips must be in (0, 1], not {share}")
    groups = _by_group(clips)
    wanted = share * len(clips)
    kept: set[str] = set()
    count = 0
    for name in group_order(clips, seed):
        size = len(groups[name])
        # the nearer of the two sizes that whole groups allow
        if kept and abs(count + size - wanted) >= abs(count - wanted):
            break
        kept.add(name)
        count += size
    return [clip for clip in clips if clip.group in kept]


def group_order(clips: Sequence[Clip], seed: int) -> list[str]:
    """Return the groups in a drawn order in which every beginning has about the same labels."""
    groups = _by_group(clips)
    overall = sum(clip.positive for clip in clips) / len(clips)
    queues: dict[bool, list[str]] = {True: [], False: []}
    for name in np.random.default_rng(seed).permutation(sorted(groups)).tolist():
        positives = sum(clip.positive for clip in groups[name])
        queues[positives > overall * len(groups[name])].append(name)
    order: list[str] = []
    positives = count = 0
    while queues[True] or queues[False]:
        wants = positives < overall * count or not count
        queue = queues[wants] or queues[not wants]
        name = queue.pop(0)
        order.append(name)
        positives += sum(clip.positive for clip in groups[name])
        count += len(groups[name])
    return order


def smoke_subset(clips: Sequence[Clip], count: int) -> list[Clip]:
    """Return ``count`` clips, labels in turn, each from a group not used yet while there are some.

    The smallest file of a group comes first, because that is read fastest.
    """
    queues = {label: _round_robin(clips, label) for label in (True, False)}
    turns = itertools.chain.from_iterable(itertools.zip_longest(queues[True], queues[False]))
    chosen = {clip.path for clip in itertools.islice((c for c in turns if c is not None), count)}
    return [clip for clip in clips if clip.path in chosen]


def _round_robin(clips: Sequence[Clip], positive: bool) -> list[Clip]:
    groups = _by_group([clip for clip in clips if clip.positive == positive])
    ordered = [
        sorted(groups[name], key=lambda clip: (clip.path.stat().st_size, str(clip.path)))
        for name in sorted(groups)
    ]
    ordered.sort(key=lambda group: group[0].path.stat().st_size)
    rounds = itertools.zip_longest(*ordered)
    return [clip for one in rounds for clip in one if clip is not None]


def _by_group(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[clip.group].append(clip)
    return groups
