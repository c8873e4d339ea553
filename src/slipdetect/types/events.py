"""Windows and events, and the settings of the way from one to the other; numpy loads on use.

In: plain numbers. Out: frozen classes that check themselves. numpy loads on use.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from slipdetect._checks import mapping, number
from slipdetect.errors import UsageError
from slipdetect.types.person import Box, Sighting

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from slipdetect.video.frame import Join, Piece

    Floats: TypeAlias = npt.NDArray[np.float64]

_TINY = 1e-6
_OPTIONAL = ("confirm_down", "narrow")  # of an EventConfig in JSON
MOST_CONFIRM = 60.0  # seconds; nobody is followed for much longer


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
        track: Number of the person in the source; None where nobody was made out.
        box: Where that person was at the peak: left, top, right and bottom as shares of the
            picture's width and height.
        down_for: How long the person was seen to stay down, seconds.
        recovered_at: When the person was up again, seconds; None if that was not seen.
        file: Of a recording in several files, the one that the event begins in.
        file_start: Onset in that file, seconds.
        time_of_day: Onset by the clock on the wall, ISO 8601, without a zone where that is not
            known; of a camera when its picture came. None where a recording does not say when it
            began, and for what is read as fast as it can be, by pipe or HTTP.
    """

    start: float
    end: float
    peak: float
    score: float
    label: str = "slip"
    interrupted: bool = False
    track: int | None = None
    box: Box | None = None
    down_for: float | None = None
    recovered_at: float | None = None
    file: str | None = None
    file_start: float | None = None
    time_of_day: str | None = None

    def placed(
        self, pieces: Sequence[Piece], started: str | None, joins: Sequence[Join] = ()
    ) -> Self:
        """Return the event with its file and time of day.

        Args:
            pieces: Of the recording, in order; none of one that is in one file.
            started: When its clock was 0, ISO 8601; pieces know better.
            joins: Where its stamps begin anew, in order: the time of day goes by dated ones.
        """
        begun = [piece for piece in pieces if piece.start <= self.start] or pieces[:1]
        begin = begun[-1].start if begun else -math.inf
        stamps = [
            join.stamp + self.start - join.at
            for join in joins
            if join.dated and begin <= join.at <= self.start
        ]
        if not begun:
            return self if started is None else self._at(started, [self.start, *stamps][-1])
        piece = begun[-1]
        own = max(self.start - piece.start + piece.first, 0.0)
        there = replace(self, file=piece.source, file_start=own)
        return there._at(piece.started, [own, *stamps][-1])

    def _at(self, started: str | None, seconds: float) -> Self:
        from slipdetect.video.named_time import time_of_day

        return replace(self, time_of_day=time_of_day(started, seconds))


@dataclass(frozen=True)
class Window:
    """The probability that somebody slips or falls around the middle of a stretch of video.

    Attributes:
        start: Time of its first frame, seconds.
        end: Time of its last frame, seconds.
        probability: Fused and calibrated, 0 to 1.
        streams: Probability by each modality alone.
        corrupt: It touches frames that the decoder marked as damaged.
        people: Who was there at its center, and the ``person`` of an event where they were seen
            nearest to it; None where nobody was looked for.
        person: Number of the track of the one whom the probability speaks of.
        moving: What moves around its center: left, top, right and bottom as shares of the
            picture's width and height; None where nothing does, or nobody looked.
        zone: Name of the zone that leaves it out, so that it is in no event.
    """

    start: float
    end: float
    probability: float
    streams: dict[str, float] = field(default_factory=dict, hash=False)
    corrupt: bool = False
    people: tuple[Sighting, ...] | None = None
    person: int | None = None
    moving: Box | None = None
    zone: str | None = None

    @property
    def center(self) -> float:
        """Time that the probability speaks of, seconds."""
        return (self.start + self.end) / 2


def stream_names(windows: Iterable[Window]) -> list[str]:
    """Return the modalities of windows, of which not every window has each, as they come up."""
    return list(dict.fromkeys(name for window in windows for name in window.streams))


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
        values = mapping(where, data, ("temperature", "bias", "streams"), ("streams",))
        if "streams" in values:
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
        """Read what ``to_json`` wrote: every field that it always writes, and no unknown one.

        Args:
            data: A table of numbers.
            where: What messages call it.

        Raises:
            UsageError: A key is missing, unknown or impossible.
        """
        values = mapping(where, data, [item.name for item in fields(cls)], _OPTIONAL)
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
        confirm_down: Only events whose person is not seen to get up within so many seconds after
            the peak, at most 60, and does not stand all the while, count; 0: all.
        narrow: An event ends on either side where its windows are so many log-odds below its
            peak: windows that only touch a fall are less sure of it; 0: with the thresholds.

    Raises:
        UsageError: An impossible value; the message begins with the name of the field.
    """

    min_duration_on: float = 0.0
    min_duration_off: float = 0.5
    pad_onset: float = 0.0
    pad_offset: float = 0.0
    confirm_down: float = 0.0
    narrow: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in [item.name for item in fields(EventConfig)][2:]:
            most = MOST_CONFIRM if name == "confirm_down" else math.inf
            number(name, getattr(self, name), 0.0, most)

    def to_json(self) -> dict[str, float]:
        """Return plain JSON data, ``confirm_down`` and ``narrow`` only where they are set."""
        data = super().to_json()
        # version 0.1 knows no such keys and would refuse the package
        return {name: value for name, value in data.items() if value or name not in _OPTIONAL}

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
