"""Text of the command line that names a file or a folder, which shells complete.

In: what a shell has of a word. Out: click types for options and arguments whose words may be more
than a path, such as an address or ``default``.
"""

from __future__ import annotations

from typing import Literal

import click
from click.shell_completion import CompletionItem
from click.types import StringParamType


class Name(StringParamType):
    """Text that a shell completes as a file or a folder, or as one of some words."""

    def __init__(self, kind: Literal["file", "dir"], *words: str) -> None:
        self._kind = kind
        self._words = words

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the words that fit, and what the shell itself has to find."""
        words = [CompletionItem(word) for word in self._words if word.startswith(incomplete)]
        return [*words, CompletionItem(incomplete, type=self._kind)]


FILE_NAME = Name("file")
FOLDER_NAME = Name("dir")
MODEL_NAME = Name("dir", "default")
