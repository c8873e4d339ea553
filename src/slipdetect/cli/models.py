"""``slipdetect models``: what models there are and what they consist of.

In: nothing, or a model. Out: a description on stdout.
"""

from __future__ import annotations

from pathlib import Path

import click

import slipdetect
from slipdetect.cli.console import Console
from slipdetect.cli.lazy import LazyGroup
from slipdetect.cli.model_page import named_model_page
from slipdetect.cli.options import common_options
from slipdetect.errors import ModelError, PackageError

_ASSETS = Path(slipdetect.__file__).parent / "assets"


@click.group(
    cls=LazyGroup,
    lazy={
        "import": "slipdetect.lab.models.import_command:import_files",
        "export": "slipdetect.lab.models.export_command:export",
        "average": "slipdetect.lab.models.average_command:average",
    },
)
@common_options
def models() -> None:
    """List, show and average models, take in checkpoints of older programs and write such."""


@models.command("list")
@common_options
@click.pass_context
def list_models(ctx: click.Context) -> None:
    """List the models that come with slipdetect; others are given by their folder."""
    console = ctx.ensure_object(Console)
    bundled = sorted(path.parent for path in _ASSETS.glob("*/model.json"))
    if not bundled:
        console.note("no model comes with this copy of slipdetect; train one: slipdetect train -h")
        return
    from slipdetect.models import load_package

    for folder in bundled:
        try:
            config = load_package(folder).config
        except ModelError as error:
            console.text(f"{folder.name:<12}  unusable\n")
            console.error(str(error))
            continue
        streams = ", ".join(f"{item.modality} by {item.backbone}" for item in config.streams)
        console.text(f"{folder.name:<12}  {config.name}: {streams}\n")


@models.command()
@click.argument("name", metavar="NAME", default="default")
@click.option("--card", is_flag=True, help="Print the model card instead.")
@common_options
@click.pass_context
def show(ctx: click.Context, name: str, card: bool) -> None:
    """Show what a model consists of; NAME is 'default' or the folder of a package.

    Every network is built and run on one snippet, to count its work and take its time.
    """
    console = ctx.ensure_object(Console)
    if not card:
        console.text(named_model_page(name))
        return
    from slipdetect.detection import model_folder
    from slipdetect.models import load_package
    from slipdetect.models.package import CARD_FILE

    path = load_package(model_folder(name)).folder / CARD_FILE
    try:
        console.data(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PackageError(f"model {name!r} has no card to read; it would be {str(path)!r}") from (
            error
        )
