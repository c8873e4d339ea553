"""Copies of a recording are found whatever was done to them, and told from other recordings.

In: made-up recordings and copies of them, encoded. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recordings import RATE, recording
from slipdetect.lab.check.clip_stats import measure_clip
from slipdetect.lab.check.near_duplicates import (
    MAYBE,
    RECORDING,
    SCENE,
    Fingerprint,
    NearDuplicates,
    align,
    bits_apart,
    near_duplicates,
    perceptual_hashes,
)
from slipdetect.lab.data import Clip
from slipdetect.lab.prepare.size_modes import SizeMode
from slipdetect.video import write_video

HASHES = arrays(np.uint64, st.integers(1, 6), elements=st.integers(0, 2**64 - 1))


def sized(images: list[np.ndarray], mode: str) -> list[np.ndarray]:
    return [SizeMode.parse(mode).apply(image) for image in images]


ORIGINAL = recording(1, 1)
COPIES = {
    "reencoded": (ORIGINAL, RATE, 40),
    "small": (sized(ORIGINAL, "short:64"), RATE, 28),
    "course2020": (sized(ORIGINAL, "course2020"), RATE, 23),
    "letterbox": (sized(ORIGINAL, "letterbox:256x256"), RATE, 23),
    "trimmed": (ORIGINAL[8:-7], RATE, 23),
    "mirrored": ([image[:, ::-1] for image in ORIGINAL], RATE, 23),
    "halved": (ORIGINAL[::2], RATE / 2, 23),
    "brighter": ([cv2.convertScaleAbs(i, alpha=1.1, beta=8) for i in ORIGINAL], RATE, 23),
}
OTHERS = {"same_room": recording(1, 2), "other_room": recording(2, 1)}


@pytest.fixture(scope="module")
def prints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Fingerprint]:
    folder = tmp_path_factory.mktemp("recordings")
    everything = {"original": (ORIGINAL, RATE, 23), **COPIES}
    everything |= {name: (images, RATE, 23) for name, images in OTHERS.items()}
    found = {}
    for name, (images, rate, quality) in everything.items():
        path = folder / f"{name}.mp4"
        write_video(path, images, rate, quality=quality)
        found[name] = Fingerprint.of(measure_clip(path).stills)
    return found


def clip(name: str, split: str = "", group: str = "") -> Clip:
    return Clip(Path(name), True, group=group or name, split=split)


def compare(prints: dict[str, Fingerprint], *names: str, **options: bool) -> NearDuplicates:
    return near_duplicates([clip(n) for n in names], [prints[n] for n in names], **options)


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_the_same_recording(prints: dict[str, Fingerprint], name: str) -> None:
    found = compare(prints, "original", name)
    assert [pair.kind for pair in found.pairs] == [RECORDING]
    pair = found.pairs[0]
    assert pair.mirrored == (name == "mirrored")
    assert pair.alignment is not None
    # the trimmed copy begins 8 frames later, so that it shows the same earlier
    expected = -8 / RATE if name == "trimmed" else 0.0
    assert pair.alignment.shift == pytest.approx(expected, abs=0.11)


def test_another_recording_in_the_room_is_only_the_same_scene(
    prints: dict[str, Fingerprint],
) -> None:
    found = compare(prints, "original", "same_room", "other_room")
    assert [(pair.first.path.name, pair.second.path.name, pair.kind) for pair in found.pairs] == [
        ("original", "same_room", SCENE)
    ]
    assert not found.pairs[0].same_recording


def test_the_surest_pairs_come_first(prints: dict[str, Fingerprint]) -> None:
    found = compare(prints, "same_room", "reencoded", "original", "mirrored")
    values = [pair.correlation for pair in found.pairs]
    assert values == sorted(values, reverse=True)
    assert len(found.of_kind(RECORDING)) == 3
    assert len(found.of_kind(SCENE)) == 3
    assert found.of_kind(MAYBE) == []


def test_clips_of_one_group_on_one_side_cannot_leak(prints: dict[str, Fingerprint]) -> None:
    both = [prints["original"], prints["reencoded"]]
    one_group = [clip("original", "train", "g"), clip("reencoded", "train", "g")]
    assert near_duplicates(one_group, both).pairs == ()
    assert len(near_duplicates(one_group, both, inside_groups=True).pairs) == 1
    two_sides = [one_group[0], replace(one_group[1], split="val")]
    pair = near_duplicates(two_sides, both).pairs[0]
    assert pair.across
    assert str(pair) == "'original' (train) = 'reencoded' (val)"


def test_without_motion_or_structure_nothing_is_claimed() -> None:
    still = np.repeat(cv2.resize(ORIGINAL[0][:, :, 0], (32, 32))[None], 20, axis=0)
    dark = np.full((20, 32, 32), 8, np.uint8)
    names = ["still", "again", "dark", "darker"]
    prints = [Fingerprint.of(stills) for stills in (still, still.copy(), dark, dark // 2)]
    found = near_duplicates([clip(name) for name in names], prints)
    assert [(pair.kind, pair.alignment) for pair in found.pairs] == [(SCENE, None)]
    assert [c.path.name for c in found.flat] == ["dark", "darker"]
    assert near_duplicates([], []) == NearDuplicates()


def plain_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, around each pixel's mean over the stretch."""
    a, b = (x.reshape(len(x), -1).astype(np.float64) for x in (a, b))
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


@pytest.mark.parametrize(("count", "other"), [(14, 14), (13, 20), (25, 13)])
def test_the_best_shift_by_trying_all(count: int, other: int) -> None:
    rng = np.random.default_rng(count)
    walk = rng.integers(0, 255, (40, 32, 32)).astype(np.uint8)
    first = walk[5 : 5 + count]
    second = (walk[8 : 8 + other] * 0.8 + rng.integers(0, 50, (other, 32, 32))).astype(np.uint8)
    need = max(10, (min(count, other) + 1) // 2)
    expected = []
    for shift in range(-count, other):
        rows = range(max(0, -shift), min(count, other - shift))
        if len(rows) >= need:
            a, b = first[rows.start : rows.stop], second[rows.start + shift : rows.stop + shift]
            expected.append((plain_correlation(a, b), shift / 10))
    found = align(first, second)
    assert found is not None
    assert (found.correlation, found.shift) == pytest.approx(max(expected), abs=1e-4)
    assert found.shift == -0.3
    assert align(first[:9], second) is None


@given(a=HASHES, b=HASHES)
def test_distance_counts_bits(a: np.ndarray, b: np.ndarray) -> None:
    counted = [[bin(int(x) ^ int(y)).count("1") for y in b] for x in a]
    assert bits_apart(a, b).tolist() == counted


def test_a_hash_is_that_of_the_cosine_transform() -> None:
    rng = np.random.default_rng(0)
    stills = rng.integers(0, 255, (5, 32, 32)).astype(np.uint8)
    waves = np.cos(np.pi * np.outer(np.arange(8), 2 * np.arange(32) + 1) / 64)
    waves[0] /= 2**0.5
    for still, found in zip(stills, perceptual_hashes(stills), strict=True):
        # without the constant that makes it orthogonal, which no comparison with the median sees
        low = (waves @ still.astype(np.float64) @ waves.T).ravel()
        bits = low > np.median(low[1:])
        assert int(found) == sum(1 << (63 - i) for i in range(1, 64) if bits[i])
    assert perceptual_hashes(stills[:0]).shape == (0,)
