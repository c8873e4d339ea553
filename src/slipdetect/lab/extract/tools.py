"""What the videos of one batch share while they are extracted.

In: a request and a folder. Out: ``Tools``, and the ways of stopping.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect.lab.extract.request import ExtractionRequest
from slipdetect.store.layout import Layout, make_layout
from slipdetect.store.recipe import ExtractionRecipe

if TYPE_CHECKING:
    from slipdetect.flow import FlowExtractor
    from slipdetect.video.size_modes import SizeMode

GO_ON, FINISH_SHARD, AT_ONCE = range(3)

Progress = Callable[[int, float | None], None]
Stopping = Callable[[], int]


class Interrupted(Exception):
    """The extraction was asked to stop; what is finished of it is kept."""


@dataclass(frozen=True)
class Outcome:
    """How the extraction of a video went.

    Attributes:
        frames: Frames in the store.
        flows: Flows in the store.
        warnings: What makes them less than was hoped for, one line each.
    """

    frames: int
    flows: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tools:
    """What every video of a batch is extracted with.

    Attributes:
        folder: The store.
        request: Digest of the request, for the manifest.
        recipe: How to extract.
        extractor: Computes flow, or None.
        size: The size mode of the recipe.
        layout: Turns shards into files.
        stopping: Returns GO_ON, FINISH_SHARD or AT_ONCE.
    """

    folder: Path
    request: str | None
    recipe: ExtractionRecipe
    extractor: FlowExtractor | None
    size: SizeMode
    layout: Layout
    stopping: Stopping


def make_tools(
    folder: Path, request: ExtractionRequest, stopping: Stopping, threads: int | None = None
) -> Tools:
    """Load what a request needs.

    Args:
        folder: The store.
        request: What to extract.
        stopping: See ``Tools``.
        threads: Of ``FlowExtractor``.

    Raises:
        UsageError: The request cannot be met on this machine.
    """
    extractor = request.make_extractor(threads)
    recipe = request.make_recipe(extractor)
    return Tools(
        folder=folder,
        request=request.digest(),
        recipe=recipe,
        extractor=extractor,
        size=request.make_size(),
        layout=make_layout(recipe.layout),
        stopping=stopping,
    )
