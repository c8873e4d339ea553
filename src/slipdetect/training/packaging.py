"""From trained streams to a model package that says how it was made.

In: checkpoints, a ``TrainConfig`` and the clips used. Out: a package folder.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from slipdetect.datasets import Clip
from slipdetect.datasets.window_dataset import LABELS
from slipdetect.detection import EventConfig
from slipdetect.evaluation.calibration import Calibration, fit_calibration
from slipdetect.models import TSN, LateFusion, ModelConfig, ModelPackage, StreamConfig, save_package
from slipdetect.training.config import TrainConfig
from slipdetect.training.loop import EpochMetrics

_FUSION_SPACE = "logits"


@dataclass(frozen=True)
class Checkpoint:
    """A network after some epoch.

    Attributes:
        state: Its weights, copied to the CPU.
        metrics: What the epoch measured.
        validated: Validation logits ``(windows, classes)`` and labels, or None.
    """

    state: dict[str, torch.Tensor]
    metrics: EpochMetrics
    validated: tuple[torch.Tensor, torch.Tensor] | None

    @classmethod
    def take(
        cls,
        network: TSN,
        metrics: EpochMetrics,
        validated: tuple[torch.Tensor, torch.Tensor] | None,
    ) -> Checkpoint:
        """Copy the weights of ``network`` as they are now."""
        state = {key: value.detach().cpu().clone() for key, value in network.state_dict().items()}
        return cls(state, metrics, validated)


@dataclass(frozen=True)
class TrainedStream:
    """One stream with its best and its last checkpoint."""

    config: StreamConfig
    best: Checkpoint
    last: Checkpoint


def write_package(
    folder: Path,
    checkpoints: Mapping[str, Checkpoint],
    *,
    name: str,
    config: TrainConfig,
    streams: Sequence[StreamConfig],
    data: Mapping[str, Sequence[Clip]],
    overwrite: bool,
) -> ModelPackage:
    """Write the package of one checkpoint per modality, calibrated on the validation windows.

    Args:
        folder: Target.
        checkpoints: By modality.
        name: Of the model.
        config: Numbers of the run.
        streams: What the streams are.
        data: Clips by their part in training.
        overwrite: Replace an earlier package.

    Raises:
        OutputError: The folder cannot be written.
    """
    weights = {stream.modality: LateFusion().weights[stream.modality] for stream in streams}
    model = ModelConfig(
        name=name,
        labels=LABELS,
        positive=LABELS[0],
        sample_fps=config.sample_fps,
        frame_short_side=config.short_side,
        snippet_stride=config.snippet_step,
        window=config.window,
        stride=config.snippet_step / config.sample_fps,
        streams=tuple(streams),
        fusion={"weights": weights, "space": _FUSION_SPACE},
        calibration=asdict(_calibrate(checkpoints, LateFusion(weights, _FUSION_SPACE))),
        events=asdict(EventConfig()),
        training={
            "config": json.loads(json.dumps(asdict(config))),
            "metrics": {key: item.metrics.as_dict() for key, item in checkpoints.items()},
            **{part: _describe(clips) for part, clips in data.items()},
        },
    )
    states = {modality: checkpoint.state for modality, checkpoint in checkpoints.items()}
    return save_package(folder, model, states, overwrite=overwrite)


def _calibrate(checkpoints: Mapping[str, Checkpoint], fusion: LateFusion) -> Calibration:
    """Fit on the fused validation windows, which are the same for every modality."""
    validated = {name: item.validated for name, item in checkpoints.items()}
    logits = {name: item[0] for name, item in validated.items() if item is not None}
    if len(logits) < len(checkpoints):
        return Calibration()
    labels = next(item[1] for item in validated.values() if item is not None)
    probabilities = fusion.probabilities(logits)[:, 0]
    return fit_calibration(probabilities.tolist(), (labels == 0).tolist())


def _describe(clips: Sequence[Clip]) -> list[dict[str, Any]]:
    """Count the clips of each source, with the licences the annotation file names."""
    sources = Counter(clip.source for clip in clips)
    return [
        {
            "source": source,
            "clips": count,
            "positive": sum(clip.positive for clip in clips if clip.source == source),
            "groups": len({clip.group for clip in clips if clip.source == source}),
            "licences": sorted(
                {clip.columns.get("licence", "") for clip in clips if clip.source == source} - {""}
            ),
        }
        for source, count in sorted(sources.items())
    ]
