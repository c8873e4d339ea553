"""The one clock of files and live sources: what a container stamps on pictures, as seconds.

In: decoded frames in order of presentation. Out: the same with their seconds on the recording's
clock, which is 0 where a player's bar begins; gaps and joined parts, listed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fractions import Fraction

import av

from slipdetect.video.frame import GAP_SECONDS, DecodeReport, Gap, Join
from slipdetect.video.multipart import FIRST_DATE
from slipdetect.video.timing import DEFAULT_FRAME_RATE, Timing, no_stamps_text

_DAY_SECONDS = 86_400  # a gap that is longer is no gap but another clock
_FOLLOWED = Fraction(1, 16)  # share of what a stamp that wavers is off that is gone along with
_STEPS = 25  # distances that the usual one is taken from
_REORDERED = 8  # pictures between two of which one has the stamp of the other as well
_HELD_BYTES = 64_000_000  # of decoded frames that wait for a stamp

Ticks = int | Fraction


def _whole(ticks: Fraction) -> Ticks:
    """Return a fraction as a whole number where it is one, which is far faster."""
    return ticks.numerator if ticks.denominator == 1 else ticks


class Clock:
    """Gives frames their seconds; one pass.

    Known stamps are taken as they are. Frames without one are spread evenly, in order of output,
    between the known ones; before the first and behind the last they keep the stream's usual
    distance, and so they do on both sides of a gap, which ends with a key frame if one is there.
    A stamp that the next one belies is none. One that falls back by no more than a frame stays at
    the last time. A larger fall back begins a new part, which follows the last frame; a leap of
    more than ``GAP_SECONDS`` is a gap, which the times go over.

    Attributes:
        report: Gets gaps and joins.
        end: When the last frame that was given out ends, seconds.
    """

    def __init__(self, timing: Timing, report: DecodeReport) -> None:
        self.report = report
        self._timing = timing
        rate = DEFAULT_FRAME_RATE if timing.rate is None else timing.rate
        # ticks from one frame to the next: what the header says, then the usual ones
        self._step = _whole(1 / (Fraction(rate) * timing.base))
        self._steps: deque[Ticks] = deque(maxlen=_STEPS)
        self._gap, self._day = self._ticks(GAP_SECONDS), self._ticks(_DAY_SECONDS)
        self._known = False
        self._offset: Ticks = 0  # added to stamps of the present part
        self._start: Ticks = 0  # where the clock is 0
        self._last: Ticks | None = None  # of the last frame, on the clock of all parts
        self._anchor: Ticks = 0  # of the last known stamp
        self._held: list[tuple[int | None, av.VideoFrame]] = []
        if timing.warning is not None:
            report.warn(timing.warning)

    @property
    def rate(self) -> float | None:
        """Frames per second that the recording names, or the user; None where nobody does."""
        return self._timing.rate

    @property
    def zero(self) -> float:
        """Stamp at which the clock is 0, seconds; known once a frame was given."""
        return float(self._start * self._timing.base)

    @property
    def date(self) -> datetime | None:
        """When the clock was 0, where stamps count from 1970; without a zone where they have none.

        Known once a frame was given.
        """
        if self._timing.dated is None or self.zero < FIRST_DATE:
            return None
        date = datetime.fromtimestamp(self.zero, UTC)
        return date if self._timing.dated == "utc" else date.replace(tzinfo=None)

    @property
    def end(self) -> float:
        """As the class says."""
        return 0.0 if self._last is None else self._seconds(self._last + self._step)

    def timed(self, frames: Iterable[av.VideoFrame]) -> Iterator[tuple[float, av.VideoFrame]]:
        """Yield frames with their seconds, never smaller than those of the frame before."""
        if self._timing.stamps == "none":
            yield from self._numbered(frames)
            return
        for frame in frames:
            stamp = self._stamp(frame)
            if stamp is not None and self._goes_on(stamp):
                yield self._place(self._anchor), frame
                continue
            self._held.append((stamp, frame))
            yield from self._ready(ended=False)
        yield from self._ready(ended=True)
        if not self._known and self._last is not None:
            self.report.warn(no_stamps_text(self._timing.rate))

    def tell(self) -> None:
        """Say in the report's warnings what was met of gaps, joins and lost packets."""
        self.report.conclude(float(self._step * self._timing.base))

    def _numbered(self, frames: Iterable[av.VideoFrame]) -> Iterator[tuple[float, av.VideoFrame]]:
        for index, frame in enumerate(frames):
            self._last = (index + self.report.lead) * self._step
            yield self._seconds(self._last), frame

    def _stamp(self, frame: av.VideoFrame) -> int | None:
        # AVI numbers its pictures, and FFmpeg guesses presentation stamps from that, out of order
        return frame.dts if self._timing.stamps == "slots" else frame.pts

    def _goes_on(self, stamp: int) -> bool:
        """Take a stamp that follows the last one, as nearly all do; return whether it is so."""
        tick = stamp + self._offset
        distance = tick - self._anchor
        plain = self._known and not self._held and self._last == self._anchor
        if self._timing.steady or not plain or not 0 < distance <= self._gap:
            return False
        self._learn(distance)
        self._anchor = tick
        return True

    def _learn(self, distance: Ticks) -> None:
        self._steps.append(distance)
        self._step = sorted(self._steps)[len(self._steps) // 2]

    def _ready(self, ended: bool) -> Iterator[tuple[float, av.VideoFrame]]:
        """Yield what waits no longer."""
        while self._held:
            known = [index for index, (stamp, _) in enumerate(self._held) if stamp is not None]
            if not known:
                if not (ended or self._is_full()):
                    return
                yield from self._spread(len(self._held), None)
            elif known[0] and len(known) == 1 and self._may_have_twin(known[0]) and not ended:
                return  # where stamps are sparse, one of the next pictures may have the same one
            elif (wrong := self._untrue_twin(known)) is not None:
                self._held[wrong] = (None, self._held[wrong][1])
            elif self._fits(known[0]):
                yield from self._spread(known[0], self._held[known[0]][0])
            elif len(known) > 1 and self._is_wild(*known[:2]):
                self._held[known[0]] = (None, self._held[known[0]][1])
            elif len(known) > 1 or ended or self._is_full():
                yield from self._spread(known[0], self._held[known[0]][0])
            else:
                return

    def _is_full(self) -> bool:
        frame = self._held[0][1]
        return len(self._held) * frame.width * frame.height * 3 // 2 > _HELD_BYTES

    def _leap(self, index: int, stamp: int) -> Ticks:
        """Return how far a stamp lies ahead of where even steps would put it."""
        if self._last is None:
            return 0
        return stamp + self._offset - self._last - (index + 1) * self._step

    def _fits(self, index: int) -> bool:
        stamp = self._held[index][0]
        if stamp is None or not self._known:
            return True
        return self._back(stamp) <= self._step and self._leap(index, stamp) <= self._gap

    def _back(self, stamp: int) -> Ticks:
        """Return how far a stamp lies behind the last known one."""
        return self._anchor - stamp - self._offset

    def _may_have_twin(self, index: int) -> bool:
        return len(self._held) <= index + _REORDERED and not self._is_full()

    def _untrue_twin(self, known: list[int]) -> int | None:
        """Return which of two pictures with the same stamp has it wrongly; None if they differ.

        One that begins in the last bytes of a pack gets the stamp of the next pack as well. With
        B-frames it may be shown behind the one that the stamp is of, or some pictures before it:
        even steps tell.
        """
        index, twin = known[0], known[1] if len(known) > 1 else None
        stamp = self._held[index][0]
        if index == 0 or stamp is None or twin is None or self._held[twin][0] != stamp:
            return None
        if twin > index + _REORDERED:
            return None
        off = 2 * self._leap(index, stamp)
        return twin if self._known and -self._step <= off <= self._step else index

    def _is_wild(self, first: int, second: int) -> bool:
        """Return whether the stamp behind a strange one goes on as if that were not there."""
        one, two = self._held[first][0], self._held[second][0]
        if one is None or two is None:
            return False
        ahead = two - one - (second - first) * self._step
        goes_on = two >= one and -self._gap <= ahead <= self._gap
        return self._fits(second) and not goes_on

    def _ticks(self, seconds: float) -> Ticks:
        return _whole(Fraction(seconds) / self._timing.base)

    def _spread(self, count: int, stamp: int | None) -> Iterator[tuple[float, av.VideoFrame]]:
        """Yield ``count`` frames without a stamp, and the one that has ``stamp``, if any."""
        frames = [frame for _, frame in self._held[: count + (stamp is not None)]]
        del self._held[: len(frames)]
        step, near = self._step, count
        if self._last is None:
            # before the first stamp; without any, from the beginning on
            self._last = -step if stamp is None else stamp - (count + 1) * step
            self._begin(self._last + step, stamp is not None)
        elif stamp is not None and not self._known:
            self._offset = self._last + (count + 1) * step - stamp
        elif stamp is not None:
            step = self._step_to(stamp, self._last, count)
            near = self._before_gap(frames, stamp, self._last)
        for index, frame in enumerate(frames[:count]):
            if stamp is not None and index == near:
                self._last = stamp + self._offset - (count + 1 - near) * step
            yield self._place(self._last + step), frame
        if stamp is not None:
            self._known, self._anchor = True, stamp + self._offset
            yield self._place(self._steadied(self._anchor, self._last)), frames[-1]

    def _begin(self, tick: Ticks, known: bool) -> None:
        """Set the clock to 0 at the recording's start, or at its first picture."""
        self._start, start = tick, self._timing.start
        if self._timing.stamps == "slots":
            self._start = tick - self.report.lead * self._step
        if known and start is not None:
            late = tick - start / self._timing.base
            # less than a frame is no delay but how sound is cut in packets
            if self._step <= late <= self._day:
                self._start = _whole(tick - late)

    def _step_to(self, stamp: int, last: Ticks, count: int) -> Ticks:
        """Return the distance of the frames up to a known one, or begin a part with it."""
        usual, leap = self._step, self._leap(count, stamp)
        expected = last + (count + 1) * usual
        most = self._gap if self._timing.join_gaps else self._day
        if self._back(stamp) > usual or leap > most:
            own = float((stamp - self._start) * self._timing.base)
            self.report.joins.append(
                Join(self._seconds(expected), own, self._timing.dated is not None)
            )
            self._offset = expected - stamp
            return usual
        if leap > self._gap:
            return usual
        before = self._anchor if self._timing.steady else last
        step = max(_whole(Fraction(stamp + self._offset - before) / (count + 1)), 0)
        if step > 0:
            self._learn(step)
        return step

    def _before_gap(self, frames: list[av.VideoFrame], stamp: int, last: Ticks) -> int:
        """Return how many frames up to one with a stamp lie before a gap, and note that."""
        count, step, end = len(frames) - 1, self._step, stamp + self._offset
        if self._leap(count, stamp) <= self._gap:
            return count
        # recorders begin anew with a key frame
        keys = [index for index, frame in enumerate(frames) if frame.key_frame]
        near = keys[-1] if keys else count
        gap = Gap(self._seconds(last + near * step), self._seconds(end - (count - near) * step))
        self.report.gaps.append(gap)
        if count:
            first = "a key frame" if keys else "the first picture that has one"
            self.report.warn(
                f"the gap up to {gap.end:.1f} s is somewhere among {count} pictures without a"
                f" timestamp: it is taken to end with {first}"
            )
        return near

    def _steadied(self, tick: Ticks, last: Ticks) -> Ticks:
        off = tick - last - self._step
        if not (self._timing.steady and -2 * self._step <= off <= 2 * self._step):
            return tick
        return tick - round(off * (1 - _FOLLOWED))

    def _place(self, tick: Ticks) -> float:
        self._last = tick if self._last is None else max(tick, self._last)
        return self._seconds(self._last)

    def _seconds(self, tick: Ticks) -> float:
        ticks, base = tick - self._start, self._timing.base
        # whole numbers are divided once, so equal times give equal floats
        above, below = ticks.numerator * base.numerator, ticks.denominator * base.denominator
        return max(0.0, above / below)
