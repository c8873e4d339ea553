"""Taking what a model needs of a video from a store, and nothing that was made otherwise.

In: a video's path and the recipe that is asked for. Out: its frames and flows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from slipdetect.datasets.store.reader import StoredVideo, VideoStore
from slipdetect.errors import DataError
from slipdetect.flow.registry import complete_parameters


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

        Raises:
            VideoError: There is no video at ``path``.
            DataError: It was made by another recipe, the video has changed, or a file is damaged.
        """
        video = self.store.find(path)
        if video is None:
            return None
        have = video.recipe
        want = replace(
            have,
            sample_fps=self.sample_fps,
            size=f"short:{self.short_side}",
            max_frames=None,
            flow=have.flow if self.flow is None else _complete(self.flow),
        )
        if found := have.differences(want):
            raise DataError(
                f"{str(path)!r} was extracted to {str(self.store.folder)!r} by another recipe "
                f"({', '.join(found)}); extract it again or leave out --store"
            )
        return video


def _complete(flow: Mapping[str, Any]) -> dict[str, Any]:
    """Spell out the parameters that a recipe leaves to the method's defaults."""
    parameters = complete_parameters(flow["method"], flow.get("parameters", {}))
    return {**flow, "parameters": parameters}
