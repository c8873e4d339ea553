"""What is done of a list survives kills, and is only what it was for the same videos and settings.

In: small results, files that are torn or changed. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import resource
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipdetect.errors import DataError, OutputError
from slipdetect.lab.evaluate.clips_command import _plain_row, _row
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.types import DetectionResult, Event, EventConfig, Window, Zone, Zones
from slipdetect.types.export import built, plain
from slipdetect.types.person import Sighting
from slipdetect.video.frame import DecodeReport, Gap, Join, VideoInfo
from slipdetect.workers.manifest import Manifest

SETTINGS = {"model": "m", "reading": {"stream": None, "frame_rate": 29.97}}


def kept(path: Path, **changes: Any) -> Manifest[dict[str, int]]:
    return Manifest(path, {**SETTINGS, **changes}, dict, dict)


@pytest.fixture
def videos(tmp_path: Path) -> list[str]:
    found = [tmp_path / f"{name}.mp4" for name in "abc"]
    for path in found:
        path.write_bytes(path.name.encode() * 100)
    return list(map(str, found))


def test_what_is_done_is_there_the_next_time(videos: list[str], tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    with kept(path) as first:
        first.add(videos[0], {"events": 1})
        assert first.find(videos[0]) == {"events": 1}
        assert first.find(videos[1]) is None
        first.add(videos[1], {"events": 2})
    with kept(path) as second:
        found = [second.find(video) for video in videos]
        assert found == [{"events": 1}, {"events": 2}, None]
        second.add(videos[2], {"events": 3})
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row.get("source") for row in rows] == [None, *videos]


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_a_line_that_a_kill_has_torn_is_as_if_it_had_not_begun(
    videos: list[str], tmp_path: Path, cut: int
) -> None:
    path = tmp_path / "done.jsonl"
    with kept(path) as first:
        first.add(videos[0], {"events": 1})
        whole = path.read_bytes()
        first.add(videos[1], {"events": 2})
    path.write_bytes(path.read_bytes()[:-cut])
    with kept(path) as second:
        assert [second.find(video) for video in videos] == [{"events": 1}, None, None]
        assert path.read_bytes() == whole
        second.add(videos[1], {"events": 4})
    with kept(path) as third:
        assert third.find(videos[1]) == {"events": 4}


def test_a_video_that_has_changed_is_not_done(videos: list[str], tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    with kept(path) as first:
        for video in videos:
            first.add(video, {"events": 1})
    Path(videos[0]).write_bytes(b"another video")
    Path(videos[1]).unlink()
    Path(videos[2]).touch()  # the same content
    with kept(path) as second:
        assert [second.find(video) for video in videos] == [None, None, {"events": 1}]
        second.add(videos[1], {"events": 1})  # gone: nothing to recognize it by
        assert second.find(videos[1]) is None


def test_other_settings_are_refused_by_name(videos: list[str], tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    with kept(path) as first:
        first.add(videos[0], {"events": 1})
    before = path.read_bytes()
    with pytest.raises(OutputError, match="with other model; give the same options"):
        kept(path, model="other")
    with pytest.raises(OutputError, match="with other exact"):
        kept(path, exact=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", ["path,label\na.mp4,1\n", "{}\n", "[1]\n", '{"version": 2}\n', "\0\n"]
)
def test_another_kind_of_file_is_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "clips.csv"
    path.write_text(content)
    with pytest.raises(DataError, match="no file of done videos"):
        kept(path)
    assert path.read_text() == content


@pytest.mark.parametrize("content", ["one line without its end", '{"done_with"', "{"])
def test_a_file_of_one_line_is_only_taken_where_it_may_be_a_torn_begin(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(content)
    if not '{"done_with":'.startswith(content):
        with pytest.raises(DataError, match="no file of done videos"):
            kept(path)
        assert path.read_text() == content
        return
    with kept(path):
        pass
    assert path.read_text().startswith('{"done_with":{"slipdetect":')


def test_a_file_with_two_begins_is_none(videos: list[str], tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    with kept(path):
        pass
    path.write_text(2 * path.read_text())
    with pytest.raises(DataError, match="no file of done videos"):
        kept(path)


def test_two_runs_have_no_file_in_common(videos: list[str], tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    with kept(path) as first:
        with pytest.raises(OutputError, match="belongs to a run that goes on; wait for it"):
            kept(path)
        first.add(videos[0], {"events": 1})
    with kept(path) as second:
        assert second.find(videos[0]) == {"events": 1}
    assert [each.name for each in tmp_path.glob("*done*")] == ["done.jsonl"]
    assert not list(tmp_path.glob(".*"))


def test_what_changes_while_it_is_looked_at_is_not_done(videos: list[str], tmp_path: Path) -> None:
    path = tmp_path / "done.jsonl"
    with kept(path) as first:
        assert not first.has(videos[0])
        with Path(videos[0]).open("ab") as copied:
            copied.write(b"the rest of it")
        first.add(videos[0], {"events": 0})
    with kept(path) as second:
        assert not second.has(videos[0])
        second.add(videos[0], {"events": 1})
        assert second.find(videos[0]) == {"events": 1}


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*nowhere"):
        kept(tmp_path / "nowhere" / "done.jsonl")


def test_a_full_disk_is_told_and_the_end_does_not_hide_it(
    videos: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "done.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        first = kept(path)
        first.add(videos[0], {"events": 1})
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 9, hard))
        with pytest.raises(OutputError, match=r"cannot write .*done.jsonl"), first:
            first.add(videos[1], {"events": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with kept(path) as second:
        assert [second.has(video) for video in videos] == [True, False, False]


def test_whether_a_video_is_done_is_known_without_its_result(
    videos: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "done.jsonl"
    with kept(path) as first:
        for video in videos[:2]:
            first.add(video, {"events": 1})
    Path(videos[1]).write_bytes(b"another video")

    def never(_: Any) -> Any:
        raise AssertionError("a result was made")

    with Manifest(path, SETTINGS, dict, never) as second:
        assert [second.has(video) for video in videos] == [True, False, False]


def test_a_result_comes_back_equal_to_the_last_digit() -> None:
    sighting = Sighting(2, (0.1, 0.2, 1 / 3, 0.4), "down")
    result = DetectionResult(
        source="a b.mp4",
        model="m",
        weights={"rgb": "0" * 64},
        events=(Event(0.1, 1 / 3, 0.2, 0.9, "fall", True, 2, (0.0, 0.1, 0.2, 2 / 3), 1.5, None),),
        windows=(
            Window(0.0, 1.0, 0.1 + 0.2, {"rgb": 1e-17}, True, (sighting,), 2),
            Window(0.5, np.float64(1.5), 1.0, moving=(0.1, 1 / 3, 0.5, 1.0), zone="bed"),  # type: ignore[arg-type]
        ),
        info=VideoInfo(
            "a b.mp4", 64, 48, None, 1.5, "h264", 90, 1, start=0.5, started="2026-01-02"
        ),
        report=DecodeReport(15, 1, True, ["odd"], 2, [Gap(0.2, 1 / 3)], [Join(1.0, 0.0)]),
        duration=1.5,
        padded=True,
        event_config=EventConfig(onset=0.7, narrow=1.0),
        label="fall",
        zones=Zones((Zone("bed", ((0.0, 1 / 3), (1.0, 0.5), (0.5, 1.0))),)),
    )
    again = built(DetectionResult, json.loads(json.dumps(plain(result), allow_nan=False)))
    assert again == result
    assert again.to_json(windows=True) == result.to_json(windows=True)
    assert again.windows[0].people == (sighting,)
    assert built(DetectionResult, plain(replace(result, windows=()))).windows == ()


def test_what_evaluation_keeps_comes_back(videos: list[str], tmp_path: Path) -> None:
    item = ClipPrediction(
        "c.mp4",
        "urfd",
        True,
        ((1.0, 2.0),),
        1 / 3,
        0.2,
        ((0.0, 1.0, 0.5),),
        windows=((0.0, 1.0, 0.2),),
        streams={"flow": (0.1, None)},
        size=None,
        thresholds={"onset": 0.5},
    )
    path = tmp_path / "events.jsonl"
    with Manifest(path, {}, plain, partial(built, ClipPrediction)) as first:
        first.add(videos[0], item)
    with Manifest(path, {}, plain, partial(built, ClipPrediction)) as second:
        assert second.find(videos[0]) == item
    row = {"rgb": np.array([1 / 3, -2.5], np.float32), "flow": np.array([1e-30, 7.0])}
    again = _row(json.loads(json.dumps(_plain_row(row))))
    for name in row:
        assert again[name].dtype == row[name].dtype
        np.testing.assert_array_equal(again[name], row[name])
