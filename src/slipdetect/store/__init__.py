"""Frames and flow of whole videos on disk, with the recipe they were made by.

In: videos. Out: folders written by ``slipdetect extract`` and read by ``VideoStore``.
"""

from __future__ import annotations

from slipdetect.store.matching import StoreQuery
from slipdetect.store.reader import StoredVideo, VideoStore
from slipdetect.store.recipe import ExtractionRecipe

__all__ = ["ExtractionRecipe", "StoreQuery", "StoredVideo", "VideoStore"]
