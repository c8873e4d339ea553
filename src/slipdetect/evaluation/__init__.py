"""Measuring: clip and event metrics, the scores and predictions they are computed from."""

from slipdetect.evaluation.calibration import fit_calibration, fit_temperature
from slipdetect.evaluation.clip_metrics import area_under_curve, auc_interval
from slipdetect.evaluation.clip_report import ClipReport, clip_report
from slipdetect.evaluation.clip_scoring import score_clips
from slipdetect.evaluation.event_evaluation import EventEvaluation, evaluate_events
from slipdetect.evaluation.event_metrics import Summary, hits, summarise
from slipdetect.evaluation.event_report import EventReport, event_report
from slipdetect.evaluation.legacy_scores import import_scores
from slipdetect.evaluation.operating_points import OperatingPoint, threshold_for_budget
from slipdetect.evaluation.predictions import (
    ClipPrediction,
    predict,
    read_predictions,
    write_predictions,
)
from slipdetect.evaluation.protocol import Protocol
from slipdetect.evaluation.scores import ClipScores, read_scores, write_scores
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
    "import_scores",
    "predict",
    "read_predictions",
    "read_scores",
    "score_clips",
    "summarise",
    "threshold_for_budget",
    "write_predictions",
    "write_scores",
]
