"""What an engine is: it computes the networks of a model package."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt


def has_nvidia() -> bool:
    """Return whether there is an NVIDIA GPU, without loading torch, which knows too."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


Images = Sequence[npt.NDArray[np.uint8]]
Logits = npt.NDArray[np.float32]


class Engine(Protocol):
    """Computes the networks of one model package on one device.

    Attributes:
        name: ``"torch"``, ``"onnx"``, ...
        device: Where it computes, such as ``"cpu"`` or ``"cuda:0"``.
        at_once: Most snippets in a pass; given more it takes memory and is no faster.
    """

    name: str
    device: str
    at_once: int

    def session(self) -> AbstractContextManager[Executor | None]:
        """Return a context that gives a thread for each network; None: one after the other.

        It leaves one CPU to the thread that reads. Outside of it engines work too.
        """

    def logits(self, modality: str, images: Images) -> Logits:
        """Return the logits ``(snippets, classes)`` of one stream's snippets.

        Args:
            modality: Of the stream, here and below.
            images: ``(images, S, S, C)`` uint8 of each snippet.

        Raises:
            ModelError: The device's memory does not hold one snippet.
        """

    def agreed(self, modality: str, scores: Logits) -> Logits:
        """Return the logits ``(classes,)`` of ``(snippets, classes)`` by a learned consensus."""
