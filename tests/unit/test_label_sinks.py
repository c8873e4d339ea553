"""Formats of annotation tools: what is written is read back, by the tool's own library if possible.

In: results made by hand. Out: files, and the times in them.
"""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from results import make_result
from slipdetect.cli.main import cli
from slipdetect.detection import DetectionResult, Event
from slipdetect.lab.data import read_annotations
from slipdetect.lab.prepare.label_formats.registry import read_labels
from slipdetect.sinks.registry import FORMATS
from slipdetect.video import Piece
from synth import make_video

TOOLS = {"boris": "BORIS", "elan": "ELAN", "labelstudio": "Label Studio", "vtt": "WebVTT or SubRip"}
RATE = 29.97  # of the results
EVENTS = (Event(0.0, 1.2344, 0.5, 0.9), Event(3.2006, 4.9, 4.1, 0.97, down_for=3.4))


def written(kind: str, folder: Path, *results: DetectionResult) -> Path:
    """Return a file with results."""
    file = folder / f"kitchen{FORMATS[kind].ending}"
    parts: list[str] = []
    sink = FORMATS[kind](parts.append, [result.source for result in results])
    sink.open(None)
    for result in results:
        sink.result(result)
    sink.close()
    file.write_text("".join(parts), encoding="utf-8")
    return file


def step(kind: str) -> float:
    """The format's own step, seconds."""
    return 1 / RATE if kind == "labelstudio" else 0.001


@pytest.mark.parametrize("kind", TOOLS)
def test_events_are_read_back_to_the_step_of_the_format(kind: str, tmp_path: Path) -> None:
    file = written(kind, tmp_path, make_result("videos/kitchen.mp4", *EVENTS))
    name, found = read_labels(file, RATE)
    assert name == TOOLS[kind]
    assert [label.name for label in found.labels] == ["slip", "slip"]
    for label, event in zip(found.labels, EVENTS, strict=True):
        assert label.start is not None
        assert label.end is not None
        # frame 0 is none that Label Studio has
        begin = 1 / RATE if kind == "labelstudio" and event.start == 0 else event.start
        assert abs(label.start - begin) <= step(kind) / 2 + 1e-9
        assert abs(label.end - event.end) <= step(kind) / 2 + 1e-9


@settings(max_examples=50, deadline=None)
@given(
    times=st.lists(st.floats(0.05, 5000), min_size=2, max_size=8, unique=True).map(sorted),
    kind=st.sampled_from(sorted(TOOLS)),
)
def test_any_times_make_the_round(
    times: list[float], kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pairs = [(a, b) for a, b in zip(times[::2], times[1::2], strict=False) if b - a > 0.1]
    events = [Event(start, end, start, 0.5) for start, end in pairs]
    file = written(kind, tmp_path_factory.mktemp("x"), make_result("kitchen.mp4", *events))
    _, found = read_labels(file, RATE)
    read = sorted((label.start, label.end) for label in found.labels)
    assert len(read) == len(pairs)
    for (start, end), pair in zip(read, pairs, strict=True):
        assert abs(start - pair[0]) <= step(kind) / 2 + 1e-9
        assert abs(end - pair[1]) <= step(kind) / 2 + 1e-9


@pytest.mark.parametrize("kind", TOOLS)
def test_what_detect_wrote_is_what_prepare_reads(kind: str, tmp_path: Path) -> None:
    """Ten frames a second, so that every tenth of a second is a frame."""
    video = tmp_path / "videos" / "kitchen.mp4"
    video.parent.mkdir()
    make_video(video, count=100, rate=10.0, size=(64, 48))
    result = make_result(str(video), Event(0.5, 1.2, 1.0, 0.9), Event(3.2, 4.9, 4.1, 0.97))
    object.__setattr__(result.info, "frame_rate", 10.0)
    file = written(kind, tmp_path, result)
    rate = ["--frame-rate", "10"] if kind == "labelstudio" else []
    line = ["prepare", "labels", str(file), "--root", str(video.parent), *rate]
    out = video.parent / "clips.csv"
    done = CliRunner().invoke(cli, [*line, "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    (clip,) = read_annotations(out)
    assert (clip.path, clip.events) == (video, ((0.5, 1.2), (3.2, 4.9)))


def test_elan_documents_are_read_by_pympi(tmp_path: Path) -> None:
    elan = pytest.importorskip("pympi", reason="pympi-ling is not installed").Elan
    video = tmp_path / "Küche <1>.mp4"
    file = written("elan", tmp_path, make_result(str(video), *EVENTS))
    document = elan.Eaf(str(file))
    assert document.get_annotation_data_for_tier("slipdetect") == [
        (0, 1234, "slip"),
        (3201, 4900, "slip"),
    ]
    (media,) = document.media_descriptors
    assert media["MEDIA_URL"] == video.as_uri()
    assert media["RELATIVE_MEDIA_URL"] == "./Küche <1>.mp4"


def test_elan_documents_have_the_parts_of_its_schema_in_their_order(tmp_path: Path) -> None:
    root = ElementTree.parse(written("elan", tmp_path, make_result("a.mp4", *EVENTS))).getroot()
    assert [child.tag for child in root] == ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE"]
    slots = [slot.get("TIME_SLOT_ID") for slot in root.iter("TIME_SLOT")]
    assert slots == ["ts1", "ts2", "ts3", "ts4"]
    used = [
        each.get(f"TIME_SLOT_REF{which}")
        for each in root.iter("ALIGNABLE_ANNOTATION")
        for which in (1, 2)
    ]
    assert used == slots


def test_a_project_of_boris_has_an_observation_a_video(tmp_path: Path) -> None:
    results = (make_result("a/x.mp4", *EVENTS), make_result("b/x.mp4"))
    project = json.loads(written("boris", tmp_path, *results).read_text())
    assert list(project["observations"]) == ["a-x", "b-x"]
    first, second = project["observations"].values()
    assert first["events"] == [
        [0.0, "", "slip", "", "score 0.90", "NA"],
        [1.234, "", "slip", "", "", "NA"],
        [3.201, "", "slip", "", "score 0.97, down for at least 3.4 s", "NA"],
        [4.9, "", "slip", "", "", "NA"],
    ]
    assert first["media_info"]["length"] == {"a/x.mp4": 10.0}
    assert second["events"] == []
    assert [each["code"] for each in project["behaviors_conf"].values()] == ["slip"]


def test_a_recording_in_pieces_is_told_by_its_files(tmp_path: Path) -> None:
    """The second file's sound begins 0.5 s before its pictures; an event lies over the border."""
    result = make_result("cam1", *EVENTS, Event(6.0, 7.5, 6.5, 0.9))
    result.report.pieces += [Piece("r/cam1-1.mp4", 0.0, 0.0), Piece("r/cam1-2.mp4", 4.0, 0.5)]
    project = json.loads(written("boris", tmp_path, result).read_text())
    (observation,) = project["observations"].values()
    assert observation["file"]["1"] == ["r/cam1-1.mp4", "r/cam1-2.mp4"]
    # the whole is 9.9 s
    assert observation["media_info"]["length"] == {"r/cam1-1.mp4": 4.0, "r/cam1-2.mp4": 6.4}
    assert [row[0] for row in observation["events"]] == [0.0, 1.234, 3.201, 5.4, 6.5, 8.0]
    expected = {
        "boris": [(0.0, 1.234), (3.201, 4.0), (0.0, 1.4), (2.5, 4.0)],
        "labelstudio": [(1 / RATE, 37 / RATE), (96 / RATE, 4.0), (0.5, 1.4), (2.5, 4.0)],
    }
    for kind, times in expected.items():
        _, found = read_labels(written(kind, tmp_path, result), RATE)
        assert [label.video[-5] for label in found.labels] == ["1", "1", "2", "2"]
        read = [(label.start, label.end) for label in found.labels]
        for pair, truth in zip(read, times, strict=True):
            assert pair == pytest.approx(truth, abs=step(kind) / 2 + 1e-9)


@pytest.mark.parametrize(
    "line", [["--join", "{}/a.mp4", "{}/b.mp4"], ["{}/a.ffconcat"], ["{}/a.m3u8", "--out", "{}/x/"]]
)
def test_elan_knows_no_recordings_in_pieces(line: list[str], tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        make_video(tmp_path / name, count=5, size=(64, 48))
    (tmp_path / "a.ffconcat").write_text("file a.mp4\nfile b.mp4\n")
    (tmp_path / "a.m3u8").write_text("#EXTM3U\na.mp4\nb.mp4\n")
    words = [word.format(tmp_path) for word in line]
    done = CliRunner().invoke(cli, ["detect", *words, "--format", "elan"])
    assert done.exit_code == 2
    assert "elan is about one file, and" in done.stderr


def test_tasks_of_label_studio_are_to_be_reviewed(tmp_path: Path) -> None:
    file = written("labelstudio", tmp_path, make_result("a.mp4", *EVENTS), make_result("b.mp4"))
    first, second = json.loads(file.read_text())
    assert first["data"] == {"video": "a.mp4", "fps": RATE}
    ranges = [each["value"]["ranges"] for each in first["predictions"][0]["result"]]
    assert ranges == [[{"start": 1, "end": 37}], [{"start": 96, "end": 147}]]
    assert second["predictions"][0]["result"] == []
    assert json.loads(written("labelstudio", tmp_path).read_text()) == []
