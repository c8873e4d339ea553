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

from slipdetect._html import render, verbatim
from slipdetect.reports.colors import color
from slipdetect.reports.overlay import draw_box, draw_zones, jpeg, zone_color
from slipdetect.types.aftermath import what_followed
from slipdetect.types.events import stream_names
from slipdetect.types.timeline import axis_length, curve_path, ticks
from slipdetect.types.zones import Zones
from slipdetect.video import Frame, Recording, View

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from slipdetect.types import DetectionResult, Event, EventConfig
    from slipdetect.video import VideoInfo

_MOST_PICTURES = 40  # of one video; a page of thousands would not open
_PICTURE_SHORT_SIDE = 144
_ZONES_SHORT_SIDE = 240
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
    zones: bytes | None = None,
) -> Section:
    """Return the section of a video that was looked at.

    Args:
        result: What was found.
        events: Thresholds in force.
        pictures: JPEGs of events; one without is shown without.
        address: Where the player finds the video, a URL relative to the page; empty: no player.
        path: Of the video below the common folder, for the review; empty: it cannot be reviewed.
        begins: Time of the recording at which what the player finds begins, seconds.
        zones: JPEG of the zones; None where there are none, or no picture.
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
    best = max((window.probability for window in windows if window.zone is None), default=0.0)
    left_out = [None if window.zone is None else window.probability for window in windows]
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
        left_out=curve_path(windows, left_out, length),
        zones=zones,
        outlines=[(zone, zone_color(zone)) for zone in result.zones.zones],
        streams=streams,
        ticks=ticks(length),
        followed={event: what_followed(event) for event in result.events},
    )
    strongest = max((event.score for event in result.events), default=best - 1.0)
    return Section(html, strongest, len(result.events))


def failed_section(source: str, error: str) -> Section:
    """Return the section of a source that could not be read."""
    return Section(render("failed.html", source=source, error=error), -2.0, failed=True)


class _Picture(View):
    """Keeps one picture of a video as ``jpeg``, None where the video broke off before it."""

    names = False

    def __init__(self, start: float, zones: Zones) -> None:
        self.start, self.end = start, start + _FRAME_SECONDS
        self.jpeg: bytes | None = None
        self._zones = zones

    def take(self, frame: Frame) -> None:
        """Keep the first frame, drawn on."""
        image = frame.image.copy()  # other views have the same picture
        draw_zones(image, self._zones, names=self.names)
        self.draw(image)
        self.jpeg, self.end = jpeg(image), -math.inf

    def draw(self, image: npt.NDArray[np.uint8]) -> None:
        """Draw what else belongs on it."""


class EventPicture(_Picture):
    """Keeps the picture at the moment of an event that the model was surest of.

    Args:
        event: The event; its person's box is drawn.
        zones: Drawn without their names, for which it is too small.
    """

    short_side = _PICTURE_SHORT_SIDE

    def __init__(self, event: Event, zones: Zones) -> None:
        super().__init__(event.peak, zones)
        self.event = event

    def draw(self, image: npt.NDArray[np.uint8]) -> None:
        draw_box(image, self.event.box)


class ZonesPicture(_Picture):
    """Keeps the first picture of a video, with its zones and their names."""

    short_side = _ZONES_SHORT_SIDE
    names = True

    def __init__(self, result: DetectionResult) -> None:
        super().__init__(result.info.start, result.zones)
        self.end = math.inf


def event_pictures(
    events: Iterable[Event], zones: Zones | None = None, most: int = _MOST_PICTURES
) -> list[EventPicture]:
    """Return what takes a picture of each of the ``most`` strongest events, with zones."""
    drawn = Zones() if zones is None else zones
    return [EventPicture(event, drawn) for event in sorted(events, key=lambda e: -e.score)[:most]]


def plays_in_browsers(info: VideoInfo) -> bool:
    """Return whether all common browsers play a file."""
    return info.codec in _CODECS and Path(info.source).suffix.lower() in _SUFFIXES


def browser_copy(target: Path, *, overwrite: bool) -> Recording:
    """Return what writes all that a video shows, its shorter side at most 360 px."""
    return Recording(target, _COPY_SHORT_SIDE, overwrite=overwrite)
