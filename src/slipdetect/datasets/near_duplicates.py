"""Clips that look like one another, told apart into one recording twice and one scene twice.

In: clips and their fingerprints. Out: pairs, the surest first.
"""

from __future__ import annotations

from dataclasses import dataclass

from slipdetect.datasets.annotations import Clip


@dataclass(frozen=True)
class NearPair:
    """Two clips that look alike."""

    first: Clip
    second: Clip
    same_recording: bool = False

    @property
    def across(self) -> bool:
        """Whether the clips are on two sides of a split."""
        return bool(
            self.first.split and self.second.split and self.first.split != self.second.split
        )
