"""Perceptual hashes of stills, and how far two clips are from each other by them.

In: small gray stills of clips. Out: 64-bit hashes, distances in bits, correlations of motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slipdetect.lab.check.survey import STILL_RATE, Picture

HASH_RATE = 5.0  # hashes a second
SPREAD = 8  # frames of a clip that are looked for in another one
LEAST_OVERLAP = 1.0  # seconds

_LOW = 8  # frequencies along each axis
_BITS = _LOW * _LOW
_MIXED = 6.0  # levels; a flatter picture has no structure to hash
_MOVING = 2.0  # mean square levels of a still around the clip's mean; less is noise

Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]


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
        stills: ``(n, side, side)`` gray.

    Returns:
        ``(n,)`` uint64.
    """
    if len(stills) == 0:
        return np.empty(0, np.uint64)
    rows, columns = (_cosines(side) for side in stills.shape[1:])
    flat = (rows @ stills.astype(np.float64) @ columns.T).reshape(len(stills), _BITS)
    bits = flat > np.median(flat[:, 1:], axis=1, keepdims=True)
    bits[:, 0] = False
    return np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)


def hash_distance(wanted: Hashes, hashes: Hashes) -> float:
    """Return how far ``wanted`` frames are from the nearest of ``hashes``: bits, the median."""
    return float(np.median(bits_apart(bit_signs(wanted), bit_signs(hashes)).min(axis=1)))


def bit_signs(hashes: Hashes) -> Floats:
    """Return the bits of ``(n,)`` hashes as -1 and 1, ``(n, 64)``."""
    eight = hashes.astype(">u8").view(np.uint8).reshape(len(hashes), 8)
    return np.unpackbits(eight, axis=1).astype(np.float32) * 2 - 1


def bits_apart(first: Floats, second: Floats) -> Floats:
    """Return in how many bits each of ``(n, 64)`` differs from each of ``(m, 64)``, ``(n, m)``."""
    return np.asarray((_BITS - first @ second.T) / 2, np.float32)


def _cosines(side: int) -> npt.NDArray[np.float64]:
    """Return the lowest rows of the cosine transform of ``side`` values, ``(8, side)``."""
    places = (2 * np.arange(side)[None] + 1) * np.arange(_LOW)[:, None]
    scale = np.where(np.arange(_LOW) == 0, 0.5**0.5, 1.0)[:, None]
    return np.asarray(scale * np.cos(np.pi * places / (2 * side)), np.float64)


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
        together = float(np.trace(products[rows, columns]))
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
