"""Windows and events, and the way from one to the other: calibration, thresholds, hysteresis.

In: log-odds or probabilities of windows in order. Out: ``Window``s, ``Event``s as soon as nothing
later can change them. numpy loads on use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from slipdetect._checks import mapping, number
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]

_TINY = 1e-6


@dataclass(frozen=True)
class Event:
    """One slip or fall.

    Attributes:
        start: Onset, seconds from the first frame.
        end: Offset, seconds.
        peak: Center of the surest window, seconds.
        score: Probability of that window, 0 to 1.
        label: What it is.
        interrupted: The source broke off while the event lasted.
    """

    start: float
    end: float
    peak: float
    score: float
    label: str = "slip"
    interrupted: bool = False


@dataclass(frozen=True)
class Window:
    """The probability that somebody slips or falls around the middle of a stretch of video.

    Attributes:
        start: Time of its first frame, seconds.
        end: Time of its last frame, seconds.
        probability: Fused and calibrated, 0 to 1.
        streams: Probability by each modality alone.
        corrupt: It touches frames that the decoder marked as damaged.
    """

    start: float
    end: float
    probability: float
    streams: dict[str, float] = field(default_factory=dict, hash=False)
    corrupt: bool = False

    @property
    def center(self) -> float:
        """Time that the probability speaks of, seconds."""
        return (self.start + self.end) / 2


@dataclass(frozen=True)
class Calibration:
    """``sigmoid(log_odds / temperature + bias)``, Platt's scaling (1999); the default is neutral.

    Attributes:
        temperature: Above 0; above 1 makes probabilities less sure.
        bias: Added to the log-odds.
        streams: Temperature of every modality, which divides its logits before streams are fused;
            None where they were not tempered.

    Raises:
        UsageError: An impossible value; the message begins with the name of the field.
    """

    temperature: float = 1.0
    bias: float = 0.0
    streams: Mapping[str, float] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        number("temperature", self.temperature, 0.0, above=True)
        number("bias", self.bias)
        if self.streams is not None:
            mapping("streams", self.streams)
            for name, value in self.streams.items():
                number(f"streams.{name}", value, 0.0, above=True)

    @property
    def neutral(self) -> bool:
        """Whether the fused log-odds stay as they are."""
        return self.temperature == 1.0 and self.bias == 0.0

    def odds(self, log_odds: float | Floats) -> Floats:
        """Return calibrated log-odds of the shape given."""
        import numpy as np

        return np.asarray(log_odds, np.float64) / self.temperature + self.bias

    def probabilities(self, log_odds: float | Floats) -> Floats:
        """Return calibrated probabilities of the shape of the log-odds given, 0 to 1, finite."""
        return sigmoid(self.odds(log_odds))

    def apply(self, probabilities: Sequence[float] | Floats) -> Floats:
        """Return calibrated probabilities ``(n,)`` of probabilities whose log-odds are not known.

        Those of 0 and 1 are bounded as in ``log_odds``; a neutral calibration changes nothing.
        """
        import numpy as np

        if self.neutral:
            return np.asarray(probabilities, np.float64)
        return self.probabilities(log_odds(probabilities))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, ``streams`` only where it is set."""
        data: dict[str, Any] = {"temperature": self.temperature, "bias": self.bias}
        return data if self.streams is None else {**data, "streams": dict(self.streams)}

    @classmethod
    def from_json(cls, data: object, where: str = "calibration") -> Self:
        """Read what ``to_json`` wrote.

        Args:
            data: A table.
            where: What messages call it.

        Raises:
            UsageError: A key is missing, unknown or impossible.
        """
        mapping(where, data)
        values: dict[str, Any] = dict(data)  # type: ignore[call-overload]
        streams = ("streams",) if "streams" in values else ()
        mapping(where, values, ("temperature", "bias", *streams))
        if streams:
            mapping(f"{where}.streams", values["streams"])
        try:
            return cls(**values)
        except UsageError as error:
            raise UsageError(f"{where}.{error}") from error


def sigmoid(log_odds: float | Floats) -> Floats:
    """Return the probabilities of log-odds, of the same shape; never NaN for a finite number."""
    import numpy as np

    odds = np.asarray(log_odds, np.float64)
    small = np.exp(-np.abs(odds))
    made: Floats = np.where(odds >= 0, 1.0, small) / (1.0 + small)
    return made


def log_odds(probabilities: Sequence[float] | Floats) -> Floats:
    """Return log-odds ``(n,)``; those of 0 and 1 are taken for those of a millionth from there.

    Probabilities are kept with five digits, in which 0 stands for anything below 0.000005.
    """
    import numpy as np

    p = np.clip(np.asarray(probabilities, np.float64), _TINY, 1 - _TINY)
    odds: Floats = np.log(p / (1 - p))
    return odds


@dataclass(frozen=True)
class Thresholds:
    """The two thresholds of hysteresis.

    Attributes:
        onset: Probability at which an event begins, 0 to 1.
        offset: Probability below which it ends; at most ``onset``.

    Raises:
        UsageError: An impossible value; the message begins with the name of the field.
    """

    onset: float = 0.5
    offset: float = 0.3

    def __post_init__(self) -> None:
        number("onset", self.onset, 0.0, 1.0)
        number("offset", self.offset, 0.0)
        if self.offset > self.onset:
            raise UsageError(f"offset must be at most the onset, {self.onset:g}, not {self.offset}")

    def to_json(self) -> dict[str, float]:
        """Return plain JSON data with every field, in order."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object, where: str) -> Self:
        """Read what ``to_json`` wrote: every field and nothing else.

        Args:
            data: A table of numbers.
            where: What messages call it.

        Raises:
            UsageError: A key is missing, unknown or impossible.
        """
        mapping(where, data, (item.name for item in fields(cls)))
        values: dict[str, Any] = dict(data)  # type: ignore[call-overload]
        try:
            return cls(**values)
        except UsageError as error:
            raise UsageError(f"{where}.{error}") from error


@dataclass(frozen=True)
class EventConfig(Thresholds):
    """When windows become an event; the names are pyannote.audio's.

    Attributes:
        onset: Probability at which an event begins, 0 to 1.
        offset: Probability below which it ends; at most ``onset``.
        min_duration_on: Shorter events are dropped, seconds.
        min_duration_off: Shorter gaps between events are filled, seconds.
        pad_onset: Added before an event, seconds.
        pad_offset: Added behind it, seconds.

    Raises:
        UsageError: An impossible value; the message begins with the name of the field.
    """

    min_duration_on: float = 0.0
    min_duration_off: float = 0.5
    pad_onset: float = 0.0
    pad_offset: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("min_duration_on", "min_duration_off", "pad_onset", "pad_offset"):
            number(name, getattr(self, name), 0.0)

    def updated(self, changes: Mapping[str, float | None]) -> Self:
        """Return a copy with the values that are not None; a lone lower onset lowers the offset.

        Raises:
            UsageError: An unknown name or an impossible value.
        """
        given = {name: value for name, value in changes.items() if value is not None}
        unknown = set(given) - {item.name for item in fields(self)}
        if unknown:
            known = ", ".join(item.name for item in fields(self))
            raise UsageError(
                f"unknown event setting {', '.join(sorted(unknown))}; there are {known}"
            )
        if "onset" in given and "offset" not in given:
            given["offset"] = min(self.offset, given["onset"])
        return replace(self, **given)

    def at(self, thresholds: Thresholds) -> Self:
        """Return a copy with other thresholds and the same durations."""
        return replace(self, onset=thresholds.onset, offset=thresholds.offset)


@dataclass
class _Open:
    """An event that may still grow."""

    start: float
    end: float
    peak: float
    score: float


class EventFinder:
    """One pass over windows in time order; files and live sources use the same object.

    The border between two windows lies midway between their centers; an event that begins with
    the first window begins at that window's start, one that lasts to the last ends at its end.

    Args:
        config: Thresholds and durations.
        label: Given to every event.
    """

    def __init__(self, config: EventConfig, label: str = "slip") -> None:
        self.config = config
        self.label = label
        self.reset()

    def reset(self) -> None:
        """Forget everything seen."""
        self._last: Window | None = None
        self._active = False
        self._event: _Open | None = None
        self._emitted_until = 0.0

    @property
    def active(self) -> bool:
        """Whether an event is going on at the last window."""
        return self._active

    @property
    def open_since(self) -> float | None:
        """Where the event that may still grow will begin, seconds; None when there is none."""
        return None if self._event is None else self._padded_start(self._event)

    def push(self, window: Window) -> list[Event]:
        """Take the next window; return the events that are now final.

        Raises:
            UsageError: A probability outside 0 to 1, or a window before the last one.
        """
        _check(window, self._last)
        if self._last is None:
            # what lies between two parts of a source was not seen
            self._emitted_until = max(self._emitted_until, window.start)
        border = window.start if self._last is None else (self._last.center + window.center) / 2
        finished = self._settle(border) if not self._active else []
        threshold = self.config.offset if self._active else self.config.onset
        if window.probability >= threshold:
            self._grow(window, border)
        elif self._active and self._event is not None:
            self._event.end = border
            self._active = False
        self._last = window
        return finished

    def finish(self, interrupted: bool = False) -> list[Event]:
        """End of the source: return what is still open, closed at the last window's end.

        Args:
            interrupted: The source broke off; an event going on is marked so. Windows that come
                later are of the same source, and no event of theirs reaches back before this end.
        """
        if self._active and self._event is not None and self._last is not None:
            self._event.end = self._last.end
        finished = self._emit(interrupted and self._active)
        limit = self._last.end if self._last is not None else 0.0
        until = self._emitted_until if self._last is None else limit
        self.reset()
        if interrupted:
            self._emitted_until = until
        return [replace(event, end=min(event.end, max(limit, event.start))) for event in finished]

    def _grow(self, window: Window, border: float) -> None:
        if self._event is None:
            self._event = _Open(border, window.end, window.center, window.probability)
        elif window.probability > self._event.score:
            self._event.peak, self._event.score = window.center, window.probability
        self._active = True

    def _settle(self, now: float) -> list[Event]:
        """Emit the closed event once the gap behind it is too long to be filled."""
        # an onset at ``now`` would fill a gap of exactly this length
        fillable = max(self.config.min_duration_off, self.config.pad_onset + self.config.pad_offset)
        if self._event is None or now - self._event.end <= fillable + 1e-9:
            return []
        return self._emit(interrupted=False)

    def _emit(self, interrupted: bool) -> list[Event]:
        event, self._event = self._event, None
        if event is None or event.end - event.start < self.config.min_duration_on - 1e-9:
            return []
        start = self._padded_start(event)
        end = event.end + self.config.pad_offset
        self._emitted_until = end
        return [Event(start, end, event.peak, event.score, self.label, interrupted)]

    def _padded_start(self, event: _Open) -> float:
        return max(event.start - self.config.pad_onset, self._emitted_until, 0.0)


def _check(window: Window, last: Window | None) -> None:
    """Insist on what scorers of any make promise: NaN, too, would lose events in silence."""
    if not (0.0 <= window.probability <= 1.0 and window.start <= window.end):
        raise UsageError(
            "the windows of a scorer need a probability from 0 to 1 and an end not before their "
            f"start, not {window}"
        )
    if last is not None and window.center < last.center:
        raise UsageError(
            f"the windows of a scorer must come in order of time; the one around "
            f"{window.center:g} s came after that around {last.center:g} s"
        )


def find_events(
    windows: Iterable[Window], config: EventConfig, label: str = "slip"
) -> tuple[Event, ...]:
    """Return the events of a source of which all windows are known, in order.

    Args:
        windows: In time order.
        config: Thresholds and durations.
        label: Given to every event.
    """
    finder = EventFinder(config, label)
    found = [event for window in windows for event in finder.push(window)]
    return (*found, *finder.finish())
