"""docs/outputs.md names every format, the file that each gets, and JSON of the promised shape.

In: the page. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from results import activitynet_report, make_result
from slipdetect.detection import Event
from slipdetect.reports.formats import vtt_report
from slipdetect.sinks.overlay import OverlaySink
from slipdetect.sinks.registry import FORMATS, choose_destination
from slipdetect.sinks.sink import Setup
from slipdetect.sinks.timeline import Timeline

PAGE = (Path(__file__).parents[2] / "docs" / "outputs.md").read_text(encoding="utf-8")
SHOWN = Event(
    4.85, 5.85, 5.35, 0.708293, track=1, box=(0.4375, 0.6125, 0.8094, 0.9708), down_for=3.4
)


def block(kind: str, number: int = 0) -> str:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)[number]


def test_every_format_and_its_file(tmp_path: Path) -> None:
    out = f"{tmp_path}/"
    for kind in FORMATS:
        where = choose_destination(out, kind, ["kitchen.mp4"], overwrite=False)
        row = f"| `{kind}` | `{where.each[0].name}` |"
        listed = row in PAGE
        assert listed, f"docs/outputs.md has no row {row!r}"
        rows = len(re.findall(rf"^\| `{kind}` \|", PAGE, re.MULTILINE))
        assert rows == 2, f"docs/outputs.md says in {rows} rows, not in 2, what `{kind}` is"
        for suffix in FORMATS[kind].suffixes:
            told = f"`{suffix}`" in PAGE
            assert told, f"docs/outputs.md does not say that {suffix} means {kind}"
    for beside in (Timeline, OverlaySink):
        (target,) = beside.files(out, Setup(sources=["kitchen.mp4"]))
        assert f"| `{beside.option}` | `{target.name}` |" in PAGE


def test_the_json_shown_has_the_keys_of_real_json() -> None:
    shown, real = json.loads(block("json")), make_result("kitchen.mp4", SHOWN).to_dict()
    assert list(shown) == list(real)
    for key in ("source", "model"):
        assert list(shown[key]) == list(real[key])
    assert shown["events"] == real["events"]


def test_subtitles_and_detections_shown_are_real() -> None:
    result = make_result("kitchen.mp4", SHOWN)
    assert block("text") == vtt_report(result)
    assert block("json", 1) == activitynet_report([("kitchen", result)])
