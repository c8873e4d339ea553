"""Label files of VIA, Anvil, Audacity, subtitles and our own: each gives the CSV computed by hand.

In: files that the tools' own code wrote (``label_files``), or texts as the tools document them, and
videos of 10 s and 8 s. Out: rows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from label_texts import AUDACITY, CVAT, MAP, VIA, rows

ANVIL = """<?xml version="1.0" encoding="ISO-8859-1"?>
<annotation><head><specification src="s.xml"/><video src="C:\\cam\\a.mp4"/></head><body>
<track name="action" type="primary">
<el index="0" start="4.0" end="5.25"><attribute name="type">falls</attribute></el>
<el index="1" start="9.5" end="9.98"><attribute name="type">trips</attribute></el></track>
<track name="notes" type="singleton"><el index="0"><attribute name="a">x</attribute></el></track>
</body></annotation>
"""
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


def test_xml_in_the_encoding_that_it_declares(labels: Any, tmp_path: Path) -> None:
    file = tmp_path / "x.anvil"
    file.write_bytes(ANVIL.replace('name="notes"', 'name="Käse"').encode("iso-8859-1"))
    assert labels(file).exit_code == 0
    assert len(rows(tmp_path)) == 2


def test_a_frame_that_no_video_has(labels: Any) -> None:
    result = labels(("x.xml", CVAT.replace('frame="99"', f'frame="{"9" * 5000}"')))
    assert result.exit_code == 3
    assert "track 1 has a shape without a frame" in result.stderr


def test_numbers_that_no_time_can_be(labels: Any) -> None:
    project = json.dumps(VIA).replace("[4,", f"[1{'0' * 400},")
    assert project != json.dumps(VIA)
    result = labels(("x.json", project))
    assert result.exit_code == 3
    assert "has times that are no begin and end" in result.stderr
