"""Label files of ELAN and CVAT: each gives the CSV that was computed by hand.

In: files that the tools' own code wrote (``label_files``), or texts as the tools document them, and
videos of 10 s and 8 s. Out: rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from label_texts import CVAT, FILES, MAP, rows
from synth import make_video


def test_elan(labels: Any, tmp_path: Path) -> None:
    """Its times count from 0.5 s of the video."""
    result = labels(FILES / "falls.eaf", options=(*MAP, "--track", "falls"))
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [
        ("cam/a.mp4", "other", "9.5", "9.98"),
        ("cam/a.mp4", "slip", "4", "5.25"),
    ]
    assert "do not say whether somebody slips: anna" in labels(FILES / "falls.eaf").stderr
    assert "they have falls, people" in labels(FILES / "falls.eaf", options=("--track", "x")).stderr


def test_two_cameras_of_one_scene_in_elan(labels: Any, tmp_path: Path) -> None:
    """Each counts from an origin of its own; they are one group."""
    text = (FILES / "falls.eaf").read_text()
    second = '<MEDIA_DESCRIPTOR MEDIA_URL="file:///b.mp4" MIME_TYPE="video/mp4" />'
    text = text.replace("<PROPERTY ", second + "<PROPERTY ", 1)
    options = ("--map", "falls=slip", "--map", "trips=skip", "--track", "falls")
    assert labels(("x.eaf", text), options=options).exit_code == 0
    assert rows(tmp_path) == [
        ("cam/a.mp4", "slip", "4", "5.25"),
        ("cam/b.mp4", "slip", "3.5", "4.75"),
    ]
    assert {row.rsplit(",")[4] for row in (tmp_path / "out.csv").read_text().split()[1:]} == {"x"}


def test_an_elan_slot_without_a_time_is_no_place(labels: Any, tmp_path: Path) -> None:
    text = (FILES / "falls.eaf").read_text().replace(' TIME_VALUE="4750"', "")
    result = labels(("x.eaf", text), options=(*MAP, "--track", "falls"))
    assert result.exit_code == 3
    assert "tier 'falls' annotation a2 ('falls') has no time of its own" in result.stderr
    skipped = ("--map", "falls=skip", "--map", "trips=slip", "--track", "falls")
    assert labels(("x.eaf", text), options=skipped).exit_code == 0
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "9.5", "9.98")]


def test_a_box_outside_is_an_end_in_cvat(labels: Any, tmp_path: Path) -> None:
    """Ten frames a second: frames 20 to 34, 60 to 64, and the last one."""
    result = labels(("annotations.xml", CVAT))
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [
        ("cam/a.mp4", "other", "9.9", "10"),
        ("cam/a.mp4", "slip", "2", "3.5"),
        ("cam/a.mp4", "slip", "6", "6.5"),
    ]
    late = labels(("annotations.xml", CVAT.replace('frame="99"', 'frame="100"')))
    assert late.exit_code == 3
    assert "track 1: frame 100 of 'a.mp4', which has 100 frames" in late.stderr


def test_frames_have_the_times_of_the_video(labels: Any, videos: Path, tmp_path: Path) -> None:
    """A video whose rate changes: frames 0 to 9 at 10/s, those behind at 5/s."""
    times = [index / 10 if index < 10 else 1.0 + (index - 10) / 5 for index in range(20)]
    make_video(videos / "odd.mp4", times=times, size=(64, 48))
    boxes = '<box frame="8" outside="0"/><box frame="12" outside="1"/>'
    text = CVAT.split("<track", 1)[0].replace("a.mp4", "odd.mp4")
    text += f'<track id="0" label="falls">{boxes}</track></annotations>'
    assert labels(("x.xml", text), options=("--map", "falls=slip")).exit_code == 0
    (videos / "odd.mp4").unlink()
    assert rows(tmp_path) == [("odd.mp4", "slip", "0.8", "1.4")]


def test_a_skeleton_is_outside_with_all_of_its_points(labels: Any, tmp_path: Path) -> None:
    shapes = "".join(
        f'<skeleton frame="{frame}"><points outside="{one}"/><points outside="{other}"/></skeleton>'
        for frame, one, other in ((10, 0, 0), (15, 1, 0), (20, 1, 1), (50, 0, 0), (60, 1, 1))
    )
    text = (
        CVAT.split("<track", 1)[0] + f'<track id="0" label="falls">{shapes}</track></annotations>'
    )
    assert labels(("x.xml", text), options=("--map", "falls=slip")).exit_code == 0
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "1", "2"), ("cam/a.mp4", "slip", "5", "6")]


@pytest.mark.parametrize("meta", ["<job><id>3</id>{0}</job>", "<job><id>3</id></job>{0}", "{0}"])
def test_a_job_of_cvat_names_its_video_and_not_its_task(
    labels: Any, tmp_path: Path, meta: str
) -> None:
    source = meta.format("<source>a.mp4</source>")
    boxes = '<box frame="20" outside="0"/><box frame="35" outside="1"/>'
    track = f'<track id="0" label="falls" task_id="7">{boxes}</track>'
    text = f"<annotations><meta>{source}</meta>{track}</annotations>"
    result = labels(("x.xml", text), options=("--map", "falls=slip"))
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "2", "3.5")]
    # one video cannot be that of two tasks
    two = text.replace("</annotations>", track.replace('"7"', '"8"') + "</annotations>")
    assert "track 0 is of no task that is named" in labels(("x.xml", two)).stderr
    without = labels(("x.xml", text.replace("<source>a.mp4</source>", "")))
    assert without.exit_code == 3
    assert "it names no video, which exports of a job lack; export its task" in without.stderr


def test_frames_of_a_project_of_cvat_run_on_over_its_tasks(labels: Any, tmp_path: Path) -> None:
    """Task 8 begins at 4 + 2 x 48 = 100, task 9 of another subset at 0."""
    tasks = "".join(
        f"<task><id>{task}</id><size>{size}</size><subset>{subset}</subset><start_frame>{first}"
        f"</start_frame><frame_filter>{every}</frame_filter><source>{name}</source></task>"
        for task, size, subset, first, every, name in (
            (7, 48, "train", 4, "step=2", "a.mp4"),
            (8, 80, "train", 0, "", "b.mp4"),
            (9, 20, "val", 0, "", "c.mp4"),
        )
    )
    tracks = "".join(
        f'<track id="{task}" label="falls" task_id="{task}"><box frame="{begin}" outside="0"/>'
        f'<box frame="{begin + 5}" outside="1"/></track>'
        for task, begin in ((7, 20), (8, 130), (9, 10))
    )
    text = f"<annotations><meta><project><tasks>{tasks}</tasks></project></meta>{tracks}"
    text += "</annotations>"
    result = labels(("x.xml", text), options=("--map", "falls=slip"))
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [
        ("c.mp4", "slip", "1", "1.5"),
        ("cam/a.mp4", "slip", "2", "2.5"),
        ("cam/b.mp4", "slip", "3", "3.5"),
    ]
    for old, new, words in (
        ('task_id="7"', 'task_id="6"', "track 7 is of no task that is named"),
        ("<size>48</size>", "", "no size of the tasks before task 8 tells its first frame"),
        ('frame="130"', 'frame="30"', "track 8 has frame 30, before its task's 100"),
    ):
        assert words in labels(("x.xml", text.replace(old, new))).stderr
