"""A page about a model package.

In: a ``ModelPackage``. Out: text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipdetect.models import ModelConfig, ModelPackage, StreamConfig
    from slipdetect.models.measure import Cost
    from slipdetect.models.tsn import TSN

_REPORTED = 3, 5  # segments and differences of the 2020 course report's Table 4
_PICTURES = {"rgb": "pictures", "flow": "flow fields", "rgbdiff": "neighboring frames"}


def named_model_page(name: str) -> str:
    """Return the page of ``"default"`` or of the package in a folder; raises as ``model_page``."""
    from slipdetect.detection import model_folder
    from slipdetect.models import load_package
    from slipdetect.models.package import CARD_FILE

    package = load_package(model_folder(name))
    card = package.folder / CARD_FILE
    return model_page(package, card if card.is_file() else None)


def model_page(package: ModelPackage, card: Path | None) -> str:
    """Return what a model consists of; its networks are built and run on one snippet each.

    Raises:
        ModelError: A network cannot be built or its weights do not fit.
    """
    config = package.config
    lines = [f"{config.name}  ({package.folder})", ""]
    for stream in config.streams:
        lines += [*_stream(package, stream), ""]
    lines += [*_recipe(config), *_training(config.training)]
    lines.append(_row("card", "none" if card is None else f"{card}  (print it with --card)"))
    return "\n".join(lines) + "\n"


def input_shape(stream: StreamConfig) -> tuple[list[str], str]:
    """Return the shape of a clip as one stream takes it, and how its channels come about."""
    modality, segments = stream.snippet, stream.num_segments
    channels = segments * modality.stored_channels
    each = modality.stored_channels // modality.images
    shape = ["1", str(channels), str(stream.input_size), str(stream.input_size)]
    pictures = _PICTURES[modality.name]
    if modality.images == 1:
        pictures = pictures.removesuffix("s")
    reason = f"{channels} = {segments} segments x {modality.images} {pictures} x {each} channels"
    if modality.name == "rgbdiff":
        reason += f"; differencing leaves {segments} x {modality.network_channels}"
        if (segments, modality.length) == _REPORTED:
            reason += (
                "; 48, as in the 2020 course report, cannot be: 48 / 3 / 3 is no number of frames"
            )
    return shape, reason


def _stream(package: ModelPackage, stream: StreamConfig) -> list[str]:
    shape, reason = input_shape(stream)
    cost = _cost(package.build_stream(stream.modality), stream)
    size = (package.folder / stream.file).stat().st_size
    lines = [
        f"{stream.modality} stream",
        _row("backbone", f"{stream.backbone}, {cost.parameters / 1e6:.2f} M parameters"),
        *(_row("", f"{key} = {value}") for key, value in stream.backbone_options.items()),
        _row("input", f"[{', '.join(shape)}]"),
        *(_row("", part) for part in reason.split("; ")),
        _row("output", f"[1, {len(package.config.labels)}]"),
        _row("work", f"{cost.flops / 1e9:.2f} GFLOP a snippet"),
        _row("latency", f"{cost.seconds * 1e3:.0f} ms a snippet, {measured_on(cost)}"),
        _row("crop", stream.crop),
        _row("consensus", stream.consensus),
    ]
    if stream.flow is not None:
        lines.append(_row("flow", f"{stream.flow['method']}, up to {stream.flow['bound']:g} px"))
    if stream.normalization.contrast is not None:
        lines.append(_row("differences", f"scaled to {stream.normalization.contrast:g}"))
    tempered = package.config.calibration.streams
    if tempered is not None:
        lines.append(_row("temperature", f"{tempered[stream.modality]:g} before fusion"))
    weight = package.config.fusion["weights"][stream.modality]
    lines.append(_row("fusion", f"weight {weight:g} among {package.config.fusion['space']}"))
    lines.append(_row("weights", f"{stream.file}, {size / 2**20:.1f} MiB"))
    lines.append(_row("sha256", stream.sha256))
    return lines


def _cost(network: TSN, stream: StreamConfig) -> Cost:
    """Measure one snippet.

    Raises:
        ModelError: The network does not take a picture of the stream's size.
    """
    import torch

    from slipdetect.errors import ModelError
    from slipdetect.models.measure import measure

    side = stream.input_size
    x = torch.zeros(1, 1, stream.snippet.stored_channels, side, side)
    try:
        return measure(network, x, network.snippet_scores)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"the {stream.modality} network does not take {side} x {side} px: {reason}"
        ) from error


def measured_on(cost: Cost) -> str:
    """Say what a time was taken on."""
    threads = "1 CPU thread" if cost.threads == 1 else f"{cost.threads} CPU threads"
    return f"measured now on {threads}"


def _recipe(config: ModelConfig) -> list[str]:
    events = config.events
    other = ", ".join(label for label in config.labels if label != config.positive)
    return [
        _row("finds", f"{config.positive}, against {other}"),
        _row("reads", f"{config.sample_fps:g} frames/s, shorter side {config.frame_short_side} px"),
        _row("window", f"{config.window:.4g} s every {config.stride:.3g} s"),
        _row("events", f"from {events.onset:g}, until below {events.offset:g}"),
        _row(
            "",
            f"at least {events.min_duration_on:g} s, "
            f"gaps up to {events.min_duration_off:g} s joined",
        ),
        _row("", f"lengthened by {events.pad_onset:g} s and {events.pad_offset:g} s"),
        *(
            _row(
                "" if index else "sensitivity",
                f"{name}: from {preset.onset:g}, until below {preset.offset:g}",
            )
            for index, (name, preset) in enumerate(config.sensitivity.items())
        ),
    ]


def _training(training: Mapping[str, Any]) -> list[str]:
    """Return the rows about training data, as far as the package tells in the known form."""
    lines = []
    origins = training.get("imported")
    for index, origin in enumerate(origins if isinstance(origins, list) else []):
        lines.append(_row("" if index else "imported", _origin(origin)))
    for key, title in (("training_data", "trained on"), ("validation_data", "validated on")):
        rows = training.get(key)
        for index, data in enumerate(rows if isinstance(rows, list) else []):
            lines.append(_row("" if index else title, _data(data)))
    return lines or [_row("trained on", "not told")]


def _origin(origin: Any) -> str:
    if not isinstance(origin, Mapping):
        return str(origin)
    best, epoch = origin.get("best_prec1"), origin.get("epoch")
    told = [f"epoch {epoch}"] if isinstance(epoch, int) else []
    told += [f"accuracy {best:.2f} %"] if isinstance(best, float) else []
    return f"{origin.get('file', 'unnamed')} ({', '.join(told) or origin.get('layout')})"


def _data(data: Any) -> str:
    if not isinstance(data, Mapping):
        return str(data)
    licenses = ", ".join(map(str, data.get("licenses") or ["license not told"]))
    return (
        f"{data.get('source') or 'unnamed'}: {data.get('clips', '?')} clips, "
        f"{data.get('positive', '?')} with a fall ({licenses})"
    )


def _row(title: str, text: str) -> str:
    return f"  {title:<12}  {text}"
