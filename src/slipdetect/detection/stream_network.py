"""One stream's network as it computes fastest on a device.

In: uint8 snippets. Out: their logits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from slipdetect.detection.memory import BatchSize
from slipdetect.modalities.interleave import interleaved
from slipdetect.modalities.normalize import SnippetNormalizer
from slipdetect.models import TSN, ModelPackage, StreamConfig
from slipdetect.models.inference import fast_precision, folded, in_precision

_PREPARED = 4  # snippets normalized at a time: what a CPU's cache holds of them as float32


class StreamNetwork:
    """A stream's normalization and network, for inference alone.

    Args:
        package: The model.
        stream: Which of its streams.
        device: Where the network runs.
        batch: Most snippets in a pass, shared by streams; fewer where memory does not hold them.
        exact: Compute in float32, also on CPUs that are faster with bfloat16.

    Attributes:
        network: The network; its backbone takes and gives float32.
    """

    def __init__(
        self,
        package: ModelPackage,
        stream: StreamConfig,
        device: torch.device,
        batch: BatchSize,
        exact: bool,
    ) -> None:
        self._device = device
        self._batch = batch
        self._normalize = SnippetNormalizer(stream.snippet, stream.normalization)
        network = package.build_stream(stream.modality)
        shape = 1, stream.snippet.network_channels, stream.input_size, stream.input_size
        example = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        precision = torch.float32 if exact else fast_precision(device)
        backbone = in_precision(folded(network.backbone, example), example, precision)
        network.backbone = backbone
        self.network: TSN = network.to(device)
        self._dtype = backbone.dtype

    def logits(self, images: Sequence[npt.NDArray[np.uint8]]) -> torch.Tensor:
        """Return the logits ``(snippets, classes)`` float32, on the CPU.

        Args:
            images: ``(images, S, S, C)`` uint8 of each snippet.

        Raises:
            ModelError: The device's memory does not hold one snippet.
        """
        with torch.inference_mode():
            return self._batch.run(lambda part: self._compute(images[part]), len(images))

    def _compute(self, images: Sequence[npt.NDArray[np.uint8]]) -> torch.Tensor:
        starts = range(0, len(images), _PREPARED)
        inputs = torch.cat([self._inputs(images[at : at + _PREPARED]) for at in starts])
        return self.network.classify(self.network.backbone(inputs)).float().cpu()

    def _inputs(self, images: Sequence[npt.NDArray[np.uint8]]) -> torch.Tensor:
        snippets = self._normalize(interleaved(images).to(self._device))
        return self.network.backbone_inputs(snippets.unsqueeze(1)).to(self._dtype)
