"""A page about a model package.

In: a ``ModelPackage``. Out: text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipdetect.models import ModelConfig, ModelPackage, StreamConfig
    from slipdetect.models.tsn import TSN

_PICTURES = {"rgb": "pictures", "flow": "flow fields", "rgbdiff": "neighbouring frames"}


def model_page(package: ModelPackage, card: Path | None) -> str:
    """Return what a model consists of; its networks are built to count their parameters.

    Raises:
        ModelError: A network cannot be built or its weights do not fit.
    """
    config = package.config
    networks = package.build_streams()
    lines = [f"{config.name}  ({package.folder})", ""]
    for stream in config.streams:
        lines += [*_stream(package, stream, networks[stream.modality]), ""]
    lines += [*_recipe(config), *_training(config.training)]
    lines.append(_row("card", "none" if card is None else f"{card}  (print it with --card)"))
    return "\n".join(lines) + "\n"


def input_shape(stream: StreamConfig) -> tuple[list[str], str]:
    """Return the shape of a stream's input and how its channels come about."""
    modality, segments = stream.snippet, stream.num_segments
    channels = segments * modality.stored_channels
    each = modality.stored_channels // modality.images
    shape = ["N", str(channels), str(stream.input_size), str(stream.input_size)]
    pictures = _PICTURES[modality.name]
    if modality.images == 1:
        pictures = pictures.removesuffix("s")
    reason = f"{channels} = {segments} segments x {modality.images} {pictures} x {each} channels"
    if modality.name == "rgbdiff":
        reason += f"; differencing leaves {segments} x {modality.network_channels}"
    return shape, reason


def _stream(package: ModelPackage, stream: StreamConfig, network: TSN) -> list[str]:
    shape, reason = input_shape(stream)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    size = (package.folder / stream.file).stat().st_size
    lines = [
        f"{stream.modality} stream",
        _row("backbone", f"{stream.backbone}, {parameters / 1e6:.2f} M parameters"),
        _row("input", f"[{', '.join(shape)}]"),
        _row("", reason),
        _row("crop", stream.crop),
        _row("consensus", stream.consensus),
    ]
    if stream.flow is not None:
        lines.append(_row("flow", f"{stream.flow['method']}, up to {stream.flow['bound']:g} px"))
    weight = package.config.fusion["weights"][stream.modality]
    lines.append(_row("fusion", f"weight {weight:g} among {package.config.fusion['space']}"))
    lines.append(_row("weights", f"{stream.file}, {size / 2**20:.1f} MiB"))
    lines.append(_row("sha256", stream.sha256))
    return lines


def _recipe(config: ModelConfig) -> list[str]:
    events = config.events
    other = ", ".join(label for label in config.labels if label != config.positive)
    return [
        _row("finds", f"{config.positive}, against {other}"),
        _row("reads", f"{config.sample_fps:g} frames/s, shorter side {config.frame_short_side} px"),
        _row("window", f"{config.window:g} s every {config.stride:g} s"),
        _row("events", f"from {events['onset']:g}, until below {events['offset']:g}"),
        _row(
            "",
            f"at least {events['min_duration_on']:g} s, "
            f"gaps up to {events['min_duration_off']:g} s joined",
        ),
        _row("", f"lengthened by {events['pad_onset']:g} s and {events['pad_offset']:g} s"),
    ]


def _training(training: Mapping[str, Any]) -> list[str]:
    """Return the rows about training data, as far as the package tells in the known form."""
    lines = []
    for key, title in (("training_data", "trained on"), ("validation_data", "validated on")):
        rows = training.get(key)
        for index, data in enumerate(rows if isinstance(rows, list) else []):
            lines.append(_row("" if index else title, _data(data)))
    return lines or [_row("trained on", "not told")]


def _data(data: Any) -> str:
    if not isinstance(data, Mapping):
        return str(data)
    licences = ", ".join(map(str, data.get("licences") or ["licence not told"]))
    return (
        f"{data.get('source') or 'unnamed'}: {data.get('clips', '?')} clips, "
        f"{data.get('positive', '?')} with a fall ({licences})"
    )


def _row(title: str, text: str) -> str:
    return f"  {title:<12}  {text}"
