"""How sure a figure is, told in the same way by every table.

In: ``Figure``s. Out: text, plain data, sentences below a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from slipdetect.lab.stats.intervals import Interval

DRAWN = (
    "[low, high]: 95% interval. Whole groups are drawn again and again, because clips of one "
    "person, scene or film are alike."
)
COUNTED = (
    "* nothing or everything was counted, or too few events or groups for drawing to say anything: "
    "exact 95% interval, of Clopper and Pearson for shares and of Poisson for rates, clips of one "
    "group taken for alike."
)


class Told(Protocol):
    """What is told of a figure; those of clips and of events have it."""

    @property
    def value(self) -> float | None:
        """None where the clips cannot tell."""
        ...

    @property
    def interval(self) -> Interval | None:
        """95%; None where there is none."""
        ...


def figure_text(figure: Told, number: Callable[[float], str]) -> str:
    """Return such as ``"75.0 [58.3, 91.7] "``; a star in the last place means exact.

    Args:
        figure: Of a clip or event test.
        number: Writes a value and the ends of its interval.
    """
    if figure.value is None:
        return "- "
    text = number(figure.value)
    if figure.interval is None:
        return text + " "
    mark = "*" if figure.interval.method == "exact" else " "
    return f"{text} [{number(figure.interval.low)}, {number(figure.interval.high)}]{mark}"


def interval_data(interval: Interval | None) -> dict[str, Any]:
    """Return an interval as plain data, its ends null where there is none."""
    return {
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "method": None if interval is None else interval.method,
    }


def interval_notes(figures: Iterable[Told], exact: str = COUNTED) -> list[str]:
    """Return a sentence for each kind of interval in a table; ``exact`` is that of a star."""
    methods = {figure.interval.method for figure in figures if figure.interval is not None}
    return [note for name, note in (("bootstrap", DRAWN), ("exact", exact)) if name in methods]
