"""Cameras made of files: real clips in a loop, served by HTTP in real time, with faults.

In: labeled clips. Out: videos of 640 x 480 at 15 frames a second, and a server that streams each
over and over as MPEG-TS. Every connection begins at the beginning of its video.
"""

from __future__ import annotations

import csv
import itertools
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

RATE, WIDTH, HEIGHT = 15, 640, 480
DATASETS = ("gmdcsa24", "ordinary", "upfall", "urfd")  # filmed by cameras that stand still
KINDS = ("cut", "stall", "garbage")
_STALL = 8.0  # seconds
_KEY_EVERY = 30  # frames
_WHOLE = 9  # frames: windows and the snippets that are computed lie alike in every round then


def make_footage(data: Path, target: Path, number: int, seconds: float) -> list[str]:
    """Write a video of clips one behind the other, and return which.

    Args:
        data: Folder of the clips and ``clips.csv``.
        target: An MP4.
        number: Of the camera; each has other clips.
        seconds: The clips begin before that.
    """
    with (data / "clips.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] in DATASETS]
    random.Random(number).shuffle(rows)
    chosen: list[str] = []
    with av.open(str(target), "w") as container:
        options = {"preset": "veryfast", "bf": "0", "g": str(_KEY_EVERY)}
        stream = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        count = 0
        for row in rows:
            if count >= seconds * RATE:
                break
            chosen.append(row["path"])
            for picture in _pictures(data / row["path"]):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts = count
                container.mux(stream.encode(frame))
                count += 1
        while count % _WHOLE:
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = count
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode())
    return chosen


def _pictures(path: Path) -> Iterator[np.ndarray]:
    """Yield the pictures of a clip at ``RATE``, fitted into the camera's picture."""
    due = itertools.count()
    wanted = next(due) / RATE
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.time is None or frame.time < wanted - 0.5 / RATE:
                continue
            image = frame.to_ndarray(format="rgb24")
            scale = min(WIDTH / image.shape[1], HEIGHT / image.shape[0])
            size = round(image.shape[1] * scale), round(image.shape[0] * scale)
            picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            top, left = (HEIGHT - size[1]) // 2, (WIDTH - size[0]) // 2
            shrunk = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            picture[top : top + size[1], left : left + size[0]] = shrunk
            while frame.time >= wanted - 0.5 / RATE:
                yield picture
                wanted = next(due) / RATE


def length(video: Path) -> float:
    """Return how long a video of footage lasts, its last picture too, seconds."""
    with av.open(str(video)) as container:
        return sum(1 for packet in container.demux(video=0) if packet.size) / RATE


def join(video: Path, target: Path) -> None:
    """Write a video twice, one behind the other, packet by packet."""
    with av.open(str(target), "w") as out:
        stream, base = None, 0
        for _ in range(2):
            with av.open(str(video)) as container:
                source = container.streams.video[0]
                stream = out.add_stream_from_template(source) if stream is None else stream
                last = 0
                for packet in container.demux(source):
                    if packet.dts is None:
                        continue
                    last = packet.pts + packet.duration
                    packet.pts, packet.dts = packet.pts + base, packet.dts + base
                    packet.stream = stream
                    out.mux(packet)
                base += last


class _Faults:
    """Which camera is to have which fault next.

    Args:
        log: Gets a line of JSON for each fault that happened.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._wanted: dict[int, str] = {}

    def want(self, camera: int, kind: str) -> None:
        with self._lock:
            self._wanted[camera] = kind

    def take(self, camera: int) -> str | None:
        with self._lock:
            kind = self._wanted.pop(camera, None)
            if kind is not None:
                with self._log.open("a", encoding="utf-8") as file:
                    line = {"time": time.time(), "camera": camera, "kind": kind}
                    file.write(json.dumps(line) + "\n")
        return kind


class _Sent:
    """Writes the bytes of a muxer to a connection, and spoils them where that is asked for."""

    def __init__(self, target: Any) -> None:
        self._target = target
        self.spoil = False

    def write(self, data: bytes) -> int:
        if self.spoil:
            self.spoil = False
            self._target.write(random.Random(len(data)).randbytes(50_000))
        self._target.write(data)
        return len(data)


def serve(port: int, videos: list[Path], log: Path, every: float) -> None:
    """Serve until the process ends: ``/N`` is the stream of the N-th video.

    Args:
        port: On loopback.
        videos: Of the cameras.
        log: Gets a line for each fault.
        every: Seconds between two faults, of cameras in turn; 0 for none.
    """
    faults = _Faults(log)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = int(self.path.strip("/"))
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            try:
                _stream(videos[number], _Sent(self.wfile), lambda: faults.take(number))
            except (OSError, av.FFmpegError):
                return

        def log_message(self, *_: object) -> None: ...

    def spoil() -> None:
        cameras = itertools.cycle(range(len(videos)))
        kinds = itertools.cycle(KINDS)
        while True:
            time.sleep(every)
            faults.want(next(cameras), next(kinds))

    if every:
        threading.Thread(target=spoil, daemon=True).start()
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def _stream(video: Path, target: _Sent, fault: Any) -> None:
    """Send a video over and over, each frame when it is due, until the connection ends."""
    out = av.open(target, "w", format="mpegts", options={"flush_packets": "1"})
    began, base, stream = time.monotonic(), 0, None
    while True:
        with av.open(str(video)) as container:
            source = container.streams.video[0]
            if stream is None:
                stream = out.add_stream_from_template(source)
            frames = 0
            for packet in container.demux(source):
                if packet.dts is None or packet.time_base is None:
                    continue
                due = began + (base + frames) / RATE
                time.sleep(max(0.0, due - time.monotonic()))
                kind = fault()
                if kind == "cut":
                    return
                if kind == "stall":
                    time.sleep(_STALL)
                    return
                target.spoil = kind == "garbage"
                offset = round(base / RATE / packet.time_base)
                packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                packet.stream = stream
                out.mux(packet)
                frames += 1
            base += frames


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until a server listens."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server does not listen")
