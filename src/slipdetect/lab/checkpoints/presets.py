"""How the older programs read video: what a checkpoint does not say and a package must.

In: the name of a preset. Out: a ``Reading``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from slipdetect.errors import UsageError


@dataclass(frozen=True)
class Reading:
    """How video is read and cut into windows.

    Attributes:
        sample_fps: Frames per second that the model looks at.
        short_side: Shorter side that frames are resized to before cropping, px.
        window: Length of a scored window, seconds.
        stride: Distance of neighboring windows, seconds.
        snippet_stride: Distance of neighboring snippets, sampled frames.
        crop: ``"center"`` or ``"motion"``.
        flow_method: How flow is computed.
        flow_bound: Largest flow that is kept, px.
    """

    sample_fps: float = 30.0
    short_side: int = 256
    window: float = 1.0
    stride: float = 1 / 3
    snippet_stride: int = 5
    crop: str = "center"
    flow_method: str = "tvl1"
    flow_bound: float = 15.0


READING_FIELDS = tuple(item.name for item in fields(Reading))

# windows of 30 frames every 10, of 30 every 30 and of 40 every 10, at 30 frames a second
PRESETS = {
    "course2020": Reading(),
    "course2020-v1": Reading(stride=1.0, snippet_stride=3),
    "course2020-v0": Reading(window=4 / 3, snippet_stride=2),
}


def preset_reading(name: str) -> Reading:
    """Return the preset ``name``.

    Raises:
        UsageError: There is no such preset.
    """
    if name not in PRESETS:
        raise UsageError(f"unknown preset {name!r}; choose from {', '.join(PRESETS)}")
    return PRESETS[name]
