"""``slipdetect models import``: make a model package of checkpoints of older programs.

In: ``.pth.tar`` files. Out: a package folder; on stdout what was recognized and what was assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.console import Console, one_line
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.typed_options import PATH, POSITIVE, option, with_settings
from slipdetect.lab.evaluate.options import overwrite_option
from slipdetect.modalities.snippet import CROPS, MODALITIES
from slipdetect.reports.text_table import text_fields

if TYPE_CHECKING:
    from slipdetect.lab.checkpoints import Imported, OldStream
    from slipdetect.models import ModelConfig, StreamConfig

# options of how video is read, by the field they set
_READING = {
    "sample_fps": (POSITIVE, "Frames read of every second."),
    "short_side": (click.IntRange(min=16), "Shorter side of frames, px."),
    "window": (POSITIVE, "Length of a window, s."),
    "stride": (POSITIVE, "Distance of windows, s."),
    "snippet_stride": (click.IntRange(min=1), "Frames from one snippet to the next."),
    "crop": (click.Choice(CROPS), "What snippets see."),
    "flow_method": (click.STRING, "How flow is computed."),
    "flow_bound": (POSITIVE, "Largest flow kept, px."),
}


def _weights(
    ctx: click.Context, option: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        return tuple(float(part) for part in value.split(":"))
    except ValueError:
        raise click.BadParameter(f"{value!r} are not weights such as 1:1.5") from None


def _names(
    ctx: click.Context, option: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    return None if value is None else tuple(part.strip() for part in value.split(","))


@dataclass(frozen=True, kw_only=True)
class ImportSettings:
    """Options of ``models import``, without those of how video is read."""

    out: Path = option(type=PATH, required=True, help="Folder of the new package.")
    urls: tuple[str, ...] = option(
        "--url",
        multiple=True,
        metavar="URL#sha256=HEX",
        help="Fetch a FILE first, into downloads beside --out; repeatable, after those named.",
    )
    name: str | None = option(help="Name of the model.  [default: the folder's]")
    arch: str | None = option(help="Network, where a file does not say it or says it wrongly.")
    modality: str | None = option(
        type=click.Choice(MODALITIES), help="Where the number of input channels does not tell it."
    )
    preset: str = option(
        type=click.Choice(["course2020", "course2020-v1", "course2020-v0"]),
        default="course2020",
        help="How video is read: windows of 30 frames every 10 (course2020), of 30 every 30 "
        "(course2020-v1) or of 40 every 10 (course2020-v0).",
    )
    segments: int | None = option(
        type=click.IntRange(min=1), help="Snippets per clip in training.  [default: 3]"
    )
    labels: tuple[str, ...] | None = option(
        callback=_names,
        metavar="NAME,NAME",
        help="Classes in the order of the outputs.  [default: Slipping,NotSlipping]",
    )
    positive: str | None = option(help="The class that is to be found.  [default: the first]")
    fusion: tuple[float, ...] | None = option(
        callback=_weights, metavar="W:W", help="Weight of each file.  [default: 1:1]"
    )
    dtype: str = option(
        type=click.Choice(["float32", "float16"]),
        default="float32",
        help="Numbers on disk; float16 takes half the room and rounds.",
    )
    overwrite: bool = overwrite_option("Replace a package in --out.")


@click.command("import")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=PATH)
@with_settings(ImportSettings)
@with_options(
    click.option(f"--{name.replace('_', '-')}", type=kind, help=f"{text}  [default: the preset's]")
    for name, (kind, text) in _READING.items()
)
@common_options
@click.pass_context
def import_files(
    ctx: click.Context, /, files: tuple[Path, ...], settings: ImportSettings, **reading: Any
) -> None:
    """Make a model of old checkpoints (.pth.tar).

    Each FILE is one stream of a program that came before slipdetect: a temporal segment network of
    tsn-pytorch or its descendants (the 2020 report's among them), or a two-stream network. Nothing
    in it is run: it is read as tensors, numbers and texts, and refused if it holds more. What such
    files do not say is assumed; it is printed and can be given.

    \b
    slipdetect models import 668_resnet101_rgb_model_best.pth.tar \\
        668_resnet101_flow_model_best.pth.tar --out course2020 --fusion 1:1.5
    """
    import torch

    from slipdetect.lab.checkpoints import Wishes, import_checkpoints
    from slipdetect.lab.fetch.fetch import fetch_shown
    from slipdetect.models.package import check_folder

    console, out = ctx.ensure_object(Console), settings.out
    if not files and not settings.urls:
        raise click.UsageError("name a FILE, or an address with --url")
    check_folder(out, overwrite=settings.overwrite)  # before anything is fetched
    downloads = out.resolve().parent / "downloads"
    fetched = [fetch_shown(console, address, downloads) for address in settings.urls]
    imported = import_checkpoints(
        [*files, *fetched],
        out,
        name=settings.name,
        arch=settings.arch,
        modality=settings.modality,
        wishes=Wishes(
            settings.preset,
            reading,
            settings.segments,
            settings.labels,
            settings.positive,
            settings.fusion,
        ),
        dtype=getattr(torch, settings.dtype),
        overwrite=settings.overwrite,
    )
    for remark in imported.remarks:
        console.warn(remark)
    console.text(import_page(imported))


def import_page(imported: Imported) -> str:
    """Return what was recognized, what was assumed, and what to do next."""
    config, folder = imported.package.config, imported.package.folder
    lines = []
    for stream, part in zip(imported.streams, config.streams, strict=True):
        lines += [one_line(stream.checkpoint.path.name), *_fields(_recognized(stream, part)), ""]
    known = "noted by slipdetect, which wrote these files"
    lines.append(known if imported.noted else "not in such files, and assumed")
    lines += [*_fields(_assumed(config, imported.noted)), ""]
    use = f"slipdetect detect VIDEO --model {folder}"
    lines += _fields([("model", str(folder)), ("use it", use)])
    return "\n".join(lines) + "\n"


def _fields(fields: Iterable[tuple[str, str]]) -> list[str]:
    # names and texts come out of files
    return text_fields([(title, one_line(text)) for title, text in fields], width=10)


def _recognized(stream: OldStream, part: StreamConfig) -> Iterator[tuple[str, str]]:
    old, channels = stream.checkpoint, stream.modality.network_channels
    yield "network", f"{stream.layout}, {stream.backbone} ({stream.known_by})"
    yield "modality", f"{stream.modality.name}, by the {channels} channels of its first layer"
    yield "classes", str(stream.classes)
    epoch = "epoch not told" if old.epoch is None else f"epoch {old.epoch}"
    best = "accuracy not told" if old.best is None else f"best accuracy {old.best:.2f} %"
    yield "trained", f"{epoch}, {best}"
    yield "tensors", str(stream.tensors)
    for index, change in enumerate(stream.changes):
        yield "" if index else "changed", change
    yield "pictures", f"{part.input_size} px, {_pictures(part)}"


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


def _assumed(config: ModelConfig, noted: bool) -> Iterator[tuple[str, str]]:
    first, weights = config.streams[0], config.fusion["weights"]
    yield "labels", f"{', '.join(config.labels)}; finds {config.positive}  (--labels)"
    yield "segments", f"{first.num_segments}  (--segments)"
    size = f"shorter side {config.frame_short_side} px"
    yield "reads", f"{config.sample_fps:g} frames/s, {size}  (--sample-fps, --short-side)"
    snippets = f"a snippet every {config.snippet_stride} frames"
    windows = f"{config.window:.3g} s every {config.stride:.3g} s"
    yield "windows", f"{windows}, {snippets}  (--preset)"
    yield "crop", f"{first.crop}  (--crop)"
    yield "consensus", ", ".join(dict.fromkeys(each.consensus for each in config.streams))
    flow = next((stream.flow for stream in config.streams if stream.flow is not None), None)
    if flow is not None:
        recipe = f"{flow['method']}, up to {flow['bound']:g} px"
        yield "flow", f"{recipe}  (--flow-method, --flow-bound)"
    if len(weights) > 1:
        fused = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
        how = "" if noted else ", softmax of the sum of logits"
        yield "fusion", f"{fused}{how}  (--fusion)"
