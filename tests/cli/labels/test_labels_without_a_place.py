"""Label files whose labels have no place, or no video, and what several files give.

In: files that the tools' own code wrote (``label_files``), or texts as the tools document them, and
videos of 10 s and 8 s. Out: rows.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from label_texts import AUDACITY, FILES, MAP, rows


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


@pytest.mark.parametrize("host", ["[cam", "[cam]"])
def test_a_host_that_is_none_hides_no_video(labels: Any, tmp_path: Path, host: str) -> None:
    value = {"start": 4, "end": 5.25, "labels": ["falls"]}
    task = {
        "id": 1,
        "data": {"video": f"http://{host}/clips/a.mp4?key=1#t=2"},
        "annotations": [{"result": [{"from_name": "sound", "value": value}]}],
    }
    result = labels(("x.json", json.dumps([task])), options=("--map", "falls=slip"))
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "4", "5.25")]
