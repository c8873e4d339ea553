"""``slipdetect models import``: make a model package of checkpoints of older programs.

In: ``.pth.tar`` files. Out: a package folder; on stdout what was recognized and what was assumed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options, with_options
from slipdetect.lab.fetch import fetch_shown
from slipdetect.lab.models.import_page import import_page
from slipdetect.modalities.snippet import CROPS, MODALITIES

if TYPE_CHECKING:
    from slipdetect.lab.checkpoints import Wishes

_PATH = click.Path(path_type=Path)
_ABOVE_ZERO = click.FloatRange(min=0, min_open=True)
_READING = [
    click.option(
        "--sample-fps",
        type=_ABOVE_ZERO,
        help="Frames read of every second.  [default: the preset's]",
    ),
    click.option(
        "--short-side",
        type=click.IntRange(min=16),
        help="Shorter side of frames, px.  [default: the preset's]",
    ),
    click.option(
        "--window", type=_ABOVE_ZERO, help="Length of a window, s.  [default: the preset's]"
    ),
    click.option(
        "--stride", type=_ABOVE_ZERO, help="Distance of windows, s.  [default: the preset's]"
    ),
    click.option(
        "--snippet-stride",
        type=click.IntRange(min=1),
        help="Frames from one snippet to the next.  [default: the preset's]",
    ),
    click.option(
        "--crop", type=click.Choice(CROPS), help="What snippets see.  [default: the preset's]"
    ),
    click.option("--flow-method", help="How flow is computed.  [default: the preset's]"),
    click.option(
        "--flow-bound", type=_ABOVE_ZERO, help="Largest flow kept, px.  [default: the preset's]"
    ),
]
_FIELDS = (
    "sample_fps",
    "short_side",
    "window",
    "stride",
    "snippet_stride",
    "crop",
    "flow_method",
    "flow_bound",
)


def _weights(
    ctx: click.Context, option: click.Parameter, value: str | None
) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        return tuple(float(part) for part in value.split(":"))
    except ValueError:
        raise click.BadParameter(f"{value!r} are no weights such as 1:1.5") from None


def _names(
    ctx: click.Context, option: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    return None if value is None else tuple(part.strip() for part in value.split(","))


@click.command("import")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=_PATH)
@click.option("--out", type=_PATH, required=True, help="Folder of the new package.")
@click.option(
    "--url",
    "urls",
    multiple=True,
    metavar="URL#sha256=HEX",
    help="Fetch a FILE first, into downloads beside --out; repeatable, after those named.",
)
@click.option("--name", help="Name of the model.  [default: the folder's]")
@click.option("--arch", help="Network, where a file does not say it or says it wrongly.")
@click.option(
    "--modality",
    type=click.Choice(MODALITIES),
    help="Where the number of input channels does not tell it.",
)
@click.option(
    "--preset",
    type=click.Choice(["course2020", "course2020-v1", "course2020-v0"]),
    default="course2020",
    show_default=True,
    help="How video is read: windows of 30 frames every 10 (course2020), of 30 every 30 "
    "(course2020-v1) or of 40 every 10 (course2020-v0).",
)
@click.option(
    "--segments",
    type=click.IntRange(min=1),
    help="Snippets per clip in training.  [default: 3]",
)
@click.option(
    "--labels",
    callback=_names,
    metavar="NAME,NAME",
    help="Classes in the order of the outputs.  [default: Slipping,NotSlipping]",
)
@click.option("--positive", help="The class that is to be found.  [default: the first]")
@click.option(
    "--fusion", callback=_weights, metavar="W:W", help="Weight of each file.  [default: 1:1]"
)
@with_options(_READING)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16"]),
    default="float32",
    show_default=True,
    help="Numbers on disk; float16 takes half the room and rounds.",
)
@click.option("--overwrite", is_flag=True, help="Replace a package in --out.")
@common_options
@click.pass_context
def import_files(ctx: click.Context, /, files: tuple[Path, ...], **options: Any) -> None:
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

    from slipdetect.lab.checkpoints import import_checkpoints
    from slipdetect.models.package import check_folder

    console = ctx.ensure_object(Console)
    if not files and not options["urls"]:
        raise click.UsageError("name a FILE, or an address with --url")
    # said before anything is fetched
    check_folder(options["out"], overwrite=options["overwrite"])
    downloads = options["out"].resolve().parent / "downloads"
    fetched = [fetch_shown(console, address, downloads) for address in options["urls"]]
    imported = import_checkpoints(
        [*files, *fetched],
        options["out"],
        name=options["name"],
        arch=options["arch"],
        modality=options["modality"],
        wishes=_wishes(options),
        dtype=getattr(torch, options["dtype"]),
        overwrite=options["overwrite"],
    )
    for remark in imported.remarks:
        console.warn(remark)
    console.text(import_page(imported))


def _wishes(options: dict[str, Any]) -> Wishes:
    from slipdetect.lab.checkpoints import Wishes

    return Wishes(
        preset=options["preset"],
        reading={name: options[name] for name in _FIELDS},
        segments=options["segments"],
        labels=options["labels"],
        positive=options["positive"],
        fusion=options["fusion"],
    )
