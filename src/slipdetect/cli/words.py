"""What the 2020 course report and its programs are called here.

In: a word, such as one that was typed as a command or option. Out: ``Word``s, a hint.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Word:
    """What something is called there and here.

    Attributes:
        names: Its names there.
        here: Command lines that do the same here, such as can be typed; empty where the note
            says what does.
        note: What else there is to know, or "".
    """

    names: tuple[str, ...]
    here: tuple[str, ...]
    note: str = ""

    @property
    def first(self) -> str:
        """The first command line, or the note where there is none."""
        return self.here[0] if self.here else self.note


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


def hint(name: str, command: str = "") -> str:
    """Return a sentence on a word that is no command or option here; "" if it is unknown.

    Args:
        name: The word.
        command: What it was typed after, such as ``"slipdetect train"``: lines of it are preferred.
    """
    found = find_words(name)
    if not found:
        return ""
    lines = dict.fromkeys(_line(word, f"{command} ") for _, word in found)
    return f"Here that is: {' or '.join(lines)}"


def _line(word: Word, begin: str) -> str:
    """Return what does the same here: a line that begins so, or else the first."""
    return next((line for line in word.here if line.startswith(begin)), word.first)


def _word(names: str, lines: list[str]) -> Word:
    here = tuple(f"slipdetect {line}" for line in lines if not line.startswith("# "))
    note = next((line.removeprefix("# ") for line in lines if line.startswith("# ")), "")
    return Word(tuple(names.split("|")), here, note)
