"""What was found, as text: JSON, CSV and tables for a terminal.

In: a ``DetectionResult``. Out: text; where it goes is the caller's business.
"""

from __future__ import annotations

from slipdetect.reports.csv_report import csv_header, csv_report, csv_rows
from slipdetect.reports.json_report import json_error, json_report, report_data
from slipdetect.reports.names import plain_name, printable
from slipdetect.reports.summary_table import SummaryTable
from slipdetect.reports.table import event_table, quality_notes
from slipdetect.reports.timecode import timecode

__all__ = [
    "SummaryTable",
    "csv_header",
    "csv_report",
    "csv_rows",
    "event_table",
    "json_error",
    "json_report",
    "plain_name",
    "printable",
    "quality_notes",
    "report_data",
    "timecode",
]
