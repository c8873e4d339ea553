"""``detect --join``: a fall across the border of two files is one event, and tells its file.

In: a model that scores brightness, a lamp that is lit across a border. Out: only assertions.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from slipdetect.cli.pieces import _camera
from synth import make_video

RATE = 10
LIT = (2.5, 3.5)  # seconds
CUT = 3.0


def pictures(start: float, end: float) -> list[np.ndarray]:
    times = [start + i / RATE for i in range(round((end - start) * RATE))]
    levels = [230 if LIT[0] <= time < LIT[1] else 20 for time in times]
    return [np.full((48, 64, 3), level, np.uint8) for level in levels]


@pytest.fixture
def recordings(model: Path) -> Path:
    """A recording whole and in two pieces, of two cameras, in the working folder."""
    for name, start, end in (("whole", 0, 6), ("cam1-1", 0, CUT), ("cam1-2", CUT, 6)):
        make_video(Path(f"{name}.mp4"), pictures(start, end), rate=RATE)
    for number in (1, 2):
        Path(f"cam2-{number}.mp4").write_bytes(Path(f"cam1-{number}.mp4").read_bytes())
    return model


def test_an_event_across_a_border_is_the_one_of_the_whole(run, recordings: Path) -> None:
    options = ("--model", recordings, "--format", "json")
    (whole,) = map(json.loads, run("detect", "whole.mp4", *options).stdout.splitlines())
    result = run("detect", "--join", "cam1-1.mp4", "cam1-2.mp4", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    joined = json.loads(result.stdout)
    (event,) = joined["events"]
    assert LIT[0] - 0.3 < event["start"] < CUT < event["end"]
    assert event.pop("file") == "cam1-1.mp4"
    assert event.pop("file_start") == event["start"]
    assert [event] == whole["events"]
    assert joined["source"]["name"] == "cam1"
    assert joined["source"]["pieces"] == [
        {"name": "cam1-1.mp4", "start": 0.0},
        {"name": "cam1-2.mp4", "start": CUT},
    ]
    cut = run("detect", "cam1-1.mp4", "cam1-2.mp4", *options).stdout.splitlines()
    assert [len(json.loads(line)["events"]) for line in cut] == [1, 1]


def test_the_table_names_the_file(run, recordings: Path) -> None:
    text = run("detect", "--join", "cam1-*.mp4", "--model", recordings).stdout
    head, row = [line.split() for line in text.splitlines()[2:4]]
    assert head[-4:] == ["file", "in", "the", "file"]
    assert row[-2] == "cam1-1.mp4"


def test_each_camera_has_its_cooldown_and_its_files(run, recordings: Path) -> None:
    told = Path("told.jsonl")
    result = run(
        *("detect", "--join", "cam1-*.mp4", "cam2-*.mp4", "--model", recordings),
        *("--cooldown", 3600, "--clips", "clips", "--html", "page.html"),
        *("--on-event", f"""python3 -c "open('{told}', 'a').write(input() + '\\n')" """),
    )
    assert result.exit_code == 0, result.stderr
    alerts = [json.loads(line) for line in told.read_text().splitlines()]
    assert [alert["source"]["name"] for alert in alerts] == ["cam1", "cam2"]
    assert [alert["event"]["file"] for alert in alerts] == ["cam1-1.mp4", "cam2-1.mp4"]
    assert len(list(Path("clips").glob("cam1-*.mp4"))) == 1
    assert len(list(Path("clips").glob("cam2-*.mp4"))) == 1
    # no browser plays files one after the other
    assert {path.name for path in Path("page_files").iterdir()} == {"cam1.mp4", "cam2.mp4"}


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (["cam1-1.mp4", "cam1-2.mp4"], "cam1"),
        (["slip.mp4", "slip.mp4"], "slip"),
        (["monday/hall.mp4", "tuesday/hall.mp4"], "hall"),
        (["day/hall_09.mp4", "day/hall_10.mp4"], "day/hall"),
    ],
)
def test_files_that_are_named_are_one_recording_by_what_is_alike(
    files: list[str], name: str
) -> None:
    assert _camera("", files) == name


def test_a_playlist_needs_no_option(run, recordings: Path) -> None:
    Path("cam1.ffconcat").write_text("ffconcat version 1.0\nfile cam1-1.mp4\nfile cam1-2.mp4\n")
    result = run("detect", "cam1.ffconcat", "--model", recordings, "--format", "csv")
    assert result.stdout.splitlines()[1].startswith("cam1.ffconcat,1,")
    assert ",cam1-1.mp4," in result.stdout


def test_a_live_source_is_not_joined(run) -> None:
    result = run("detect", "--join", "rtsp://127.0.0.1:1/x")
    assert result.exit_code == 2
    assert "--join is for files" in result.stderr


def test_names_date_events(run, recordings: Path) -> None:
    options = ("--model", recordings, "--format", "csv", "--time-from-name")
    Path("whole.mp4").rename("lobby_2026-11-30_09-00.mp4")
    result = run("detect", "lobby_2026-11-30_09-00.mp4", *options, "%Y-%m-%d_%H-%M")
    assert result.stderr == ""
    (row,) = result.stdout.splitlines()[1:]
    assert row.split(",")[-1].startswith("2026-11-30T09:00:02.")
    refused = run("detect", "lobby_2026-11-30_09-00.mp4", *options, "%Y-%m-%d")
    assert refused.exit_code == 2
    assert "lacks a part of the date or time" in refused.stderr


def test_a_run_that_goes_on_looks_at_a_playlist_again(run, recordings: Path) -> None:
    Path("cam1.ffconcat").write_text("ffconcat version 1.0\nfile cam1-1.mp4\nfile cam1-2.mp4\n")
    options = ("--model", recordings, "--format", "csv", "--resume", "done.jsonl")
    first = run("detect", "cam1.ffconcat", "whole.mp4", *options)
    assert first.exit_code == 0, first.stderr
    Path("cam1-1.mp4").write_bytes(Path("cam1-2.mp4").read_bytes())
    again = run("detect", "cam1.ffconcat", "whole.mp4", *options)
    lines = [text.stdout.splitlines() for text in (first, again)]
    assert lines[0][-1] == lines[1][-1]  # of the whole, which is as it was
    assert lines[0][1] != lines[1][1]
