"""Annotated clips: reading them, splitting them, keeping their frames, drawing windows."""

from slipdetect.datasets.annotations import Clip, read_annotations
from slipdetect.datasets.frame_cache import FrameCache, Sampling
from slipdetect.datasets.splits import split_by_group
from slipdetect.datasets.windows import WindowRule

__all__ = ["Clip", "FrameCache", "Sampling", "WindowRule", "read_annotations", "split_by_group"]
