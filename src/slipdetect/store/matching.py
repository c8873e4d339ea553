"""Taking what a model needs of a video from a store, and nothing that was made otherwise.

In: a video's path and the recipe that is asked for. Out: its frames and flows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from slipdetect.errors import DataError
from slipdetect.flow.registry import complete_parameters
from slipdetect.store.reader import StoredVideo, VideoStore
from slipdetect.store.recipe import ExtractionRecipe

_SAME_SECONDS = 1e-6


@dataclass(frozen=True)
class StoreQuery:
    """What stored frames and flows must have been made by.

    Attributes:
        store: Where they are looked for.
        sample_fps: Frames a second.
        short_side: Shorter side of the frames, px.
        flow: Recipe of ``FlowExtractor``, or None where no flow is needed.
    """

    store: VideoStore
    sample_fps: float
    short_side: int
    flow: Mapping[str, Any] | None

    def find(self, path: Path) -> StoredVideo | None:
        """Return what is stored of a video, or None where it was not extracted.

        Of a stored video that is itself the clip, as ``prepare course2020`` makes them, there is
        also None where it can be read or its flow computed like that of any other video.

        Raises:
            VideoError: There is no video at ``path``.
            DataError: It was made by another recipe, the video has changed, or a file is damaged.
        """
        video = self.store.find(path)
        if video is None:
            return None
        is_clip = self.store.is_manifest(path)
        have = self._as_read(video) if is_clip else video.recipe
        want = replace(
            have,
            sample_fps=self.sample_fps,
            size=f"short:{self.short_side}",
            max_frames=None,
            flow=have.flow if self.flow is None else _complete(self.flow),
        )
        if found := have.differences(want):
            if is_clip and (self.flow is None or have.flow is None):
                return None
            if is_clip:
                raise DataError(
                    f"the flow of {str(path)!r} fits other settings ({', '.join(found)}); train"
                    " with what it has, or leave out --store to compute flow"
                )
            raise DataError(
                f"{str(path)!r} was extracted to {str(self.store.folder)!r} by another recipe "
                f"({', '.join(found)}); extract it again or leave out --store"
            )
        return video

    def _as_read(self, video: StoredVideo) -> ExtractionRecipe:
        """Return a clip's recipe, its own rate and size called as asked where they are the same."""
        have, facts = video.recipe, video.manifest
        steps = np.arange(facts.frames) / self.sample_fps
        if have.sample_fps is None and np.allclose(video.times, steps, rtol=0, atol=_SAME_SECONDS):
            have = replace(have, sample_fps=self.sample_fps)
        # pictures are made smaller where they are too large, and never larger
        if have.size == "native" and min(facts.width, facts.height) <= self.short_side:
            have = replace(have, size=f"short:{self.short_side}")
        return have


def _complete(flow: Mapping[str, Any]) -> dict[str, Any]:
    """Spell out the parameters that a recipe leaves to the method's defaults."""
    parameters = complete_parameters(flow["method"], flow.get("parameters", {}))
    return {**flow, "parameters": parameters}
