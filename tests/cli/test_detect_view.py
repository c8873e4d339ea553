"""Cameras that look straight down, from the command line.

In: the rendered example, models without people. Out: pass or fail.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slipdetect.detection import Detector
from slipdetect.errors import UsageError

EXAMPLE = Path(__file__).parents[2] / "examples" / "slip.mp4"


def test_from_above_results_are_by_people_alone_and_say_so(run) -> None:
    options = ("--format", "json", "--windows", "--max-duration", "6")
    done = run("detect", EXAMPLE, "--view", "above", *options)
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["view"] == "above"
    # people are looked for, and heard, where the other streams are sure that nothing happens
    assert all("people" in window for window in result["windows"])
    assert len(result["events"]) == 1


def test_a_model_that_looks_at_no_people_cannot(run, model: Path, tmp_path: Path) -> None:
    done = run("detect", EXAMPLE, "--model", model, "--view", "above")
    assert done.exit_code == 2
    assert "looks at no people" in done.stderr
    assert "--view above" in done.stderr
    cameras = tmp_path / "cameras.toml"
    cameras.write_text('[camera.hall]\nsource = "rtsp://127.0.0.1:1/x"\nview = "above"\n')
    done = run("watch", cameras, "--model", model)
    assert done.exit_code == 2
    assert "camera 'hall': the model" in done.stderr


def test_only_known_views_can_be_set() -> None:
    detector = Detector.load()
    detector.view = "above"
    assert detector.again().view == "above"
    assert detector.again(view="level").view == "level"
    with pytest.raises(UsageError, match="view must be one of level, above, not 'top'"):
        detector.view = "top"  # type: ignore[assignment]
