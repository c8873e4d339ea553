"""What the videos of one batch share while they are extracted, and how they are stopped.

In: a recipe and a folder. Out: ``ExtractionContext``, and who hears how it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from slipdetect._version import __version__
from slipdetect.flow import FlowExtractor
from slipdetect.lab.prepare.size_modes import SizeMode
from slipdetect.store.layout import make_layout
from slipdetect.store.manifest import ExtractionRecipe
from slipdetect.workers import GO_ON

# takes the frames read of a video and the share done in 0..1, None where that is unknown
OnProgress = Callable[[int, float | None], None]


class StopFlag:
    """Whether somebody wants the batch to end; called, it returns how soon.

    Attributes:
        level: GO_ON, SOON (with the shard at work) or AT_ONCE.
    """

    def __init__(self) -> None:
        self.level = GO_ON

    def __call__(self) -> int:
        """Return the level."""
        return self.level


@dataclass(frozen=True)
class ExtractionResult:
    """How the extraction of a video went.

    Attributes:
        frames: Frames in the store.
        flows: Flows in the store.
        warnings: What makes them less than was hoped for, one line each.
    """

    frames: int
    flows: int
    warnings: tuple[str, ...] = ()


def make_recipe(
    flow: FlowExtractor | None,
    layout: str = "npz",
    sample_fps: float | None = None,
    size: str = "native",
    rgb: bool = True,
    max_frames: int | None = None,
    stream: int = 0,
) -> ExtractionRecipe:
    """Return the recipe of an extraction on this machine; see ``ExtractionRecipe``.

    Raises:
        UsageError: A setting makes no sense.
    """
    versions = {
        "slipdetect": __version__,
        "av": av.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }
    made_by = None if flow is None else flow.recipe()
    text = str(SizeMode.parse(size))
    return ExtractionRecipe(layout, sample_fps, text, rgb, made_by, max_frames, versions, stream)


class ExtractionContext:
    """What every video of a batch is extracted with.

    Args:
        folder: The store.
        recipe: How to extract.
        device: Of ``FlowExtractor``.
        stopping: As of ``StopFlag``.

    Attributes:
        extractor: Computes flow, or None.
        size: The size mode of the recipe.
        layout: Turns shards into files.

    Raises:
        UsageError: The recipe cannot be met on this machine.
    """

    def __init__(
        self, folder: Path, recipe: ExtractionRecipe, device: str, stopping: Callable[[], int]
    ) -> None:
        self.folder, self.recipe, self.stopping = folder, recipe, stopping
        flow = recipe.flow
        self.extractor = None if flow is None else FlowExtractor.from_recipe(flow, device)
        self.size, self.layout = SizeMode.parse(recipe.size), make_layout(recipe.layout)
