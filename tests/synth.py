"""Tiny synthetic videos whose every frame can be told apart, encoded with PyAV.

In: pictures or the name of a scene, and times. Out: a file and the ``VideoTruth`` about it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

BITS = 8
TICKS = 90_000
SCENE_SECONDS = {"slip": (1.0, 1.6), "walk": None, "still": None}


@dataclass(frozen=True)
class VideoTruth:
    """What a reader must find in a synthetic video.

    Attributes:
        path: The encoded file.
        times: Seconds of every frame, the first one 0.
        codes: The number drawn into every frame (``bars`` only), see ``read_code``.
        width: Stored pixels per row.
        height: Stored rows.
        events: (start, end) in seconds of every fall in the scene.
    """

    path: Path
    times: tuple[float, ...]
    codes: tuple[int, ...]
    width: int
    height: int
    events: tuple[tuple[float, float], ...] = ()


def bars(code: int, width: int = 128, height: int = 96) -> np.ndarray:
    """Draw ``code`` as eight vertical bars, black 0 and white 1; the top left corner is red."""
    image = np.zeros((height, width, 3), np.uint8)
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        image[:, left:right] = 235 if code >> bit & 1 else 20
    image[: height // 4, : width // 4] = (230, 20, 20)
    return image


def read_code(image: np.ndarray) -> int:
    """Read the number back from the lower half of a picture of ``bars`` of any size."""
    height, width = image.shape[:2]
    row = image[height // 2 + height // 8 : height - height // 8].mean(axis=(0, 2))
    centers = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    return sum(1 << bit for bit, x in enumerate(centers) if row[x - 1 : x + 2].mean() > 128)


def scene(kind: str, time: float, width: int = 128, height: int = 96) -> np.ndarray:
    """Draw a bright figure in a dark room at ``time`` seconds: it slips, walks or stands still."""
    image = np.full((height, width, 3), 40, np.uint8)
    x = width // 4 if kind == "still" else int(width / 4 + time * width / 12) % (width - 12)
    fallen = 0.0
    if kind == "slip":
        start, end = SCENE_SECONDS["slip"] or (0.0, 0.0)
        fallen = min(max((time - start) / (end - start), 0.0), 1.0)
        x = int(width / 4 + min(time, start) * width / 12)
    tall, wide = int(height * (0.6 - 0.5 * fallen)), int(10 + height * 0.5 * fallen)
    image[height - 4 - tall : height - 4, x : x + wide] = (210, 190, 170)
    return image


def make_video(
    path: Path,
    frames: str | Sequence[np.ndarray] = "bars",
    *,
    count: int = 50,
    rate: float = 25.0,
    times: Sequence[float] | None = None,
    size: tuple[int, int] = (128, 96),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    shift: float = 0.0,
    aspect: Fraction | None = None,
    gop: int = 12,
    options: dict[str, str] | None = None,
) -> VideoTruth:
    """Encode ``frames`` (pictures, ``"bars"`` or a scene's name) at ``times`` or at ``rate``.

    Args:
        path: Target; its suffix chooses the container.
        frames: Pictures (height, width, 3) uint8 RGB, or a name: bars, slip, walk, still.
        count: Frames to draw when ``frames`` is a name and ``times`` is not given.
        rate: Frames per second when ``times`` is not given.
        times: Seconds of every frame.
        size: (width, height) pixels when ``frames`` is a name.
        codec: Name of the encoder.
        pix_fmt: Stored pixel format.
        shift: Seconds added to every stored time.
        aspect: Pixel aspect ratio to write.
        gop: Frames between two key frames.
        options: Options of the container, e.g. ``{"movflags": "faststart"}``.
    """
    if times is None:
        times = [i / rate for i in range(count if isinstance(frames, str) else len(frames))]
    codes: tuple[int, ...] = ()
    events: tuple[tuple[float, float], ...] = ()
    if frames == "bars":
        codes = tuple(i % (1 << BITS) for i in range(len(times)))
        images: Sequence[np.ndarray] = [bars(code, *size) for code in codes]
    elif isinstance(frames, str):
        images = [scene(frames, time, *size) for time in times]
        fall = SCENE_SECONDS[frames]
        events = () if fall is None else (fall,)
    else:
        images = frames
    with av.open(str(path), "w", options=options or {}) as container:
        stream = add_video(container, images[0], codec, pix_fmt, rate, gop)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        encode(container, stream, images, [time + shift for time in times])
    height, width = images[0].shape[:2]
    return VideoTruth(path, tuple(t - times[0] for t in times), codes, width, height, events)


def add_video(
    container: Any,
    image: np.ndarray,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: float = 25.0,
    gop: int = 12,
) -> Any:
    """Add a video stream of the size of ``image`` to an output container."""
    options = {"preset": "veryfast"} if codec in ("libx264", "libx265") else {}
    if codec == "libx265":
        options["x265-params"] = "log-level=none"
    stream = container.add_stream(codec, rate=Fraction(rate).limit_denominator(1001))
    stream.options = options
    stream.height, stream.width = image.shape[:2]
    stream.pix_fmt = pix_fmt
    stream.codec_context.gop_size = gop
    if codec in ("libx264", "libx265"):
        stream.codec_context.time_base = Fraction(1, TICKS)
    return stream


def encode(
    container: Any, stream: Any, images: Sequence[np.ndarray], times: Sequence[float]
) -> None:
    """Encode and write ``images`` at ``times`` seconds, then flush the encoder."""
    base = stream.codec_context.time_base or Fraction(1, TICKS)
    for image, time in zip(images, times, strict=True):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame.time_base = base
        frame.pts = round(time / base)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def set_rotation(path: Path, degrees: int) -> None:
    """Write a display matrix of ``degrees`` counterclockwise into the track header of an MP4."""
    unit = 1 << 16
    cos = {0: 1, 90: 0, 180: -1, 270: 0}[degrees] * unit
    sin = {0: 0, 90: 1, 180: 0, 270: -1}[degrees] * unit
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4
    matrix = start + (40 if data[start] == 0 else 52)
    data[matrix : matrix + 36] = struct.pack(">9i", cos, -sin, 0, sin, cos, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def cut(path: Path, fraction: float) -> Path:
    """Keep only the first ``fraction`` of a file's bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction)])
    return path


def flip_bytes(path: Path, count: int, start: float, end: float, seed: int = 0) -> Path:
    """Invert ``count`` random bytes between two fractions of a file."""
    data = np.frombuffer(path.read_bytes(), np.uint8).copy()
    rng = np.random.default_rng(seed)
    where = rng.integers(int(len(data) * start), int(len(data) * end), count)
    data[where] ^= 0xFF
    path.write_bytes(data.tobytes())
    return path
