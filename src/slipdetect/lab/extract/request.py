"""What the user asked an extraction for, before any library is loaded.

In: settings. Out: the ``ExtractionRecipe`` and ``FlowExtractor`` they lead to, and a digest.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from slipdetect._version import __version__
from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.store.recipe import ExtractionRecipe, check_settings

if TYPE_CHECKING:
    from slipdetect.video.size_modes import SizeMode

_DEFAULTS = inspect.signature(FlowExtractor.__init__).parameters


@dataclass(frozen=True)
class FlowRequest:
    """Settings of ``FlowExtractor``; what is left out takes the default of the method."""

    method: str = _DEFAULTS["method"].default
    bound: float = _DEFAULTS["bound"].default
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ExtractionRequest:
    """Settings of an extraction; see ``ExtractionRecipe`` for their meaning."""

    layout: str = "npz"
    sample_fps: float | None = None
    size: str = "native"
    rgb: bool = True
    flow: FlowRequest | None = field(default_factory=FlowRequest)
    max_frames: int | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        check_settings(self.layout, self.sample_fps, self.max_frames)
        if not self.rgb and self.flow is None:
            raise UsageError("neither frames nor flow are wanted; leave out --no-rgb or --no-flow")

    def digest(self) -> str | None:
        """Return 16 hex digits that stand for the request and the libraries installed.

        Equal digests mean equal recipes, which spares loading a flow method to compare them. None
        where the version of a library cannot be told.
        """
        asked = asdict(self)
        del asked["device"]
        try:
            libraries = [version(name) for name in ("opencv-contrib-python", "av", "numpy")]
        except PackageNotFoundError:
            return None
        text = json.dumps([asked, __version__, libraries], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def make_extractor(self, threads: int | None = None) -> FlowExtractor | None:
        """Return the flow extractor that was asked for, or None.

        Raises:
            UsageError: Unknown method or parameter, or one that cannot be used on this machine.
        """
        if self.flow is None:
            return None
        flow = self.flow
        return FlowExtractor(
            flow.method, self.device, bound=flow.bound, threads=threads, **flow.parameters
        )

    def make_size(self) -> SizeMode:
        """Return the size mode that was asked for.

        Raises:
            UsageError: There is none of that name.
        """
        from slipdetect.video.size_modes import SizeMode

        return SizeMode.parse(self.size)

    def make_recipe(self, extractor: FlowExtractor | None) -> ExtractionRecipe:
        """Return the recipe with everything spelled out."""
        return ExtractionRecipe(
            layout=self.layout,
            sample_fps=self.sample_fps,
            size=str(self.make_size()),
            rgb=self.rgb,
            flow=None if extractor is None else extractor.recipe(),
            max_frames=self.max_frames,
            versions=_versions(),
        )


def _versions() -> dict[str, str]:
    import av
    import cv2
    import numpy as np

    return {
        "slipdetect": __version__,
        "av": av.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }
