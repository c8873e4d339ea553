"""What ``prepare check`` writes: counts, tables, pages, pictures.

In: checks made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from slipdetect.lab.check.checking import DataCheck, count_clips
from slipdetect.lab.check.confounds import Confound, ConfoundReport
from slipdetect.lab.check.contact_sheet import (
    MOST_ROWS,
    Example,
    ExampleRow,
    choose_examples,
    draw_contact_sheet,
)
from slipdetect.lab.check.near_duplicates import Alignment, NearDuplicates, NearPair
from slipdetect.lab.check.report import (
    check_data,
    check_table,
    confound_data,
    confound_lines,
    confound_markdown,
    draw_confounds,
    near_duplicates_csv,
)
from slipdetect.lab.data import Clip
from slipdetect.lab.data.splits import find_leaks
from slipdetect.lab.stats.ranking import AucInterval
from synth import make_video

REPORT = ConfoundReport(
    confounds=(
        Confound(
            "frame rate", AucInterval(0.83, 0.78, 0.88), AucInterval(0.5, 0.45, 0.56), "mix rates"
        ),
        Confound("duration", AucInterval(0.61, 0.52, 0.70), None, "cut alike"),
    ),
    clips=(40, 60),
    groups=30,
    folds=5,
    by_group=True,
    constant=("black borders",),
)


def clip(name: str, positive: bool, group: str, dataset: str, split: str, events: int = 0) -> Clip:
    times = tuple((float(i), i + 0.5) for i in range(events))
    return Clip(Path("/data") / name, positive, times, group, dataset, {}, split)


CLIPS = [
    clip("a.mp4", True, "g1", "x", "train", 2),
    clip("b.mp4", True, "g1", "x", "train"),
    clip("c.mp4", False, "g2", "x", "train"),
    clip("d.mp4", True, "g3", "y", "train", 1),
    clip("=e.mp4", False, "g4", "y", "test"),
]


def pair(first: int, second: int, correlation: float, **changes: bool) -> NearPair:
    return NearPair(CLIPS[first], CLIPS[second], 3.0, Alignment(correlation, -0.5), **changes)


def make_check(**changes: object) -> DataCheck:
    near = NearDuplicates((pair(0, 4, 0.97, mirrored=True), pair(1, 4, 0.8), pair(2, 3, 0.1)))
    values: dict[str, object] = {
        "clips": tuple(CLIPS),
        "counts": tuple(count_clips(CLIPS, {CLIPS[0].path: 2.5, CLIPS[1].path: 4.0})),
        "unreadable": {CLIPS[2].path: "'/data/c.mp4' is\x1b[31m damaged"},
        "leaks": find_leaks(CLIPS, near.pairs),
        "copies": ((CLIPS[0], CLIPS[2]),),
        "near": near,
        "confounds": REPORT,
        **changes,
    }
    return DataCheck(**values)


def test_counts_by_hand() -> None:
    rows = count_clips(CLIPS, {CLIPS[0].path: 2.5, CLIPS[1].path: 4.0})
    found = [(r.split, r.label, r.dataset, r.clips, r.groups, r.seconds, r.events) for r in rows]
    assert found == [
        ("train", "slip", "x", 2, 1, 6.5, 2),
        ("train", "slip", "y", 1, 1, None, 1),
        ("train", "other", "x", 1, 1, None, 0),
        ("test", "other", "y", 1, 1, None, 0),
    ]


def test_the_table_says_everything_once() -> None:
    text = check_table(make_check(), "data.csv", Path("/data"))
    assert text.startswith("data.csv: 5 clips in 4 groups\n")
    assert "1 pair of clips on two sides show one recording: '/data/a.mp4' (train) = " in text
    assert "  a.mp4 (train) = c.mp4 (train)  (with different labels!)" in text
    assert "1 pair show the same recording" not in text
    assert "1 pair shows the same recording" in text
    assert "    0.97  a.mp4 (train)\n          =e.mp4 (test), 0.5 s earlier, mirrored\n" in text
    assert "1 pair may show the same recording: look at them, 1 of them on two sides" in text
    assert "1 pair shows the same scene" in text
    assert "frame rate alone tells the label apart: AUC 0.83 (0.78 to 0.88)" in text
    assert "\x1b" not in text
    assert not any(line != line.rstrip() for line in text.splitlines())
    assert max(map(len, text.splitlines())) <= 104


def test_without_leaks_and_without_decoding() -> None:
    alone = tuple(clip for clip in CLIPS if clip.split == "train")
    check = make_check(clips=alone, leaks=find_leaks(alone), near=None, confounds=None, copies=())
    text = check_table(check, "data.csv")
    assert "none: no group or file is on two sides" in text
    assert "not looked for (--fast)" in text
    assert "tell the label" not in text


def test_data_is_json_and_csv_is_safe() -> None:
    data = json.loads(json.dumps(check_data(make_check()), allow_nan=False))
    assert data["leaks"]["recordings"] == [["/data/a.mp4", "/data/=e.mp4"]]
    assert data["near_duplicates"] == {
        "same recording": 1,
        "maybe the same recording": 1,
        "same scene": 1,
        "too flat to recognize": 0,
        "not compared": 0,
    }
    rows = list(csv.DictReader(io.StringIO(near_duplicates_csv(make_check()))))
    assert [row["kind"] for row in rows] == [
        *("same recording", "maybe the same recording", "same scene"),
    ]
    assert (rows[0]["motion_correlation"], rows[0]["shift_s"]) == ("0.970", "-0.5")
    spoilt = make_check(
        near=NearDuplicates(
            (NearPair(Clip(Path("=cmd()"), True), Clip(Path("b"), True), 1.0, None),)
        )
    )
    (row,) = csv.DictReader(io.StringIO(near_duplicates_csv(spoilt)))
    assert row["first"] == "'=cmd()"
    assert row["motion_correlation"] == row["shift_s"] == ""


def test_confounds_as_text() -> None:
    lines = confound_lines(REPORT)
    assert any(line.startswith("frame rate alone tells the label apart") for line in lines)
    assert not any(line.startswith("duration alone") for line in lines)
    page = confound_markdown(REPORT, "data.csv")
    assert "| frame rate | 0.83 | 0.78 to 0.88 | 0.50 (0.45 to 0.56) |" in page
    assert "40 slip and 60 other clips of 30 groups; 5 folds of whole groups" in page
    assert "The same in all clips: black borders." in page
    data = confound_data(REPORT)
    assert [item["telling"] for item in data["confounds"]] == [True, False]
    quiet = ConfoundReport(REPORT.confounds[1:], (40, 60), 30, 5, False)
    assert any("No property alone surely tells" in line for line in confound_lines(quiet))
    assert "scenes may be on both sides" in confound_markdown(quiet, "d")


def test_the_plot_is_written(tmp_path: Path) -> None:
    draw_confounds(REPORT, tmp_path / "a.png")
    image = cv2.imread(str(tmp_path / "a.png"))
    assert image.shape[1] == 1080
    orange = (abs(image.astype(int) - (64, 134, 224)).sum(axis=2) < 60).sum()
    assert orange > 1000
    draw_confounds(ConfoundReport((), (2, 2), 4, 2, True), tmp_path / "b.png")


@pytest.mark.parametrize("rows", [1, 3, 40])
def test_the_sheet_is_as_large_as_its_rows_and_no_larger(tmp_path: Path, rows: int) -> None:
    red = np.zeros((60, 80, 3), np.uint8) + np.array([200, 0, 0], np.uint8)
    examples = [Example(CLIPS[0], 1.0, red), Example(CLIPS[1], 0.0, None)]
    sheet = [ExampleRow((f"row {i}", "slip"), 7, examples) for i in range(rows)]
    draw_contact_sheet(sheet, "data.csv", tmp_path / "a.png")
    image = cv2.imread(str(tmp_path / "a.png"))
    shown = min(rows, MOST_ROWS)
    assert image.shape[0] == pytest.approx(36 + shown * 129, abs=1)
    assert image.shape[1] == pytest.approx(398, abs=1)
    reds = (image[:, :, 2] > 150) & (image[:, :, 1] < 60)
    assert reds.sum() == pytest.approx(shown * 140 * 105, rel=0.05)


def test_examples_are_of_the_event_or_of_the_middle(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", "slip", count=50, rate=25.0).path
    (tmp_path / "broken.mp4").write_bytes(b"none")
    clips = [
        Clip(path, True, ((1.2, 1.6),), "a", "x", {}, "train"),
        Clip(path, False, (), "b", "x", {}, "train"),
        Clip(tmp_path / "broken.mp4", False, (), "c", "x", {}, "val"),
    ]
    rows = choose_examples(clips, each=3, seed=0)
    assert [(row.title, row.total, len(row.examples)) for row in rows] == [
        (("train", "slip"), 1, 1),
        (("train", "other"), 1, 1),
        (("val", "other"), 1, 1),
    ]
    assert [row.examples[0].time for row in rows] == pytest.approx([1.4, 1.0, 0.0])
    assert rows[0].examples[0].image.shape == (96, 128, 3)
    assert rows[2].examples[0].image is None
    unsided = [Clip(path, n % 2 == 0, (), str(n), "ab"[n // 6]) for n in range(12)]
    rows = choose_examples(unsided, each=2, seed=0)
    assert [row.title for row in rows] == [
        ("a", "slip"),
        ("a", "other"),
        ("b", "slip"),
        ("b", "other"),
    ]
    assert [len(row.examples) for row in rows] == [2, 2, 2, 2]
