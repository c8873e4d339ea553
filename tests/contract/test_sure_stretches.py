"""No event of real clips is lost, or new, where snippets between sure ones are not computed.

In: SLIPDETECT_TEST_DATA and benchmarks/results, whose events come from every snippet. Out: nothing
but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slipdetect.detection import Detector

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "lodo-bundled.jsonl"
# a fall, a false event, lying down without one, a fall seen from the ceiling
NAMES = (
    "urfd/fall-14-cam0.mp4",
    "urfd/adl-32-cam0.mp4",
    "urfd/adl-20-cam0.mp4",
    "urfd/fall-28-cam1.mp4",
)
FAR = 0.3  # seconds


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    """What every clip gave when all of its snippets were computed, in float32."""
    rows = [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
    return {row["clip"]: row for row in rows}


def compare(clips: Path, rows: dict[str, dict[str, Any]]) -> float:
    """Check that the events are those of ``rows``; return the share of snippets computed."""
    detector = Detector.load("default", "cpu")
    computed = snippets = 0
    for name, row in rows.items():
        result = detector.detect(clips / name)
        assert len(result.events) == len(row["events"]), name
        for event, (start, end, score) in zip(result.events, row["events"], strict=True):
            assert event.start == pytest.approx(start, abs=FAR), name
            assert event.end == pytest.approx(end, abs=FAR), name
            assert event.score == pytest.approx(score, abs=0.01), name
        assert result.profile is not None
        computed += result.profile.computed
        snippets += result.profile.snippets
    return computed / snippets


@pytest.mark.clips
def test_events_of_some_clips(clips: Path, measured: dict[str, dict[str, Any]]) -> None:
    assert compare(clips, {name: measured[name] for name in NAMES}) < 0.95


@pytest.mark.clips
@pytest.mark.slow
def test_events_of_all_clips(clips: Path, measured: dict[str, dict[str, Any]]) -> None:
    assert len(measured) > 160
    assert compare(clips, measured) < 0.8
