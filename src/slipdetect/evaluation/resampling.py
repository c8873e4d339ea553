"""Drawing whole groups of clips again and again.

In: the group and the label of every clip. Out: how often each clip is in each resample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_MOST_WEIGHTS = 4_000_000  # held at a time, 32 MB


class GroupResampler:
    """The stratified bootstrap over groups (Davison and Hinkley, 1997, sections 3.2 and 3.8).

    Clips of one person, scene or film are alike, so that a resample takes or leaves a group as a
    whole (Field and Welsh, J. R. Stat. Soc. B 69, 2007). Groups are drawn with replacement among
    those that bring the same labels (slips only, others only, both), so that no resample lacks a
    label.

    Args:
        groups: Group of every clip.
        positive: ``(clips,)``, whether each shows a slip.
        count: Resamples.
        seed: Of the draws; the same groups in the same order give the same resamples.
    """

    def __init__(
        self, groups: Sequence[str], positive: npt.NDArray[np.bool_], count: int, seed: int
    ) -> None:
        names, self._member = np.unique(np.asarray(groups, dtype=object), return_inverse=True)
        self._count = count
        slips = np.bincount(self._member, positive, len(names)) > 0
        others = np.bincount(self._member, ~positive, len(names)) > 0
        self._draws = np.zeros((count, len(names)), np.uint16)
        rng = np.random.default_rng(seed)
        for brings in (slips & ~others, others & ~slips, slips & others):
            stratum = np.flatnonzero(brings)
            if len(stratum):
                shares = np.full(len(stratum), 1 / len(stratum))
                self._draws[:, stratum] = rng.multinomial(len(stratum), shares, size=count)

    def weights(self) -> Iterator[Floats]:
        """Yield ``(resamples, clips)`` float64, how often each clip was drawn, part by part."""
        rows = max(1, _MOST_WEIGHTS // max(len(self._member), 1))
        for begin in range(0, self._count, rows):
            yield self._draws[begin : begin + rows][:, self._member].astype(np.float64)


def count_groups(groups: Sequence[str], chosen: npt.NDArray[np.bool_]) -> int:
    """Return how many groups have a clip where ``chosen``, ``(clips,)``, is true."""
    return len({group for group, wanted in zip(groups, chosen.tolist(), strict=True) if wanted})
