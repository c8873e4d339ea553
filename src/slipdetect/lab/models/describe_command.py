"""``slipdetect describe``: words of the 2020 course report, what networks and models consist of.

In: nothing, words, names of backbones, or models. Out: a page on stdout.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from slipdetect._io import exists
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.cli.words import Word, all_words, find_words
from slipdetect.errors import UsageError
from slipdetect.reports.text_table import text_table

_COLUMN = 41


# options of the report's programs are words too
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("names", metavar="[NAME]...", nargs=-1, type=click.UNPROCESSED)
@common_options
@click.pass_context
def describe(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Look up a word, a backbone or a model.

    Words are those of the 2020 course report.

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
    console.text("\n".join(map(_page, names)) if names else _all_words())


def words_markdown() -> str:
    """Return the tables of docs/report-words.md."""
    lines: list[str] = []
    for title, words in all_words().items():
        lines += [f"## {title}", "", "| there | here | more |", "| --- | --- | --- |"]
        for word in words:
            there = ", ".join(f"`{name}`" for name in word.names)
            here = "<br>".join(f"`{line}`" for line in word.here)
            lines.append(f"| {there} | {here} | {word.note} |")
        lines.append("")
    return "\n".join(lines)


def _all_words() -> str:
    """Return all words for a terminal: names, and the first command line of each."""
    lines = [
        "What the 2020 course report and its code call things, and what does the same here",
        "",
    ]
    for title, words in all_words().items():
        rows = [(_fitting(word.names), word.first) for word in words]
        lines += [title, *text_table((), rows, left=(0, 1), indent=2), ""]
    lines += ["slipdetect describe WORD tells more of each; all is in docs/report-words.md."]
    return "\n".join(lines) + "\n"


def _fitting(names: tuple[str, ...]) -> str:
    """Return as many of the names as fit a column, at least one."""
    shown = names[0]
    for name in names[1:]:
        if len(shown) + len(name) > _COLUMN:
            break
        shown += f", {name}"
    return shown


def _page(name: str) -> str:
    """Return what is known by this name.

    Raises:
        UsageError: Nothing is.
        ModelError: The backbone or the model cannot be used.
    """
    words = find_words(name)
    if words:
        return "".join(f"{line}\n" for found in words for line in _word_lines(*found))
    from slipdetect.backbones import list_backbones

    if name in list_backbones() or name.startswith("timm/"):
        from slipdetect.lab.models.backbones_command import backbone_page

        return backbone_page(name)
    if name == "default" or (name and exists(name) and Path(name).is_dir()):
        from slipdetect.lab.models.models_command import model_page

        return model_page(name)
    raise UsageError(
        f"{name!r} is not a word of the 2020 course report, a backbone or a model; "
        "'slipdetect describe' lists the words, 'slipdetect backbones list' the networks"
    )


def _word_lines(title: str, word: Word) -> Iterator[str]:
    yield f"{', '.join(word.names)}  ({title})"
    yield from (f"  {line}" for line in word.here)
    if word.note:
        yield f"  {word.note}"
