"""Skeletons on disk: what comes back, and files that are damaged or other ones.

In: people made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from people_seen import person_at
from slipdetect.errors import DataError, OutputError
from slipdetect.people.skeletons import Skeletons

FRAMES = (
    [person_at(1, 2, 30, 40)],
    [],
    [person_at(2, 2, 31, 40), person_at(50, 2, 70, 44, score=0.25)],
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "clip.npz"
    Skeletons([0.0, 0.2, 0.4], FRAMES, 320, 240).save(path)
    return path


def test_what_was_saved_comes_back(saved: Path) -> None:
    again = Skeletons.load(saved)
    assert (again.times, again.width, again.height) == ([0.0, 0.2, 0.4], 320, 240)
    assert [len(found) for found in again.people] == [1, 0, 2]
    for one, other in zip(FRAMES, again.people, strict=True):
        for before, after in zip(one, other, strict=True):
            np.testing.assert_array_equal(before.keypoints, after.keypoints)
            np.testing.assert_array_equal(before.box, after.box)
            assert before.score == after.score


def test_a_clip_without_people_or_frames(tmp_path: Path) -> None:
    for name, times in (("nobody", [0.0, 0.2]), ("nothing", [])):
        path = tmp_path / f"{name}.npz"
        Skeletons(times, [[] for _ in times], 10, 10).save(path)
        assert Skeletons.load(path).people == [[] for _ in times]


def test_a_file_that_is_there_is_kept(saved: Path) -> None:
    before = saved.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        Skeletons([], [], 1, 1).save(saved)
    assert saved.read_bytes() == before
    Skeletons([], [], 1, 1).save(saved, overwrite=True)
    assert Skeletons.load(saved).times == []


def test_damaged_and_other_files_are_refused(saved: Path, tmp_path: Path) -> None:
    data = saved.read_bytes()
    for name, content in (("cut", data[:200]), ("empty", b""), ("text", b"no skeletons")):
        path = tmp_path / f"{name}.npz"
        path.write_bytes(content)
        with pytest.raises(DataError, match=f"{name}.npz' is no file of skeletons"):
            Skeletons.load(path)
    with pytest.raises(DataError, match=r"missing.npz' is no file of skeletons"):
        Skeletons.load(tmp_path / "missing.npz")
    np.savez(tmp_path / "pickled.npz", times=np.array([object()]), counts=[], people=[], size=[])
    with pytest.raises(DataError, match=r"pickled.npz' is no file of skeletons"):
        Skeletons.load(tmp_path / "pickled.npz")


def test_every_flipped_byte_is_told_or_does_no_harm(saved: Path) -> None:
    data = saved.read_bytes()
    for place in range(0, len(data), 7):
        saved.write_bytes(data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :])
        try:
            again = Skeletons.load(saved)
        except DataError:
            continue
        assert [len(found) for found in again.people] == [1, 0, 2]


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a | {"counts": a["counts"][:2]},
        lambda a: a | {"counts": np.array([1, 0, 3])},
        lambda a: a | {"counts": np.array([4, -1, 0])},
        lambda a: a | {"people": a["people"][:, :55]},
        lambda a: a | {"people": a["people"].ravel()},
        lambda a: a | {"people": a["people"] * np.float32(np.nan)},
        lambda a: a | {"times": np.array([0.0, np.inf, 0.4])},
        lambda a: a | {"size": np.array([320, 240, 3])},
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(
    saved: Path, change: Callable[[dict], dict]
) -> None:
    with np.load(saved) as file:
        arrays = dict(file)
    np.savez(saved, **change(arrays))
    with pytest.raises(DataError, match="do not fit together; make it anew"):
        Skeletons.load(saved)
