"""A camera on this machine that streams by HTTP, stalls, and comes back.

In: a scene, and when it stalls. Out: MPEG-TS or MJPEG in real time; what a stall hid stays lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import av
import cv2
import numpy as np

RATE = 25
Draw = Callable[[float], np.ndarray]


@dataclass
class Camera:
    """One camera; its clock starts with the first request.

    Attributes:
        draw: The picture at a time.
        stall: (begin, end) seconds in which nothing is sent; connections of before end with it.
        speed: Seconds that its timestamps go on in a second.
        port: Where it listens.
        asked: Paths of all requests.
        leave: Set when the test is over.
    """

    draw: Draw
    stall: tuple[float, float] = (1e9, 1e9)
    speed: float = 1.0
    port: int = 0
    asked: list[str] = field(default_factory=list)
    leave: threading.Event = field(default_factory=threading.Event)
    began: float | None = None

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        self.began = time.monotonic() if self.began is None else self.began
        if self._stalled():
            self.leave.wait(self.began + self.stall[1] - time.monotonic())
        handler.send_response(200)
        mjpeg = handler.path.startswith("/mjpeg")
        kind = "multipart/x-mixed-replace; boundary=b" if mjpeg else "video/mp2t"
        handler.send_header("Content-Type", kind)
        handler.end_headers()
        send = _Jpegs(handler.wfile) if mjpeg else _Packets(handler.wfile)
        try:
            for picture in self._pictures():
                send(picture)
        except (OSError, av.FFmpegError):
            return

    def _stalled(self) -> bool:
        return self.stall[0] <= time.monotonic() - (self.began or 0.0) < self.stall[1]

    def _pictures(self) -> Iterator[np.ndarray]:
        index = 0
        start = due = time.monotonic()
        while not self.leave.wait(max(0.0, due - time.monotonic())):
            if self._stalled():
                self.leave.wait((self.began or 0.0) + self.stall[1] - time.monotonic())
                return
            yield self.draw(due - (self.began or 0.0))
            index += 1
            due = start + index / RATE / self.speed


class _Packets:
    """Writes pictures as H.264 in MPEG-TS, each as soon as it is there."""

    def __init__(self, target: Any) -> None:
        self._target = target
        self._container = av.open(self, "w", format="mpegts", options={"flush_packets": "1"})
        options = {"preset": "ultrafast", "tune": "zerolatency"}
        self._stream = self._container.add_stream("libx264", rate=RATE, options=options)
        self._stream.width, self._stream.height, self._stream.pix_fmt = 64, 48, "yuv420p"

    def write(self, data: bytes) -> int:
        self._target.write(data)
        return len(data)

    def __call__(self, picture: np.ndarray) -> None:
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        self._container.mux(self._stream.encode(frame))


class _Jpegs:
    """Writes pictures as JPEG between boundaries."""

    def __init__(self, target: Any) -> None:
        self._target = target

    def __call__(self, picture: np.ndarray) -> None:
        data = cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes()
        head = f"--b\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
        self._target.write(head.encode() + data + b"\r\n")


@contextmanager
def camera_server(
    draw: Draw, stall: tuple[float, float] = (1e9, 1e9), speed: float = 1.0
) -> Iterator[Camera]:
    """Stream while the block runs: MJPEG at /mjpeg, MPEG-TS anywhere else."""
    camera = Camera(draw, stall, speed)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            camera.answer(self)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    camera.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield camera
    finally:
        camera.leave.set()
        server.shutdown()
        server.server_close()
