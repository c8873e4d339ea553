"""A video stored in the field's layout, read like any other.

In: ``NAME.json`` beside ``NAME/frame_000001.jpg``. Out: a ``Video``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from slipdetect.errors import VideoError
from slipdetect.video.frame import GAP_SECONDS, DecodeReport, Gap, VideoInfo
from slipdetect.video.orientation import Stored
from slipdetect.video.video import Video

_LAYOUT = "tsn"


class StoredPictures(Video):
    """The pictures of a stored video, at the times that its manifest says; see ``Video``.

    Pictures that are missing or damaged are left out, and the report says so.

    Args:
        path: The manifest.
        frame_rate: Ignore its times and show picture i at i / frame_rate seconds.
        max_pixels: Refuse pictures with more pixels than this.
        max_duration: Stop before this time, in seconds.

    Raises:
        VideoError: The manifest is damaged, of another layout, or has no picture.
    """

    def __init__(
        self, path: Path, frame_rate: float | None, max_pixels: int, max_duration: float | None
    ) -> None:
        self.report = DecodeReport()
        self._source = str(path)
        self._folder = path.with_suffix("")
        self._times = _times(path, max_pixels)
        if frame_rate is not None:
            self._times = [index / frame_rate for index in range(len(self._times))]
        self._max_duration = math.inf if max_duration is None else max_duration
        self._started = False
        self.details = None
        first = self._picture(0)
        if first is None:
            raise VideoError(
                f"{self._source!r} lacks its first picture, {self._name(0)!r}; make it again"
            )
        self._first, self._stored = first, Stored(first.width, first.height)
        last, steps = self._times[-1] - self._times[0], len(self._times) - 1
        self.info = VideoInfo(
            source=self._source,
            width=first.width,
            height=first.height,
            frame_rate=steps / last if last > 0 else None,
            duration=last * (steps + 1) / steps if last > 0 else None,
            codec="mjpeg",
            rotation=0,
            streams=1,
            start=self._times[0],
        )

    def close(self) -> None:
        """Nothing is open between two pictures."""

    def timed(self) -> Iterator[tuple[float, av.VideoFrame]]:
        last = self._times[0]
        for index, time in enumerate(self._times):
            if time - self._times[0] >= self._max_duration:
                self.report.warn(f"stopped after {self._max_duration:g} seconds as asked")
                break
            picture = self._first if index == 0 else self._picture(index)
            if picture is None:
                self.report.failures += 1
                self.report.truncated = True
                self.report.warn("truncated: a part of the video is missing or unreadable")
                continue
            self.report.frames += 1
            if not self._stored.fits(picture):
                self.report.warn("the frame size changes: later frames are fitted into the first")
            if time - last > GAP_SECONDS:
                self.report.gaps.append(Gap(last, time))
            last = time
            yield time, picture
        self.report.conclude(0.0)

    def _name(self, index: int) -> str:
        return f"{self._folder.name}/frame_{index + 1:06d}.jpg"

    def _picture(self, index: int) -> av.VideoFrame | None:
        try:
            data = (self._folder.parent / self._name(index)).read_bytes()
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        except (OSError, cv2.error):
            return None
        if image is None:
            return None
        rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
        return av.VideoFrame.from_ndarray(rgb, format="rgb24")


def _times(path: Path, max_pixels: int) -> list[float]:
    """Return the seconds of all pictures.

    Raises:
        VideoError: The manifest is damaged, or the pictures are not JPEG files of a fit size.
    """
    name = repr(str(path))
    try:
        facts: dict[str, Any] = json.loads(path.read_bytes())
        times = [float(time) for time in facts["times"]]
        recipe, pixels = facts["recipe"], int(facts["width"]) * int(facts["height"])
        has_pictures = recipe["layout"] == _LAYOUT and bool(recipe["rgb"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VideoError(f"the manifest {name} is damaged ({error}); make it again") from error
    if not has_pictures:
        raise VideoError(
            f"{name} is the manifest of a stored video without pictures of its own; give the video"
        )
    if not times or times[0] < 0 or not all(a <= b < math.inf for a, b in pairwise(times)):
        raise VideoError(f"the manifest {name} has no times that make sense; make it again")
    if pixels > max_pixels:
        raise VideoError(
            f"{name} has frames of {pixels / 1e6:.3g} million pixels, more than the limit of"
            f" {max_pixels / 1e6:g} million; raise it with max_pixels=... if you trust it"
        )
    return times
