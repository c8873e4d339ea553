"""Clips that look like one another, told apart into one recording twice and one scene twice.

In: clips and their small gray stills. Out: pairs, those that move most alike first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect._text import shorten
from slipdetect.lab.check.clip_stats import STILL_RATE, Picture
from slipdetect.lab.data.annotations import Clip

HASH_RATE = 5.0  # hashes a second
SPREAD = 8  # frames of a clip that are looked for in another one
LEAST_OVERLAP = 1.0  # seconds

_LOW = 8  # frequencies along each axis
_BITS = _LOW * _LOW
_MIXED = 6.0  # levels; a flatter picture has no structure to hash
_MOVING = 2.0  # mean square levels of a still around the clip's mean; less is noise

# Measured by benchmarks/near_duplicates.py on real clips and copies of them.
LOOK_ALIKE_BITS = 14.0  # of 64; further apart are other scenes
SAME_SCENE_BITS = 10.0
SAME_RECORDING = 0.92  # correlation of motion; repeated falls of one person reach 0.915
MOVE_ALIKE = 0.7

MOST_COMPARED = 20_000
NAME_COLUMNS = 60  # of a clip or a group in a sentence

RECORDING, MAYBE, SCENE = "same recording", "maybe the same recording", "same scene"

Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]


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
            repr(shorten(str(clip.path), NAME_COLUMNS)) + (f" ({clip.split})" if clip.split else "")
            for clip in (self.first, self.second)
        ]
        return f"{names[0]} = {names[1]}{self.difference}"

    @property
    def difference(self) -> str:
        """How the second clip differs in time and sides, such as ``", 1.5 s later, mirrored"``."""
        shift = 0.0 if self.alignment is None else self.alignment.shift
        later = f", {abs(shift):.1f} s {'later' if shift > 0 else 'earlier'}" if shift else ""
        return f"{later}{', mirrored' if self.mirrored else ''}"


@dataclass(frozen=True)
class NearDuplicates:
    """What was found among clips.

    Attributes:
        pairs: Pairs that look alike, those whose motion is most alike first.
        flat: Clips too dark or even to be recognized.
        not_compared: Pairs that look alike but whose motion was not compared, too many as they are.
    """

    pairs: tuple[NearPair, ...] = ()
    flat: tuple[Clip, ...] = ()
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
    sides = [(clip.group or clip.path, clip.split) for clip in clips]
    candidates = [
        candidate
        for candidate in _candidates([prints[index] for index in seen])
        if inside_groups or sides[seen[candidate[1]]] != sides[seen[candidate[2]]]
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


def _candidates(prints: Sequence[Fingerprint]) -> list[tuple[float, int, int, bool]]:
    """Return distance, both indices and whether mirrored, of every pair that looks alike."""
    if not prints:
        return []
    hashes = np.concatenate([item.hashes for item in prints])
    starts = np.cumsum([0, *(len(item.hashes) for item in prints[:-1])])
    found: dict[tuple[int, int], tuple[float, bool]] = {}
    for index, item in enumerate(prints):
        for mirrored, wanted in ((False, item.wanted), (True, item.mirrored)):
            bits = bits_apart(wanted, hashes)
            distances = np.median(np.minimum.reduceat(bits, starts, axis=1), axis=0)
            for other in np.flatnonzero(distances <= LOOK_ALIKE_BITS):
                if other != index:
                    key = (min(index, int(other)), max(index, int(other)))
                    found[key] = min(
                        found.get(key, (65.0, True)), (float(distances[other]), mirrored)
                    )
    return [(distance, i, j, mirrored) for (i, j), (distance, mirrored) in found.items()]


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What a clip is recognized by.

    Attributes:
        hashes: ``(n,)`` uint64, five a second, of stills that are not flat.
        wanted: Up to eight of ``hashes``, spread over the clip.
        mirrored: The same frames as ``wanted``, mirrored.
        stills: ``(n, 32, 32)`` uint8, ten a second.
    """

    hashes: Hashes
    wanted: Hashes
    mirrored: Hashes
    stills: Picture

    @classmethod
    def of(cls, stills: Picture) -> Fingerprint:
        """Return the fingerprint of ``stills``, ``(n, 32, 32)`` uint8 gray, ten a second."""
        some = stills[:: round(STILL_RATE / HASH_RATE)]
        some = some[some.std(axis=(1, 2)) > _MIXED]
        places = np.linspace(0, len(some) - 1, min(SPREAD, len(some))).round().astype(int)
        hashes = perceptual_hashes(some)
        mirrored = perceptual_hashes(some[places][:, :, ::-1])
        return cls(hashes, hashes[places], mirrored, stills)


def perceptual_hashes(stills: Picture) -> Hashes:
    """Return a 64-bit hash of every still: which low frequencies are above the median.

    The type II cosine transform's 8x8 lowest frequencies against their median; the first bit, of
    the mean level, is always 0 (Zauner, "Implementation and benchmarking of perceptual image hash
    functions", 2010, section 3.2.1).

    Args:
        stills: ``(n, side, side)`` gray, an even number of pixels on a side.

    Returns:
        ``(n,)`` uint64.
    """
    if len(stills) == 0:
        return np.empty(0, np.uint64)
    low = [cv2.dct(still.astype(np.float64))[:_LOW, :_LOW] for still in stills]
    flat = np.stack(low).reshape(len(stills), _BITS)
    bits = flat > np.median(flat[:, 1:], axis=1, keepdims=True)
    bits[:, 0] = False
    return np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)


def bits_apart(first: Hashes, second: Hashes) -> npt.NDArray[np.uint8]:
    """Return in how many bits each of ``(n,)`` hashes differs from each of ``(m,)``, ``(n, m)``."""
    return np.asarray(np.bitwise_count(first[:, None] ^ second), np.uint8)


@dataclass(frozen=True)
class Alignment:
    """Where two clips move most alike.

    Attributes:
        correlation: Of their stills around their mean over the overlap, -1 to 1.
        shift: Seconds by which the second clip shows the same later.
    """

    correlation: float
    shift: float


def align(first: Picture, second: Picture) -> Alignment | None:
    """Return the shift at which what moves in two clips correlates best.

    Two recordings of one scene share the background but not the motion; two copies of one
    recording share both. At least a second and half of the shorter clip must overlap.

    Args:
        first: ``(n, 32, 32)`` stills, ten a second.
        second: ``(m, 32, 32)``.

    Returns:
        The best shift; None when either clip is too short or hardly moves.
    """
    a, b = _centered(first), _centered(second)
    shorter = min(len(a), len(b))
    need = max(round(LEAST_OVERLAP * STILL_RATE), (shorter + 1) // 2)
    if shorter < need:
        return None
    products = a @ b.T
    sums = _Sums(a), _Sums(b)
    best: Alignment | None = None
    for shift in range(need - len(a), len(b) - need + 1):
        rows = slice(max(0, -shift), min(len(a), len(b) - shift))
        columns = slice(rows.start + shift, rows.stop + shift)
        together = float(np.trace(products, shift))
        correlation = _correlation(together, sums[0], rows, sums[1], columns)
        if correlation is not None and (best is None or correlation > best.correlation):
            best = Alignment(correlation, shift / STILL_RATE)
    return best


class _Sums:
    """Sums over any stretch of a clip's stills, each in constant time."""

    def __init__(self, stills: Floats) -> None:
        squares = (stills.astype(np.float64) ** 2).sum(axis=1)
        self._squares = np.concatenate([[0.0], np.cumsum(squares)])
        zero = np.zeros((1, stills.shape[1]))
        self._stills = np.concatenate([zero, np.cumsum(stills, axis=0, dtype=np.float64)])

    def total(self, part: slice) -> npt.NDArray[np.float64]:
        return np.asarray(self._stills[part.stop] - self._stills[part.start])

    def spread(self, part: slice) -> float:
        """Return the sum of squares around the mean over ``part``."""
        total = self.total(part)
        squares = self._squares[part.stop] - self._squares[part.start]
        return float(squares - total @ total / (part.stop - part.start))


def _correlation(
    together: float, first: _Sums, rows: slice, second: _Sums, columns: slice
) -> float | None:
    count = rows.stop - rows.start
    spreads = first.spread(rows), second.spread(columns)
    if min(spreads) < _MOVING * count * 1024:
        return None
    covariance = together - float(first.total(rows) @ second.total(columns)) / count
    return float(covariance / np.sqrt(spreads[0] * spreads[1]))


def _centered(stills: Picture) -> Floats:
    """Return ``(n, pixels)`` around the clip's mean, which keeps sums small and exact."""
    flat = stills.reshape(len(stills), -1).astype(np.float32)
    return np.asarray(flat - flat.mean(axis=0), np.float32)
