"""Where the time of looking at videos went.

In: seconds by stage. Out: a ``Profile``; those of several videos can be added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
        computed: Those of them that networks computed; the others lie between sure ones.
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
        return Profile(
            self.seconds + other.seconds,
            stages(found),
            self.video + other.video,
            self.frames + other.frames,
            self.samples + other.samples,
            self.snippets + other.snippets,
            self.computed + other.computed,
            max(peaks, default=None),
        )


def stages(found: Mapping[tuple[str, bool], float]) -> tuple[Stage, ...]:
    """Return stages from their seconds by name and ``beside``."""
    return tuple(Stage(name, seconds, beside) for (name, beside), seconds in found.items())
