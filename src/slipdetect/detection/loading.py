"""What a detector needs before it starts: the folder of its model, stored flow, checks.

In: what a user named, a model's configuration. Out: a folder, flow; an error that says why not.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count, pairwise
from os import PathLike
from pathlib import Path
from typing import Any

from slipdetect._io import exists
from slipdetect.detection.cutting import FlowSource, Image
from slipdetect.errors import DataError, PackageError, UsageError
from slipdetect.models.config import ModelConfig
from slipdetect.store import StoreQuery, VideoStore
from slipdetect.types import EventConfig, View

logger = logging.getLogger(__name__)


def model_folder(model: str | PathLike[str]) -> Path:
    """Return the folder of a model; ``"default"`` is the one inside the package.

    Raises:
        PackageError: There is no such folder.
    """
    bundled = Path(__file__).parent.parent / "assets"
    folder = bundled / "default" if model == "default" else Path(model)
    if not exists(folder):
        raise PackageError(
            f"there is no model {str(model)!r}; give 'default' or the folder of a model package"
        )
    return folder


def check_events(config: ModelConfig, events: EventConfig, view: View) -> None:
    """Refuse to wait for people to stay down where nobody is seen to get up.

    Raises:
        UsageError: The model looks at no people, or the camera looks straight down.
    """
    if events.confirm_down and config.pose is None:
        raise UsageError(
            f"the model {config.name!r} looks at no people, so nobody is seen to get "
            "up; leave out confirm_down (--confirm-down) or use a model with a pose stream"
        )
    if events.confirm_down and view != "level":
        raise UsageError(
            "from above nobody is seen to get up, so confirm_down=... and view='above' do not go "
            "together; leave one out, or make the first 0"
        )


def warn_of_view(model: str, config: ModelConfig, view: View) -> None:
    """Warn where ``calibrate`` chose a model's thresholds for cameras of another view."""
    if calibrated_view(config.training) in (None, view):
        return
    logger.warning(
        "the thresholds of the model %r were %s on footage from above; %s",
        model,
        *(
            ("chosen", "give view='above', or calibrate it again")
            if view == "level"
            else ("not chosen", "calibrate it with --view above")
        ),
    )


def calibrated_view(training: Mapping[str, Any]) -> View | None:
    """Return the view of the footage that ``calibrate`` chose thresholds on; None: it did not."""
    facts = _table(training, "calibrated")
    chosen = _table(facts, "footage") or _table(facts, "data")
    if not chosen:
        return None
    return "above" if chosen.get("view") == "above" else "level"


def events_seen(config: ModelConfig, sensitivity: str, view: View) -> EventConfig:
    """Return a model's own event settings, without what cannot be told from above."""
    events = config.events_at(sensitivity)
    return events if view == "level" else replace(events, confirm_down=0.0)


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def check_consensus(config: ModelConfig) -> None:
    """Refuse models whose consensus cannot judge windows of any number of snippets.

    Raises:
        PackageError: A stream has such a consensus.
    """
    for stream in config.streams:
        if stream.consensus in ("weighted", "identity"):
            raise PackageError(
                f"the {stream.modality} stream of model {config.name!r} has the consensus "
                f"{stream.consensus!r}, which cannot judge windows of any length; "
                "train it with avg, max or topk"
            )


def stored_flow(
    store: VideoStore, path: Path, config: ModelConfig, stream: int | None = None
) -> FlowSource | None:
    """Return the source of a video's stored flow; None if the model needs none or it has none.

    Raises:
        DataError: It was made by another recipe than the model's, or is damaged.
    """
    if config.flow is None:
        return None
    rate, side = config.sample_fps, config.frame_short_side
    query = StoreQuery(store, rate, side, config.flow, stream or 0)
    video = query.find(path)
    if video is None or video.recipe.flow is None:
        return None

    flows = video.iter_flows()
    parts = count()

    def read(images: Iterator[Image]) -> Iterator[Image]:
        if next(parts):
            next(flows, None)  # the one that leads over a gap
        for _ in pairwise(images):
            flow = next(flows, None)
            if flow is None:
                raise DataError(
                    f"the store has no more than {video.manifest.flows} flows of "
                    f"{video.manifest.key!r}, the video has more; extract it again"
                )
            yield flow

    return read
