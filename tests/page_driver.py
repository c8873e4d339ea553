"""What tests of the page of ``watch`` share: states made by hand, and the page served on loopback.

In: states, a board. Out: a server of this machine, and answers to plain requests.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from mosquitto import free_port
from slipdetect.cli.console import Console
from slipdetect.cli.watching import Watching
from slipdetect.detection import Detector
from slipdetect.detection.cameras import Camera, Cameras, CameraState
from slipdetect.detection.live import LiveSummary
from slipdetect.sinks.live_clips import LiveClips
from slipdetect.sinks.live_page import LivePage
from slipdetect.sinks.sink import Setup, Sink
from slipdetect.types import Event
from slipdetect.types.zones import Zones
from slipdetect.video import Frame
from slipdetect.video.live import LiveSettings, live_source
from slipdetect.video.live.picture_memory import PictureMemory
from slipdetect.web.app import Application
from slipdetect.web.board import Board, Found
from slipdetect.web.guard import Guard
from slipdetect.web.metrics import CameraMetrics, registry_of
from slipdetect.web.pictures import Pictures
from slipdetect.web.place import Place
from slipdetect.web.server import Server

TOKEN = "correct-horse-battery"
BEGAN = datetime(2025, 3, 1, 9, 15, 27, tzinfo=UTC)
PICTURE = np.full((48, 64, 3), (200, 40, 40), np.uint8)
SUMMARY = LiveSummary(20.0, 2, 300, 1, 200, 7, 0.4, 3, drift=-2.5)
STATE = CameraState(
    name="kitchen",
    state="live",
    tries=0,
    fps=14.9,
    silent_for=0.1,
    summary=SUMMARY,
    lag=0.25,
    windows=((18.0, 0.1), (18.2, 0.9), (19.4, 0.4)),
    newest=Frame(20.0, PICTURE),
    stuck=False,
    onset=0.6,
    zones=Zones(),
    view="level",
)


def found(id: str = "a", start: float = 10.0, **changes: Any) -> Found:
    """Return an event of two seconds, in a clip of three seconds around it."""
    clip = Path(f"kitchen-{id}.mp4")
    event = Event(start, start + 2.0, start + 1.0, 0.9)
    return replace(Found(id, "kitchen", event, BEGAN, clip, "kitchen"), **changes)


@dataclass
class Site:
    """A page that is served.

    Attributes:
        port: Where.
    """

    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(
        self, path: str, method: str = "GET", body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of an answer; the path is sent as it is."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            named = {"Host": self.host, **{k.replace("_", "-"): v for k, v in headers.items()}}
            link.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            data = b"" if body is None else body.encode()
            if body is not None:
                named["Content-Length"] = str(len(data))
            for name, value in named.items():
                link.putheader(name, value)
            link.endheaders(data or None)
            answer = link.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, given, answer.read()
        finally:
            link.close()

    def post(self, path: str, data: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Send JSON as the page itself does."""
        return self.ask(
            path, "POST", json.dumps(data), **{"Origin": f"http://{self.host}", **headers}
        )


@contextmanager
def site(
    states: Callable[[], Sequence[CameraState]] = lambda: [STATE],
    board: Board | None = None,
    token: str | None = None,
    memory: PictureMemory | None = None,
    hidden: bool = False,
) -> Iterator[Site]:
    """Serve a page of what is given."""
    place = Place.parse(f"127.0.0.1:{free_port()}")
    board = Board(states, lambda path: None, None) if board is None else board
    newest = {each.name: each.newest for each in states()}
    pictures = Pictures(newest.get, lambda camera: memory, hidden)
    counts = {"webhook": {"sent": 3, "failed": 1}}
    registry = registry_of(CameraMetrics(states, lambda: counts))
    app = Guard(Application(board, pictures, registry).routes(), place, token)
    with place.listen() as listening:
        server = Server(app, listening)
        server.start()
        try:
            yield Site(place.port)
        finally:
            server.stop()
            pictures.end()


@contextmanager
def watched(
    sources: dict[str, str], detectors: dict[str, Detector], clips: Path | None
) -> Iterator[Site]:
    """Watch cameras with a page, as the command does, in a thread.

    Args:
        sources: Addresses by name.
        detectors: Of each camera.
        clips: Where clips go; None: nowhere.
    """
    port = free_port()
    setup = Setup(sources=list(sources), targets={"--page": f"127.0.0.1:{port}"})
    page = LivePage(f"127.0.0.1:{port}", None, setup)
    sinks: list[Sink] = [page]
    if clips is not None:
        clips.mkdir(exist_ok=True)
        sinks.append(LiveClips(clips, 0.5))
    setup.sinks.extend(sinks)

    def keep(name: str) -> Any:
        return next((found for sink in sinks if (found := sink.keep(name)) is not None), None)

    watching = Watching(Console(), sinks, "tiny", True, 3)
    for sink in sinks:
        sink.__enter__()
        sink.open(None)
    with Cameras(keep) as running:
        for name, address in sources.items():
            source = live_source(address)
            source.name = name
            running.add(Camera(name, source, detectors[name], LiveSettings(retries=None)))
        for sink in sinks:
            sink.watching(running)
        thread = threading.Thread(target=watching.run, args=(running,), daemon=True)
        thread.start()
        try:
            yield Site(port)
        finally:
            running.stop()
            thread.join(20)
            for sink in reversed(sinks):
                sink.__exit__(None, None, None)
