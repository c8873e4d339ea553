"""Mosaics of clips: every cell is a clip, labels and times are those of the cell that falls.

In: flat clips whose brightness tells the frame. Out: mosaics and their list.
"""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from slipdetect.lab.data import read_annotations
from synth import make_video

PATH = Path(__file__).parents[2] / "examples" / "mosaic_set.py"
FALL = (3.0, 3.8)


@pytest.fixture(scope="module")
def mosaics() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mosaic_set", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mosaic_set"] = module  # dataclasses look their module up
    sys.path.insert(0, str(PATH.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(PATH.parent))
    return module


@pytest.fixture(scope="module")
def singles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips of six seconds: somebody walks, sits, or falls from 3.0 to 3.8 s."""
    folder = tmp_path_factory.mktemp("singles")
    rows = ["path,label,action,event_start,event_end"]
    for name, event in (("walk", None), ("sit", None), ("slip", FALL)):
        make_video(folder / f"{name}.mp4", count=60, rate=10.0)
        start, end = event or ("", "")
        rows.append(f"{name}.mp4,{'fall' if event else 'other'},{name},{start},{end}")
    (folder / "clips.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_a_mosaic_is_labeled_by_its_cells(
    mosaics: ModuleType, singles: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert (
        mosaics.main([str(singles), str(out), "--count", "4", "--falls", "0.5", "--seed", "1"]) == 0
    )
    clips = read_annotations(out / "clips.csv")
    assert len(clips) == 4
    assert {clip.positive for clip in clips} == {True, False}
    assert {clip.group for clip in clips} == {"mosaics"}
    for clip in clips:
        frames = mosaics.read_frames(clip.path)
        assert frames.shape == (50, 360, 480, 3)
        for start, end in clip.events:
            assert end - start == pytest.approx(0.8, abs=0.002)
            assert 0.9 <= start <= 3.0


def test_a_second_run_makes_nothing_anew(
    mosaics: ModuleType, singles: Path, tmp_path: Path
) -> None:
    arguments = [str(singles), str(tmp_path), "--count", "2", "--seed", "4"]
    mosaics.main(arguments)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.mp4")}
    mosaics.main(arguments)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.mp4")} == before
    with (tmp_path / "clips.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["path"] for row in csv.DictReader(stream)] == ["4-0000.mp4", "4-0001.mp4"]


def test_a_cell_repeats_its_last_frame_and_may_be_mirrored(mosaics: ModuleType) -> None:
    frames = np.zeros((10, 8, 8, 3), np.uint8)
    frames[:, :, :4] = np.arange(10, dtype=np.uint8)[:, None, None, None] * 10
    plain = mosaics.cell(frames, 7, (4, 4), False)
    assert plain.shape == (50, 4, 4, 3)
    assert plain[:4, 0, 0, 0].tolist() == [70, 80, 90, 90]
    assert plain[0, 0, 3, 0] == 0
    mirrored = mosaics.cell(frames, 7, (4, 4), True)
    assert np.array_equal(mirrored, plain[:, :, ::-1])
