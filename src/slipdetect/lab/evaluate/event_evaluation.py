"""Everything a page on an event test says: all clips, and each data set, size and action.

In: predictions of annotated clips. Out: ``EventEvaluation``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipdetect.lab.evaluate.event_report import (
    EventReport,
    event_report,
    false_per_clip,
    group_of,
)
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.lab.stats.measures import Figure

UNKNOWN = "unknown"

# of the picture's height: up to which share, and its name
_SIZES = ((0.25, "under 25%"), (0.5, "25 to 50%"), (0.75, "50 to 75%"), (math.inf, "75% and more"))


@dataclass(frozen=True)
class ActionRow:
    """False events in clips in which one thing is done, and nobody falls.

    Attributes:
        source: Data set.
        action: What is done.
        clips: Such clips.
        groups: Groups they belong to.
        clips_hit: Clips with at least one false event.
        rate: False events per clip.
    """

    source: str
    action: str
    clips: int
    groups: int
    clips_hit: int
    rate: Figure


@dataclass(frozen=True)
class EventEvaluation:
    """An event test.

    Attributes:
        main: All clips.
        by_source: By data set, where there are several.
        by_size: By the size of what moves as a share of the picture's height, if known.
        by_action: Clips without a fall, those with most false events a clip first; empty where no
            clip has an action.
        facts: Model, data, thresholds.
    """

    main: EventReport
    by_source: dict[str, EventReport]
    by_size: dict[str, EventReport]
    by_action: tuple[ActionRow, ...]
    facts: dict[str, Any]


def evaluate_events(
    predictions: Sequence[ClipPrediction], facts: Mapping[str, Any] | None = None
) -> EventEvaluation:
    """Report on predictions.

    Args:
        predictions: Of at least one clip.
        facts: Put on the page as they are.

    Raises:
        DataError: There are no clips.
    """
    sources = _parts(predictions, lambda item: item.source)
    sizes = _parts(predictions, lambda item: size_of(item.size))
    order = [name for _, name in _SIZES] + [UNKNOWN]
    return EventEvaluation(
        main=event_report(predictions),
        by_source=_reports(sources, sorted(sources)) if len(sources) > 1 else {},
        by_size={} if set(sizes) == {UNKNOWN} else _reports(sizes, order),
        by_action=_actions(predictions),
        facts=dict(facts or {}),
    )


def size_of(size: float | None) -> str:
    """Return the name of a size, which is a share of the picture's height."""
    if size is None:
        return UNKNOWN
    return next(name for limit, name in _SIZES if size < limit)


def _parts(
    predictions: Sequence[ClipPrediction], key: Callable[[ClipPrediction], Any]
) -> dict[Any, list[ClipPrediction]]:
    parts: dict[Any, list[ClipPrediction]] = defaultdict(list)
    for item in predictions:
        parts[key(item)].append(item)
    return parts


def _reports(
    parts: Mapping[str, list[ClipPrediction]], order: Sequence[str]
) -> dict[str, EventReport]:
    return {name: event_report(parts[name], name) for name in order if name in parts}


def _actions(predictions: Sequence[ClipPrediction]) -> tuple[ActionRow, ...]:
    negative = [item for item in predictions if not item.positive]
    if not any(item.action for item in negative):
        return ()
    rows = [
        ActionRow(
            source=source,
            action=action,
            clips=len(items),
            groups=len({group_of(item) for item in items}),
            clips_hit=sum(bool(item.events) for item in items),
            rate=false_per_clip(items),
        )
        for (source, action), items in _parts(
            negative, lambda item: (item.source, item.action)
        ).items()
    ]
    return tuple(sorted(rows, key=lambda row: (-(row.rate.value or 0), row.source, row.action)))
