"""The configuration of a package made of old checkpoints: assumed, and changed on request.

In: recognized streams and what the user said. Out: a ``ModelConfig``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.checkpoints.stream import OldStream
from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.types import Calibration, EventConfig

# class 0 and 1 of every model of the 2020 course report
COURSE2020_LABELS = ("Slipping", "NotSlipping")


@dataclass(frozen=True)
class Reading:
    """How video is read and cut into windows: what a checkpoint does not say and a package must."""

    sample_fps: float = 30.0
    short_side: int = 256  # that frames are resized to before cropping, px
    window: float = 1.0  # seconds
    stride: float = 1 / 3  # from one window to the next, seconds
    snippet_stride: int = 5  # from one snippet to the next, sampled frames
    crop: str = "center"  # or "motion"
    flow_method: str = "tvl1"
    flow_bound: float = 15.0  # largest flow that is kept, px


# windows of 30 frames every 10, of 30 every 30 and of 40 every 10, at 30 frames a second
PRESETS = {
    "course2020": Reading(),
    "course2020-v1": Reading(stride=1.0, snippet_stride=3),
    "course2020-v0": Reading(window=4 / 3, snippet_stride=2),
}


@dataclass(frozen=True)
class Wishes:
    """What the user says about files that do not say it."""

    preset: str = "course2020"  # how video is read, a name in PRESETS
    # values by field of Reading that differ from it; None counts as not given
    reading: Mapping[str, Any] = field(default_factory=dict)
    segments: int | None = None  # snippets per clip in training; None: 3
    # names of the classes in the order of the outputs; None: the 2020 report's two
    labels: tuple[str, ...] | None = None
    positive: str | None = None  # the label that events are made of; None: the first
    fusion: tuple[float, ...] | None = None  # weight of every file, in order; None: all the same
    events: EventConfig | None = None  # thresholds and durations; None: those of a new model


def check_labels(classes: int, labels: tuple[str, ...] | None) -> None:
    """Insist on a name for every class; two classes are the 2020 course report's unless named.

    Raises:
        UsageError: There are more or fewer names than classes.
    """
    if labels is None and classes != len(COURSE2020_LABELS):
        raise UsageError(f"the network has {classes} classes; name them with --labels")
    if labels is not None and len(labels) != classes:
        raise UsageError(f"{len(labels)} labels for a network of {classes} classes; name them all")


def assumed_config(
    name: str,
    streams: Sequence[OldStream],
    wishes: Wishes,
    noted: Mapping[str, StreamConfig] | None = None,
) -> ModelConfig:
    """Return what the older programs did, in the values of a preset.

    Args:
        name: Of the model.
        streams: What is in the files.
        wishes: Its preset and labels count here.
        noted: Streams by modality whose own files say what they are.

    Raises:
        UsageError: The preset is unknown.
    """
    if wishes.preset not in PRESETS:
        raise UsageError(f"unknown preset {wishes.preset!r}; choose from {', '.join(PRESETS)}")
    reading = PRESETS[wishes.preset]
    labels = COURSE2020_LABELS if wishes.labels is None else wishes.labels
    known = {} if noted is None else noted
    return ModelConfig(
        name=name,
        labels=labels,
        positive=labels[0],
        sample_fps=reading.sample_fps,
        frame_short_side=reading.short_side,
        snippet_stride=reading.snippet_stride,
        window=reading.window,
        stride=reading.stride,
        streams=tuple(
            known.get(stream.modality.name) or _stream(stream, reading) for stream in streams
        ),
        fusion={"weights": {s.modality.name: 1.0 for s in streams}, "space": "logits"},
        calibration=Calibration(),
        events=EventConfig(),
    )


def changed(config: ModelConfig, wishes: Wishes) -> ModelConfig:
    """Return ``config`` with everything that the user asked for.

    Raises:
        UsageError: A wish cannot be met.
    """
    wanted = {key: value for key, value in wishes.reading.items() if value is not None}
    unknown = set(wanted) - {item.name for item in fields(Reading)}
    if unknown:
        raise UsageError(f"a reading has no {', '.join(sorted(unknown))}")
    streams = tuple(_changed_stream(stream, wanted, wishes) for stream in config.streams)
    names = {"sample_fps", "window", "stride", "snippet_stride"} & set(wanted)
    values: dict[str, Any] = {"streams": streams, **{name: wanted[name] for name in names}}
    if "short_side" in wanted:
        values["frame_short_side"] = wanted["short_side"]
    if wishes.labels is not None:
        values |= {"labels": wishes.labels, "positive": wishes.labels[0]}
    if wishes.positive is not None:
        values["positive"] = wishes.positive
    if wishes.events is not None:
        values["events"] = wishes.events
    if wishes.fusion is not None:
        if len(wishes.fusion) != len(streams):
            raise UsageError(
                f"fusion weights: {len(wishes.fusion)}, files: {len(streams)}; give one per file"
            )
        weights = dict(zip((s.modality for s in streams), wishes.fusion, strict=True))
        values["fusion"] = {**config.fusion, "weights": weights}
    return replace(config, **values)


def summed(config: ModelConfig) -> ModelConfig:
    """Let the fused probability be the softmax of the weighted sum, as the older programs had it.

    ``LateFusion`` averages; the temperature undoes that. More than two classes have no log-odds
    that it could act on alike, and keep 1.
    """
    total = sum(config.fusion["weights"].values())
    if len(config.labels) != 2 or config.fusion["space"] != "logits":
        return config
    return replace(config, calibration=Calibration(temperature=1 / total))


def _stream(stream: OldStream, reading: Reading) -> StreamConfig:
    flow = None
    if stream.modality.name == "flow":
        flow = FlowExtractor(reading.flow_method, bound=reading.flow_bound).recipe()
    return StreamConfig(
        modality=stream.modality.name,
        backbone=stream.backbone,
        snippet_length=stream.modality.length,
        num_segments=3,
        input_size=stream.input_size,
        normalization=stream.normalization,
        dropout=stream.dropout,
        flow=flow,
        crop=reading.crop,
    )


def _changed_stream(
    stream: StreamConfig, wanted: Mapping[str, Any], wishes: Wishes
) -> StreamConfig:
    flow = stream.flow
    if flow is not None and wanted.get("flow_method", flow["method"]) != flow["method"]:
        flow = FlowExtractor(wanted["flow_method"], bound=flow["bound"]).recipe()
    if flow is not None and "flow_bound" in wanted:
        flow = {**flow, "bound": float(wanted["flow_bound"])}
    return replace(
        stream,
        flow=flow,
        crop=wanted.get("crop", stream.crop),
        num_segments=stream.num_segments if wishes.segments is None else wishes.segments,
    )
