"""Results as JSON (schema: ``reports/detect.schema.json``), as tables of pandas, and kept whole.

In: events, windows. Out: plain data and a line of ASCII JSON, whose schema is
``slipdetect/reports/detect.schema.json``; ``pandas.DataFrame``s.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from slipdetect._text import plain_name
from slipdetect.errors import LibraryError
from slipdetect.types.events import Event, Window
from slipdetect.types.person import BOX

if TYPE_CHECKING:
    import pandas as pd

VERSION = 2  # 1 knew nothing of people


def rounded(value: float) -> float:
    """Return ``value`` rounded to 1e-6, and never -0.0."""
    return round(float(value), 6) + 0.0  # adding 0.0 turns -0.0 into 0.0


_WHERE_KNOWN: dict[str, Callable[[Any], Any]] = {
    "track": int,
    "box": list,
    "down_for": rounded,
    "recovered_at": rounded,
    "file": plain_name,
    "file_start": rounded,
    "time_of_day": str,
}


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
    for name, made in _WHERE_KNOWN.items():
        value = getattr(event, name)
        if value is not None:
            data[name] = made(value)
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
    if window.people is not None:
        data["people"] = [
            {
                "track": each.track,
                "box": list(each.box),
                **({} if each.state is None else {"state": each.state}),
            }
            for each in window.people
        ]
    if window.person is not None:
        data["person"] = window.person
    if window.zone is not None:
        data["zone"] = window.zone
    return data


def json_text(data: dict[str, Any]) -> str:
    """Return ``data`` as JSON in one line.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    # ASCII reaches its reader unharmed through any locale and any pipe
    return json.dumps(data, ensure_ascii=True, allow_nan=False)


def events_frame(source: str, events: Sequence[Event]) -> pd.DataFrame:
    """Return a row an event: source, times in seconds, score, label, and what is known of whom."""
    boxes = [event.box or (None,) * 4 for event in events]
    files = [None if event.file is None else plain_name(event.file) for event in events]
    return _frame(
        {
            "source": ([plain_name(source)] * len(events), object),
            "start": ([event.start for event in events], float),
            "end": ([event.end for event in events], float),
            "peak": ([event.peak for event in events], float),
            "score": ([event.score for event in events], float),
            "label": ([event.label for event in events], object),
            "interrupted": ([event.interrupted for event in events], bool),
            "track": ([event.track for event in events], "Int64"),
            **{name: ([box[i] for box in boxes], float) for i, name in enumerate(BOX)},
            "down_for": ([event.down_for for event in events], float),
            "recovered_at": ([event.recovered_at for event in events], float),
            "file": (files, object),
            "file_start": ([event.file_start for event in events], float),
            "time_of_day": ([event.time_of_day for event in events], object),
        }
    )


def windows_frame(
    source: str, windows: Sequence[Window], modalities: Iterable[str]
) -> pd.DataFrame:
    """Return a row a window: its times in seconds, probabilities, and what else is known of it."""
    columns: dict[str, tuple[list[Any], Any]] = {
        "source": ([plain_name(source)] * len(windows), object),
        "start": ([window.start for window in windows], float),
        "end": ([window.end for window in windows], float),
        "probability": ([window.probability for window in windows], float),
    }
    for name in modalities:
        alone = [window.streams.get(name, float("nan")) for window in windows]
        columns[f"probability_{name}"] = (alone, float)
    columns["person"] = ([window.person for window in windows], "Int64")
    columns["corrupt"] = ([window.corrupt for window in windows], bool)
    columns["zone"] = ([window.zone for window in windows], object)
    return _frame(columns)


def _frame(columns: dict[str, tuple[list[Any], Any]]) -> pd.DataFrame:
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


def plain(value: Any) -> Any:
    """Return what ``json`` writes: dataclasses as tables, tuples as lists, numbers as Python's."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value.item() if hasattr(value, "item") else value


def built(kind: Any, data: Any) -> Any:
    """Return what ``plain`` was given.

    Args:
        kind: Its type: a dataclass, or a type that fields of one have here.
        data: What ``plain`` returned.

    Raises:
        TypeError: It is of another type.
        KeyError: A field is missing.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: built(each, data[name]) for name, each in _hints(kind).items()})
    if origin in (Union, UnionType):
        (real,) = [part for part in parts if part is not type(None)]
        return None if data is None else built(real, data)
    if origin is tuple:
        each = [parts[0]] * len(data) if parts[1:] == (...,) else list(parts)
        return tuple(built(one, item) for one, item in zip(each, data, strict=True))
    if origin is list:
        return [built(parts[0], item) for item in data]
    if origin is dict:
        return {key: built(parts[1], item) for key, item in data.items()}
    return data


@cache
def _hints(kind: type) -> dict[str, Any]:
    known = get_type_hints(kind)
    return {item.name: known[item.name] for item in fields(kind)}
