"""Measuring: clip and event metrics, and the predictions they are computed from."""

from slipdetect.evaluation.calibration import Calibration, fit_calibration
from slipdetect.evaluation.clip_metrics import area_under_curve, auc_interval
from slipdetect.evaluation.event_metrics import Summary, hits, summarise
from slipdetect.evaluation.predictions import (
    ClipPrediction,
    predict,
    read_predictions,
    write_predictions,
)

__all__ = [
    "Calibration",
    "ClipPrediction",
    "Summary",
    "area_under_curve",
    "auc_interval",
    "fit_calibration",
    "hits",
    "predict",
    "read_predictions",
    "summarise",
    "write_predictions",
]
