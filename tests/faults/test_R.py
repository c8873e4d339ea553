"""Faults of reports, by their IDs: hostile names, extremes, existing files, closed pipes, locales.

In: results and runs of the command line. Out: nothing but assertions.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from results import FALL, FakeDetector, activitynet_report, make_result
from slipdetect.cli.main import cli
from slipdetect.detection import Event
from slipdetect.reports.formats import csv_report, json_report, srt_report, vtt_report
from slipdetect.reports.table import SummaryTable, event_table

FAKE_RUN = """
import sys
sys.path.insert(0, {tests!r})
import slipdetect.detection
from results import FakeDetector
slipdetect.detection.Detector = FakeDetector
from slipdetect.cli.main import run
run()
"""
NAMES = [
    "<script>x</script>",
    "a --> b",
    "=cmd|'/c calc'!A1",
    "+1",
    "@x",
    "-1",
    "new\nline",
    "a\rb",
]


def start(*args: str, stdout: int = subprocess.PIPE, **env: str) -> subprocess.Popen[bytes]:
    script = FAKE_RUN.format(tests=str(Path(__file__).parents[1]))
    return subprocess.Popen(
        [sys.executable, "-c", script, *args],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, **env},
    )


@pytest.mark.parametrize("name", [*NAMES, 'quo"te', "ctrl\x1b[31m", "\udcff.mp4"])
def test_R01_hostile_names_stay_data(name: str) -> None:
    result = make_result(name, Event(1.0, 2.0, 1.5, 0.9, label=name.replace("\udcff", "")))
    header, row = csv.reader(io.StringIO(csv_report([result]), newline=""))
    assert len(row) == len(header)
    for cell in (row[0], row[header.index("label")]):
        assert cell[0] not in "=+-@"
    shown = name.replace("\udcff", "\\xff")
    assert row[0].lstrip("'") == shown.lstrip("'")
    line = json_report(result)
    assert line.count("\n") == 1
    assert json.loads(line)["source"]["name"] == shown
    table = SummaryTable([name]).row(result)
    assert table.count("\n") == 1
    subtitles = vtt_report(result) + srt_report(result)
    assert "\x1b" not in table + event_table(result) + subtitles
    assert subtitles.count("-->") == 2
    assert "<" not in subtitles
    assert [line for line in subtitles.split("\n") if not line.isprintable()] == []
    detections = json.loads(activitynet_report([(name, result)]))["results"]
    assert detections[name][0]["label"] == name.replace("\udcff", "")


def test_R01_addresses_lose_their_secrets() -> None:
    result = make_result("rtsp://user:p%40ss@host/x?token=secret", FALL)
    text = csv_report([result]) + json_report(result) + event_table(result)
    text += vtt_report(result) + srt_report(result)
    assert "p%40ss" not in text
    assert "secret" not in text
    assert "rtsp://host/..." in text


def test_R02_nothing_and_ten_thousand_events() -> None:
    nothing = make_result("a.mp4")
    assert csv_report([nothing]).count("\n") == 1
    assert json.loads(json_report(nothing))["events"] == []
    many = make_result("a.mp4", *(Event(i * 1.0, i + 0.5, i + 0.2, 0.5) for i in range(10_000)))
    assert csv_report([many]).count("\n") == 10_001
    assert len(json.loads(json_report(many))["events"]) == 10_000
    assert vtt_report(many).count(" --> ") == srt_report(many).count(" --> ") == 10_000
    assert len(json.loads(activitynet_report([("a", many)]))["results"]["a"]) == 10_000
    row = SummaryTable(["a.mp4"], width=80).row(many)
    assert "9999 more" in row
    assert len(row) <= 90


def test_R02_events_at_both_ends_keep_their_times() -> None:
    result = make_result("a.mp4", Event(0.0, 1.0, 0.0, 1.0), Event(9.0, 9.9, 9.9, 0.0))
    rows = list(csv.DictReader(io.StringIO(csv_report([result]))))
    assert [row["start_s"] for row in rows] == ["0", "9"]
    assert rows[1]["end_timecode"] == "00:00:09.900"


def test_R03_an_existing_output_is_refused_before_work(tmp_path: Path, monkeypatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(FakeDetector, "load", lambda *args: looked.append("loaded"))
    monkeypatch.setattr("slipdetect.detection.Detector", FakeDetector)
    (tmp_path / "a.mp4").write_text("fall")
    target = tmp_path / "events.csv"
    target.write_text("mine")
    result = CliRunner().invoke(cli, ["detect", str(tmp_path / "a.mp4"), "--out", str(target)])
    assert result.exit_code == 6
    assert "--overwrite" in result.stderr
    assert target.read_text() == "mine"
    assert looked == []


def test_R03_overwrite_replaces_it_whole(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("slipdetect.detection.Detector", FakeDetector)
    (tmp_path / "a.mp4").write_text("fall")
    target = tmp_path / "events.csv"
    target.write_text("mine " * 1000)
    args = ["detect", str(tmp_path / "a.mp4"), "--out", str(target), "--overwrite"]
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert target.read_text().startswith("source,id,")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_R04_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("fall")
    reading, writing = os.pipe()
    os.close(reading)
    process = start("detect", str(tmp_path / "a.mp4"), "--format", "json", stdout=writing)
    os.close(writing)
    _, errors = process.communicate(timeout=120)
    assert errors == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_R04_a_full_disk_behind_stdout_is_6(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("fall")
    with Path("/dev/full").open("wb") as full:
        process = start("detect", str(tmp_path / "a.mp4"), stdout=full.fileno())
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 6
    assert errors.decode().startswith("Error: cannot write to standard output")
    assert errors.count(b"\n") == 1


@pytest.mark.parametrize("kind", ["table", "json", "csv", "vtt", "srt", "activitynet"])
def test_R05_ascii_terminals_and_decimal_commas(tmp_path: Path, kind: str) -> None:
    video = tmp_path / "Küche 台所.mp4"
    video.write_text("fall")
    process = start(
        *("detect", str(video), "--format", kind),
        PYTHONIOENCODING="ascii",
        LC_ALL="de_DE.UTF-8",
        PYTHONUTF8="1",
    )
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert errors == b""
    assert b"0.97" in out
    assert out.decode("utf-8")
    if kind == "table":
        assert b"K\\xfcche" in out


def test_R05_files_are_utf8_with_line_feeds(tmp_path: Path) -> None:
    video = tmp_path / "Küche.mp4"
    video.write_text("fall")
    process = start(
        *("detect", str(video), "--out", str(tmp_path / "x.csv")),
        PYTHONIOENCODING="cp1252",
        PYTHONUTF8="1",
    )
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    data = (tmp_path / "x.csv").read_bytes()
    assert "Küche".encode() in data
    assert b"\r" not in data
