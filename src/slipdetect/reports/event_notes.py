"""What the tables of an event test need said about them.

In: an ``EventEvaluation``. Out: sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipdetect.evaluation.event_evaluation import EventEvaluation


def event_notes(evaluation: EventEvaluation) -> Iterator[str]:
    """Yield a sentence for each thing in the tables that needs one."""
    methods = _methods(evaluation)
    if "bootstrap" in methods:
        yield (
            "[low, high]: 95% interval. Whole groups are drawn again and again, because clips of "
            "one person, scene or film are alike."
        )
    if "exact" in methods:
        yield (
            "* nothing or everything was counted, or too few events or groups for drawing to say "
            "anything: exact 95% interval, of Clopper and Pearson for shares and of Poisson for "
            "rates, clips of one group taken for alike."
        )
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


def _methods(evaluation: EventEvaluation) -> set[str]:
    reports = [evaluation.main, *evaluation.by_source.values(), *evaluation.by_size.values()]
    figures = [figure for report in reports for figure in report.figures.values()]
    figures += [row.rate for row in evaluation.by_action]
    return {figure.interval.method for figure in figures if figure.interval is not None}
