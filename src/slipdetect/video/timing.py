"""Where the times of a stream's pictures come from, by its container.

In: an open container. Out: a ``Timing``, which ``Clock`` goes by; rates and ends that headers tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast

import av
from av.container import InputContainer
from av.format import Flags
from av.video.stream import VideoStream

DEFAULT_FRAME_RATE = 25.0
MIN_FRAME_RATE = 1.0
MAX_FRAME_RATE = 240.0

TOLD_OF_TIMES = "slipdetect: times"  # key of what whoever opened a container has to say of them

_DATED: dict[str, Literal["utc", "local"]] = {"dhav": "local", "ivf": "utc"}
# formats that number the pictures that they find, beside those that FFmpeg says have no stamps
_NUMBERED = frozenset({"ingenient", "rawvideo"})
_NUMBERED_ENDING = "_pipe"
# all tracks begin together; of MXF without its index FFmpeg numbers pictures from 1
_NO_DELAYS = frozenset({"avi", "mxf"})


def plausible_rate(rate: float | Fraction | None) -> float | None:
    """Return ``rate`` as a float when a camera could have it (1 to 240 a second), else None."""
    if rate is None or not MIN_FRAME_RATE <= rate <= MAX_FRAME_RATE:
        return None
    return float(rate)


def header_rate(stream: VideoStream) -> float | None:
    """Return the header's frames per second if plausible."""
    average = plausible_rate(stream.average_rate)
    return average if average is not None else plausible_rate(stream.guessed_rate)


@dataclass(frozen=True)
class Timing:
    """Where the times of a stream's pictures come from.

    Attributes:
        stamps: ``"presentation"``: stamps say when a picture is shown. ``"slots"``: they number
            the pictures in order of output, as AVI does. ``"none"``: whatever stands there is made
            up, and picture i is at i / rate.
        rate: Frames per second: a hint, or without stamps what is gone by; None if unknown.
        base: Seconds of one tick of a stamp.
        start: Stamp at which the recording begins, sound and all, seconds; None: that of the
            first picture.
        steady: Stamps waver about even steps.
        join_gaps: A leap of the clock is another clock and no gap, as with cameras.
        dated: Stamps count from 1970, in UTC or by the clock on the camera's wall.
        warning: What is to be said of it.
    """

    stamps: Literal["presentation", "slots", "none"]
    rate: float | None
    base: Fraction = Fraction(1, 1000)
    start: Fraction | None = None
    steady: bool = False
    join_gaps: bool = False
    dated: Literal["utc", "local"] | None = None
    warning: str | None = None


def timing_of(
    container: InputContainer,
    stream: VideoStream,
    frame_rate: float | None = None,
    *,
    camera: bool = False,
) -> Timing:
    """Return where the times of a stream come from.

    Args:
        container: An open container.
        stream: One of its streams.
        frame_rate: Frames per second that the user names instead of all stamps.
        camera: It goes on as time does, and its clock is nobody's who looks at it.
    """
    name = container.format.name
    if frame_rate is not None:
        return Timing("none", frame_rate)
    if _has_no_stamps(container):
        own = plausible_rate(stream.codec_context.framerate)
        return Timing("none", own, warning=no_stamps_text(own))
    if stream.time_base is None:
        return Timing("none", header_rate(stream), warning=no_stamps_text(header_rate(stream)))
    return Timing(
        "slots" if name == "avi" else "presentation",
        header_rate(stream),
        stream.time_base,
        None if camera or name in _NO_DELAYS else _start(container),
        steady=name == "dhav",
        join_gaps=camera,
        dated=_DATED.get(name),
        warning=container.metadata.get(TOLD_OF_TIMES),
    )


def _has_no_stamps(container: InputContainer) -> bool:
    form = container.format
    numbered = bool(form.flags & cast(int, Flags.no_timestamps.value))
    return numbered or form.name in _NUMBERED or form.name.endswith(_NUMBERED_ENDING)


def no_stamps_text(own: float | None) -> str:
    """Return what is to be said where no stamps are, by the stream's own rate if it tells one."""
    if own is not None:
        return (
            f"no timestamps: the stream's own rate of {own:g} frames per second is taken;"
            " frame_rate=... sets another"
        )
    return (
        f"no timestamps: {DEFAULT_FRAME_RATE:g} frames per second are assumed, and all times are"
        " wrong where that is; say the rate by frame_rate=..."
    )


def _start(container: InputContainer) -> Fraction | None:
    """Return the stamp at which the first stream begins, seconds, exactly where that is known."""
    if container.start_time is None:
        return None
    told = Fraction(container.start_time, av.time_base)
    exact = [
        stream.start_time * stream.time_base
        for stream in container.streams
        if stream.start_time is not None and stream.time_base is not None
    ]
    # the container's is rounded to microseconds
    near = [start for start in exact if abs(start - told) <= Fraction(1, av.time_base)]
    return min(near, default=told)


def header_end(container: InputContainer, stream: VideoStream) -> float | None:
    """Return the seconds on the recording's clock at which a stream ends by its header, or None."""
    start = _start(container) or Fraction(0)
    if stream.duration is not None and stream.time_base is not None:
        first = 0 if stream.start_time is None else stream.start_time
        end = (first + stream.duration) * stream.time_base - start
    elif container.duration is not None:
        end = Fraction(container.duration, av.time_base)
        if "matroska" in container.format.name:  # it says when the end is, not how long it takes
            end -= start
    else:
        return None
    return float(end) if end > 0 else None
