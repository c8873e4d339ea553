"""Frames and flow of whole videos on disk, with the recipe they were made by.

In: folders written by ``slipdetect extract``. Out: ``VideoStore``, which reads them.
"""

from __future__ import annotations

from slipdetect.store.manifest import ExtractionRecipe
from slipdetect.store.reader import StoredVideo, StoreQuery, VideoStore

__all__ = ["ExtractionRecipe", "StoreQuery", "StoredVideo", "VideoStore"]
