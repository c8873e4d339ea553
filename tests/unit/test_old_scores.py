"""Scores as older programs write them become ours, and ours what these read.

In: files written as tsn-pytorch and the two-stream code do. Out: nothing but assertions.
"""

from __future__ import annotations

import logging
import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scored import scored
from slipdetect.errors import DataError, OutputError, UsageError
from slipdetect.lab.course2020.old_scores import read_old_scores, write_pickles
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.scores import ClipScores, write_scores

ROOT = Path("/data")
SLIP = {"b": True, "a": False, "d": True, "c": False}
LOGITS = {"a": [-1.0, 2.0], "b": [3.0, 0.5], "c": [0.25, 0.5], "d": [1.0, -1.0]}


@pytest.fixture
def clips() -> list[Clip]:
    """Four clips, not in the order of their names."""
    return [
        Clip(ROOT / "x" / f"v_{name}.avi", slip, group=f"g{name}", dataset="seed")
        for name, slip in SLIP.items()
    ]


def tsn_npz(path: Path, names: str = "abcd", segments: int = 3, labels: bool = True) -> Path:
    """Write what ``test_models.py --save_scores`` does: (scores, label) pairs, sorted by name."""
    rng = np.random.default_rng(0)
    output = np.empty((len(names), 2), object)
    for row, name in enumerate(names):
        noise = rng.normal(size=(segments, 1, 2)).astype(np.float32)
        output[row, 0] = noise - noise.mean(axis=0) + np.array(LOGITS[name], np.float32)
        output[row, 1] = 1 - int(SLIP[name])
    given = {"labels": [int(pair[1]) for pair in output]} if labels else {}
    np.savez(path, scores=output, **given)
    return path


def two_stream_pickle(path: Path, protocol: int = 4, frames: int = 1) -> Path:
    content = {name: np.array(row, np.float32) * frames for name, row in LOGITS.items()}
    path.write_bytes(pickle.dumps(content, protocol))
    return path


def expect(scores: ClipScores, names: str) -> None:
    np.testing.assert_allclose(
        next(iter(scores.logits.values())), [LOGITS[name] for name in names], atol=1e-5
    )
    assert scores.truth.tolist() == [1 - int(SLIP[name]) for name in names]


@pytest.mark.parametrize("labels", [True, False])
def test_tsn_scores_are_named_by_the_sorted_list(
    tmp_path: Path, clips: list[Clip], labels: bool
) -> None:
    path = tsn_npz(tmp_path / "old.npz", labels=labels)
    scores = read_old_scores(path, clips, modality="flow", root=ROOT)
    expect(scores, "abcd")
    assert list(scores.logits) == ["flow"]
    assert scores.clips == tuple(f"x/v_{name}.avi" for name in "abcd")
    assert scores.groups == ("ga", "gb", "gc", "gd")
    assert scores.datasets == ("seed",) * 4
    assert scores.facts["imported"] == "old.npz"
    write_scores(scores, tmp_path / "new.npz")
    with pytest.raises(DataError, match="no array 'scores' as tsn-pytorch writes it"):
        read_old_scores(tmp_path / "new.npz")


def test_tsn_scores_in_the_order_of_the_list_are_found_by_their_labels(
    tmp_path: Path, clips: list[Clip]
) -> None:
    scores = read_old_scores(tsn_npz(tmp_path / "old.npz", "badc"), clips, root=ROOT)
    expect(scores, "badc")
    assert scores.clips[0] == "x/v_b.avi"


def test_tsn_scores_stand_alone(tmp_path: Path) -> None:
    scores = read_old_scores(tsn_npz(tmp_path / "old.npz"))
    expect(scores, "abcd")
    assert scores.clips == scores.groups == ("clip-00001", "clip-00002", "clip-00003", "clip-00004")


def test_tsn_scores_of_another_list_are_refused(tmp_path: Path, clips: list[Clip]) -> None:
    with pytest.raises(DataError, match="scores of 3 clips, the list 4"):
        read_old_scores(tsn_npz(tmp_path / "a.npz", "abc"), clips)
    turned = [Clip(ROOT / f"{name}.avi", not SLIP[name]) for name in "abcd"]
    with pytest.raises(DataError, match="labels in the right order"):
        read_old_scores(tsn_npz(tmp_path / "b.npz"), turned)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_two_stream_pickles_are_matched_by_name(
    tmp_path: Path, clips: list[Clip], protocol: int
) -> None:
    path = two_stream_pickle(tmp_path / "spatial_video_preds.pickle", protocol)
    scores = read_old_scores(path, clips, modality="rgb", root=ROOT)
    expect(scores, "badc")
    assert scores.clips[0] == "x/v_b.avi"


def test_sums_over_frames_are_divided(
    tmp_path: Path,
    clips: list[Clip],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("slipdetect"), "propagate", True)
    path = two_stream_pickle(tmp_path / "sums.pickle", frames=19)
    expect(read_old_scores(path, clips, modality="rgb", frames=19), "badc")
    assert not caplog.records
    summed = read_old_scores(path, clips)
    np.testing.assert_allclose(summed.logits["scores"][0], [57.0, 9.5], rtol=1e-6)
    assert "pass --frames 19" in caplog.text


def test_clips_without_scores_are_told(
    tmp_path: Path,
    clips: list[Clip],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("slipdetect"), "propagate", True)
    path = two_stream_pickle(tmp_path / "old.pickle")
    scores = read_old_scores(path, [*clips[:3], Clip(ROOT / "e.avi", False)])
    expect(scores, "bad")
    assert "1 clips have no scores, 1 scores belong to no clip" in caplog.text
    with pytest.raises(DataError, match="such as 'a'"):
        read_old_scores(path, [Clip(ROOT / "e.avi", False)])
    with pytest.raises(DataError, match="two videos of one name"):
        read_old_scores(path, [*clips, Clip(ROOT / "y" / "a.mp4", False)])
    with pytest.raises(DataError, match="keeps no labels"):
        read_old_scores(path)


def test_labels_may_come_in_the_other_order(tmp_path: Path, clips: list[Clip]) -> None:
    turned = [Clip(clip.path, not clip.positive) for clip in clips]
    path = tsn_npz(tmp_path / "old.npz")
    scores = read_old_scores(path, turned, labels=("other", "slip"))
    assert scores.is_positive.tolist() == [True, False, True, False]
    with pytest.raises(DataError, match="scores of 2 classes"):
        read_old_scores(path, turned, labels=("slip", "b", "c"))
    with pytest.raises(UsageError, match="must differ"):
        read_old_scores(path, turned, labels=("slip", "slip"))


class Runs:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


def test_W01_malicious_scores_run_nothing(tmp_path: Path, clips: list[Clip]) -> None:
    marker = tmp_path / "marker"
    (tmp_path / "a.pickle").write_bytes(pickle.dumps({"a": Runs(marker)}))
    np.savez(tmp_path / "b.npz", scores=np.array([Runs(marker)], object), labels=[0])
    np.savez(tmp_path / "c.npz", scores=np.zeros((1, 2)), labels=np.array([Runs(marker)], object))
    for name in ("a.pickle", "b.npz", "c.npz"):
        with pytest.raises(DataError, match=r"names \w+\.system"):
            read_old_scores(tmp_path / name, clips)
    assert not marker.exists()


@pytest.mark.parametrize(
    "content",
    [
        {},
        [1, 2],
        {1: np.zeros(2)},
        {"a": "text"},
        {"a": np.zeros(1)},
        {"a": np.float64(1.0)},
        {"a": np.zeros((0, 2))},
        {"a": np.zeros(2), "b": np.zeros(3)},
        {"a": np.zeros(2), "b": None},
        {"a": [[1, 2], [3]]},
    ],
    ids=str,
)
def test_other_content_is_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "x.pickle"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=r"x\.pickle"):
        read_old_scores(path)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    whole = tsn_npz(tmp_path / "old.npz").read_bytes()
    for share in (0.0, 0.3, 0.7, 0.97):
        path = tmp_path / "cut.npz"
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match=r"cut\.npz"):
            read_old_scores(path)
    with pytest.raises(DataError, match="cannot read scores"):
        read_old_scores(tmp_path / "missing.pickle")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(DataError, match="no array 'scores'"):
        read_old_scores(tmp_path / "other.npz")
    for one in (3.0, "a", np.array(None)):
        np.savez(tmp_path / "one.npz", scores=one)
        with pytest.raises(DataError, match=r"one\.npz"):
            read_old_scores(tmp_path / "one.npz")
    np.savez(tmp_path / "labels.npz", scores=np.zeros((2, 2)), labels=[0, 5])
    with pytest.raises(DataError, match="do not suit"):
        read_old_scores(tmp_path / "labels.npz")


def test_packed_scores_with_a_flipped_byte_are_refused_or_read(tmp_path: Path) -> None:
    """What unpacks wrongly is no error of ours."""
    with np.load(tsn_npz(tmp_path / "old.npz"), allow_pickle=True) as file:
        np.savez_compressed(tmp_path / "packed.npz", **file)
    data = (tmp_path / "packed.npz").read_bytes()
    told = 0
    for place in range(30, len(data), 3):
        path = tmp_path / "flipped.npz"
        path.write_bytes(data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :])
        try:
            read_old_scores(path)
        except DataError:
            told += 1
    assert told > 10


def test_files_that_unpack_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("scores.npy", "w") as member,
    ):
        for _ in range(257):
            member.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    with pytest.raises(DataError, match="256 MiB"):
        read_old_scores(path)


TRUTH = [0, 1, 0]
SCORES = replace(
    scored(TRUTH, {"rgb": [1.5, -0.5, 3.0], "flow": [-2.0, -1.0, 0.25]}),
    clips=("Slipping/v_a.mp4", "b.avi", "c.d.mp4"),
)


def test_S37_the_fusion_of_the_older_program_gives_our_labels(tmp_path: Path) -> None:
    """average_fusion.py: the logits of a name are added, the largest sum is the label."""
    files = write_pickles(SCORES, tmp_path / "old")
    assert [file.name for file in files] == ["rgb.pickle", "flow.pickle"]
    rgb, flow = (pickle.loads(file.read_bytes()) for file in files)
    assert list(rgb) == list(flow) == ["a", "b", "c.d"]
    for row, name in enumerate(rgb):
        assert rgb[name].shape == (2,)
        assert rgb[name].dtype == np.float32
        ours = SCORES.logits["rgb"][row] + SCORES.logits["flow"][row]
        np.testing.assert_array_equal(rgb[name] + flow[name], ours)


def test_S37_what_was_written_is_read(tmp_path: Path) -> None:
    clips = [
        Clip(tmp_path / name, truth == 0, group=name)
        for name, truth in zip(SCORES.clips, TRUTH, strict=True)
    ]
    for file in write_pickles(SCORES, tmp_path / "old"):
        read = read_old_scores(file, clips, modality=file.stem, root=tmp_path)
        assert read.clips == SCORES.clips
        assert read.truth.tolist() == TRUTH
        np.testing.assert_array_equal(read.logits[file.stem], SCORES.logits[file.stem])


def test_clips_of_one_file_name_are_refused(tmp_path: Path) -> None:
    twice = replace(SCORES, clips=("x/v_a.mp4", "y/a.avi", "c.mp4"))
    with pytest.raises(DataError, match="two clips are called 'a'"):
        write_pickles(twice, tmp_path / "old")
    assert not (tmp_path / "old").exists()


def test_a_stream_whose_name_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    stray = replace(SCORES, logits={"../../x": SCORES.logits["rgb"]})
    with pytest.raises(DataError, match="cannot be a file's name"):
        write_pickles(stray, tmp_path / "old")
    assert list(tmp_path.iterdir()) == []


def test_R03_existing_files_are_refused_and_stay(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "flow.pickle").write_text("mine")
    with pytest.raises(OutputError, match=r"flow\.pickle' exists already"):
        write_pickles(SCORES, folder)
    assert [path.name for path in folder.iterdir()] == ["flow.pickle"]
    write_pickles(SCORES, folder, overwrite=True)
    assert (folder / "flow.pickle").read_bytes() != b"mine"
    for place in (tmp_path / "none" / "old", folder / "flow.pickle"):
        with pytest.raises(OutputError):
            write_pickles(SCORES, place)
