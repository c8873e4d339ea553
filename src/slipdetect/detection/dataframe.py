"""A result as a table of pandas, where pandas is installed.

In: a ``DetectionResult``. Out: a ``pandas.DataFrame``, a row for each event or window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipdetect._text import plain_name
from slipdetect.errors import LibraryError

if TYPE_CHECKING:
    import pandas as pd

    from slipdetect.detection.results import DetectionResult


def events_frame(result: DetectionResult) -> pd.DataFrame:
    """Return the columns source, start, end, peak (seconds), score, label and interrupted."""
    events = result.events
    return _frame(
        {
            "source": ([plain_name(result.source)] * len(events), object),
            "start": ([event.start for event in events], float),
            "end": ([event.end for event in events], float),
            "peak": ([event.peak for event in events], float),
            "score": ([event.score for event in events], float),
            "label": ([event.label for event in events], object),
            "interrupted": ([event.interrupted for event in events], bool),
        }
    )


def windows_frame(result: DetectionResult) -> pd.DataFrame:
    """Return source, start, end (seconds), probability, that of each stream, and corrupt."""
    windows = result.windows
    columns: dict[str, tuple[list[Any], type]] = {
        "source": ([plain_name(result.source)] * len(windows), object),
        "start": ([window.start for window in windows], float),
        "end": ([window.end for window in windows], float),
        "probability": ([window.probability for window in windows], float),
    }
    for name in result.weights:
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
