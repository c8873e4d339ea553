"""The people of clips: found once, as detection sees them, and kept.

In: small videos and an estimator that counts. Out: nothing but assertions.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from people_seen import person_at
from skeleton_clips import skeletons
from slipdetect.errors import DataError, UsageError, VideoError
from slipdetect.lab.data import Sampling
from slipdetect.lab.pose.skeleton_cache import SkeletonCache
from slipdetect.people.pictures import PictureSampler
from slipdetect.types.person import Person
from slipdetect.video import open_video
from synth import make_video

SAMPLING = Sampling(10.0, 48)


class Counting:
    """Finds one person and remembers the pictures."""

    name = "counting"

    def __init__(self) -> None:
        self.pictures: list[np.ndarray] = []

    def people(self, picture: np.ndarray) -> list[Person]:
        self.pictures.append(picture)
        return [person_at(1, 2, 11, 40)]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return make_video(tmp_path / "walk.mp4", "walk", count=40, size=(80, 60)).path


@pytest.fixture
def eyes() -> Counting:
    return Counting()


@pytest.fixture
def cache(tmp_path: Path, eyes: Counting) -> SkeletonCache:
    return SkeletonCache(tmp_path / "cache", SAMPLING, 5.0, eyes)


def test_people_are_looked_for_once_in_every_second_frame(
    video: Path, cache: SkeletonCache, eyes: Counting
) -> None:
    with open_video(video) as opened:
        frames = list(opened.frames(10.0, 48))
    found = cache.people(video)
    assert found.times == pytest.approx([frame.time for frame in frames[::2]])
    assert (found.width, found.height) == (64, 48)
    assert [len(each) for each in found.people] == [1] * len(found.times)
    sampler = PictureSampler(10.0, 5.0)
    seen = [taken[1] for frame in frames if (taken := sampler.push(frame.image)) is not None]
    for wanted, picture in zip(seen, eyes.pictures, strict=True):
        np.testing.assert_array_equal(wanted, picture)
    again = cache.people(video)
    assert len(eyes.pictures) == len(found.times)
    np.testing.assert_array_equal(again.people[0][0].keypoints, found.people[0][0].keypoints)


def test_another_file_rate_or_damage_is_looked_at_anew(
    tmp_path: Path, video: Path, cache: SkeletonCache, eyes: Counting
) -> None:
    cache.people(video)
    count = len(eyes.pictures)
    os.utime(video, (1, 1))
    cache.people(video)
    assert len(eyes.pictures) == 2 * count
    SkeletonCache(tmp_path / "cache", SAMPLING, 10.0, eyes).people(video)
    assert len(eyes.pictures) == 2 * count + 2 * count
    for path in (tmp_path / "cache").iterdir():
        path.write_bytes(b"damaged")
    cache.people(video)
    assert len(eyes.pictures) == 5 * count


def test_what_cannot_be_read_is_said(tmp_path: Path, cache: SkeletonCache) -> None:
    with pytest.raises(VideoError, match="check the path"):
        cache.people(tmp_path / "none.mp4")
    other = tmp_path / "other.npz"
    np.savez(other, a=np.zeros(3))
    for path in (other, tmp_path / "none.npz"):
        with pytest.raises(VideoError, match="no file of skeletons"):
            cache.people(path)


def test_skeletons_of_another_rate_are_refused(tmp_path: Path, cache: SkeletonCache) -> None:
    for name, rate in (("right", 5.0), ("wrong", 10.0)):
        skeletons(falls=False, seed=0, rate=rate).save(tmp_path / f"{name}.npz")
    assert len(cache.people(tmp_path / "right.npz").times) == 21
    with pytest.raises(DataError, match="of 10 pictures a second, not 5"):
        cache.people(tmp_path / "wrong.npz")


def test_a_rate_that_frames_do_not_have_is_refused(tmp_path: Path, eyes: Counting) -> None:
    with pytest.raises(UsageError, match="must be a multiple of"):
        SkeletonCache(tmp_path / "cache", SAMPLING, 4.0, eyes)
