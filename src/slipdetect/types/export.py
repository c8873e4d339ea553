"""Results in other forms: JSON, tables of pandas, HTML for notebooks.

In: events, windows. Out: plain data and a line of ASCII JSON, whose schema is
``slipdetect/reports/detect.schema.json``; ``pandas.DataFrame``s; HTML that stands by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from slipdetect._text import clock, plain_name, printable, timecode
from slipdetect.errors import LibraryError
from slipdetect.types.events import Event, Window

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1
_WIDTH, _HEIGHT = 640.0, 96.0
_TOP, _BOTTOM = 6.0, 74.0  # y of probability 1 and 0
_MOST_ROWS = 20
_TICKS = 8
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
# of Okabe and Ito; with half its strength it is seen on white and on black
_SHADE = 'fill="#E69F00" fill-opacity="0.5" stroke="#E69F00"'
# pages give tables colors of their own
_TABLE = 'style="border-collapse:collapse;margin:0;font:inherit;color:inherit"'
_ROW = 'style="background:none;color:inherit"'
_CELL = 'style="text-align:left;padding:1px 14px 1px 0;background:none;color:inherit"'


def event_data(event: Event) -> dict[str, Any]:
    """Return the object of one event; times are seconds rounded to 1e-6."""
    data: dict[str, Any] = {
        "start": rounded(event.start),
        "end": rounded(event.end),
        "peak": rounded(event.peak),
        "score": rounded(event.score),
        "label": event.label,
    }
    if event.interrupted:
        data["interrupted"] = True
    return data


def window_data(window: Window) -> dict[str, Any]:
    """Return the object of one window; times are seconds rounded to 1e-6."""
    data: dict[str, Any] = {
        "start": rounded(window.start),
        "end": rounded(window.end),
        "probability": rounded(window.probability),
    }
    if window.streams:
        data["streams"] = {name: rounded(value) for name, value in window.streams.items()}
    if window.corrupt:
        data["corrupt"] = True
    return data


def json_text(data: dict[str, Any]) -> str:
    """Return ``data`` as JSON in one line.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    # ASCII reaches its reader unharmed through any locale and any pipe
    return json.dumps(data, ensure_ascii=True, allow_nan=False)


def rounded(value: float) -> float:
    """Return ``value`` rounded to 1e-6, and never -0.0."""
    return round(float(value), 6) + 0.0  # adding 0.0 turns -0.0 into 0.0


def events_frame(source: str, events: Sequence[Event]) -> pd.DataFrame:
    """Return the columns source, start, end, peak (seconds), score, label and interrupted."""
    return _frame(
        {
            "source": ([plain_name(source)] * len(events), object),
            "start": ([event.start for event in events], float),
            "end": ([event.end for event in events], float),
            "peak": ([event.peak for event in events], float),
            "score": ([event.score for event in events], float),
            "label": ([event.label for event in events], object),
            "interrupted": ([event.interrupted for event in events], bool),
        }
    )


def windows_frame(
    source: str, windows: Sequence[Window], modalities: Iterable[str]
) -> pd.DataFrame:
    """Return source, start, end (seconds), probability, that of each stream, and corrupt."""
    columns: dict[str, tuple[list[Any], type]] = {
        "source": ([plain_name(source)] * len(windows), object),
        "start": ([window.start for window in windows], float),
        "end": ([window.end for window in windows], float),
        "probability": ([window.probability for window in windows], float),
    }
    for name in modalities:
        alone = [window.streams.get(name, float("nan")) for window in windows]
        columns[f"probability_{name}"] = (alone, float)
    columns["corrupt"] = ([window.corrupt for window in windows], bool)
    return _frame(columns)


def _frame(columns: dict[str, tuple[list[Any], type]]) -> pd.DataFrame:
    try:
        import pandas as pd
    except ImportError as error:
        raise LibraryError(
            "to_dataframe needs pandas, which cannot be imported here; pip install pandas"
        ) from error
    # without a type an empty column would be of objects
    return pd.DataFrame(
        {name: pd.Series(values, dtype=kind) for name, (values, kind) in columns.items()}
    )


def result_html(
    source: str,
    headline: str,
    duration: float,
    windows: Sequence[Window],
    events: Sequence[Event],
) -> str:
    """Return the HTML; text has the color of the page around it.

    Args:
        source: Name of the source.
        headline: The result in a line.
        duration: Length of what was looked at, seconds.
        windows: In time order.
        events: In time order.
    """
    parts = [
        '<div style="font:13px system-ui,sans-serif;max-width:640px;color:inherit">',
        f"<div><b>{_safe(source)}</b>: {_safe(headline)}</div>",
        _drawing(duration, windows, events),
    ]
    if events:
        parts.append(_table(events))
    return "".join([*parts, "</div>"])


def _drawing(duration: float, windows: Sequence[Window], events: Sequence[Event]) -> str:
    length = max([duration, *(window.end for window in windows[-1:]), 1e-3])
    scale = _WIDTH / length
    shapes = [
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" width="100%" role="img" '
        'aria-label="probability over time" style="display:block;margin:4px 0">'
    ]
    for y, opacity in ((_TOP, 0.25), ((_TOP + _BOTTOM) / 2, 0.25), (_BOTTOM, 0.8)):
        shapes.append(
            f'<path d="M0 {y:g}H{_WIDTH:g}" stroke="currentColor" stroke-opacity="{opacity}"/>'
        )
    shapes += [_event(event, scale) for event in events]
    points = [f"{x:.1f},{y:.1f}" for x, y in _points(windows, scale)]
    # a line from a point to itself is a dot
    points *= 2 if len(points) == 1 else 1
    shapes.append(
        f'<polyline points="{" ".join(points)}" fill="none" stroke="currentColor" '
        'stroke-width="1.5" stroke-linecap="round"/>'
    )
    shapes += _ticks(length, scale)
    return "".join([*shapes, "</svg>"])


def _event(event: Event, scale: float) -> str:
    said = f"{timecode(event.start)} to {timecode(event.end)}, {event.label} {event.score:.2f}"
    width = max((event.end - event.start) * scale, 1.0)
    return (
        f'<rect x="{event.start * scale:.1f}" y="{_TOP:g}" width="{width:.1f}" '
        f'height="{_BOTTOM - _TOP:g}" {_SHADE}><title>{_safe(said)}</title></rect>'
    )


def _points(windows: Sequence[Window], scale: float) -> Iterator[tuple[float, float]]:
    """Yield the curve; of windows on the same place of the drawing the highest."""
    highest: dict[int, tuple[float, float]] = {}
    for window in windows:
        x = window.center * scale
        y = _BOTTOM + (_TOP - _BOTTOM) * window.probability
        if y < highest.get(int(x), (0.0, _HEIGHT))[1]:
            highest[int(x)] = (x, y)
    yield from highest.values()


def _ticks(length: float, scale: float) -> Iterator[str]:
    step = next((step for step in _STEPS if length / step <= _TICKS), 86400)
    for index in range(int(length // step) + 1):
        x = index * step * scale
        anchor = "start" if index == 0 else "end" if x > _WIDTH - 20 else "middle"
        yield (
            f'<path d="M{x:.1f} {_BOTTOM:g}v5" stroke="currentColor"/>'
            f'<text x="{x:.1f}" y="{_HEIGHT - 4:g}" font-size="12" fill="currentColor" '
            f'text-anchor="{anchor}">{clock(index * step)}</text>'
        )


def _table(events: Sequence[Event]) -> str:
    head = "".join(
        f"<th {_CELL}>{name}</th>" for name in ("start", "end", "peak", "score", "label")
    )
    rows = [f"<tr {_ROW}>{head}</tr>"]
    for event in events[:_MOST_ROWS]:
        times = [timecode(time) for time in (event.start, event.end, event.peak)]
        cells = [*times, f"{event.score:.2f}", _safe(event.label)]
        inside = "".join(f"<td {_CELL}>{cell}</td>" for cell in cells)
        rows.append(f"<tr {_ROW}>{inside}</tr>")
    more = len(events) - _MOST_ROWS
    rest = f"<div>and {more} more</div>" if more > 0 else ""
    return f"<table {_TABLE}>{''.join(rows)}</table>{rest}"


def _safe(text: str) -> str:
    return escape(printable(text))
