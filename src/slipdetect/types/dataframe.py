"""Events and windows as a table of pandas, where pandas is installed.

In: what a result has. Out: a ``pandas.DataFrame``, a row for each event or window.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from slipdetect._text import plain_name
from slipdetect.errors import LibraryError
from slipdetect.types.events import Event, Window

if TYPE_CHECKING:
    import pandas as pd


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
