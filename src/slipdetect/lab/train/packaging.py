"""From trained streams to a model package that says how it was made.

In: checkpoints, a ``TrainConfig`` and the clips used. Out: a package folder.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch

from slipdetect.lab.calibrate.fitting import fit_calibration, fit_temperature
from slipdetect.lab.data import Clip
from slipdetect.lab.data.window_reader import LABELS
from slipdetect.lab.train.config import TrainConfig
from slipdetect.lab.train.metrics import EpochMetrics
from slipdetect.models import TSN, LateFusion, ModelConfig, ModelPackage, StreamConfig, save_package
from slipdetect.types import Calibration, EventConfig

_FUSION_SPACE = "logits"


@dataclass(frozen=True)
class Checkpoint:
    """A network after some epoch."""

    state: dict[str, torch.Tensor]  # its weights, copied to the CPU
    metrics: EpochMetrics  # what the epoch measured
    # validation logits (windows, classes) and labels, or None
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
    """One stream: what it is, how it was trained, its best and its last checkpoint."""

    stream: StreamConfig
    config: TrainConfig
    best: Checkpoint
    last: Checkpoint
    history: Sequence[EpochMetrics]


def write_package(
    folder: Path,
    trained: Sequence[TrainedStream],
    which: Literal["best", "last"],
    *,
    name: str,
    data: Mapping[str, Sequence[Clip]],
) -> ModelPackage:
    """Write the package of one checkpoint per stream, calibrated on the validation windows.

    Args:
        folder: Target; an earlier package in it is replaced.
        trained: The streams, which agree in how videos are read.
        which: The checkpoint to take of each.
        name: Of the model.
        data: Clips by their part in training.

    Raises:
        OutputError: The folder cannot be written.
    """
    streams = [item.stream for item in trained]
    checkpoints: dict[str, Checkpoint] = {i.stream.modality: getattr(i, which) for i in trained}
    config = trained[0].config
    weights = {stream.modality: LateFusion().weights[stream.modality] for stream in streams}
    model = ModelConfig(
        name=name,
        labels=LABELS,
        positive=LABELS[0],
        sample_fps=config.sample_fps,
        frame_short_side=config.short_side,
        snippet_stride=config.snippet_step,
        window=config.detected_window,
        stride=config.snippet_step / config.sample_fps,
        streams=tuple(streams),
        fusion={"weights": weights, "space": _FUSION_SPACE},
        calibration=_calibrate(checkpoints, weights),
        events=EventConfig(),
        training={
            **_settings({item.stream.modality: item.config for item in trained}),
            "metrics": {key: asdict(item.metrics) for key, item in checkpoints.items()},
            **{part: describe(clips) for part, clips in data.items()},
        },
    )
    states = {modality: checkpoint.state for modality, checkpoint in checkpoints.items()}
    return save_package(folder, model, states, overwrite=True)


def _settings(configs: Mapping[str, TrainConfig]) -> dict[str, Any]:
    """Return the settings of the run, and by stream where the streams differ."""
    plain = {name: json.loads(json.dumps(asdict(config))) for name, config in configs.items()}
    first = next(iter(plain.values()))
    differing = {
        name: {key: value for key, value in config.items() if value != first[key]}
        for name, config in plain.items()
    }
    return {"config": first, **({"differing": differing} if any(differing.values()) else {})}


def _calibrate(checkpoints: Mapping[str, Checkpoint], weights: Mapping[str, float]) -> Calibration:
    """Fit on the validation windows, which are of held-out groups and the same for every stream.

    Several streams are first tempered each, so that one that is too sure of itself does not drown
    the others; then temperature and bias of their fusion are fitted.
    """
    validated = {name: item.validated for name, item in checkpoints.items()}
    logits = {name: item[0] for name, item in validated.items() if item is not None}
    if len(logits) < len(checkpoints):
        return Calibration()
    falls = (next(item[1] for item in validated.values() if item is not None) == 0).tolist()
    streams = None
    if len(logits) > 1:
        # with one stream the temperature of the fusion is its own
        streams = {
            name: fit_temperature(rows.softmax(-1)[:, 0].tolist(), falls)
            for name, rows in logits.items()
        }
    fusion = LateFusion(weights, _FUSION_SPACE, temperatures=streams)
    fitted = fit_calibration(fusion.probabilities(logits)[:, 0].tolist(), falls)
    return replace(fitted, streams=streams)


def describe(clips: Sequence[Clip]) -> list[dict[str, Any]]:
    """Return the clips of each data set, counted, with the licenses the annotation file names."""
    datasets: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        datasets[clip.dataset].append(clip)
    return [
        {
            "dataset": dataset,
            "clips": len(own),
            "positive": sum(clip.positive for clip in own),
            "groups": len({clip.group for clip in own}),
            "licenses": sorted(
                {c.columns.get("license", c.columns.get("licence", "")) for c in own} - {""}
            ),
        }
        for dataset, own in sorted(datasets.items())
    ]
