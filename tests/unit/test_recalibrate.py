"""A model's configuration anew: the fit of its windows, presets beside its thresholds.

In: made-up predictions. Out: configurations.
"""

from __future__ import annotations

import numpy as np

from slipdetect.lab.calibrate.fitting import fit_calibration, recalibrate
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.types import Calibration
from stub_models import stub_config

STREAMS = {"temperature": 2.0, "bias": 1.0, "streams": {"rgb": 1.5}}


def clip(number: int, positive: bool) -> ClipPrediction:
    """Return a minute with a window a second; somebody falls from 30 s to 31 s, or nobody does."""
    rng = np.random.default_rng(number)
    odds = rng.normal(-2.0, 1.0, 60)
    if positive:
        odds[29:32] += 4.0
    windows = tuple(
        (t - 0.5, t + 0.5, float(1 / (1 + np.exp(-x))))
        for t, x in zip(np.arange(60) + 0.5, odds, strict=True)
    )
    truth = ((29.9, 31.1),) if positive else ()
    return ClipPrediction(
        f"{number}.mp4", "own", positive, truth, 60.0, 0.9, (), group=str(number), windows=windows
    )


def test_temperature_and_bias_are_those_of_the_labeled_windows() -> None:
    clips = [clip(number, number % 2 == 0) for number in range(30)]
    config = stub_config("rgb", window=1.0, calibration=STREAMS)
    made, found = recalibrate(config, clips)
    p, labels = [], []
    for item in clips:
        for start, end, probability in item.windows:
            center = (start + end) / 2
            falls = item.positive and 29.9 <= center <= 31.1
            far = center <= 29.9 - 0.7 or center >= 31.1 + 0.7
            if falls or not item.positive or far:
                p.append(probability)
                labels.append(falls)
    by_hand = fit_calibration(p, labels)
    assert found.calibration == by_hand
    assert made.calibration == Calibration(by_hand.temperature, by_hand.bias, {"rgb": 1.5})
    assert made.events == config.events
    assert set(made.sensitivity) == {"low", "high"}
    onsets = [made.sensitivity[name].onset for name in ("high", "low")]
    assert onsets[0] < config.events.onset < onsets[1]


def test_without_a_clip_that_has_no_fall_there_are_no_presets() -> None:
    made, _ = recalibrate(stub_config("rgb", window=1.0), [clip(n, True) for n in range(12)])
    assert made.sensitivity == {}


def test_the_neutral_calibration_changes_nothing_but_temperature_and_bias() -> None:
    config = stub_config("rgb", calibration=STREAMS)
    bare = config.with_window_calibration(Calibration())
    assert bare.calibration == Calibration(1.0, 0.0, {"rgb": 1.5})
    assert bare.streams == config.streams
    assert bare.events == config.events
