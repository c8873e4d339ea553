"""A page about an import: what was in the files, and what had to be assumed.

In: ``Imported``. Out: text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect.cli.console import one_line

if TYPE_CHECKING:
    from slipdetect.lab.checkpoints import Imported, OldStream
    from slipdetect.models import ModelConfig, StreamConfig

_TITLE = 10


def import_page(imported: Imported) -> str:
    """Return what was recognized, what was assumed, and what to do next."""
    config = imported.package.config
    lines = []
    for stream, part in zip(imported.streams, config.streams, strict=True):
        lines += [one_line(stream.checkpoint.path.name), *_recognized(stream, part), ""]
    known = "noted by slipdetect, which wrote these files"
    guess = "not in such files, and assumed"
    lines += [known if imported.noted else guess, *_assumed(config, imported.noted), ""]
    folder = imported.package.folder
    lines.append(_row("model", str(folder)))
    lines.append(_row("use it", f"slipdetect detect VIDEO --model {folder}"))
    return "\n".join(lines) + "\n"


def _recognized(stream: OldStream, part: StreamConfig) -> list[str]:
    channels = stream.modality.network_channels
    rows = [
        _row("network", f"{stream.layout}, {stream.backbone} ({stream.known_by})"),
        _row("modality", f"{stream.modality.name}, by the {channels} channels of its first layer"),
        _row("classes", str(stream.classes)),
        _row("trained", _progress(stream)),
        _row("tensors", str(stream.tensors)),
    ]
    rows += [
        _row("changed" if index == 0 else "", change) for index, change in enumerate(stream.changes)
    ]
    return [*rows, _row("pictures", f"{part.input_size} px, {_pictures(part)}")]


def _progress(stream: OldStream) -> str:
    old = stream.checkpoint
    epoch = "epoch not told" if old.epoch is None else f"epoch {old.epoch}"
    best = "accuracy not told" if old.best is None else f"best accuracy {old.best:.2f} %"
    return f"{epoch}, {best}"


def _pictures(part: StreamConfig) -> str:
    """Say what happens to the pixels."""
    values = part.normalization
    scale = f"0 to {values.value_range:g}"
    if part.modality == "flow":
        if (values.flow_mean, values.flow_std) == (0.0, 1.0):
            return f"flow from {scale}, not normalized"
        return f"flow from {scale}, less {values.flow_mean:g}, divided by {values.flow_std:.3g}"
    if part.modality == "rgbdiff" and set(values.std) == {1.0}:
        return f"differences of {values.color} from {scale}, not normalized"
    mean = " ".join(f"{value:g}" for value in values.mean)
    std = " ".join(f"{value:g}" for value in values.std)
    return f"{values.color} from {scale}, mean {mean}, std {std}"


def _assumed(config: ModelConfig, noted: bool) -> list[str]:
    first = config.streams[0]
    rows = [
        _row("labels", f"{', '.join(config.labels)}; finds {config.positive}  (--labels)"),
        _row("segments", f"{first.num_segments}  (--segments)"),
        _row(
            "reads",
            f"{config.sample_fps:g} frames/s, shorter side {config.frame_short_side} px  "
            "(--sample-fps, --short-side)",
        ),
        _row(
            "windows",
            f"{config.window:.3g} s every {config.stride:.3g} s, a snippet every "
            f"{config.snippet_stride} frames  (--preset)",
        ),
        _row("crop", f"{first.crop}  (--crop)"),
        _row("consensus", ", ".join(dict.fromkeys(each.consensus for each in config.streams))),
    ]
    flow = next((stream.flow for stream in config.streams if stream.flow is not None), None)
    if flow is not None:
        text = f"{flow['method']}, up to {flow['bound']:g} px  (--flow-method, --flow-bound)"
        rows.append(_row("flow", text))
    weights = config.fusion["weights"]
    if len(weights) > 1:
        fused = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
        how = "" if noted else ", softmax of the sum of logits"
        rows.append(_row("fusion", f"{fused}{how}  (--fusion)"))
    return rows


def _row(title: str, text: str) -> str:
    return f"  {title:<{_TITLE}}  {one_line(text)}"
