"""Turning stored timestamps into seconds that begin at 0 and never run backwards.

In: timestamps of frames in order of output, possibly missing or jumping. Out: seconds.
"""

from __future__ import annotations

from fractions import Fraction

DEFAULT_FRAME_RATE = 25.0
MIN_FRAME_RATE = 1.0
MAX_FRAME_RATE = 240.0

# Formats that allow jumps make a gap of ten seconds a new time base, as FFmpeg's tools do; in
# others a still picture may stand for long, and only an hour is taken for damage.
_JUMP_ALLOWED_SECONDS = 10
_JUMP_DAMAGE_SECONDS = 3600


def plausible_rate(rate: float | Fraction | None) -> float | None:
    """Return ``rate`` as a float when a camera could have it (1 to 240 a second), else None."""
    if rate is None or not MIN_FRAME_RATE <= rate <= MAX_FRAME_RATE:
        return None
    return float(rate)


class FixedClock:
    """Frame i is at i / rate seconds, whatever the file says."""

    jumps = 0

    def __init__(self, rate: float) -> None:
        self.frame_seconds = 1 / rate
        self._rate = rate
        self._index = -1

    def seconds(self, pts: int | None) -> float:
        """Return the next frame's time in seconds; ``pts`` is ignored."""
        self._index += 1
        return self._index / self._rate


class PresentationClock:
    """Seconds since the first frame from presentation timestamps.

    A timestamp that is missing continues by one frame. One that falls back by no more than one
    frame stays at the last time. A larger jump back, or a jump too far ahead, starts a new time
    base: the frame follows one frame after the last and later ones keep that offset.

    Attributes:
        jumps: Time bases begun after the first.
        frame_seconds: Usual distance between frames: the header's, then the last one seen.
    """

    def __init__(self, time_base: Fraction, rate: float | None, may_jump: bool = False) -> None:
        """Start the clock.

        Args:
            time_base: Seconds of one tick.
            rate: Frames per second as a hint for the distance of frames.
            may_jump: The format allows discontinuous timestamps (MPEG transport streams).
        """
        self.jumps = 0
        self._base = time_base
        hint = DEFAULT_FRAME_RATE if rate is None else rate
        self._step = max(1, round(1 / (Fraction(hint) * time_base)))
        self._far = (_JUMP_ALLOWED_SECONDS if may_jump else _JUMP_DAMAGE_SECONDS) / time_base
        self._offset: int | None = None
        self._last = -self._step

    @property
    def frame_seconds(self) -> float:
        """Seconds between the last two frames, or the header's hint before there are two."""
        return self._step * self._base.numerator / self._base.denominator

    def seconds(self, pts: int | None) -> float:
        """Return the time of the next frame in seconds; ``pts`` is in ticks of the time base."""
        expected = self._last + self._step
        if pts is None:
            ticks = expected
        else:
            if self._offset is None:
                self._offset = expected - pts
            ticks = pts + self._offset
            if self._last - ticks > self._step or ticks - self._last > self._far:
                self.jumps += 1
                self._offset += expected - ticks
                ticks = expected
            elif ticks > self._last >= 0:
                self._step = ticks - self._last
        self._last = max(ticks, self._last, 0)
        # One division of whole numbers rounds once, so equal times give equal floats.
        return self._last * self._base.numerator / self._base.denominator
