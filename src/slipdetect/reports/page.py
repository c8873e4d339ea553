"""The HTML report: one file with videos, clickable timelines, events and their review.

In: ``DetectionResult``s as they come, and frames as they pass. Out: a page that needs nothing
beside it but the videos; small pictures of events; a copy where browsers do not know a format.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from slipdetect._html import render, verbatim
from slipdetect.errors import VideoError
from slipdetect.reports.colors import color
from slipdetect.reports.overlay import draw_box
from slipdetect.types.aftermath import what_followed
from slipdetect.types.events import stream_names
from slipdetect.types.timeline import axis_length, curve_path, ticks
from slipdetect.video import Frame, Recording, View

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult, Event, EventConfig
    from slipdetect.video import VideoInfo

_MOST_PICTURES = 40  # of one video; a page of thousands would not open
_PICTURE_SHORT_SIDE = 144
_QUALITY = 80
_FRAME_SECONDS = 2.0  # no camera shows a picture for longer

_CODECS = frozenset({"h264", "vp8", "vp9", "av1"})
_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".webm"})
_COPY_SHORT_SIDE = 360


@dataclass(frozen=True)
class About:
    """How the page came about.

    Attributes:
        model: Name of the model.
        weights: sha256 of each stream's weights.
        events: Thresholds in force; None where nothing could be looked at.
        card: The model's card, Markdown; empty when it has none.
        version: Of slipdetect.
        created: Date and time, ISO 8601.
        root: Folder that paths of the review count from.
    """

    model: str
    weights: dict[str, str]
    events: EventConfig | None
    card: str
    version: str
    created: str
    root: str


@dataclass(frozen=True)
class Section:
    """What the page shows of one source.

    Attributes:
        html: The element.
        score: Of its strongest event, or of its highest window less 1; below all for a failure.
        events: How many there are.
        failed: It could not be read.
    """

    html: str
    score: float
    events: int = 0
    failed: bool = False


def html_page(sections: Sequence[Section], about: About) -> str:
    """Return the page, videos by their strongest event; it loads nothing but the videos."""
    script = verbatim("page.js")
    return render(
        "page.html",
        sections=sorted(sections, key=lambda section: -section.score),
        about=about,
        style=verbatim("base.css") + verbatim("page.css"),
        script=script,
        digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
    )


def video_section(
    result: DetectionResult,
    events: EventConfig,
    pictures: Mapping[Event, bytes],
    address: str,
    path: str,
    begins: float = 0.0,
) -> Section:
    """Return the section of a video that was looked at.

    Args:
        result: What was found.
        events: Thresholds in force.
        pictures: JPEGs of events; one without is shown without.
        address: Where the player finds the video, a URL relative to the page; empty: no player.
        path: Of the video below the common folder, for the review; empty: it cannot be reviewed.
        begins: Time of the recording at which what the player finds begins, seconds.
    """
    windows = result.windows
    length = axis_length(result.duration, windows)
    fused = [window.probability for window in windows]
    names = stream_names(windows)
    streams = [
        (name, color(index), curve_path(windows, [w.streams.get(name) for w in windows], length))
        for index, name in enumerate(names)
        if len(names) > 1
    ]
    best = max(fused, default=0.0)
    html = render(
        "video.html",
        result=result,
        config=events,
        pictures=pictures,
        address=address,
        path=path,
        best=best,
        length=length,
        begins=begins,
        fused=curve_path(windows, fused, length),
        streams=streams,
        ticks=ticks(length),
        followed={event: what_followed(event) for event in result.events},
    )
    strongest = max((event.score for event in result.events), default=best - 1.0)
    return Section(html, strongest, len(result.events))


def failed_section(source: str, error: str) -> Section:
    """Return the section of a source that could not be read."""
    return Section(render("failed.html", source=source, error=error), -2.0, failed=True)


class EventPicture(View):
    """Keeps the picture at the moment of an event that the model was surest of.

    Args:
        event: The event.

    Attributes:
        jpeg: The picture, None where the video broke off before it.
    """

    short_side = _PICTURE_SHORT_SIDE

    def __init__(self, event: Event) -> None:
        self.event = event
        self.start, self.end = event.peak, event.peak + _FRAME_SECONDS
        self.jpeg: bytes | None = None

    def take(self, frame: Frame) -> None:
        """Keep the first frame, with the person's box."""
        image = frame.image.copy()  # other views have the same picture
        draw_box(image, self.event.box)
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise VideoError("a picture of an event cannot be encoded")
        self.jpeg, self.end = bytes(data), -math.inf


def event_pictures(events: Iterable[Event], most: int = _MOST_PICTURES) -> list[EventPicture]:
    """Return what takes a picture of each of the ``most`` strongest events."""
    return [EventPicture(event) for event in sorted(events, key=lambda e: -e.score)[:most]]


def plays_in_browsers(info: VideoInfo) -> bool:
    """Return whether all common browsers play a file."""
    return info.codec in _CODECS and Path(info.source).suffix.lower() in _SUFFIXES


def browser_copy(target: Path, *, overwrite: bool) -> Recording:
    """Return what writes all that a video shows, its shorter side at most 360 px."""
    return Recording(target, _COPY_SHORT_SIDE, overwrite=overwrite)
