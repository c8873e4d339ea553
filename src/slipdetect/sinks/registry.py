"""All sinks, in the order in which they are given a result: a new one is a file and a line here.

In: what a run was asked for. Out: its sinks, with every target checked before any work begins.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from slipdetect.errors import UsageError
from slipdetect.sinks.activitynet import ActivityNet
from slipdetect.sinks.clips import ClipFolder
from slipdetect.sinks.csv import Csv
from slipdetect.sinks.json import Json
from slipdetect.sinks.overlay import OverlaySink
from slipdetect.sinks.page import Page
from slipdetect.sinks.sink import ResultSink, Setup
from slipdetect.sinks.subtitles import Srt, Vtt
from slipdetect.sinks.table import Table
from slipdetect.sinks.text import TextSink
from slipdetect.sinks.time_label import TimeLabel
from slipdetect.sinks.timeline import Timeline

SINKS: tuple[type[ResultSink], ...] = (
    Table,
    Json,
    Csv,
    Vtt,
    Srt,
    ActivityNet,
    Timeline,
    OverlaySink,
    TimeLabel,
    Page,
    ClipFolder,
)

FORMATS = {kind.name: kind for kind in SINKS if issubclass(kind, TextSink)}


def choose_sinks(setup: Setup, results: Sequence[Path]) -> list[ResultSink]:
    """Return the sinks beside the results that the options ask for.

    Args:
        setup: What the run was asked for; its ``sinks`` become those returned.
        results: Where the results go, which no other file may take.

    Raises:
        UsageError: A target makes no sense, is named twice, or is one of the videos.
        OutputError: A file exists or cannot be written.
    """
    taken = {_real(source) for source in setup.sources}
    _take(results, taken)
    for kind in SINKS:
        sink = kind.chosen(setup)
        if sink is not None:
            _take(sink.targets, taken)
            setup.sinks.append(sink)
    return setup.sinks


def _take(targets: Sequence[Path], taken: set[str]) -> None:
    for path in targets:
        if _real(str(path)) in taken:
            raise UsageError(
                f"{str(path)!r} is one of the videos, or would be written twice; name another file"
            )
        taken.add(_real(str(path)))


def _real(path: str) -> str:
    return path if "\0" in path else os.path.realpath(path)
