"""An event test as plain data for JSON.

In: an ``EventEvaluation``. Out: dictionaries, lists, numbers; nothing is rounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipdetect.lab.evaluate.reports.figure_text import interval_data

if TYPE_CHECKING:
    from slipdetect.lab.evaluate.event_evaluation import ActionRow, EventEvaluation
    from slipdetect.lab.evaluate.event_report import EventReport
    from slipdetect.lab.stats.measures import Figure

VERSION = 1


def event_data(evaluation: EventEvaluation) -> dict[str, Any]:
    """Return everything; a figure that the clips cannot tell is null."""
    return {
        "version": VERSION,
        "level": "event",
        "facts": evaluation.facts,
        "report": _report(evaluation.main),
        "by_source": {name: _report(each) for name, each in evaluation.by_source.items()},
        "by_size": {name: _report(each) for name, each in evaluation.by_size.items()},
        "by_action": [_action(row) for row in evaluation.by_action],
    }


def _report(report: EventReport) -> dict[str, Any]:
    return {
        "clips": report.clips,
        "positives": report.positives,
        "untimed": report.untimed,
        "groups": report.groups,
        "events": report.events,
        "negative_hours": report.negative_hours,
        "figures": {name: _figure(each) for name, each in report.figures.items()},
    }


def _action(row: ActionRow) -> dict[str, Any]:
    return {
        "source": row.source,
        "action": row.action,
        "clips": row.clips,
        "groups": row.groups,
        "clips_hit": row.clips_hit,
        "false_per_clip": _figure(row.rate),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "value": figure.value,
        "count": int(figure.count),
        "base": figure.base,
        **interval_data(figure.interval),
    }
