"""From uint8 snippets to logits, and from the logits of a window to one probability.

In: snippets of every stream. Out: ``{modality: (classes,)}`` scores; probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from slipdetect.detection.flow_sources import computed_flow
from slipdetect.detection.memory import BatchSize
from slipdetect.detection.profile import NETWORK, Stopwatch
from slipdetect.detection.snippets import FlowSource, Snippet, StreamInput
from slipdetect.modalities.normalise import SnippetNormaliser
from slipdetect.models import TSN, ModelConfig, ModelPackage, StreamConfig
from slipdetect.models.folding import folded

_TINY = 1e-7


class SnippetScorer:
    """The networks of a model package on one device.

    Args:
        package: The model.
        device: Where the networks run.
        batch: Most snippets in a pass; fewer where the device's memory does not hold them.
    """

    def __init__(self, package: ModelPackage, device: torch.device, batch: int = 64) -> None:
        self.config: ModelConfig = package.config
        self.device = device
        self._batch = BatchSize(batch)
        self._networks = {
            stream.modality: _prepared(package, stream, device) for stream in self.config.streams
        }
        self._normalisers = {
            stream.modality: SnippetNormaliser(stream.snippet, stream.normalisation)
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
        self, snippets: Sequence[Snippet], watch: Stopwatch | None = None
    ) -> list[dict[str, torch.Tensor]]:
        """Return the logits ``{modality: (classes,) float32}`` of every snippet.

        Args:
            snippets: One after the other.
            watch: Measures how long each network takes.
        """
        watch = Stopwatch() if watch is None else watch
        scores: list[dict[str, torch.Tensor]] = [{} for _ in snippets]
        for name in self._networks:
            with watch.stage(NETWORK.format(name)):
                rows = self.logits(name, np.stack([snippet.images[name] for snippet in snippets]))
            for row, target in zip(rows, scores, strict=True):
                target[name] = row
        return scores

    def logits(self, modality: str, images: npt.NDArray[np.uint8]) -> torch.Tensor:
        """Return the logits ``(snippets, classes)`` float32 of one stream's snippets, on the CPU.

        Args:
            modality: Of the stream.
            images: ``(snippets, images, S, S, C)`` uint8.

        Raises:
            ModelError: The device's memory does not hold one snippet.
        """
        network, normalise = self._networks[modality], self._normalisers[modality]

        def compute(part: slice) -> torch.Tensor:
            x = normalise(torch.from_numpy(images[part]).to(self.device))
            rows: torch.Tensor = network.snippet_scores(x.unsqueeze(1))[:, 0].float().cpu()
            return rows

        with torch.inference_mode():
            return self._batch.run(compute, len(images))

    def agree(self, window: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the consensus ``{modality: (1, classes)}`` of a window's snippets, on the CPU.

        Args:
            window: Snippet logits ``(1, snippets, classes)`` by modality.
        """
        with torch.inference_mode():
            return {
                name: self._networks[name].consensus(scores.to(self.device)).cpu()
                for name, scores in window.items()
            }

    def judge(self, window: Mapping[str, torch.Tensor]) -> tuple[float, dict[str, float]]:
        """Return the calibrated probability of a window and each stream's own.

        Args:
            window: Snippet logits ``(1, snippets, classes)`` by modality.
        """
        agreed = self.agree(window)
        fused = float(self._fusion.probabilities(agreed)[0, self._positive])
        streams = {
            name: float(scores.softmax(-1)[0, self._positive]) for name, scores in agreed.items()
        }
        return self._calibrated(fused), streams

    def _calibrated(self, probability: float) -> float:
        """Apply temperature and bias to the log-odds (Platt scaling with a fixed form)."""
        temperature = float(self.config.calibration["temperature"])
        bias = float(self.config.calibration["bias"])
        if temperature == 1.0 and bias == 0.0:
            return probability
        p = min(max(probability, _TINY), 1 - _TINY)
        odds = math.log(p / (1 - p)) / temperature + bias
        return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0


def _prepared(package: ModelPackage, stream: StreamConfig, device: torch.device) -> TSN:
    """Return the network of a stream as it computes fastest."""
    network = package.build_stream(stream.modality)
    shape = 1, stream.snippet.network_channels, stream.input_size, stream.input_size
    example = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    network.backbone = folded(network.backbone, example)
    network.backbone.register_forward_pre_hook(_channels_last)
    moved: TSN = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved


def _channels_last(module: torch.nn.Module, args: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
    return (args[0].contiguous(memory_format=torch.channels_last),)
