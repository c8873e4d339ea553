"""Writing pictures as an H.264 MP4 that every player opens.

In: RGB arrays of one size, at a rate or with times. Out: a finished file, or the old one untouched.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream

from slipdetect._io import atomic_write
from slipdetect.errors import OutputError, UsageError

_ENCODERS = ("libx264", "libopenh264", "mpeg4")
_CHANNELS = 3
# of a second; whole for the usual rates, and MPEG-4 allows no more than 65535
_TICKS = 60_000

Picture = npt.NDArray[np.uint8]


def write_video(
    path: str | os.PathLike[str],
    frames: Iterable[Picture],
    rate: float,
    *,
    overwrite: bool = False,
    quality: int = 23,
) -> None:
    """Encode ``frames`` at a constant rate; odd sides are padded by repeating the last pixels.

    Args:
        path: Target file; its suffix chooses the container, usually ``.mp4``.
        frames: Arrays (height, width, 3) uint8 RGB, all of one size, at least one.
        rate: Frames per second.
        overwrite: Replace an existing file.
        quality: Constant rate factor of x264, 0 (lossless, large) to 51.

    Raises:
        OutputError: The file cannot be written.
        UsageError: The rate is no positive number, there is no frame, or one has another size or
            type than the first.
    """
    with _writing(Path(path), rate, overwrite, quality) as encoder:
        for image in frames:
            encoder.add(None, image)


def write_timed_video(
    path: str | os.PathLike[str],
    frames: Iterable[tuple[float, Picture]],
    rate: float,
    *,
    overwrite: bool = False,
    quality: int = 23,
) -> None:
    """Encode ``frames`` at their own times, kept to 1/60000 s; the first one is at 0.

    A frame that is not later than the one before was never shown and is left out.

    Args:
        path: Target file; its suffix chooses the container, which must store times: not ``.avi``.
        frames: Pairs of seconds, never smaller than the ones before, and arrays as for
            ``write_video``.
        rate: Usual frames per second; the last frame is shown for 1 / rate seconds.
        overwrite: Replace an existing file.
        quality: Constant rate factor of x264, 0 (lossless, large) to 51.

    Raises:
        OutputError: The file cannot be written.
        UsageError: As for ``write_video``, or times run backwards.
    """
    with timed_video(path, rate, overwrite=overwrite, quality=quality) as add:
        for time, image in frames:
            add(time, image)


@contextmanager
def timed_video(
    path: str | os.PathLike[str], rate: float, *, overwrite: bool = False, quality: int = 23
) -> Iterator[Callable[[float, Picture], None]]:
    """Yield what takes a frame, its seconds and its picture, for whom frames come one by one.

    The file is there when the block ends, and the old one untouched when it ends by an error. Args
    and errors are those of ``write_timed_video``.
    """
    with _writing(Path(path), rate, overwrite, quality) as encoder:
        first: float | None = None
        last: int | None = None

        def add(time: float, image: Picture) -> None:
            nonlocal first, last
            first = time if first is None else first
            tick = round((time - first) * _TICKS)
            if last is not None and tick < last:
                raise UsageError(
                    f"frames must be in order of time, not {time:g} s after later ones"
                )
            if tick != last:
                encoder.add(tick, image)
            last = tick

        yield add


@contextmanager
def _writing(path: Path, rate: float, overwrite: bool, quality: int) -> Iterator[_Encoder]:
    if not (math.isfinite(rate) and rate > 0):
        raise UsageError(f"frames per second must be a positive number, not {rate!r}")
    with atomic_write(path, overwrite=overwrite) as temporary:
        try:
            with _open_output(temporary) as output:
                encoder = _Encoder(output, Fraction(rate).limit_denominator(1001), quality)
                yield encoder
                encoder.finish()
        except av.FFmpegError as error:
            reason = f"{error.strerror}; check the folder and the disk"
            raise OutputError(f"cannot write {str(path)!r}: {reason}") from error


def _open_output(path: Path) -> av.container.OutputContainer:
    try:
        return av.open(f"file:{path}", "w", options={"movflags": "faststart"})
    except ValueError as error:
        raise OutputError(f"no video format is called {path.suffix!r}; use .mp4") from error


class _Encoder:
    """Takes pictures; the first one decides what the stream looks like."""

    def __init__(self, output: av.container.OutputContainer, rate: Fraction, quality: int) -> None:
        self._output = output
        self._rate = rate
        self._quality = quality
        self._stream: VideoStream | None = None
        self._shape: tuple[int, ...] = ()

    def add(self, tick: int | None, image: Picture) -> None:
        if self._stream is None:
            self._shape = image.shape
            self._stream = self._begin(_checked(image, self._shape), timed=tick is not None)
        padded = even_sided(_checked(image, self._shape))
        picture = av.VideoFrame.from_ndarray(padded, format="rgb24")
        if tick is not None:
            picture.pts, picture.time_base = tick, Fraction(1, _TICKS)
        self._output.mux(self._stream.encode(picture))

    def finish(self) -> None:
        if self._stream is None:
            raise UsageError("there are no frames to write; a video needs at least one")
        self._output.mux(self._stream.encode())

    def _begin(self, image: Picture, timed: bool) -> VideoStream:
        codec = next(name for name in _ENCODERS if name in av.codecs_available)
        options = {"crf": str(self._quality), "preset": "veryfast"} if codec == "libx264" else {}
        stream: VideoStream = self._output.add_stream(codec, rate=self._rate, options=options)  # type: ignore[assignment]
        stream.height, stream.width = even_sided(image).shape[:2]
        stream.pix_fmt = "yuv420p"
        if timed:
            stream.codec_context.time_base = Fraction(1, _TICKS)
            # MP4 stores differences of decoding times: frames out of order make it too long
            stream.codec_context.max_b_frames = 0
        return stream


def _checked(image: Picture, shape: tuple[int, ...]) -> Picture:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != _CHANNELS:
        raise UsageError(
            f"a frame must be (height, width, 3) uint8 RGB, not {image.shape} {image.dtype}"
        )
    if image.shape != shape:
        raise UsageError(f"all frames of a video need one size: {image.shape} follows {shape}")
    return image


def even_sided(image: Picture) -> Picture:
    """Return a picture with even sides, as codecs store color: the last pixels are repeated."""
    height, width = image.shape[:2]
    margins = ((0, height % 2), (0, width % 2), (0, 0))
    return np.ascontiguousarray(np.pad(image, margins, mode="edge"))
