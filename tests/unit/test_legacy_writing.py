"""Scores for older programs: what they read is what was scored, and it comes back.

In: scores made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scored import scored
from slipdetect.errors import DataError, OutputError
from slipdetect.lab.course2020.legacy_scores import LegacyMeaning, import_scores
from slipdetect.lab.course2020.legacy_writing import check_pickles, write_pickles
from slipdetect.lab.data import Clip

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
        read = import_scores(file, clips, LegacyMeaning(file.stem), tmp_path)
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


def test_R03_existing_files_are_refused_before_the_work(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    check_pickles(folder)
    write_pickles(SCORES, folder)
    with pytest.raises(OutputError, match=r"rgb\.pickle' exists already"):
        check_pickles(folder)
    check_pickles(folder, overwrite=True)
    with pytest.raises(OutputError, match="does not exist"):
        check_pickles(tmp_path / "none" / "old")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        check_pickles(tmp_path / "file")
