"""What would make a finished run useless, checked before it begins.

In: a ``TrainConfig`` and the model's name. Out: nothing, or an error.
"""

from __future__ import annotations

from collections.abc import Mapping

from slipdetect.errors import UsageError
from slipdetect.training.config import TrainConfig

_ANY_LENGTH = ("avg", "sum", "max", "topk")

# one video is read once for all streams, and one run has one seed
_SHARED = (
    "sample_fps",
    "short_side",
    "window",
    "snippet_step",
    "validation",
    "precision",
    "seed",
)


def agreed(configs: Mapping[str, TrainConfig]) -> TrainConfig:
    """Return the configuration whose shared settings hold for the whole run.

    Raises:
        UsageError: Streams differ in what they must share.
    """
    (first, config), *others = configs.items()
    for name, other in others:
        for key in _SHARED:
            ours, theirs = getattr(config, key), getattr(other, key)
            if ours != theirs:
                raise UsageError(
                    f"streams of one run share {key}: {first} has {ours}, {name} has {theirs}; "
                    "set it for all, or train them apart"
                )
    return config


def require_detectable(config: TrainConfig, name: str) -> None:
    """Refuse a recipe whose model could be trained but neither packaged nor used to detect.

    Raises:
        UsageError: Saying what to change.
    """
    if not name.strip():
        raise UsageError("the model needs a name; give it one")
    if config.consensus not in _ANY_LENGTH:
        raise UsageError(
            f"consensus {config.consensus!r} cannot judge windows of any number of snippets; "
            f"train with one of {', '.join(_ANY_LENGTH)}"
        )
    stride = config.snippet_step / config.sample_fps
    if stride > config.window:
        raise UsageError(
            f"snippets {stride:g} s apart leave gaps between windows of {config.window:g} s; "
            "lower snippet_step or raise sample_fps or window"
        )
