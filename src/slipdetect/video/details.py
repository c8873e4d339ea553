"""What a recording is, for people who wonder how it will be read."""

from __future__ import annotations

from dataclasses import dataclass

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from slipdetect.video.orientation import Stored

# ITU-T H.273; what is not told is taken for the first
_MATRICES = {5: "BT.601", 6: "BT.601", 1: "BT.709", 4: "FCC", 7: "SMPTE 240M", 9: "BT.2020"}
_RGB = 0
_MULTIPART = "JPEGs between boundaries, timed by their headers"
_RANGES = {1: "limited range", 2: "full range"}
_HIGH_DYNAMIC_RANGE = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True)
class Details:
    """Technical facts of a recording; those of the first file where it is in several.

    Attributes:
        form: Name of the container format.
        codec: Name of the codec, and its profile where it has one.
        pixel_format: How pixels are stored, by FFmpeg's name.
        stored: How pictures are stored.
        matrix: Between stored colors and RGB; None where the recording does not say.
        range: Of stored levels; None where the recording does not say.
        high_dynamic_range: ``"PQ"`` or ``"HLG"``, None for the usual one.
        sound: Sound tracks.
        stamps: Where times come from, as ``Timing.stamps``.
    """

    form: str
    codec: str
    pixel_format: str
    stored: Stored
    matrix: str | None
    range: str | None
    high_dynamic_range: str | None
    sound: int
    stamps: str


def details_of(
    container: InputContainer,
    stream: VideoStream,
    first: av.VideoFrame,
    stored: Stored,
    stamps: str,
) -> Details:
    """Return the facts of a stream whose first frame is decoded; the rest as in ``Details``."""
    context = stream.codec_context
    rgb = first.colorspace == _RGB or first.format.is_rgb or first.format.has_palette
    # what ``Repacked`` makes of JPEGs between boundaries whose headers tell times
    multipart = container.format.name == "ivf" and context.name == "mjpeg"
    return Details(
        form=_MULTIPART if multipart else container.format.long_name,
        codec=" ".join(filter(None, (context.name, context.profile))),
        pixel_format=first.format.name,
        stored=stored,
        # GIF and others store RGB, or a palette of it, and call it nothing
        matrix="RGB" if rgb else _MATRICES.get(first.colorspace),
        range=_RANGES.get(first.color_range),
        high_dynamic_range=_HIGH_DYNAMIC_RANGE.get(int(first.color_trc)),
        sound=len(container.streams.audio),
        stamps=stamps,
    )
