"""The ways in which a recording reaches slipdetect, with every picture that comes of it.

In: ``Media`` and the name of a way. Out: (seconds, number of the marker) of every picture.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np

from media.making import Media
from media.marker import read_marker
from slipdetect.video import Frame, Gap, open_video
from slipdetect.video.live import LiveSettings, LiveSource, LiveVideo, live_source
from slipdetect.video.live.byte_sources import PipeSource

WAYS = ("file", "pipe", "http")
SAMPLED = 50.0  # frames a second that a live source is asked for


@dataclass
class Seen:
    """What came of a recording.

    Attributes:
        pictures: (seconds, number) of every decoded picture.
        sampled: The same of the pictures sampled from them.
        gaps: (start, end) of the gaps that were told, seconds.
        warnings: Of the report, or those that a live source logged.
        undecoded: Packets that gave no picture.
        failures: Of the report.
        truncated: Of the report.
    """

    pictures: list[tuple[float, int]] = field(default_factory=list)
    sampled: list[tuple[float, int]] = field(default_factory=list)
    gaps: list[tuple[float, float]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    undecoded: int = 0
    failures: int = 0
    truncated: bool = False


def see(way: str, media: Media) -> Seen:
    """Read all of a recording."""
    if way == "file":
        return _file(media)
    if way == "pipe":
        with media.path.open("rb") as stream:
            return _live(PipeSource(stream), media)
    with served(media.path.parent) as address:
        return _live(live_source(f"{address}/{media.path.name}"), media)


def _file(media: Media) -> Seen:
    with open_video(media.path, **media.reading) as video:
        found = [(frame.time, read_marker(frame.image)) for frame in video.frames()]
    with open_video(media.path, **media.reading) as video:
        sampled = [(f.time, read_marker(f.image)) for f in video.frames(SAMPLED)]
    report = video.report
    gaps = [(gap.start, gap.end) for gap in report.gaps]
    told = report.undecoded, report.failures, report.truncated
    return Seen(found, sampled, gaps, report.warnings, *told)


def _live(source: LiveSource, media: Media) -> Seen:
    seen = Seen()

    def keep(_: Any, base: float) -> Any:
        def watch(seconds: float, frame: av.VideoFrame) -> None:
            image = np.asarray(frame.to_ndarray(format="rgb24"))
            seen.pictures.append((base + seconds, read_marker(image)))

        return watch

    settings = LiveSettings(**media.reading, retries=0)
    with LiveVideo(source, SAMPLED, min(_size(media)), settings, keep) as video:
        while (item := video.get()) is not None:
            if isinstance(item, Frame):
                seen.sampled.append((item.time, read_marker(item.image)))
            elif isinstance(item, Gap):
                seen.gaps.append((item.start, item.end))
    seen.warnings += video.report.warnings
    seen.undecoded, seen.failures = video.report.undecoded, video.report.failures
    return seen


def _size(media: Media) -> tuple[int, int]:
    with av.open(str(media.path)) as container:
        context = container.streams.video[0].codec_context
        return context.width, context.height


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the files of a folder by HTTP; yields the address."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
