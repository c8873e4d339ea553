"""``slipdetect describe``: the 2020 report's words here, and what networks and models consist of.

In: nothing, words, names of backbones, or models. Out: a page on stdout.
"""

from __future__ import annotations

from pathlib import Path

import click

from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.cli.report_words import find_words, word_page, words_page
from slipdetect.errors import UsageError


# options of the report's programs are words too
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("names", metavar="[NAME]...", nargs=-1, type=click.UNPROCESSED)
@common_options
@click.pass_context
def describe(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Look up a word of the 2020 course report, a backbone or a model.

    Without NAME all words of the report, its programs and their options are listed with what does
    the same here. Of a backbone the shapes in and out for each modality, parameters, work and
    time are told, as 'backbones check' does; of a model, 'default' or a folder, what 'models
    show' does.

    \b
    slipdetect describe
    slipdetect describe --arch test_models.py "Table 5"
    slipdetect describe inceptionv4
    """
    console = ctx.ensure_object(Console)
    if not names:
        console.text(words_page())
        return
    pages = [_page(name) for name in names]
    console.text("\n".join(pages))


def _page(name: str) -> str:
    """Return what is known by this name.

    Raises:
        UsageError: Nothing is.
        ModelError: The backbone or the model cannot be used.
    """
    words = find_words(name)
    if words:
        return "".join(word_page(title, word) for title, word in words)
    from slipdetect.backbones import list_backbones

    if name in list_backbones() or name.startswith("timm/"):
        from slipdetect.cli.backbones import backbone_page

        return backbone_page(name)
    if name == "default" or (name and Path(name).is_dir()):
        from slipdetect.cli.model_page import named_model_page

        return named_model_page(name)
    raise UsageError(
        f"{name!r} is no word of the 2020 course report, no backbone and no model; "
        "'slipdetect describe' lists the words, 'slipdetect backbones list' the networks"
    )
