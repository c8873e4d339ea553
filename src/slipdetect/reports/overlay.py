"""A copy of a video that shows what the model saw: probability, time, and a banner on events.

In: a ``DetectionResult`` and its thresholds. Out: an H.264 MP4 that browsers play.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from slipdetect._text import timecode
from slipdetect.errors import OutputError
from slipdetect.reports.colors import color
from slipdetect.video import Frame, Recording

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult, Event, EventConfig, Window
    from slipdetect.types.person import Box
    from slipdetect.types.zones import Zone, Zones

Image = NDArray[np.uint8]

MOST_ROWS = 720  # of the shorter side; more shows nobody more
_STRIP = 0.11  # height of the strip below the picture, as a share of its shorter side
_LEAST_STRIP = 30  # px, for letters that can be read
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_INK = (235, 235, 235)
_GROUND = (24, 26, 29)
_TRACK = (70, 75, 82)
_QUIET = (86, 180, 233)
_EVENT = (255, 145, 71)
_DARK = (20, 20, 20)
_LEFT_OUT = (150, 154, 160)
_QUALITY = 80  # of JPEGs
_NEAR = 0.3  # seconds around the times when a person was seen in which their box is drawn


class Overlay(Recording):
    """Writes the video with zones, a strip below the picture and a banner on it during events.

    Frames keep their times; pixels are square, the shorter side is at most 720. There is no sound.

    Args:
        result: What was found in the video.
        events: Thresholds in force.
        target: The MP4.
        overwrite: Replace ``target``.
    """

    def __init__(
        self, result: DetectionResult, events: EventConfig, target: Path, *, overwrite: bool = False
    ) -> None:
        super().__init__(target, MOST_ROWS, overwrite=overwrite)
        self._painter = OverlayPainter(result, events)

    def take(self, frame: Frame) -> None:
        """Write a frame with what is painted on it."""
        super().take(replace(frame, image=self._painter.paint(frame.image, frame.time)))


class OverlayPainter:
    """Paints the findings of one video onto its frames."""

    def __init__(self, result: DetectionResult, events: EventConfig) -> None:
        self._events = result.events
        self._onset = events.onset
        self._paths = {event: _path(event, result.windows) for event in result.events}
        self._times = np.array([window.center for window in result.windows])
        self._values = np.array([window.probability for window in result.windows])
        self._left_out = [window.zone is not None for window in result.windows]
        self._zones = result.zones

    def paint(self, image: Image, time: float) -> Image:
        """Return ``(H + strip, W, 3)`` uint8 for a frame ``(H, W, 3)`` shown at ``time`` s."""
        height, width = image.shape[:2]
        strip = max(_LEAST_STRIP, round(min(height, width) * _STRIP)) // 2 * 2
        painted = np.empty((height + strip, width, 3), np.uint8)
        painted[:height] = image
        painted[height:] = _GROUND
        draw_zones(painted[:height], self._zones)
        event = self.event_at(time)
        draw_box(painted[:height], None if event is None else self.box_at(event, time))
        self._strip(painted[height:], time, event is not None)
        if event is not None:
            _banner(painted[:height], event)
        return painted

    def probability_at(self, time: float) -> float:
        """Return the probability at ``time`` s, in a straight line between windows' middles."""
        if not len(self._times):
            return 0.0
        return float(np.interp(time, self._times, self._values))

    def left_out_at(self, time: float) -> bool:
        """Return whether a zone leaves out the window whose middle is nearest to ``time`` s."""
        if not self._left_out:
            return False
        return self._left_out[int(np.abs(self._times - time).argmin())]

    def event_at(self, time: float) -> Event | None:
        """Return the event that ``time`` s lies in, if any."""
        return next((e for e in self._events if e.start <= time <= e.end), None)

    def box_at(self, event: Event, time: float) -> Box | None:
        """Return where the event's person is at ``time`` s, in a straight line between windows."""
        times, boxes = self._paths[event]
        if not times or not times[0] - _NEAR <= time <= times[-1] + _NEAR:
            return None
        left, top, right, bottom = (
            float(np.interp(time, times, [box[side] for box in boxes])) for side in range(4)
        )
        return left, top, right, bottom

    def _strip(self, strip: Image, time: float, in_event: bool) -> None:
        """Time, a bar as long as the probability with a mark at the onset, and its number."""
        height, width = strip.shape[:2]
        probability = self.probability_at(time)
        scale = _scale(height * 0.42)
        clock = timecode(time)
        clock = clock[3:-2] if clock.startswith("00:") else clock[:-4]
        left = _write(strip, clock, (height // 4, height // 2), scale, _INK) + height // 3
        number = f"{probability:.2f}"
        right = width - _width(number, scale) - height // 2
        _write(strip, number, (right + height // 4, height // 2), scale, _INK)
        if right - left < height:  # no room for a bar
            return
        top, bottom = round(height * 0.34), round(height * 0.66)
        cv2.rectangle(strip, (left, top), (right, bottom), _TRACK, -1)
        end = left + round((right - left) * probability)
        quiet = _LEFT_OUT if self.left_out_at(time) else _QUIET
        cv2.rectangle(strip, (left, top), (end, bottom), _EVENT if in_event else quiet, -1)
        mark = left + round((right - left) * self._onset)
        cv2.line(strip, (mark, top - height // 8), (mark, bottom + height // 8), _INK, 2)


def _path(event: Event, windows: Iterable[Window]) -> tuple[list[float], list[Box]]:
    """Return when, and where, the event's person was seen while it lasts."""
    seen = {
        window.center: each.box
        for window in windows
        if event.start - _NEAR <= window.center <= event.end + _NEAR
        for each in window.people or ()
        if each.track == event.track
    }
    return list(seen), list(seen.values())


def jpeg(picture: Image) -> bytes:
    """Return a picture ``(H, W, 3)`` uint8 RGB as a JPEG.

    Raises:
        OutputError: OpenCV cannot encode it.
    """
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise OutputError("a picture cannot be encoded")
    return bytes(data)


def draw_box(picture: Image, box: Box | None) -> None:
    """Draw a box, given in shares of the picture ``(H, W, 3)`` uint8, on it; None draws nothing."""
    if box is None:
        return
    height, width = picture.shape[:2]
    low = round(box[0] * (width - 1)), round(box[1] * (height - 1))
    high = round(box[2] * (width - 1)), round(box[3] * (height - 1))
    cv2.rectangle(picture, low, high, _EVENT, max(1, min(height, width) // 160))


def draw_zones(picture: Image, zones: Zones, *, names: bool = True) -> None:
    """Draw thin outlines of zones on a picture ``(H, W, 3)`` uint8.

    Args:
        picture: It is changed.
        zones: In the color of ``zone_color`` each.
        names: Write the name of each into its middle, too.
    """
    height, width = picture.shape[:2]
    thin = max(1, round(min(height, width) / 240))
    for zone in zones.zones:
        corners = [(round(x * (width - 1)), round(y * (height - 1))) for x, y in zone.points]
        red, green, blue = bytes.fromhex(zone_color(zone).removeprefix("#"))
        ink = red, green, blue
        cv2.polylines(picture, [np.array(corners, np.int32)], True, ink, thin, cv2.LINE_AA)
        if names:
            _tag(picture, _writable(zone.name), corners, ink)


def zone_color(zone: Zone) -> str:
    """Return the color of a zone, ``#rrggbb``: one for those that include, one for the others."""
    return color(2 if zone.include else 3)


def _tag(
    picture: Image, text: str, corners: list[tuple[int, int]], ground: tuple[int, int, int]
) -> None:
    """Write a name amid the corners of a zone, as far as the picture goes."""
    height, width = picture.shape[:2]
    scale = _scale(max(8.0, min(height, width) * 0.035))
    pad = max(2, height // 120)
    high, wide = _height(scale) + 2 * pad, _width(text, scale) + 2 * pad
    x, y = (sum(axis) // len(corners) for axis in zip(*corners, strict=True))
    left = max(0, min(x - wide // 2, width - wide))
    top = max(0, min(y - high // 2, height - high))
    cv2.rectangle(picture, (left, top), (left + wide, top + high), ground, -1)
    _write(picture, text, (left + pad, top + high // 2), scale, _DARK)


def _writable(text: str) -> str:
    """Return what the font has letters for; others would be drawn as question marks."""
    return "".join(char for char in text if " " <= char <= "~")


def _banner(picture: Image, event: Event) -> None:
    height, width = picture.shape[:2]
    scale = _scale(max(11.0, min(height, width) * 0.055))
    text = f"{_writable(event.label).upper()} {event.score:.2f}"
    while text and _width(text, scale) > width - 24:
        text = text[:-1]
    pad = max(6, height // 60)
    size, rows = _width(text, scale), _height(scale)
    cv2.rectangle(picture, (0, 0), (size + 4 * pad, rows + 4 * pad), _EVENT, -1)
    _write(picture, text, (2 * pad, 2 * pad + rows // 2), scale, _DARK)
    cv2.rectangle(picture, (0, 0), (width - 1, height - 1), _EVENT, max(2, height // 160))


def _scale(rows: float) -> float:
    """Return the font scale whose capital letters are ``rows`` px high."""
    return rows / 21.0


def _thickness(scale: float) -> int:
    return max(1, round(scale * 1.8))


def _width(text: str, scale: float) -> int:
    return int(cv2.getTextSize(text, _FONT, scale, _thickness(scale))[0][0])


def _height(scale: float) -> int:
    return int(cv2.getTextSize("0", _FONT, scale, _thickness(scale))[0][1])


def _write(
    image: Image, text: str, place: tuple[int, int], scale: float, ink: tuple[int, int, int]
) -> int:
    """Write ``text`` from ``place`` (left, middle) on; return where it ends."""
    left, middle = place
    base = (left, middle + _height(scale) // 2)
    cv2.putText(image, text, base, _FONT, scale, ink, _thickness(scale), cv2.LINE_AA)
    return left + _width(text, scale)
