"""Results for people at a terminal: events of one source, a row for each of many, times.

In: ``DetectionResult``s, a ``Profile``. Out: lines of text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect._text import columns, pad, printable, shorten, timecode
from slipdetect.reports.text_table import text_table
from slipdetect.types.events import stream_names
from slipdetect.types.zones import why_left_out

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult, Event, Profile, Stage, Window

_NOTHING_FOUND = "no slip found"
_GAP = "  "
_NUMBERS = f"{'duration':>10}  events  score"
_SPAN = len("00:00:00.000-00:00:00.000")
_LEAST_NAME = 16
_STAGE = 28  # columns
_MORE: dict[str, Callable[[Event], str]] = {
    "person": lambda event: "" if event.track is None else str(event.track),
    "down for": lambda event: (
        "" if event.down_for is None else f"{floor(10 * event.down_for + 1e-6) / 10:.1f} s"
    ),
    "up again at": lambda event: "" if event.recovered_at is None else timecode(event.recovered_at),
    "file": lambda event: "" if event.file is None else printable(Path(event.file).name),
    "in the file": lambda event: "" if event.file_start is None else timecode(event.file_start),
    "time of day": lambda event: (event.time_of_day or "").replace("T", " "),
}


def event_table(result: DetectionResult, *, windows: bool = False) -> str:
    """Return the result in a line, and a row per event.

    Args:
        result: What was found.
        windows: Add the probability of every window.
    """
    lines = [f"{printable(result.source)}: {result.headline}"]
    if result.events:
        more = {
            head: texts
            for head, text in _MORE.items()
            if any(texts := [text(event) for event in result.events])
        }
        heads = ("#", "start", "end", "peak", "length", "score", "label", *more)
        rows = [
            (
                str(index),
                *map(timecode, (event.start, event.end, event.peak)),
                f"{event.end - event.start:.1f} s",
                f"{event.score:.2f}",
                printable(event.label),
                *(texts[index - 1] for texts in more.values()),
            )
            for index, event in enumerate(result.events, 1)
        ]
        left = [
            1,
            2,
            3,
            6,
            *(heads.index(head) for head in more if head not in ("person", "down for")),
        ]
        lines += ["", *text_table(heads, rows, left=left, indent=2)]
    if windows:
        lines += ["", *_windows(result)]
    return "\n".join(lines) + "\n"


def _windows(result: DetectionResult) -> list[str]:
    streams = stream_names(result.windows)
    streams = streams if len(streams) > 1 else []
    heads = ("window", "to", "probability", *streams, "")
    rows = [
        (
            timecode(window.start),
            timecode(window.end),
            f"{window.probability:.3f}",
            *(f"{window.streams[name]:.3f}" if name in window.streams else "" for name in streams),
            _remarks(window),
        )
        for window in result.windows
    ]
    return text_table(heads, rows, left=(0, 1, len(heads) - 1), indent=2)


def _remarks(window: Window) -> str:
    zone = "" if window.zone is None else printable(why_left_out(window.zone))
    return ", ".join(filter(None, (zone, "damaged" if window.corrupt else "")))


class SummaryTable:
    """A table whose columns are laid out before the first result is known.

    Args:
        sources: Names of everything that may get a row.
        width: Columns of the terminal; None does not shorten anything.
    """

    def __init__(self, sources: Sequence[str], width: int | None = None) -> None:
        longest = max((columns(printable(name)) for name in sources), default=0)
        self._name = max(longest, len("source"))
        self._times: int | None = None
        if width is not None:
            rest = width - len(_GAP) * 2 - len(_NUMBERS)
            self._name = min(self._name, max(rest - _SPAN, _LEAST_NAME))
            self._times = max(rest - self._name, _SPAN)

    def header(self) -> str:
        """Return the line of headings."""
        return self._line("source", _NUMBERS, "times")

    def row(self, result: DetectionResult) -> str:
        """Return the line of a result: duration, events, strongest score, times, oddities."""
        odd = f" ({', '.join(result.oddities)})" if result.oddities else ""
        count, score = "-", "-"
        fits = self._times is None or len(_NOTHING_FOUND + odd) <= self._times
        times = _NOTHING_FOUND if fits else "none"
        if result.events:
            count = str(len(result.events))
            score = f"{max(event.score for event in result.events):.2f}"
            times = self._spans(result, len(odd))
        numbers = f"{result.duration:>8.1f} s  {count:>6}  {score:>5}"
        return self._line(printable(result.source), numbers, times + odd)

    def failure(self, source: str) -> str:
        """Return the line of a source that failed; why is said elsewhere."""
        numbers = f"{'-':>10}  {'-':>6}  {'-':>5}"
        return self._line(printable(source), numbers, "failed, see the error")

    def _line(self, name: str, numbers: str, rest: str) -> str:
        return _GAP.join([pad(shorten(name, self._name), self._name), numbers, rest]) + "\n"

    def _spans(self, result: DetectionResult, taken: int) -> str:
        spans = [f"{timecode(event.start)}-{timecode(event.end)}" for event in result.events]
        if self._times is None:
            return ", ".join(spans)
        shown = len(spans)
        while shown > 1 and len(_listed(spans, shown)) + taken > self._times:
            shown -= 1
        return _listed(spans, shown)


def _listed(spans: Sequence[str], shown: int) -> str:
    more = f", {len(spans) - shown} more" if shown < len(spans) else ""
    return ", ".join(spans[:shown]) + more


def profile_text(profile: Profile, looking: Profile | None = None) -> str:
    """Return what was looked at, how fast, and a line per stage with its share of the time.

    Args:
        profile: Of the whole run.
        looking: Of detection alone, which the speed is told of; None if that is the whole run.
    """
    main = [stage for stage in profile.stages if not stage.beside]
    beside = [stage for stage in profile.stages if stage.beside]
    looking = profile if looking is None else looking
    peak = profile.peak_memory
    memory = "" if peak is None else f"; at most {peak / 2**20:.0f} MiB of memory"
    lines = [
        f"profile: {profile.video:.1f} s of video looked at in {looking.seconds:.2f} s, "
        f"{looking.speed:.1f} times real time",
        f"  {profile.frames} frames decoded, {profile.samples} looked at, "
        f"{profile.computed} of {profile.snippets} snippets computed{memory}",
        "",
        f"  {'':<{_STAGE}}  seconds  share",
    ]
    lines += _rows(main, profile.seconds)
    lines.append(_row("everything else", profile.rest, profile.seconds))
    lines.append(_row("in all", profile.seconds, profile.seconds))
    if beside:
        lines += ["", "  at the same time, in other threads"]
        lines += _rows(beside, profile.seconds)
    return "\n".join(lines) + "\n"


def _rows(stages: list[Stage], whole: float) -> list[str]:
    by_length = sorted(stages, key=lambda stage: -stage.seconds)
    return [_row(stage.name, stage.seconds, whole) for stage in by_length]


def _row(name: str, seconds: float, whole: float) -> str:
    share = seconds / whole if whole > 0.0 else 0.0
    return f"  {name:<{_STAGE}}  {seconds:>7.2f}  {share:>5.0%}"
