"""Scores as the reference code writes them become ``ClipScores``.

In: files written as tsn-pytorch and the two-stream code do. Out: nothing but assertions.
"""

from __future__ import annotations

import logging
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.course2020.legacy_files import is_legacy, read_legacy
from slipdetect.lab.course2020.legacy_scores import LegacyMeaning, import_scores
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.scores import ClipScores, write_scores

ROOT = Path("/data")
SLIP = {"b": True, "a": False, "d": True, "c": False}
LOGITS = {"a": [-1.0, 2.0], "b": [3.0, 0.5], "c": [0.25, 0.5], "d": [1.0, -1.0]}


@pytest.fixture
def clips() -> list[Clip]:
    """Four clips, not in the order of their names."""
    return [
        Clip(ROOT / "x" / f"v_{name}.avi", slip, group=f"g{name}", source="seed")
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
    scores = import_scores(path, clips, LegacyMeaning("flow"), ROOT)
    expect(scores, "abcd")
    assert list(scores.logits) == ["flow"]
    assert scores.clips == tuple(f"x/v_{name}.avi" for name in "abcd")
    assert scores.groups == ("ga", "gb", "gc", "gd")
    assert scores.sources == ("seed",) * 4
    assert scores.facts["imported"] == "old.npz"
    write_scores(scores, tmp_path / "new.npz")
    assert not is_legacy(tmp_path / "new.npz")
    assert is_legacy(path)


def test_tsn_scores_in_the_order_of_the_list_are_found_by_their_labels(
    tmp_path: Path, clips: list[Clip]
) -> None:
    scores = import_scores(tsn_npz(tmp_path / "old.npz", "badc"), clips, root=ROOT)
    expect(scores, "badc")
    assert scores.clips[0] == "x/v_b.avi"


def test_tsn_scores_stand_alone(tmp_path: Path) -> None:
    scores = import_scores(tsn_npz(tmp_path / "old.npz"))
    expect(scores, "abcd")
    assert scores.clips == scores.groups == ("clip-00001", "clip-00002", "clip-00003", "clip-00004")


def test_tsn_scores_of_another_list_are_refused(tmp_path: Path, clips: list[Clip]) -> None:
    with pytest.raises(DataError, match="scores of 3 clips, the list 4"):
        import_scores(tsn_npz(tmp_path / "a.npz", "abc"), clips)
    turned = [Clip(ROOT / f"{name}.avi", not SLIP[name]) for name in "abcd"]
    with pytest.raises(DataError, match="labels in the right order"):
        import_scores(tsn_npz(tmp_path / "b.npz"), turned)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_two_stream_pickles_are_matched_by_name(
    tmp_path: Path, clips: list[Clip], protocol: int
) -> None:
    path = two_stream_pickle(tmp_path / "spatial_video_preds.pickle", protocol)
    scores = import_scores(path, clips, LegacyMeaning("rgb"), ROOT)
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
    expect(import_scores(path, clips, LegacyMeaning("rgb", frames=19)), "badc")
    assert not caplog.records
    summed = import_scores(path, clips)
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
    scores = import_scores(path, [*clips[:3], Clip(ROOT / "e.avi", False)])
    expect(scores, "bad")
    assert "1 clips have no scores, 1 scores belong to no clip" in caplog.text
    with pytest.raises(DataError, match="such as 'a'"):
        import_scores(path, [Clip(ROOT / "e.avi", False)])
    with pytest.raises(DataError, match="two videos of one name"):
        import_scores(path, [*clips, Clip(ROOT / "y" / "a.mp4", False)])
    with pytest.raises(DataError, match="keeps no labels"):
        import_scores(path)


def test_labels_may_come_in_the_other_order(tmp_path: Path, clips: list[Clip]) -> None:
    turned = [Clip(clip.path, not clip.positive) for clip in clips]
    meaning = LegacyMeaning(labels=("other", "slip"))
    scores = import_scores(tsn_npz(tmp_path / "old.npz"), turned, meaning)
    assert scores.is_positive.tolist() == [True, False, True, False]
    with pytest.raises(DataError, match="scores of 2 classes"):
        import_scores(tmp_path / "old.npz", turned, LegacyMeaning(labels=("slip", "b", "c")))
    for wrong in ({"labels": ("fall", "other")}, {"labels": ("slip", "slip")}, {"frames": 0}):
        with pytest.raises(UsageError):
            LegacyMeaning(**wrong)


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
            import_scores(tmp_path / name, clips)
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
        read_legacy(path)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    whole = tsn_npz(tmp_path / "old.npz").read_bytes()
    for share in (0.0, 0.3, 0.7, 0.97):
        path = tmp_path / "cut.npz"
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match=r"cut\.npz"):
            read_legacy(path)
    with pytest.raises(DataError, match="cannot read scores"):
        read_legacy(tmp_path / "missing.pickle")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(DataError, match="no array 'scores'"):
        read_legacy(tmp_path / "other.npz")
    np.savez(tmp_path / "labels.npz", scores=np.zeros((2, 2)), labels=[0, 5])
    with pytest.raises(DataError, match="do not suit"):
        read_legacy(tmp_path / "labels.npz")


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
        read_legacy(path)
