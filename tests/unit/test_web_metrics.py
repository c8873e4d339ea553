"""/metrics of the page of ``watch``: docs/page.md and the code name the same numbers and units.

In: states made by hand, the page of the documentation. Out: nothing but assertions.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from page_driver import STATE, site

PAGE = (Path(__file__).parents[2] / "docs" / "page.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(slipdetect_\w+)` \| (\w+) \| ([^|]*?) \|", PAGE, re.MULTILINE)
HALL = replace(STATE, name='ha"ll\n', state="broken off", windows=(), silent_for=None)


def told() -> str:
    with site(lambda: [STATE, HALL]) as served:
        status, headers, body = served.ask("/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    return body.decode()


def test_the_documentation_names_what_is_told() -> None:
    families = {
        family.name + ("_total" if family.type == "counter" else ""): family
        for family in text_string_to_metric_families(told())
        if family.name.startswith("slipdetect_")
    }
    assert {name: kind for name, kind, _ in ROWS} == {
        name: family.type for name, family in families.items()
    }
    for name, kind, unit in ROWS:
        base = unit.partition(",")[0]
        assert kind == "counter" or name.endswith(f"_{base}") or not base, name


def test_values_are_those_of_the_cameras() -> None:
    values = {
        (sample.name, sample.labels.get("camera", "")): sample.value
        for family in text_string_to_metric_families(told())
        for sample in family.samples
    }
    for name, value in (
        ("frames_total", 300),
        ("damaged_frames_total", 1),
        ("sampled_frames_total", 200),
        ("dropped_frames_total", 7),
        ("reconnects_total", 3),
        ("events_total", 2),
        ("up", 1),
        ("lag_seconds", 0.25),
        ("drift_seconds", -2.5),
        ("probability_ratio", 0.4),
    ):
        assert values[f"slipdetect_camera_{name}", "kitchen"] == value, name
    assert values["slipdetect_camera_up", HALL.name] == 0
    # what is not known is left out, and is no 0
    assert ("slipdetect_camera_probability_ratio", HALL.name) not in values
    assert ("slipdetect_camera_last_frame_timestamp_seconds", HALL.name) not in values


def test_alerts_are_counted_by_what_became_of_them() -> None:
    lines = told().splitlines()
    assert 'slipdetect_alerts_total{outcome="sent",sink="webhook"} 3.0' in lines
    assert 'slipdetect_alerts_total{outcome="failed",sink="webhook"} 1.0' in lines
