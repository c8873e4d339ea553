"""Every line that ``detect --format json`` prints keeps the committed schema, key by key.

In: runs of the real detector with a tiny model, results made by hand. Out: assertions.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from results import FALL, LOOKED_AT, WITH_PERSON, make_result
from slipdetect.detection import Event, Window
from slipdetect.reports.formats import detect_schema, json_error, json_report
from slipdetect.types import Sighting
from synth import cut, make_video

BROKEN_OFF = Event(3.0, 4.0, 3.5, 0.9, interrupted=True)

jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema, of the extra dev")


def problems(line: str | dict[str, Any]) -> list[str]:
    """Return what is wrong with a line; none when it keeps the schema."""
    data = json.loads(line) if isinstance(line, str) else line
    found = jsonschema.Draft202012Validator(detect_schema()).iter_errors(data)
    return [error.message for error in found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good, a short, a cut and a broken video."""
    folder = tmp_path_factory.mktemp("videos")
    make_video(folder / "a.mp4", "slip", count=50, size=(64, 48))
    make_video(folder / "b.mp4", "walk", count=1, size=(64, 48))
    make_video(folder / "c.mp4", "bars", count=100, options={"movflags": "faststart"})
    cut(folder / "c.mp4", 0.5)
    (folder / "d.mp4").write_bytes(b"no video" * 1000)
    return folder


def objects(schema: Any) -> list[dict[str, Any]]:
    """Return every object with named keys in a schema."""
    if isinstance(schema, list):
        return [found for item in schema for found in objects(item)]
    if not isinstance(schema, dict):
        return []
    here = [schema] if isinstance(schema.get("properties"), dict) else []
    return here + [found for item in schema.values() for found in objects(item)]


def test_the_schema_is_valid_and_lets_no_unknown_key_pass() -> None:
    schema = detect_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    found = objects(schema)
    assert len(found) == 12
    assert all(item["additionalProperties"] is False for item in found)
    assert schema["$defs"]["version"]["const"] == 2


@pytest.mark.parametrize("more", [[], ["--windows"]], ids=["plain", "windows"])
def test_real_results_keep_it(run, folder: Path, tiny_package: Path, more: list[str]) -> None:
    events = ["--onset", "0.01", "--offset", "0", "--model", tiny_package]
    result = run("detect", folder, *events, "--format", "json", *more)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [problems(line) for line in lines] == [[]] * 4
    good, short, damaged, broken = lines
    assert good["events"]
    assert short["source"]["padded"]
    assert damaged["source"]["truncated"]
    assert "error" in broken
    assert all(("windows" in line) == bool(more) for line in (good, short, damaged))


def test_what_videos_seldom_show_keeps_it_too() -> None:
    corrupt = Window(0.0, 1.0, 1.0, {"rgb": 0.0, "flow": 1.0}, corrupt=True)
    result = make_result("K\u00fcche.mp4", FALL, Event(0.0, 0.0, 0.0, 0.0), windows=(corrupt,))
    assert problems(json_report(result, windows=True)) == []
    assert problems(json_report(make_result("rtsp://u:secret@host/x", BROKEN_OFF))) == []
    assert problems(json_error("rtsp://u:secret@host/x", "it broke")) == []


def test_results_from_above_keep_it_and_name_no_other_view() -> None:
    people = (Sighting(3, (0.1, 0.2, 0.3, 0.9), None),)
    windows = (replace(LOOKED_AT, people=people),)
    line = json.loads(
        json_report(make_result("a.mp4", FALL, windows=windows, view="above"), windows=True)
    )
    assert line["view"] == "above"
    assert "state" not in line["windows"][0]["people"][0]
    assert problems(line) == []
    assert problems({**line, "view": "level"})


BREAKS: dict[str, Any] = {
    "new key": lambda line: line.update(created="now"),
    "new key of the source": lambda line: line["source"].update(sha256="ab"),
    "new key of the model": lambda line: line["model"].update(fusion={}),
    "new key of an event": lambda line: line["events"][0].update(cause="ice"),
    "new key of a window": lambda line: line["windows"][0].update(center=0.5),
    "a side of a box is gone": lambda line: line["events"][1]["box"].pop(),
    "another state": lambda line: line["windows"][0]["people"][0].update(state="asleep"),
    "another version": lambda line: line.update(version=3),
    "a key is gone": lambda line: line["source"].pop("padded"),
    "text for a number": lambda line: line["events"][0].update(start="3.2"),
    "percent for a probability": lambda line: line["events"][0].update(score=97),
    "before the beginning": lambda line: line["events"][0].update(start=-0.1),
    "both a result and an error": lambda line: line.update(error="it broke"),
}


@pytest.mark.parametrize("change", list(BREAKS))
def test_any_change_of_shape_is_noticed(change: str) -> None:
    result = make_result("a.mp4", FALL, WITH_PERSON, windows=(LOOKED_AT,))
    line = json.loads(json_report(result, windows=True))
    assert problems(line) == []
    broken = deepcopy(line)
    BREAKS[change](broken)
    assert problems(broken)
