"""Compression in memory: every frame comes back, at its time, worse the harder it is compressed.

In: pictures drawn here. Out: nothing but assertions.
"""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
import pytest

from slipdetect.errors import UsageError
from slipdetect.lab.stress.recompress import recompressed
from slipdetect.video import Frame


def recording(count: int = 7, size: tuple[int, int] = (48, 64)) -> list[Frame]:
    """A coarse texture that moves, at uneven times, its third frame damaged."""
    texture = np.random.default_rng(1).integers(0, 256, (*size, 3))[::8, ::8]
    image = texture.repeat(8, 0).repeat(8, 1)[: size[0], : size[1]].astype(np.uint8)
    return [Frame(0.1 * k + 0.01 * (k % 2), np.roll(image, 2 * k, 1), k == 2) for k in range(count)]


def error(quality: float, frames: list[Frame]) -> float:
    found = recompressed(iter(frames), quality)
    differences = [
        np.abs(a.image.astype(float) - b.image) for a, b in zip(found, frames, strict=True)
    ]
    return float(np.mean(differences))


def test_times_sizes_and_damage_stay() -> None:
    frames = recording()
    found = list(recompressed(iter(frames), 40))
    assert [frame.time for frame in found] == [frame.time for frame in frames]
    assert [frame.corrupt for frame in found] == [k == 2 for k in range(7)]
    for frame in found:
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8


def test_harder_is_worse_and_next_to_nothing_is_lost_without() -> None:
    gray = [Frame(0.0, np.full((32, 32, 3), level, np.uint8)) for level in (10, 128, 250)]
    assert error(1, gray) < 1.0
    frames = recording()
    errors = [error(quality, frames) for quality in (10, 32, 44, 51)]
    assert errors == sorted(errors)
    assert errors[-1] > 2 * errors[0]


def test_the_same_pictures_give_the_same_bytes() -> None:
    first, second = (list(recompressed(iter(recording()), 38)) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.image, b.image)


def test_odd_sides_are_kept() -> None:
    found = list(recompressed(iter(recording(3, (33, 47))), 30))
    assert [frame.image.shape for frame in found] == [(33, 47, 3)] * 3
    assert error(5, recording(3, (33, 47))) < 12


def test_it_streams_and_nothing_comes_of_nothing() -> None:
    assert list(recompressed(iter([]), 40)) == []
    taken = []

    def endless() -> Iterator[Frame]:
        for k in range(1000):
            taken.append(k)
            yield Frame(k / 10, np.full((16, 16, 3), k % 200, np.uint8))

    found = recompressed(endless(), 40)
    assert [next(found).time for _ in range(3)] == [0.0, 0.1, 0.2]
    assert len(taken) <= 5


def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="0 to 51, not 52"):
        recompressed(iter([]), 52)
    monkeypatch.setattr(av, "codecs_available", {"h264"})
    with pytest.raises(UsageError, match="no libx264"):
        recompressed(iter([]), 40)
