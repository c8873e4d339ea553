"""From uint8 snippets to logits, and from the logits of a window to one probability.

In: snippets of every stream. Out: ``{modality: (classes,)}`` scores; probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

import numpy as np
import numpy.typing as npt
import torch

from slipdetect.detection.flow_sources import computed_flow
from slipdetect.detection.memory import BatchSize
from slipdetect.detection.profile import CUTTING, NETWORK, SCORING, Stopwatch
from slipdetect.detection.snippets import FlowSource, Snippet, StreamInput
from slipdetect.detection.stream_network import StreamNetwork
from slipdetect.models import ModelConfig, ModelPackage, StreamConfig


class SnippetScorer:
    """The networks of a model package on one device.

    Args:
        package: The model.
        device: Where the networks run.
        batch: Most snippets in a pass; fewer where the device's memory does not hold them.
        exact: Compute in float32, also on CPUs that are faster with bfloat16.
    """

    def __init__(
        self,
        package: ModelPackage,
        device: torch.device,
        batch: int = 64,
        exact: bool = True,
    ) -> None:
        self.config: ModelConfig = package.config
        self.device = device
        size = BatchSize(batch)
        self._networks = {
            stream.modality: StreamNetwork(package, stream, device, size, exact)
            for stream in self.config.streams
        }
        self._fusion = self.config.late_fusion()
        self._positive = self.config.labels.index(self.config.positive)

    def inputs(self, flow: FlowSource | None = None) -> list[StreamInput]:
        """Return how the snippets of every stream are cut.

        Args:
            flow: Where flow comes from; None: it is computed by the model's own recipe.
        """
        return [
            StreamInput(stream.snippet, stream.input_size, stream.crop, self._flow(stream, flow))
            for stream in self.config.streams
        ]

    def _flow(self, stream: StreamConfig, given: FlowSource | None) -> FlowSource | None:
        if stream.flow is None:
            return None
        return computed_flow(stream.flow) if given is None else given

    def score(
        self,
        snippets: Sequence[Snippet],
        watch: Stopwatch | None = None,
        pool: Executor | None = None,
    ) -> list[dict[str, torch.Tensor]]:
        """Return the logits ``{modality: (classes,) float32}`` of every snippet.

        Args:
            snippets: One after the other.
            watch: Measures how long each network takes.
            pool: Threads for the networks; None: one after the other in this one.
        """
        watch = Stopwatch() if watch is None else watch

        def rows_of(name: str) -> torch.Tensor:
            with watch.stage(CUTTING):
                images = [snippet.images(name) for snippet in snippets]
            with watch.stage(NETWORK.format(name)):
                return self.logits(name, images)

        if pool is None:
            rows = [rows_of(name) for name in self._networks]
        else:
            with watch.stage(SCORING):
                rows = list(pool.map(rows_of, self._networks))
        return [dict(zip(self._networks, each, strict=True)) for each in zip(*rows, strict=True)]

    def logits(self, modality: str, images: Sequence[npt.NDArray[np.uint8]]) -> torch.Tensor:
        """Return the logits ``(snippets, classes)`` float32 of one stream's snippets, on the CPU.

        Args:
            modality: Of the stream.
            images: ``(images, S, S, C)`` uint8 of each snippet.

        Raises:
            ModelError: The device's memory does not hold one snippet.
        """
        return self._networks[modality].logits(images)

    def agree(self, window: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the consensus ``{modality: (1, classes)}`` of a window's snippets, on the CPU.

        Args:
            window: Snippet logits ``(1, snippets, classes)`` by modality.
        """
        with torch.inference_mode():
            return {
                name: self._networks[name].network.consensus(scores.to(self.device)).cpu()
                for name, scores in window.items()
            }

    def judge(self, window: Mapping[str, torch.Tensor]) -> tuple[float, dict[str, float]]:
        """Return the calibrated probability of a window and each stream's own.

        Args:
            window: Snippet logits ``(1, snippets, classes)`` by modality.
        """
        agreed = self.agree(window)
        odds = float(self._fusion.log_odds(agreed, self._positive)[0])
        streams = {
            name: float(scores.softmax(-1)[0, self._positive]) for name, scores in agreed.items()
        }
        return float(self.config.calibration.probabilities(odds)), streams
