"""``slipdetect describe``: words of the 2020 course report, what networks and models consist of.

In: nothing, words, names of backbones, or models. Out: a page on stdout; a hint where a word is
typed as a command or option.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import click

from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.errors import UsageError
from slipdetect.reports.text_table import text_table

_COLUMN = 41


@dataclass(frozen=True)
class Word:
    """What something is called there and here.

    Attributes:
        names: Its names there.
        here: Command lines that do the same here, such as can be typed.
        note: What else there is to know, or "".
    """

    names: tuple[str, ...]
    here: tuple[str, ...]
    note: str = ""


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


@cache
def all_words() -> dict[str, tuple[Word, ...]]:
    """Return all words by the heading they stand under."""
    table = tomllib.loads(files("slipdetect.cli").joinpath("words.toml").read_text("utf-8"))
    return {
        title: tuple(_word(names, lines) for names, lines in words.items())
        for title, words in table.items()
    }


def find_words(name: str) -> list[tuple[str, Word]]:
    """Return what is called so there, each with the heading it stands under.

    A program is found without its suffix too, where nothing else has that name.
    """
    for wanted in (plain(name), f"{plain(name)}.py"):
        found = [
            (title, word)
            for title, words in all_words().items()
            for word in words
            if wanted in map(plain, word.names)
        ]
        if found:
            return found
    return []


def plain(name: str) -> str:
    """Return a name without what spellings differ in."""
    return " ".join(name.lower().lstrip("-").replace("_", " ").replace("-", " ").split())


def hint(name: str) -> str:
    """Return a sentence on a word that is no command or option here; "" if it is unknown."""
    found = find_words(name)
    if not found:
        return ""
    lines = dict.fromkeys(word.here[0] for _, word in found)
    return f"Here that is: {' or '.join(lines)}"


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


def _word(names: str, lines: list[str]) -> Word:
    here = tuple(f"slipdetect {line}" for line in lines if not line.startswith("# "))
    note = next((line.removeprefix("# ") for line in lines if line.startswith("# ")), "")
    return Word(tuple(names.split("|")), here, note)


def _all_words() -> str:
    """Return all words for a terminal: names, and the first command line of each."""
    lines = [
        "What the 2020 course report and its code call things, and what does the same here",
        "",
    ]
    for title, words in all_words().items():
        rows = [(_fitting(word.names), word.here[0]) for word in words]
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
        from slipdetect.cli.backbones import backbone_page

        return backbone_page(name)
    if name == "default" or (name and Path(name).is_dir()):
        from slipdetect.cli.models import model_page

        return model_page(name)
    raise UsageError(
        f"{name!r} is no word of the 2020 course report, no backbone and no model; "
        "'slipdetect describe' lists the words, 'slipdetect backbones list' the networks"
    )


def _word_lines(title: str, word: Word) -> Iterator[str]:
    yield f"{', '.join(word.names)}  ({title})"
    yield from (f"  {line}" for line in word.here)
    if word.note:
        yield f"  {word.note}"
