"""Completion of file names in a shell where a word may be more than a file, such as an address.

In: a command. Out: the same, with what a shell needs to know.
"""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem
from click.types import StringParamType

_FILES = ("SOURCE...", "[SOURCE]...", "PATH")
_FOLDERS = ("DIR", "FOLDER")
_MODELS = ("MODEL", "MODEL...")


class _Name(StringParamType):
    """Text that a shell completes as a file or a folder, or as one of some words.

    Args:
        kind: ``"file"`` or ``"dir"``.
        words: Offered too.
    """

    def __init__(self, kind: str, *words: str) -> None:
        self._kind = kind
        self._words = words

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the words that fit, and what the shell itself has to find."""
        words = [CompletionItem(word) for word in self._words if word.startswith(incomplete)]
        return [*words, CompletionItem(incomplete, type=self._kind)]


def complete_names(command: click.Command) -> click.Command:
    """Let a shell complete the names of files and folders that ``command`` takes as text."""
    for param in command.params:
        if type(param.type) is not StringParamType:
            continue
        if param.metavar in _FILES:
            param.type = _Name("file")
        elif param.name == "model" or param.metavar in _MODELS:
            param.type = _Name("dir", "default")
        elif param.metavar in _FOLDERS:
            param.type = _Name("dir")
    return command
