"""Clips that look like one another, told apart into one recording twice and one scene twice.

In: clips and their fingerprints. Out: pairs, the surest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from slipdetect.lab.check.fingerprints import (
    Alignment,
    Fingerprint,
    align,
    bit_signs,
    bits_apart,
)
from slipdetect.lab.data.annotations import Clip

# Measured by benchmarks/near_duplicates.py on real clips and copies of them.
LOOK_ALIKE_BITS = 14.0  # of 64; further apart are other scenes
SAME_SCENE_BITS = 10.0
SAME_RECORDING = 0.92  # correlation of motion; repeated falls of one person reach 0.915
MOVE_ALIKE = 0.7

MOST_COMPARED = 20_000

RECORDING, MAYBE, SCENE = "same recording", "maybe the same recording", "same scene"


@dataclass(frozen=True)
class NearPair:
    """Two clips that look alike.

    Attributes:
        first: One of them.
        second: The other.
        distance: Bits of 64 between their perceptual hashes, the median over eight frames.
        alignment: Where they move most alike; None where one of them hardly moves.
        mirrored: The second one is alike when mirrored.
    """

    first: Clip
    second: Clip
    distance: float
    alignment: Alignment | None
    mirrored: bool = False

    @property
    def correlation(self) -> float:
        """Of the motion at the best shift, -1 to 1; 0 where nothing moves."""
        return 0.0 if self.alignment is None else self.alignment.correlation

    @property
    def kind(self) -> str:
        """What the pair is: one recording, maybe one recording, or one scene."""
        if self.correlation >= SAME_RECORDING:
            return RECORDING
        return MAYBE if self.correlation >= MOVE_ALIKE else SCENE

    @property
    def same_recording(self) -> bool:
        """Whether both surely show one recording."""
        return self.kind == RECORDING

    @property
    def across(self) -> bool:
        """Whether the clips are on two sides of a split."""
        first, second = self.first.split, self.second.split
        return bool(first and second) and first != second

    def __str__(self) -> str:
        names = [
            repr(str(clip.path)) + (f" ({clip.split})" if clip.split else "")
            for clip in (self.first, self.second)
        ]
        return f"{names[0]} = {names[1]}{self.difference}"

    @property
    def difference(self) -> str:
        """How the second clip differs in time and sides, such as ``", 1.5 s later, mirrored"``."""
        shift = "" if self.alignment is None else _shift(self.alignment.shift)
        return f"{shift}{', mirrored' if self.mirrored else ''}"


@dataclass(frozen=True)
class NearDuplicates:
    """What was found among clips.

    Attributes:
        pairs: Pairs that look alike, those whose motion is most alike first.
        flat: Clips too dark or even to be recognized.
        not_compared: Pairs that look alike but whose motion was not compared, too many as they are.
    """

    pairs: tuple[NearPair, ...] = ()
    flat: tuple[Clip, ...] = field(default_factory=tuple)
    not_compared: int = 0

    def of_kind(self, kind: str) -> list[NearPair]:
        """Return the pairs of one kind."""
        return [pair for pair in self.pairs if pair.kind == kind]


def near_duplicates(
    clips: Sequence[Clip], prints: Sequence[Fingerprint], *, inside_groups: bool = False
) -> NearDuplicates:
    """Find clips that look alike and compare how they move.

    A perceptual hash finds re-encoded, resized, slightly trimmed and mirrored copies, but from a
    camera that stands still it finds all clips of the room as well; whether the motion is the
    same, at some shift in time, tells those apart.

    Args:
        clips: The clips.
        prints: Their fingerprints.
        inside_groups: Compare clips of one group on one side too, which cannot leak.
    """
    seen = [index for index, item in enumerate(prints) if len(item.hashes)]
    candidates = [
        candidate
        for candidate in _candidates([prints[index] for index in seen])
        if inside_groups or not _together(clips[seen[candidate[1]]], clips[seen[candidate[2]]])
    ]
    pairs = []
    for distance, i, j, mirrored in sorted(candidates)[:MOST_COMPARED]:
        first, second = seen[i], seen[j]
        other = prints[second].stills
        alignment = align(prints[first].stills, other[:, :, ::-1] if mirrored else other)
        pair = NearPair(clips[first], clips[second], distance, alignment, mirrored)
        if pair.kind != SCENE or distance <= SAME_SCENE_BITS:
            pairs.append(pair)
    pairs.sort(key=lambda pair: -pair.correlation)
    flat = tuple(clip for clip, item in zip(clips, prints, strict=True) if not len(item.hashes))
    return NearDuplicates(tuple(pairs), flat, max(0, len(candidates) - MOST_COMPARED))


def _together(first: Clip, second: Clip) -> bool:
    return bool(first.group) and (first.group, first.split) == (second.group, second.split)


def _candidates(prints: Sequence[Fingerprint]) -> list[tuple[float, int, int, bool]]:
    """Return distance, both indices and whether mirrored, of every pair that looks alike."""
    if not prints:
        return []
    signs = bit_signs(np.concatenate([item.hashes for item in prints]))
    starts = np.cumsum([0, *(len(item.hashes) for item in prints[:-1])])
    found: dict[tuple[int, int], tuple[float, bool]] = {}
    for index, item in enumerate(prints):
        for mirrored, wanted in ((False, item.wanted), (True, item.mirrored)):
            bits = bits_apart(bit_signs(wanted), signs)
            distances = np.median(np.minimum.reduceat(bits, starts, axis=1), axis=0)
            for other in np.flatnonzero(distances <= LOOK_ALIKE_BITS):
                if other != index:
                    key = (min(index, int(other)), max(index, int(other)))
                    found[key] = min(
                        found.get(key, (65.0, True)), (float(distances[other]), mirrored)
                    )
    return [(distance, i, j, mirrored) for (i, j), (distance, mirrored) in found.items()]


def _shift(seconds: float) -> str:
    return f", {abs(seconds):.1f} s {'later' if seconds > 0 else 'earlier'}" if seconds else ""
