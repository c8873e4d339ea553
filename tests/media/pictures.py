"""Recordings that lie on their side, in mirrors or in fields, and three ways of reading them.

In: small videos. Out: the same ones as odd recorders write them; their frames by file, pipe, HTTP.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import av.filter
import numpy as np

from loopback import Server
from slipdetect.video import Frame, open_video
from slipdetect.video.live import LiveSettings, LiveVideo, Started
from slipdetect.video.live.byte_sources import PipeSource
from slipdetect.video.live.sources import AddressSource

RATE = 25.0
Matrix = tuple[int, int, int, int]

# a, b, c, d by what was done to the upright scene: (quarter turns to make it upright, mirrored)
MATRICES: dict[tuple[int, bool], Matrix] = {
    (0, False): (1, 0, 0, 1),
    (1, False): (0, -1, 1, 0),
    (2, False): (-1, 0, 0, -1),
    (3, False): (0, 1, -1, 0),
    (0, True): (-1, 0, 0, 1),
    (1, True): (0, 1, 1, 0),
    (2, True): (1, 0, 0, -1),
    (3, True): (0, -1, -1, 0),
}


def set_matrix(path: Path, matrix: Matrix) -> None:
    """Write a display matrix into the track header of an MP4."""
    a, b, c, d = (each << 16 for each in matrix)
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4
    place = start + (40 if data[start] == 0 else 52)
    data[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def by_file(path: Path) -> list[Frame]:
    """Read a video as a file."""
    with open_video(path) as video:
        return list(video.frames(RATE, _size(path)))


def by_pipe(path: Path) -> list[Frame]:
    """Read a video as a pipe brings it."""
    with path.open("rb") as pipe:
        return _live(PipeSource(pipe), _size(path))


def by_http(path: Path) -> list[Frame]:
    """Read a video as a server of this machine sends it."""
    server = Server()
    server.files[f"/file/{path.name}"] = path.read_bytes()
    server.start()
    try:
        return _live(AddressSource(f"{server.address}/file/{path.name}"), _size(path))
    finally:
        server.http.shutdown()
        server.http.server_close()


WAYS: list[Callable[[Path], list[Frame]]] = [by_file, by_pipe, by_http]


def _size(path: Path) -> int:
    with av.open(str(path)) as container:
        return min(container.streams.video[0].width, container.streams.video[0].height)


def _live(source: AddressSource | PipeSource, short_side: int) -> list[Frame]:
    with LiveVideo(source, RATE, short_side, LiveSettings()) as video:
        items = list(iter(video.get, None))
    assert isinstance(items[0], Started)
    assert (items[0].height, items[0].width) == items[1].image.shape[:2]
    return items[1:]


def by_ffmpeg(path: Path, width: int, height: int, *filters: str) -> np.ndarray:
    """Return (frames, height, width, 3) RGB as FFmpeg's program shows a video."""
    command = ["ffmpeg", "-v", "error", "-i", str(path)]
    if filters:
        command += ["-vf", ",".join(filters)]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    return np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)


def woven(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Return the picture whose even rows are of one moment and whose odd rows are of the next."""
    image = upper.copy()
    image[1::2] = lower[1::2]
    return image


def write_lossless(path: Path, images: Iterable[np.ndarray], order: str | None = None) -> Path:
    """Write pictures as H.264 that loses nothing.

    Args:
        path: Target.
        images: (height, width, 3) uint8 RGB.
        order: Which field of an interlaced picture is first: ``"tff"`` (even rows), ``"bff"``;
            None: they are not interlaced.
    """
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE))
        interlaced = "" if order is None else f"{order}=1"
        stream.options = {"qp": "0", "preset": "ultrafast", "x264-params": interlaced}
        for index, image in enumerate(images):
            if not index:
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = "yuv444p"
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv444p")
            frame.pts, frame.time_base = index, 1 / Fraction(RATE)
            container.mux(stream.encode(_fields(frame, order)))
        container.mux(stream.encode(None))
    return path


def _fields(frame: av.VideoFrame, order: str | None) -> av.VideoFrame:
    """Return a frame that says which of its fields is first."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    mark = graph.add("setfield", f"mode={'prog' if order is None else order}")
    graph.link_nodes(source, mark, graph.add("buffersink")).configure()
    graph.vpush(frame)
    return graph.vpull()
