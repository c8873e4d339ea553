"""The formats that ``detect`` prints, behind one interface.

In: results and failures as they come. Out: text to print at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from slipdetect import reports
from slipdetect.cli.video_names import video_ids

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult

FORMATS = ("table", "json", "csv", "vtt", "srt", "activitynet")
# a file of these is about one video
ONE_VIDEO = ("vtt", "srt")


class Format(Protocol):
    """Text for every stage of a batch; any of it may be empty."""

    def opening(self) -> str:
        """Return what comes first."""

    def result(self, result: DetectionResult) -> str:
        """Return what is said of a source."""

    def failure(self, source: str, error: str) -> str:
        """Return what is said of a source that failed."""

    def closing(self) -> str:
        """Return what comes last."""


def make_format(
    kind: str, sources: Sequence[str], *, windows: bool = False, width: int | None = None
) -> Format:
    """Return the format ``kind``.

    Args:
        kind: One of ``FORMATS``.
        sources: Everything that will be reported; a table of one source shows more of it.
        windows: Report the probability of every window too, where the format can.
        width: Columns of the terminal, or None.
    """
    if kind == "json":
        return _Json(windows)
    if kind == "csv":
        return _Csv()
    if kind in ONE_VIDEO:
        return _Subtitles(reports.vtt_report if kind == "vtt" else reports.srt_report)
    if kind == "activitynet":
        return _ActivityNet(sources)
    return _Single(windows) if len(sources) == 1 else _Many(sources, width)


class _Json:
    def __init__(self, windows: bool) -> None:
        self._windows = windows

    def opening(self) -> str:
        return ""

    def result(self, result: DetectionResult) -> str:
        return reports.json_report(result, windows=self._windows)

    def failure(self, source: str, error: str) -> str:
        return reports.json_error(source, error)

    def closing(self) -> str:
        return ""


class _Csv:
    def opening(self) -> str:
        return reports.csv_header()

    def result(self, result: DetectionResult) -> str:
        return reports.csv_rows(result)

    def failure(self, source: str, error: str) -> str:
        return ""

    def closing(self) -> str:
        return ""


class _Subtitles:
    def __init__(self, write: Callable[[DetectionResult], str]) -> None:
        self._write = write

    def opening(self) -> str:
        return ""

    def result(self, result: DetectionResult) -> str:
        return self._write(result)

    def failure(self, source: str, error: str) -> str:
        return ""

    def closing(self) -> str:
        return ""


class _ActivityNet:
    def __init__(self, sources: Sequence[str]) -> None:
        self._ids = iter(video_ids(sources))
        self._parting = ""

    def opening(self) -> str:
        return reports.activitynet_opening()

    def result(self, result: DetectionResult) -> str:
        text = self._parting + reports.activitynet_entry(next(self._ids), result)
        self._parting = ",\n"
        return text

    def failure(self, source: str, error: str) -> str:
        next(self._ids)
        return ""

    def closing(self) -> str:
        return reports.activitynet_closing()


class _Single:
    def __init__(self, windows: bool) -> None:
        self._windows = windows

    def opening(self) -> str:
        return ""

    def result(self, result: DetectionResult) -> str:
        return reports.event_table(result, windows=self._windows)

    def failure(self, source: str, error: str) -> str:
        return ""

    def closing(self) -> str:
        return ""


class _Many:
    def __init__(self, sources: Sequence[str], width: int | None) -> None:
        self._table = reports.SummaryTable(sources, width)
        self._found = self._clear = self._failed = 0

    def opening(self) -> str:
        return self._table.header()

    def result(self, result: DetectionResult) -> str:
        if result.events:
            self._found += 1
        else:
            self._clear += 1
        return self._table.row(result)

    def failure(self, source: str, error: str) -> str:
        self._failed += 1
        return self._table.failure(source)

    def closing(self) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        return f"\n{self._found} with a slip, {self._clear} without{failed}\n"
