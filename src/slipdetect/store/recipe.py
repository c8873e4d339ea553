"""How pictures and flow of a store were made.

In: settings. Out: ``ExtractionRecipe``, ready for JSON, and how two of them differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from slipdetect.errors import DataError, UsageError
from slipdetect.flow.recipe import difference, opencv_difference, recipe_differences

LAYOUTS = ("npz", "tsn")
JPEG_QUALITY = 95

_PLAIN = ("layout", "sample_fps", "size", "rgb", "max_frames")


@dataclass(frozen=True)
class ExtractionRecipe:
    """Everything that decides what is written of a video.

    Attributes:
        layout: ``"npz"`` (lossless shards) or ``"tsn"`` (folders of JPEG files).
        sample_fps: Frames a second on a regular grid; None keeps every frame.
        size: Size mode as text, such as ``"native"`` or ``"short:256"``.
        rgb: Frames are stored.
        flow: Recipe of ``FlowExtractor``, or None where no flow is stored.
        max_frames: Frames after which a video is cut off; None is never.
        versions: Versions of the libraries at work, by name.
    """

    layout: str = "npz"
    sample_fps: float | None = None
    size: str = "native"
    rgb: bool = True
    flow: Mapping[str, Any] | None = None
    max_frames: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_settings(self.layout, self.sample_fps, self.max_frames)
        if not self.rgb and self.flow is None:
            raise UsageError("neither frames nor flow are wanted; leave out --no-rgb or --no-flow")

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as plain JSON values."""
        flow = None if self.flow is None else dict(self.flow)
        plain: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        if self.layout == "tsn":
            plain["jpeg_quality"] = JPEG_QUALITY
        return {**plain, "flow": flow, "versions": dict(self.versions)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            DataError: It is no recipe, or one of a newer version.
        """
        try:
            values = {name: content[name] for name in (*_PLAIN, "flow", "versions")}
            return cls(**values)
        except (KeyError, TypeError, UsageError) as error:
            raise DataError(f"not an extraction recipe ({error}); extract again") from error

    def differences(self, want: ExtractionRecipe) -> list[str]:
        """Return how this recipe differs from ``want``, one text a key; see ``recipe_differences``.

        Versions of libraries do not count but for the first number of OpenCV's.
        """
        found = [difference(name, getattr(self, name), getattr(want, name)) for name in _PLAIN]
        if self.flow is not None and want.flow is not None:
            found += recipe_differences(self.flow, want.flow)
        else:
            found.append(difference("flow", _method(self.flow), _method(want.flow)))
        found.append(opencv_difference(self.versions.get("opencv"), want.versions.get("opencv")))
        return list(dict.fromkeys(text for text in found if text))


def check_settings(layout: str, sample_fps: float | None, max_frames: int | None) -> None:
    """Raise ``UsageError`` for a setting that makes no sense."""
    if layout not in LAYOUTS:
        raise UsageError(f"unknown layout {layout!r}; choose from {', '.join(LAYOUTS)}")
    if sample_fps is not None and not (math.isfinite(sample_fps) and sample_fps > 0):
        raise UsageError(f"frames per second must be a positive number, not {sample_fps!r}")
    if max_frames is not None and max_frames < 1:
        raise UsageError(f"max_frames must be 1 or more, not {max_frames}")


def _method(flow: Mapping[str, Any] | None) -> str | None:
    return None if flow is None else str(flow.get("method"))
