"""Words of the 2020 course report and of its code, and what does the same here.

In: a word. Out: its ``Word``, a page of all, a hint where a word is typed as a command or option.
"""

from __future__ import annotations

from collections.abc import Iterator

from slipdetect.cli.report_options import Word
from slipdetect.cli.report_table import SECTIONS

_COLUMN = 41


def plain(name: str) -> str:
    """Return a name without what spellings differ in."""
    return " ".join(name.lower().lstrip("-").replace("_", " ").replace("-", " ").split())


def find_words(name: str) -> list[tuple[str, Word]]:
    """Return what is called so there, each with the heading it stands under.

    A program is found without its suffix too, where nothing else has that name.
    """
    for wanted in (plain(name), f"{plain(name)}.py"):
        found = [(title, word) for title, word in _all() if wanted in map(plain, word.names)]
        if found:
            return found
    return []


def hint(name: str) -> str:
    """Return a sentence on a word that is no command or option here; "" if it is unknown."""
    found = find_words(name)
    if not found:
        return ""
    lines = dict.fromkeys(word.here[0] for _, word in found)
    return f"Here that is: {' or '.join(lines)}"


def words_page() -> str:
    """Return all words for a terminal: names, and the first command line of each."""
    lines = [
        "What the 2020 course report and its code call things, and what does the same here",
        "",
    ]
    for title, words in SECTIONS.items():
        names = [_fitting(word.names) for word in words]
        width = max(map(len, names))
        rows = zip(names, words, strict=True)
        lines += [title, *(f"  {name:<{width}}  {word.here[0]}" for name, word in rows), ""]
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


def word_page(title: str, word: Word) -> str:
    """Return what is known of one word."""
    lines = [f"{', '.join(word.names)}  ({title})", *(f"  {line}" for line in word.here)]
    return "\n".join([*lines, *([f"  {word.note}"] if word.note else [])]) + "\n"


def words_markdown() -> str:
    """Return the tables of docs/report-words.md."""
    lines: list[str] = []
    for title, words in SECTIONS.items():
        lines += [f"## {title}", "", "| there | here | more |", "| --- | --- | --- |"]
        for word in words:
            there = ", ".join(f"`{name}`" for name in word.names)
            here = "<br>".join(f"`{line}`" for line in word.here)
            lines.append(f"| {there} | {here} | {word.note} |")
        lines.append("")
    return "\n".join(lines)


def _all() -> Iterator[tuple[str, Word]]:
    for title, words in SECTIONS.items():
        for word in words:
            yield title, word
