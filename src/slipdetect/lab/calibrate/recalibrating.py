"""A model's configuration with temperature, bias and presets that fit labeled clips.

In: the configuration, and what the model says of the clips without calibration. Out: another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slipdetect.lab.calibrate.refitting import Refit, labeled_windows, recalibrated, refit
from slipdetect.lab.data.windows import WindowRule
from slipdetect.lab.evaluate.operating_points import measured_at, presets
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.lab.evaluate.reliability import Binning
from slipdetect.models import ModelConfig
from slipdetect.types import Calibration


def without_calibration(config: ModelConfig) -> ModelConfig:
    """Return the configuration with neutral temperature and bias, for predictions to fit on."""
    return replace(config, calibration=_numbers(config.calibration, Calibration()))


def recalibrate(
    config: ModelConfig, predictions: Sequence[ClipPrediction], binning: Binning = "mass"
) -> tuple[ModelConfig, Refit]:
    """Fit temperature and bias anew, and presets beside the model's own thresholds.

    Args:
        config: Of the model, with the calibration it had.
        predictions: By the model ``without_calibration``, with their windows.
        binning: Of the calibration error.

    Returns:
        The new configuration, and what the fit is worth. Without a clip in which nobody falls it
        has no presets.

    Raises:
        DataError: As for ``refit``.
    """
    windows = labeled_windows(predictions, WindowRule(window=config.window))
    found = refit(windows, config.calibration, binning)
    made = [recalibrated(item, found.calibration) for item in predictions]
    own = config.events
    quiet = any(not item.positive for item in made)
    sensitivity = presets(made, measured_at(made, own).per_hour, own) if quiet else {}
    fitted = _numbers(config.calibration, found.calibration)
    return replace(config, calibration=fitted, sensitivity=sensitivity), found


def _numbers(had: Calibration, fitted: Calibration) -> Calibration:
    """Return ``had`` with the temperature and bias of ``fitted``."""
    return replace(had, temperature=fitted.temperature, bias=fitted.bias)
