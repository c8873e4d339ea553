"""Optical flow between neighboring pictures, and its storage in bytes; libraries load on use.

In: pictures as numpy arrays. Out: ``(2, H, W)`` float32 px, or uint8; numpy and cv2 load on use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._lazy import lazy_names

if TYPE_CHECKING:
    from slipdetect.flow.extractor import FlowExtractor as FlowExtractor
    from slipdetect.flow.registry import available_methods as available_methods

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.flow.extractor": "FlowExtractor",
        "slipdetect.flow.registry": "available_methods",
    },
)
