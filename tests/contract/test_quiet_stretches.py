"""Events of real clips are those of the published figures, which look at everything.

In: SLIPDETECT_TEST_DATA and benchmarks/results, whose events come from every snippet and from the
people of every picture. Out: nothing but assertions.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from slipdetect.detection import Detector
from slipdetect.lab.evaluate.predictions import ClipPrediction

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
# a fall, a false event, lying down without one, a fall seen from the ceiling
NAMES = (
    "urfd/fall-14-cam0.mp4",
    "urfd/adl-32-cam0.mp4",
    "urfd/adl-20-cam0.mp4",
    "urfd/fall-28-cam1.mp4",
)
FAR = 0.21  # seconds; a window is 0.2 from the next


@pytest.fixture(scope="module")
def measured() -> dict[str, ClipPrediction]:
    """What every clip gave when all of its snippets were computed, in float32."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        report = importlib.import_module("lodo_report")
    return {item.clip: item for item in report.together("bundled")}


def compare(clips: Path, rows: dict[str, ClipPrediction]) -> float:
    """Check that the events are those of ``rows``; return the share of snippets computed."""
    detector = Detector.load("default", "cpu")
    computed = snippets = 0
    for name, row in rows.items():
        result = detector.detect(clips / name)
        assert len(result.events) == len(row.events), name
        for event, (start, end, score) in zip(result.events, row.events, strict=True):
            assert event.start == pytest.approx(start, abs=FAR), name
            assert event.end == pytest.approx(end, abs=FAR), name
            # tracks begin where somebody is looked for first
            assert event.score == pytest.approx(score, abs=0.05), name
        assert result.profile is not None
        computed += result.profile.computed
        snippets += result.profile.snippets
    return computed / snippets


@pytest.mark.clips
def test_events_of_some_clips(clips: Path, measured: dict[str, ClipPrediction]) -> None:
    assert compare(clips, {name: measured[name] for name in NAMES}) < 0.95


@pytest.mark.clips
@pytest.mark.slow
def test_events_of_all_clips(clips: Path, measured: dict[str, ClipPrediction]) -> None:
    assert len(measured) > 160
    assert compare(clips, measured) < 0.5
