"""Measuring: clip and event metrics, the scores and predictions they are computed from."""

from slipdetect.lab.evaluate.calibration import fit_calibration, fit_temperature
from slipdetect.lab.evaluate.clip_metrics import area_under_curve, auc_interval
from slipdetect.lab.evaluate.clip_report import ClipReport, clip_report
from slipdetect.lab.evaluate.clip_scoring import score_clips
from slipdetect.lab.evaluate.event_evaluation import EventEvaluation, evaluate_events
from slipdetect.lab.evaluate.event_metrics import Summary, hits, summarize
from slipdetect.lab.evaluate.event_report import EventReport, event_report
from slipdetect.lab.evaluate.operating_points import OperatingPoint, threshold_for_budget
from slipdetect.lab.evaluate.predictions import (
    ClipPrediction,
    predict,
    read_predictions,
    write_predictions,
)
from slipdetect.lab.evaluate.protocol import Protocol
from slipdetect.lab.evaluate.scores import ClipScores, read_scores, write_scores
from slipdetect.types import Calibration

__all__ = [
    "Calibration",
    "ClipPrediction",
    "ClipReport",
    "ClipScores",
    "EventEvaluation",
    "EventReport",
    "OperatingPoint",
    "Protocol",
    "Summary",
    "area_under_curve",
    "auc_interval",
    "clip_report",
    "evaluate_events",
    "event_report",
    "fit_calibration",
    "fit_temperature",
    "hits",
    "predict",
    "read_predictions",
    "read_scores",
    "score_clips",
    "summarize",
    "threshold_for_budget",
    "write_predictions",
    "write_scores",
]
