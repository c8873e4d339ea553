"""Where the flow of a video comes from: computed on the fly, or read from a store.

In: a recipe or a store. Out: a ``FlowSource`` for the snippet cutter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from slipdetect.detection.profile import FLOW, Stopwatch
from slipdetect.detection.snippets import FlowSource, Image, StreamInput
from slipdetect.errors import DataError
from slipdetect.flow import FlowExtractor
from slipdetect.models import ModelConfig
from slipdetect.store import StoredVideo, StoreQuery, VideoStore


def computed_flow(recipe: Mapping[str, Any]) -> FlowSource:
    """Return a source that computes flow by ``recipe``, several pairs at a time."""
    extractor = FlowExtractor.from_recipe(recipe)

    def compute(images: Iterator[Image]) -> Iterator[Image]:
        for field in extractor.iter(images):
            yield np.ascontiguousarray(extractor.quantize(field).transpose(1, 2, 0))

    return compute


def prompt_flow(recipe: Mapping[str, Any]) -> FlowSource:
    """Return a source that computes flow by ``recipe`` and takes no picture before it must."""
    extractor = FlowExtractor.from_recipe(recipe)

    def compute(images: Iterator[Image]) -> Iterator[Image]:
        if extractor.pairs_at_once == 1:
            fields = extractor.iter(images)
        else:
            fields = (extractor.pair(prev, next) for prev, next in pairwise(images))
        for field in fields:
            yield np.ascontiguousarray(extractor.quantize(field).transpose(1, 2, 0))

    return compute


def stored_flow(store: VideoStore, path: Path, config: ModelConfig) -> FlowSource | None:
    """Return the source of a video's stored flow; None if the model needs none or it has none.

    Raises:
        DataError: It was made by another recipe than the model's, or is damaged.
    """
    recipe = next((stream.flow for stream in config.streams if stream.flow is not None), None)
    if recipe is None:
        return None
    query = StoreQuery(store, config.sample_fps, config.frame_short_side, recipe)
    video = query.find(path)
    if video is None or video.recipe.flow is None:
        return None
    return _reader(video)


def _reader(video: StoredVideo) -> FlowSource:
    def read(images: Iterator[Image]) -> Iterator[Image]:
        flows = video.iter_flows()
        for _ in pairwise(images):
            flow = next(flows, None)
            if flow is None:
                raise DataError(
                    f"the store has no more than {video.manifest.flows} flows of "
                    f"{video.manifest.key!r}, the video has more; extract it again"
                )
            yield flow

    return read


def timed_flow(streams: Sequence[StreamInput], watch: Stopwatch) -> list[StreamInput]:
    """Return the streams with the time of their flow measured."""

    def timed(source: FlowSource) -> FlowSource:
        return lambda pictures: watch.each(FLOW, source(pictures))

    return [
        stream if stream.flow is None else replace(stream, flow=timed(stream.flow))
        for stream in streams
    ]
