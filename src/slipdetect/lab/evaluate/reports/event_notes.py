"""What the tables of an event test need said about them.

In: an ``EventEvaluation``. Out: sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from slipdetect.lab.evaluate.reports.figure_text import interval_notes

if TYPE_CHECKING:
    from slipdetect.lab.evaluate.event_evaluation import EventEvaluation
    from slipdetect.lab.stats.measures import Figure


def event_notes(evaluation: EventEvaluation) -> Iterator[str]:
    """Yield a sentence for each thing in the tables that needs one."""
    yield from interval_notes(_told(evaluation))
    yield (
        "tIoU: what a found and a true event have in common, by what they span together. The "
        "surest found event chooses first."
    )
    yield (
        "delay: from a fall's beginning until the end of the first window that reaches the onset "
        "threshold. beside a fall: in clips with one, further than 0.5 s from it."
    )
    main = evaluation.main
    if main.untimed:
        yield (
            f"{main.untimed} clips with a fall have no event times: they count where whole clips "
            "are judged, and nowhere else."
        )
    if main.figures["delay"].value is None and main.figures["onset_error"].value is not None:
        yield "There is no delay: these predictions were kept without windows or thresholds."


def _told(evaluation: EventEvaluation) -> Iterator[Figure]:
    for report in (evaluation.main, *evaluation.by_source.values(), *evaluation.by_size.values()):
        yield from report.figures.values()
    yield from (row.rate for row in evaluation.by_action)
