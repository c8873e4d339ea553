"""Optical flow between neighboring pictures, and its storage in bytes.

In: pictures as numpy arrays. Out: ``(2, H, W)`` float32 px, or uint8; cv2 loads on first use.
"""

from __future__ import annotations

from slipdetect.flow.extractor import FlowExtractor
from slipdetect.flow.registry import available_methods

__all__ = ["FlowExtractor", "available_methods"]
