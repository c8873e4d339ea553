"""What was found, as text and pictures: formats for programs, tables, plots, the page.

In: a ``DetectionResult``. Out: text; where it goes is the caller's business.
"""

from __future__ import annotations

from slipdetect.reports.formats import detect_schema, live_schema, srt_report, vtt_report
from slipdetect.reports.table import event_table, profile_text

__all__ = [
    "detect_schema",
    "event_table",
    "live_schema",
    "profile_text",
    "srt_report",
    "vtt_report",
]
