"""Clip scores of the bundled model on real clips are those that its measured figures rest on.

In: SLIPDETECT_TEST_DATA and benchmarks/results. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from slipdetect.detection import model_folder
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.clip_scoring import score_clips
from slipdetect.lab.evaluate.decisions import CALIBRATED, decide
from slipdetect.lab.evaluate.protocol import WINDOWS
from slipdetect.models import load_package

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "lodo-bundled.jsonl"
NAMES = ("urfd/adl-32-cam0.mp4", "urfd/fall-14-cam0.mp4", "urfd/fall-28-cam0.mp4")


@pytest.mark.clips
@pytest.mark.slow
def test_windows_give_the_published_scores(clips: Path) -> None:
    rows = [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
    published = {row["clip"]: row["score"] for row in rows}
    chosen = [Clip(clips / name, "fall" in name) for name in NAMES]
    package = load_package(model_folder("default"))
    scores = score_clips(package, chosen, None, WINDOWS, device="cpu", root=clips)
    assert scores.clips == NAMES
    found = 1 / (1 + np.exp(-decide(scores, CALIBRATED).score))
    np.testing.assert_allclose(found, [published[name] for name in NAMES], atol=2e-3)
