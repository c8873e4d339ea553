"""Label files of annotation tools: each gives the CSV that was computed by hand.

In: files that the tools' own code wrote (``label_files``), or texts as the tools document them, and
videos of 10 s and 8 s. Out: rows.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from slipdetect.cli.main import cli
from synth import make_video

FILES = Path(__file__).parents[1] / "label_files"
MAP = ("--map", "falls=slip", "--map", "trips=other")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video of 10 s, one of 8 s and one that nobody labels; 10 frames a second."""
    folder = tmp_path_factory.mktemp("videos")
    (folder / "cam").mkdir()
    for name, count in (("cam/a.mp4", 100), ("cam/b.mp4", 80), ("c.mp4", 20)):
        make_video(folder / name, count=count, rate=10.0, size=(64, 48))
    return folder


@pytest.fixture
def labels(videos: Path, tmp_path: Path) -> Any:
    """Run ``prepare labels`` over texts by the name of their file, or files that are there."""

    def call(*given: Path | tuple[str, str], options: tuple[object, ...] = MAP) -> Result:
        files = []
        for each in given:
            file = each if isinstance(each, Path) else tmp_path / each[0]
            if not isinstance(each, Path):
                file.write_text(each[1], encoding="utf-8")
            files.append(file)
        args = ["labels", *files, "--root", videos, "--out", tmp_path / "out.csv", "--overwrite"]
        line = [str(each) for each in ("prepare", *args, *options)]
        return CliRunner().invoke(cli, line, catch_exceptions=False)

    return call


def rows(tmp_path: Path) -> list[tuple[str, str, str, str]]:
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        return sorted(
            (row["path"], row["label"], row["start"], row["end"]) for row in csv.DictReader(stream)
        )


# 14.0 s of a queue behind 10 s is 4.0 s of the second file; 9.5 to 10.5 s lies over the border
QUEUED = [
    ("cam/a.mp4", "slip", "4", "5.25"),
    ("cam/a.mp4", "slip", "9.5", "10"),
    ("cam/b.mp4", "other", "2", "2.5"),
    ("cam/b.mp4", "slip", "0", "0.5"),
    ("cam/b.mp4", "slip", "4", "5.125"),
]


@pytest.mark.parametrize("name", ["falls.boris", "tabular.tsv", "aggregated.csv"])
def test_boris_counts_over_all_files_of_an_observation(
    labels: Any, tmp_path: Path, name: str
) -> None:
    result = labels(FILES / name, options=(*MAP, "--moment", 0.5))
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == QUEUED
    assert f"{name} is read as BORIS" in result.stderr
    assert "players" not in result.stderr
    assert "1  video of the folder that no label file names" in result.stdout


def test_what_boris_adds_to_all_times_is_taken_away(labels: Any, tmp_path: Path) -> None:
    project = json.loads((FILES / "falls.boris").read_text())
    observation = project["observations"]["monday"]
    observation["time offset"] = 100.0
    observation["file"]["2"] = ["cam/c.mp4"]
    for event in observation["events"]:
        event[0] += 100.0
    result = labels(("x.json", json.dumps(project)), options=(*MAP, "--moment", 0.5))
    assert result.exit_code == 0, result.stderr
    assert "observation 'monday': of 2 players the first one's files are read" in result.stderr
    assert rows(tmp_path) == QUEUED


def test_boris_counts_from_when_files_began_where_it_was_told_to(
    labels: Any, tmp_path: Path
) -> None:
    """The second file began 40 s after the first one's begin, and stands first in the queue."""
    project = json.loads((FILES / "falls.boris").read_text())
    observation = project["observations"]["monday"]
    first, second = observation["file"]["1"]
    began = 1_796_029_507.0
    observation["media_creation_date_as_offset"] = True
    observation["file"]["1"] = [second, first]
    observation["media_info"]["media_creation_time"] = {first: began, second: began + 40}
    del observation["media_info"]["length"]
    observation["events"] = [
        [began + at, "", "falls", "", "", "NA"] for at in (4.0, 5.25, 41.5, 42.5)
    ]
    options = ("--map", "falls=slip")
    result = labels(("x.boris", json.dumps(project)), options=options)
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [
        ("cam/a.mp4", "slip", "4", "5.25"),
        ("cam/b.mp4", "slip", "1.5", "2.5"),
    ]
    observation["events"] = [[began - at, "", "falls", "", "", "NA"] for at in (3.0, 1.0)]
    early = labels(("x.boris", json.dumps(project)), options=options)
    assert early.exit_code == 3
    assert "falls at 1796029504 s lies 3 s before the first file" in early.stderr
    observation["media_info"]["media_creation_time"] = {first: began}
    unknown = labels(("x.boris", json.dumps(project)), options=options)
    assert "counts from when its files began, and does not tell that" in unknown.stderr
    head, row = "Behavior\tStart (s)\tStop (s)\tMedia file name", f"falls\t{began + 4}\t{began + 5}"
    export = labels(("x.tsv", f"{head}\n{row}\ta.mp4\n"), options=options)
    assert export.exit_code == 3
    assert "'media creation date as offset'), which exports do not tell" in export.stderr


def test_an_event_before_a_queue_begins_is_not_lost(labels: Any) -> None:
    project = json.loads((FILES / "falls.boris").read_text())
    project["observations"]["monday"]["time offset"] = 500.0
    result = labels(("x.boris", json.dumps(project)), options=(*MAP, "--moment", 0.5))
    assert result.exit_code == 3
    assert "s before the first file; check the time offset of the observation" in result.stderr


def test_boris_counts_whole_milliseconds_of_each_file(labels: Any, tmp_path: Path) -> None:
    """A file of 10.0009 s is 10 s to it."""
    project = json.loads((FILES / "falls.boris").read_text())
    lengths = project["observations"]["monday"]["media_info"]["length"]
    lengths.update({name: seconds + 0.0009 for name, seconds in lengths.items()})
    result = labels(("x.boris", json.dumps(project)), options=(*MAP, "--moment", 0.5))
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == QUEUED


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


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task><id>7</id><size>100</size><mode>interpolation</mode>
<source>a.mp4</source></task></meta>
<track id="0" label="falls">
<box frame="20" outside="0" xtl="1" ytl="1" xbr="10" ybr="20"/>
<box frame="21" outside="0" xtl="1" ytl="1" xbr="10" ybr="20"/>
<box frame="35" outside="1" xtl="1" ytl="1" xbr="10" ybr="20"/>
<box frame="60" outside="0" xtl="1" ytl="1" xbr="10" ybr="20"/>
<box frame="64" outside="0" xtl="1" ytl="1" xbr="10" ybr="20"/>
</track>
<track id="1" label="trips"><polygon frame="99" outside="0" points="1,1;2,2;3,1"/></track>
</annotations>
"""


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


TIMELINE = [
    {
        "id": 1,
        "data": {"video": "/data/upload/3/8a1b2c3d-a.mp4"},
        "annotations": [
            {
                "was_cancelled": False,
                "result": [
                    {
                        "type": "timelinelabels",
                        "value": {
                            "ranges": [{"start": 96, "end": 126}],
                            "timelinelabels": ["falls"],
                        },
                    },
                    {
                        "type": "labels",
                        "value": {"start": 8.5, "end": 9.25, "labels": ["trips"], "channel": 0},
                    },
                ],
            },
            {
                "was_cancelled": True,
                "result": [
                    {"value": {"ranges": [{"start": 1, "end": 2}], "timelinelabels": ["falls"]}}
                ],
            },
        ],
    },
    {"id": 2, "data": {"video": "s3://bucket/b.mp4"}, "annotations": [{"result": []}]},
]


def test_label_studio_counts_by_the_rate_of_its_configuration(labels: Any, tmp_path: Path) -> None:
    """96 / 24 and 126 / 24, although the video has 10 frames a second."""
    text = json.dumps(TIMELINE)
    result = labels(("x.json", text), options=(*MAP, "--frame-rate", 24))
    assert result.exit_code == 0, result.stderr
    expected = [
        ("cam/a.mp4", "other", "8.5", "9.25"),
        ("cam/a.mp4", "slip", "4", "5.25"),
        ("cam/b.mp4", "other", "", ""),
    ]
    assert rows(tmp_path) == expected
    unknown = labels(("x.json", text))
    assert unknown.exit_code == 3
    assert "task 1: Label Studio writes frame numbers and not the frame rate" in unknown.stderr
    idle = labels(("a.txt", AUDACITY), options=(*MAP, "--frame-rate", 24))
    assert idle.exit_code == 2
    assert "--frame-rate has no effect: no file is of Label Studio" in idle.stderr
    small = [
        {
            "id": 1,
            "video": "a.mp4",
            "f": [{"ranges": [{"start": 96, "end": 126}], "timelinelabels": ["falls"]}],
        }
    ]
    options = ("--map", "falls=slip", "--frame-rate", 24)
    assert labels(("x.json", json.dumps(small)), options=options).exit_code == 0
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "4", "5.25")]


def test_what_nobody_looked_at_shows_no_falls_and_no_lack_of_them(
    labels: Any, tmp_path: Path
) -> None:
    """A task without annotations, and one that was skipped, say nothing of their video."""
    skipped = {"was_cancelled": True, "result": []}
    unseen = [
        {"id": 8, "data": {"video": "b.mp4"}, "annotations": [], "predictions": [{"result": []}]},
        {"id": 9, "data": {"video": "c.mp4"}, "annotations": [skipped]},
    ]
    options = (*MAP, "--frame-rate", 24)
    result = labels(("x.json", json.dumps([TIMELINE[0], *unseen])), options=options)
    assert result.exit_code == 0, result.stderr
    assert {row[0] for row in rows(tmp_path)} == {"cam/a.mp4"}
    assert "x.json': passed by 2 tasks that nobody has labeled" in result.stderr
    none = labels(("x.json", json.dumps(unseen)))
    assert none.exit_code == 3
    assert "nobody has labeled any of its tasks" in none.stderr


VIA = {
    "project": {"pid": "__VIA_PROJECT_ID__", "data_format_version": "3.1.1"},
    "attribute": {
        "1": {"aname": "action", "type": 4, "options": {"0": "falls", "1": "trips"}},
        "2": {"aname": "note", "type": 1, "options": {}},
    },
    "file": {
        "1": {"fid": "1", "fname": "a.mp4", "type": 4},
        "2": {"fid": "2", "fname": "b.mp4", "type": 4},
    },
    "view": {"1": {"fid_list": ["1"]}, "2": {"fid_list": ["2"]}},
    "metadata": {
        "1_x": {"vid": "1", "flg": 0, "z": [4, 5.25], "xy": [], "av": {"1": "0"}},
        "1_y": {"vid": "1", "flg": 0, "z": [9.5], "xy": [], "av": {"1": "1"}},
        "1_z": {"vid": "1", "flg": 0, "z": [1, 2], "xy": [], "av": {"2": "bad light"}},
    },
}


def test_via(labels: Any, tmp_path: Path) -> None:
    options = (*MAP, "--track", "action", "--moment", 0.25)
    result = labels(("x.json", json.dumps(VIA)), options=options)
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [
        ("cam/a.mp4", "other", "9.5", "9.75"),
        ("cam/a.mp4", "slip", "4", "5.25"),
        ("cam/b.mp4", "other", "", ""),
    ]
    without = labels(("x.json", json.dumps(VIA)), options=(*MAP, "--track", "action"))
    assert without.exit_code == 3
    assert "metadata '1_y' ('trips') is a moment without length, at 9.5 s" in without.stderr


ANVIL = """<?xml version="1.0" encoding="ISO-8859-1"?>
<annotation><head><specification src="s.xml"/><video src="C:\\cam\\a.mp4"/></head><body>
<track name="action" type="primary">
<el index="0" start="4.0" end="5.25"><attribute name="type">falls</attribute></el>
<el index="1" start="9.5" end="9.98"><attribute name="type">trips</attribute></el></track>
<track name="notes" type="singleton"><el index="0"><attribute name="a">x</attribute></el></track>
</body></annotation>
"""
AUDACITY = "4.000000\t5.250000\tfalls\n\\\t100.0\t2000.0\n9.500000\t9.980000\ttrips\n"
VTT = """WEBVTT - made by hand

NOTE falls of Monday

1
00:04.000-->00:05.250 align:start
<b>falls</b>

00:00:09.500 --> 00:00:09.980
trips
"""
SRT = (
    "1\r\n00:00:04,000 --> 00:00:05,250\r\n{\\an8}falls\r\n\r\n"
    "2\r\n00:00:09,500 --> 00:00:09,980\r\ntrips\r\n"
)
OWN = "Path; Start; End; Label\ncam/a.mp4;4;5,25;falls\ncam/a.mp4;0:00:09.5;9,98;trips\n"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("x.anvil", ANVIL, "Anvil"),
        ("a.txt", AUDACITY, "Audacity"),
        ("a.vtt", VTT, "WebVTT or SubRip"),
        ("a.srt", SRT, "WebVTT or SubRip"),
        ("x.csv", OWN, "a CSV with path,start,end,label"),
    ],
)
def test_smaller_formats(labels: Any, tmp_path: Path, name: str, text: str, kind: str) -> None:
    result = labels((name, text))
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [
        ("cam/a.mp4", "other", "9.5", "9.98"),
        ("cam/a.mp4", "slip", "4", "5.25"),
    ]
    assert f"{name} is read as {kind}" in result.stderr


def test_checkboxes_of_via_have_any_number_of_options(labels: Any, tmp_path: Path) -> None:
    """A value is then the ids of all that are ticked."""
    project: dict[str, Any] = json.loads(json.dumps(VIA))
    project["attribute"]["1"]["type"] = 2
    for entry, value in (("1_x", "0,1"), ("1_y", "1"), ("1_z", "")):
        project["metadata"][entry]["av"] = {"1": value}
    options = ("--map", "falls=slip", "--map", "trips=skip", "--moment", 0.25)
    result = labels(("x.json", json.dumps(project)), options=options)
    assert result.exit_code == 0, result.stderr
    assert ("cam/a.mp4", "slip", "4", "5.25") in rows(tmp_path)


def test_what_is_said_of_a_whole_video_is_not_passed_over(labels: Any, tmp_path: Path) -> None:
    """Without times it is a row without times; beside times it says nothing new."""
    project: dict[str, Any] = json.loads(json.dumps(VIA))
    project["metadata"]["2_x"] = {"vid": "2", "flg": 0, "z": [], "xy": [], "av": {"1": "0"}}
    project["metadata"]["1_w"] = {"vid": "1", "flg": 0, "z": [], "xy": [], "av": {"1": "0"}}
    options = (*MAP, "--track", "action", "--moment", 0.25)
    result = labels(("x.json", json.dumps(project)), options=options)
    assert result.exit_code == 0, result.stderr
    expected = [
        ("cam/a.mp4", "other", "9.5", "9.75"),
        ("cam/a.mp4", "slip", "4", "5.25"),
        ("cam/b.mp4", "slip", "", ""),
    ]
    assert rows(tmp_path) == expected
    del project["metadata"]["1_x"]
    beside = labels(("x.json", json.dumps(project)), options=options)
    assert beside.exit_code == 3
    assert "'1_w' ('falls') is of the whole video, whose times are all of so" in beside.stderr


def choice(name: str, video: str, **more: Any) -> dict[str, Any]:
    value = {"choices": [name], **more}
    return {"data": {"video": video}, "annotations": [{"result": [{"value": value}]}]}


def test_choices_of_label_studio_are_of_the_whole_video(labels: Any, tmp_path: Path) -> None:
    text = json.dumps([choice("falls", "a.mp4"), choice("trips", "b.mp4")])
    assert labels(("x.json", text)).exit_code == 0
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "", ""), ("cam/b.mp4", "other", "", "")]
    # of a stretch: how it is, not what is to be found
    text = json.dumps(
        [choice("falls", "a.mp4"), choice("badly", "c.mp4", ranges=[{"start": 1, "end": 2}])]
    )
    assert labels(("x.json", text), options=("--map", "falls=slip")).exit_code == 0
    assert rows(tmp_path) == [("c.mp4", "other", "", ""), ("cam/a.mp4", "slip", "", "")]


ABOUT = {"annotator": 1, "annotation_id": 2, "created_at": "x", "updated_at": "y", "lead_time": 2.5}


def minimal(number: int, video: str, **results: Any) -> dict[str, Any]:
    """A task as the converter of label-studio-sdk 2.1.2 writes it."""
    return {"title": "falls", "video": video, "id": number, **results, **ABOUT}


def test_choices_of_label_studio_are_read_without_its_annotations(
    labels: Any, tmp_path: Path
) -> None:
    """JSON_MIN: one choice is a text, several are a list in an object, data are texts as well."""
    timeline = [{"ranges": [{"start": 96, "end": 126}], "timelinelabels": ["falls"]}]
    tasks = [
        minimal(1, "a.mp4", what="trips", when=timeline),
        minimal(2, "b.mp4", what={"choices": ["trips", "falls"]}, note="dark"),
        minimal(3, "c.mp4"),
    ]
    options = (*MAP, "--frame-rate", 24, "--track", "what", "--track", "when")
    result = labels(("x.json", json.dumps(tasks)), options=(*options, "--map", "dark=other"))
    assert "there is no class 'dark'" in result.stderr  # --track leaves notes out
    result = labels(("x.json", json.dumps(tasks)), options=options)
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [
        ("c.mp4", "other", "", ""),
        ("cam/a.mp4", "slip", "4", "5.25"),
        ("cam/b.mp4", "slip", "", ""),
    ]
    full = [dict(choice("falls", "a.mp4"))]
    full[0]["annotations"][0]["result"][0]["from_name"] = "what"
    for each in (full, [minimal(1, "a.mp4", what="falls")]):
        options = ("--map", "falls=slip", "--track", "what")
        assert labels(("x.json", json.dumps(each)), options=options).exit_code == 0
        assert rows(tmp_path) == [("cam/a.mp4", "slip", "", "")]


def test_a_choice_that_cannot_be_told_from_data_is_refused(labels: Any, tmp_path: Path) -> None:
    """With its keys in another order a task does not say where its data end."""
    task = {"id": 1, "video": "a.mp4", "what": "falls", **ABOUT}
    assert labels(("x.json", json.dumps([task])), options=("--map", "falls=slip")).exit_code == 0
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "", "")]
    result = labels(("x.json", json.dumps([{"id": 1, "title": "Monday", **task}])))
    assert result.exit_code == 3
    assert "task 1 does not tell which of title, what is data and which a choice" in result.stderr


def test_boxes_over_time_of_label_studio_are_refused(labels: Any, tmp_path: Path) -> None:
    sequence = [{"frame": 5, "enabled": True, "x": 1, "y": 1, "width": 9, "height": 9}]
    value = {"sequence": sequence, "labels": ["falls"]}
    task = {"id": 7, "data": {"video": "a.mp4"}, "annotations": [{"result": [{"value": value}]}]}
    result = labels(("x.json", json.dumps([task])), options=("--map", "falls=slip"))
    assert result.exit_code == 3
    assert "task 7 ('falls') has no time of its own; set its borders" in result.stderr


def test_xml_in_the_encoding_that_it_declares(labels: Any, tmp_path: Path) -> None:
    file = tmp_path / "x.anvil"
    file.write_bytes(ANVIL.replace('name="notes"', 'name="Käse"').encode("iso-8859-1"))
    assert labels(file).exit_code == 0
    assert len(rows(tmp_path)) == 2


def test_several_files_and_what_is_left_out(labels: Any, tmp_path: Path) -> None:
    result = labels(("a.txt", AUDACITY), ("b.vtt", "WEBVTT\n"), ("no.vtt", "WEBVTT\n"))
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path)[-1] == ("cam/b.mp4", "other", "", "")
    assert "1  video that a label file names and that is not below the folder" in result.stdout
    skipping = labels(("a.txt", AUDACITY), options=("--map", "*=skip"))
    assert skipping.exit_code == 3
    assert "no clip is left to write" in skipping.stderr
    assert "1 video all of whose labels are left out by the mapping" in skipping.stderr


def test_a_skipped_slip_beside_other_labels_leaves_the_video_out(
    labels: Any, tmp_path: Path
) -> None:
    text = (
        "path,start,end,label\ncam/a.mp4,1,2,fall\ncam/a.mp4,4,5,trips\n"
        "cam/b.mp4,1,2,walks\ncam/b.mp4,4,5,trips\n"
    )
    options = ("--map", "fall=skip", "--map", "walks=skip", "--map", "trips=other")
    result = labels(("x.csv", text), options=options)
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [("cam/b.mp4", "other", "4", "5")]
    assert "1  video with a slip that the mapping leaves out beside other labels" in result.stdout


def test_only_falls_may_not_overlap(labels: Any, tmp_path: Path) -> None:
    over = AUDACITY + "4.5\t5.0\ttrips\n4.75\t6.0\ttrips\n"
    assert labels(("a.txt", over)).exit_code == 0
    assert len(rows(tmp_path)) == 4
    twice = labels(("a.txt", AUDACITY + "5.0\t6.0\tfalls\n"))
    assert twice.exit_code == 3
    assert "the event from 5 s to 6 s overlaps that from 4 s to 5.25 s; merge them" in twice.stderr


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.xml", '<!DOCTYPE a [<!ENTITY b "c">]><annotations/>', "a document type declaration"),
        ("x.xml", "<annotations><meta>", "is damaged XML"),
        ("x.json", '{"observations": 3, "behaviors_conf": {}}', "observations or behaviors are no"),
        ("x.json", '{"a": 1}', "is no label file of BORIS, ELAN, CVAT, Label Studio, VIA, Anvil"),
        ("x.txt", "hello\n", "is no label file of BORIS"),
        ("x.xlsx", "PK\3\4", "is an archive or a spreadsheet; unpack it, or export CSV"),
        ("x.xml", "<annotations><meta/><image/></annotations>", "export the task as 'CVAT for"),
        ("x.eaf", '<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="PAL-frames"/></ANNOTATION_DOCUMENT>',
         "its times are 'PAL-frames' and not milliseconds"),
        ("x.csv", "path,start,end,label\na.mp4,,,fall\n", "line 2: it shows a slip and does n"),
        ("x.csv", "path,start,end,label,split\na.mp4,1,2,fall,\na.mp4,3,4,fall,val\n",
         "line 3: .*the column 'split'; use prepare intervals, which does, or drop"),
        ("x.csv", "path,start,end,label,Dataset\na.mp4,1,2,fall,x\n", "line 2: .*'dataset'; use"),
        ("a.vtt", "WEBVTT\n\n00:04.000 --> later\nfalls\n", "line 3: .* is no begin and end of"),
        ("no.txt", AUDACITY, "none of the 1 videos that the label files name is below"),
        ("a.txt", AUDACITY.replace("5.25", "3.25"), "line 1 .* ends at 3.25 s, before 4 s"),
        ("a.txt", AUDACITY.replace("9.98", "99.98"), "99.98 s of .*, which ends at 10.00 s"),
    ],
)  # fmt: skip
def test_what_cannot_be_placed_is_refused(labels: Any, name: str, text: str, words: str) -> None:

    result = labels((name, text))
    assert result.exit_code == 3
    assert re.search(words, result.stderr), result.stderr
    assert result.stderr.count("\n") <= 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda o: o["media_info"]["length"].pop("cam/a.mp4"), "does not tell how long each is"),
        (lambda o: o["events"].pop(), "'falls' begins at 14 s and does not end"),
        (lambda o: o.update(type="LIVE"), "is of no video"),
        (lambda o: o.update(file={}), "names no video"),
        (lambda o: o["events"].append(["x", "", "falls"]), "has an event without a time"),
    ],
)
def test_observations_of_boris_that_have_no_place(labels: Any, change: Any, words: str) -> None:
    project = json.loads((FILES / "falls.boris").read_text())
    change(project["observations"]["monday"])
    result = labels(("x.boris", json.dumps(project)))
    assert result.exit_code == 3
    assert words in result.stderr


def aggregated(out: Path, without: tuple[str, ...], source: str | None = None) -> Path:
    """Write the export ``without`` some columns, or of its first event in another queue."""
    with (FILES / "aggregated.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    if source is not None:
        table = [{**table[0], "Source": source}]
    with out.open("w", newline="") as stream:
        names = [name for name in table[0] if name not in without]
        writer = csv.DictWriter(stream, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)
    return out


@pytest.mark.parametrize("source", ["player #1:cam/a.mp4", "player #1:D:\\films\\a.mp4"])
def test_the_only_file_of_an_observation_needs_no_length(
    labels: Any, tmp_path: Path, source: str
) -> None:
    options = ("--map", "falls=slip")
    table = aggregated(tmp_path / "x.csv", ("Media duration (s)",), source)
    result = labels(table, options=options)
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "4", "5.25")]
    other = labels(aggregated(tmp_path / "x.csv", ("Media duration (s)",), "player #1:cam/b.mp4"))
    assert "line 2: nothing tells where" in other.stderr


@pytest.mark.parametrize(
    "without", [("Media duration (s)",), ("Source",), ("Media duration (s)", "Source")]
)
def test_an_export_without_lengths_has_no_place_behind_the_first_file(
    labels: Any, tmp_path: Path, without: tuple[str, ...]
) -> None:
    result = labels(aggregated(tmp_path / "x.csv", without))
    assert result.exit_code == 3
    assert "line 2: nothing tells where in its observation 'cam/a.mp4' begins" in result.stderr


def test_addresses_of_videos_are_not_repeated(labels: Any) -> None:
    task = [
        {
            "id": 1,
            "data": {"video": "https://x.example/no.mp4?key=hidden"},
            "annotations": [{"result": []}],
        }
    ]
    result = labels(("x.json", json.dumps(task)), options=("-v",))
    assert result.exit_code == 3
    assert "such as 'https://...'" in result.stderr
    assert "hidden" not in result.stderr + result.stdout


def test_two_videos_of_one_name(labels: Any, videos: Path) -> None:
    (videos / "cam2").mkdir()
    (videos / "cam2" / "a.mp4").write_bytes((videos / "cam" / "a.mp4").read_bytes())
    result = labels(("a.txt", AUDACITY))
    named = labels(FILES / "falls.eaf", options=(*MAP, "--track", "falls"))
    (videos / "cam2" / "a.mp4").unlink()
    assert result.exit_code == 3
    assert "'a' may be 'cam/a.mp4' and 'cam2/a.mp4'" in result.stderr
    assert named.exit_code == 0


def test_a_name_that_lost_its_folders_is_no_path(labels: Any, videos: Path, tmp_path: Path) -> None:
    """CVAT and VIA keep the names of files alone: of two videos of one name either may be meant."""
    (videos / "a.mp4").write_bytes((videos / "cam" / "a.mp4").read_bytes())
    box = '<box frame="20" outside="0"/><box frame="35" outside="1"/>'
    meta = "<meta><task><source>a.mp4</source></task></meta>"
    cvat = f'<annotations>{meta}<track id="0" label="falls">{box}</track></annotations>'
    via = {
        "metadata": {},
        "attribute": {},
        "file": {"1": {"fname": "a.mp4", "type": 4}},
        "view": {"1": {"fid_list": ["1"]}},
    }
    found = [labels(("x.xml", cvat)), labels(("x.json", json.dumps(via)))]
    (videos / "a.mp4").unlink()
    for result in found:
        assert result.exit_code == 3
        assert "'a.mp4' may be 'a.mp4' and 'cam/a.mp4'" in result.stderr


def test_the_video_at_the_very_path_is_meant(labels: Any, videos: Path, tmp_path: Path) -> None:
    (videos / "a.mp4").write_bytes((videos / "cam" / "a.mp4").read_bytes())
    (videos / "x" / "cam").mkdir(parents=True)
    (videos / "x" / "cam" / "a.mp4").write_bytes((videos / "a.mp4").read_bytes())
    found = {}
    for name in ("a.mp4", "./a.mp4", "cam/a.mp4", "cam\\a.mp4", videos / "a.mp4", "/no/a.mp4", "a"):
        text = f"path,start,end,label\n{name},4,5.25,falls\n"
        result = labels(("x.csv", text), options=("--map", "falls=slip"))
        told = result.exit_code == 3 and "may be 'a.mp4' and 'cam/a.mp4'" in result.stderr
        found[str(name)] = "refused" if told else rows(tmp_path)[0][0]
    (videos / "a.mp4").unlink()
    (videos / "x" / "cam" / "a.mp4").unlink()
    assert found == {
        "a.mp4": "a.mp4",
        "./a.mp4": "a.mp4",
        "cam/a.mp4": "cam/a.mp4",
        "cam\\a.mp4": "cam/a.mp4",
        str(videos / "a.mp4"): "a.mp4",
        "/no/a.mp4": "refused",
        "a": "refused",
    }
