"""What detection says of one source: events, windows, how reading went, and where the time went.

In: everything known after detection; stages of work while they run. Out: ``DetectionResult``,
``Profile``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from slipdetect._text import plain_name, printable, timecode
from slipdetect.errors import UsageError
from slipdetect.types.aftermath import what_followed
from slipdetect.types.event_finder import find_events
from slipdetect.types.events import Event, EventConfig, Window
from slipdetect.types.zones import View, Zones, why_left_out
from slipdetect.video.frame import DecodeReport, VideoInfo

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


@dataclass(frozen=True)
class Stage:
    """What one kind of work took.

    Attributes:
        name: What was done.
        seconds: Time in it, without the stages within it.
        beside: It ran in another thread than the one that waits for the result.
    """

    name: str
    seconds: float
    beside: bool = False


@dataclass(frozen=True)
class Profile:
    """Where the time of looking at one or more videos went.

    Attributes:
        seconds: From the call to its result.
        stages: In the order in which they were met; those that are not ``beside`` add up to
            ``seconds`` but for ``rest``.
        video: Length of what was looked at, seconds.
        frames: Frames decoded.
        samples: Frames looked at.
        snippets: Snippets scored, each by every stream.
        computed: Those of them that networks computed; the others lie between confident ones.
        peak_memory: Most memory that this process has held so far, bytes; None if unknown.
    """

    seconds: float
    stages: tuple[Stage, ...] = ()
    video: float = 0.0
    frames: int = 0
    samples: int = 0
    snippets: int = 0
    computed: int = 0
    peak_memory: int | None = None

    @property
    def speed(self) -> float:
        """Seconds of video per second."""
        return self.video / self.seconds if self.seconds > 0.0 else 0.0

    @property
    def rest(self) -> float:
        """Seconds in no stage."""
        told = sum(stage.seconds for stage in self.stages if not stage.beside)
        return max(self.seconds - told, 0.0)

    def __add__(self, other: Profile) -> Profile:
        """Return the profile of both, one after the other."""
        found: dict[tuple[str, bool], float] = {}
        for stage in (*self.stages, *other.stages):
            key = (stage.name, stage.beside)
            found[key] = found.get(key, 0.0) + stage.seconds
        peaks = [each.peak_memory for each in (self, other) if each.peak_memory is not None]
        counts = ("seconds", "video", "frames", "samples", "snippets", "computed")
        return Profile(
            stages=tuple(Stage(name, took, beside) for (name, beside), took in found.items()),
            peak_memory=max(peaks, default=None),
            **{name: getattr(self, name) + getattr(other, name) for name in counts},
        )


def watched(last: float, info: VideoInfo, report: DecodeReport) -> float:
    """Return the seconds that have pictures, from the first one to that at ``last`` seconds."""
    gone = sum(gap.end - gap.start for gap in report.gaps if gap.end <= last)
    return last - info.start - gone


@dataclass(frozen=True, repr=False)
class DetectionResult:
    """Everything known of one source after detection.

    Iterating over it gives its events, ``len`` their number. It is true also without an event, so
    that ``result or default`` keeps a result; ask ``result.events`` whether there is one.

    Attributes:
        source: Name of the source as it was given.
        model: Name of the model package.
        weights: sha256 of each stream's weights, by modality.
        events: Sorted by start.
        windows: Sorted by start.
        info: What the container says.
        report: What decoding met.
        duration: Time of the last sampled frame, seconds; ``watched`` is without gaps.
        padded: The source is shorter than one window, so its score rests on less than usual.
        profile: Where the time went.
        event_config: Thresholds and durations that made ``events`` of ``windows``.
        label: What events are called.
        zones: Where in the picture events counted; none: everywhere.
        view: How the camera looks at people.
    """

    source: str
    model: str
    weights: dict[str, str]
    events: tuple[Event, ...]
    windows: tuple[Window, ...]
    info: VideoInfo
    report: DecodeReport
    duration: float
    padded: bool
    profile: Profile | None = field(default=None, compare=False)
    event_config: EventConfig = field(default_factory=EventConfig)
    label: str = "slip"
    zones: Zones = field(default_factory=Zones)
    view: View = "level"

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    @property
    def watched(self) -> float:
        """Seconds that have pictures: from the first frame on, without gaps."""
        return watched(self.duration, self.info, self.report)

    def __len__(self) -> int:
        return len(self.events)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        """Return a line that fits a prompt of Python: windows would fill screens."""
        return f"<DetectionResult of {printable(self.source)!r}: {self.headline}>"

    def __str__(self) -> str:
        """Return a line on the source, and one for each event."""
        lines = [f"{printable(self.source)}: {self.headline}"]
        for event in self.events:
            times = f"{timecode(event.start)} to {timecode(event.end)}"
            said = f"{printable(event.label)} {event.score:.2f}"
            lines.append(f"  {times}  {', '.join(filter(None, (said, what_followed(event))))}")
        return "\n".join(lines)

    @property
    def quality_flags(self) -> tuple[str, ...]:
        """In a word each why the result rests on less than it should."""
        odd = {
            "truncated": self.report.truncated,
            "damaged": bool(self.report.failures),
            "short": self.padded,
        }
        return tuple(word for word, so in odd.items() if so)

    @property
    def oddities(self) -> tuple[str, ...]:
        """What is to be said beside a result in a line: the view from above, quality flags."""
        view = () if self.view == "level" else ("seen from above",)
        return *view, *self.quality_flags

    @property
    def headline(self) -> str:
        """The result in a line: length, what is odd, number of events or the nearest to one."""
        parts = [f"{self.duration:.1f} s", *self.oddities]
        if self.events:
            parts.append("1 event" if len(self) == 1 else f"{len(self)} events")
            return ", ".join(parts)
        parts.append("no event")
        if self.windows:
            best = max(self.windows, key=lambda window: window.probability)
            at = timecode(best.center)
            left_out = "" if best.zone is None else f", {printable(why_left_out(best.zone))}"
            parts.append(f"highest probability {best.probability:.2f} at {at}{left_out}")
        return ", ".join(parts)

    def at(
        self,
        *,
        onset: float | None = None,
        offset: float | None = None,
        min_duration_on: float | None = None,
        min_duration_off: float | None = None,
        pad_onset: float | None = None,
        pad_offset: float | None = None,
        confirm_down: float | None = None,
        narrow: float | None = None,
    ) -> Self:
        """Return the result with the events that other settings find in the same windows.

        With windows of an exact detector these are the events that detecting with the settings
        finds. Otherwise probabilities in stretches where the detector was sure are estimates, made
        for the settings that it had, so that other ones may find an event at another time.

        Args:
            onset: Probability at which an event begins; None here and below: as it was. Alone, it
                lowers ``offset`` to itself where that is higher.
            offset: Probability below which an event ends.
            min_duration_on: Shorter events are dropped, seconds.
            min_duration_off: Shorter gaps between events are filled, seconds.
            pad_onset: Added before an event, seconds.
            pad_offset: Added behind it, seconds.
            confirm_down: Only events whose person is not seen to get up within so many seconds
                after the peak; in windows without ``people`` nobody is seen.
            narrow: How far below its peak an event ends on either side, log-odds.

        Raises:
            UsageError: An impossible value.
        """
        if confirm_down and "pose" not in self.weights:
            raise UsageError(
                f"the model {self.model!r} looked at no people, so nobody is seen to get up; leave "
                "out confirm_down"
            )
        if confirm_down and self.view != "level":
            raise UsageError("from above nobody is seen to get up; leave out confirm_down")
        config = self.event_config.updated(
            {
                "onset": onset,
                "offset": offset,
                "min_duration_on": min_duration_on,
                "min_duration_off": min_duration_off,
                "pad_onset": pad_onset,
                "pad_offset": pad_offset,
                "confirm_down": confirm_down,
                "narrow": narrow,
            }
        )
        found = find_events(self.windows, config, self.label)
        report, started = self.report, self.info.started
        if self.view != "level":  # nor where the window of an event has seen nobody
            found = tuple(replace(event, down_for=None, recovered_at=None) for event in found)
        events = tuple(event.placed(report.pieces, started, report.joins) for event in found)
        return replace(self, events=events, event_config=config)

    def to_dict(self, *, windows: bool = False) -> dict[str, Any]:
        """Return plain data, as ``slipdetect detect --format json`` prints it.

        Args:
            windows: Add the probability of every window.
        """
        from slipdetect.types.export import VERSION, event_data, window_data

        data: dict[str, Any] = {
            "version": VERSION,
            "source": self._source(),
            "model": {
                "name": self.model,
                "weights_sha256": dict(self.weights),
                "modalities": list(self.weights),
            },
            "events": [event_data(event) for event in self.events],
        }
        if self.zones:
            data["zones"] = self.zones.to_json()
        if self.view != "level":
            data["view"] = self.view
        if windows:
            data["windows"] = [window_data(window) for window in self.windows]
        return data

    def to_json(self, *, windows: bool = False) -> str:
        """Return the line that ``slipdetect detect --format json`` prints, without a line feed.

        Args:
            windows: Add the probability of every window.

        Raises:
            ValueError: A number is NaN or infinite.
        """
        from slipdetect.types.export import json_text

        return json_text(self.to_dict(windows=windows))

    def to_dataframe(self, *, windows: bool = False) -> pd.DataFrame:
        """Return a row for each event, with a column for each field of ``Event``.

        The box is ``left``, ``top``, ``right`` and ``bottom``.

        Args:
            windows: A row for each window instead: source, start, end, probability,
                ``probability_MODALITY`` of each stream alone, person, corrupt, zone.

        Raises:
            LibraryError: pandas is not installed.
        """
        from slipdetect.types.export import events_frame, windows_frame

        if windows:
            return windows_frame(self.source, self.windows, self.weights)
        return events_frame(self.source, self.events)

    def _repr_html_(self) -> str:
        from slipdetect.types.timeline import notebook_html

        return notebook_html(self.source, self.headline, self.duration, self.windows, self.events)

    def _source(self) -> dict[str, Any]:
        from slipdetect.types.export import rounded

        info, report = self.info, self.report
        pieces = [
            {"name": plain_name(piece.source), "start": rounded(piece.start)}
            for piece in report.pieces
        ]
        return {
            "name": plain_name(self.source),
            "duration": rounded(self.duration),
            "start_offset": rounded(info.start),
            "zero_stamp": rounded(info.zero),
            "started": info.started,
            "gaps": [{"start": rounded(g.start), "end": rounded(g.end)} for g in report.gaps],
            "joins": [{"at": rounded(j.at), "stamp": rounded(j.stamp)} for j in report.joins],
            "fps_nominal": None if info.frame_rate is None else rounded(info.frame_rate),
            "width": info.width,
            "height": info.height,
            "frames_read": report.frames,
            "decode_failures": report.failures,
            "packets_without_picture": report.undecoded,
            "truncated": report.truncated,
            "padded": self.padded,
            "warnings": list(report.warnings),
            **({"pieces": pieces} if pieces else {}),
        }
