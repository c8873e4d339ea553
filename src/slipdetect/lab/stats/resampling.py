"""Drawing whole groups of clips again and again.

In: the group and the label of every clip. Out: how often each clip is in each resample.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from slipdetect.lab.stats.ranking import Flags, Floats, Ints

_MOST_WEIGHTS = 4_000_000  # held at a time, 32 MB


class GroupResampler:
    """The stratified bootstrap over groups (Davison and Hinkley, 1997, sections 3.2 and 3.8).

    Clips of one person, scene or film are alike, so that a resample takes or leaves a group as a
    whole (Field and Welsh, J. R. Stat. Soc. B 69, 2007). Groups are drawn with replacement among
    those that bring the same labels (slips only, others only, both), so that no resample lacks a
    label. A group that is the only one of its kind would be in every resample as if it were known
    for certain; it is drawn among the nearest kind.

    Args:
        groups: Group of every clip.
        positive: ``(clips,)``, whether each shows a slip; None draws all groups among each other.
        count: Resamples.
        seed: Of the draws; the same groups in the same order give the same resamples.
    """

    def __init__(
        self, groups: Sequence[str] | Ints, positive: Flags | None, count: int, seed: int
    ) -> None:
        names, self._member = np.unique(np.asarray(groups, dtype=object), return_inverse=True)
        self._count = count
        labels = np.ones(len(self._member), bool) if positive is None else positive
        slips = np.bincount(self._member, labels, len(names)) > 0
        others = np.bincount(self._member, ~labels, len(names)) > 0
        self._draws = np.zeros((count, len(names)), np.uint16)
        rng = np.random.default_rng(seed)
        for brings in _kinds(slips, others):
            stratum = np.flatnonzero(brings)
            if len(stratum):
                shares = np.full(len(stratum), 1 / len(stratum))
                self._draws[:, stratum] = rng.multinomial(len(stratum), shares, size=count)

    def weights(self) -> Iterator[Floats]:
        """Yield ``(resamples, clips)`` float64, how often each clip was drawn, part by part."""
        rows = max(1, _MOST_WEIGHTS // max(len(self._member), 1))
        for begin in range(0, self._count, rows):
            yield self._draws[begin : begin + rows][:, self._member].astype(np.float64)

    def with_all(self) -> Iterator[Floats]:
        """Yield ``(1, clips)`` of ones, every clip as it is, then the weights of the resamples."""
        yield np.ones((1, len(self._member)))
        yield from self.weights()


def _kinds(slips: Flags, others: Flags) -> tuple[Flags, ...]:
    """Return the groups to draw among each other, ``(groups,)`` each."""
    both = slips & others
    single = [slips & ~others, others & ~slips]
    for kind in single:
        if kind.sum() == 1 and both.any():
            both |= kind
            kind[:] = False
    if both.sum() == 1:
        larger = max(single, key=np.sum)
        larger |= both
        both[:] = False
    return (*single, both)


def effective_groups(groups: Sequence[str], sizes: Flags | Floats) -> float:
    """Return how many groups of equal size tell as much as these.

    The square of the sum of sizes over the sum of the squares by group (Kish, Survey Sampling,
    1965): the number of groups if all are of one size, little more than one if one group has
    nearly all. 0 where all sizes are.

    Args:
        groups: Group of every clip.
        sizes: ``(clips,)``, what each brings: whether it is among those meant, or events or hours;
            at least 0.
    """
    totals: dict[str, float] = defaultdict(float)
    for group, size in zip(groups, sizes.astype(np.float64).tolist(), strict=True):
        totals[group] += size
    squares = sum(total**2 for total in totals.values())
    return sum(totals.values()) ** 2 / squares if squares else 0.0


def fewer_groups(groups: Sequence[str], positive: Flags) -> float:
    """Return the effective groups of the label that has fewer of them, 0 if it has no clip."""
    return min(effective_groups(groups, positive), effective_groups(groups, ~positive))
