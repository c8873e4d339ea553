"""Measuring: clip and event metrics, the scores and predictions they are computed from."""

from slipdetect.lab.evaluate.clip_report import ClipReport, clip_report
from slipdetect.lab.evaluate.clip_scoring import score_clips
from slipdetect.lab.evaluate.event_matching import hits, onset_errors
from slipdetect.lab.evaluate.event_report import (
    EventEvaluation,
    EventReport,
    evaluate_events,
    event_report,
)
from slipdetect.lab.evaluate.predictions import (
    ClipPrediction,
    predict,
    read_predictions,
    write_predictions,
)
from slipdetect.lab.evaluate.protocol import Protocol
from slipdetect.lab.evaluate.scores import ClipScores, read_scores, write_scores

__all__ = [
    "ClipPrediction",
    "ClipReport",
    "ClipScores",
    "EventEvaluation",
    "EventReport",
    "Protocol",
    "clip_report",
    "evaluate_events",
    "event_report",
    "hits",
    "onset_errors",
    "predict",
    "read_predictions",
    "read_scores",
    "score_clips",
    "write_predictions",
    "write_scores",
]
