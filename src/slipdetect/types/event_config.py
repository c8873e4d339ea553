"""When windows become an event: thresholds, durations, and the one check of both.

In: numbers, or JSON data. Out: ``Thresholds`` and ``EventConfig``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from slipdetect._checks import mapping, number
from slipdetect.errors import UsageError


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
            raise UsageError(f"unknown event setting {', '.join(sorted(unknown))}")
        if "onset" in given and "offset" not in given:
            given["offset"] = min(self.offset, given["onset"])
        return replace(self, **given)

    def at(self, thresholds: Thresholds) -> Self:
        """Return a copy with other thresholds and the same durations."""
        return replace(self, onset=thresholds.onset, offset=thresholds.offset)
