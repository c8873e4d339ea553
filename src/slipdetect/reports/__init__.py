"""What was found, as text: JSON, CSV, subtitles and tables for a terminal.

In: a ``DetectionResult``. Out: text; where it goes is the caller's business.
"""

from __future__ import annotations

from slipdetect._text import plain_name, printable, timecode
from slipdetect.reports.activitynet_report import (
    activitynet_closing,
    activitynet_entry,
    activitynet_opening,
    activitynet_report,
)
from slipdetect.reports.csv_report import csv_header, csv_report, csv_rows
from slipdetect.reports.json_report import (
    detect_schema,
    json_error,
    json_report,
    live_schema,
    report_data,
)
from slipdetect.reports.subtitles import srt_report, vtt_report
from slipdetect.reports.summary_table import SummaryTable
from slipdetect.reports.table import event_table, quality_notes

__all__ = [
    "SummaryTable",
    "activitynet_closing",
    "activitynet_entry",
    "activitynet_opening",
    "activitynet_report",
    "csv_header",
    "csv_report",
    "csv_rows",
    "detect_schema",
    "event_table",
    "json_error",
    "json_report",
    "live_schema",
    "plain_name",
    "printable",
    "quality_notes",
    "report_data",
    "srt_report",
    "timecode",
    "vtt_report",
]
