"""Answers of ``slipdetect doctor``, and how they look.

In: ``Check``s. Out: lines of text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from slipdetect._text import printable
from slipdetect.reports.text_table import text_table

_LEAST = 40


@dataclass(frozen=True)
class Check:
    """An answer.

    Attributes:
        name: What was looked at.
        ok: It works; it does not; None: nothing depends on it.
        found: What was found, in a few words.
        advice: What to do about it.
    """

    name: str
    ok: bool | None
    found: str
    advice: str = ""


def check_lines(checks: Sequence[Check], bad: str, *, width: int | None = None) -> list[str]:
    """Return a line for each check, and one for its advice.

    Args:
        checks: What was found.
        bad: The sign of what is not as it should be.
        width: Columns that a line may have; longer ones go on below. None: any.
    """
    signs = {True: "ok", False: bad, None: "-"}
    before = max((len(check.name) for check in checks), default=0) + max(len(bad), 2) + 4
    rows: list[tuple[str, str, str]] = []
    for check in checks:
        said = [printable(check.found), *([f"-> {check.advice}"] if check.advice else [])]
        if width is not None:
            room = max(width - before, _LEAST)
            said = [line for text in said for line in textwrap.wrap(text, room)]
        rows.append((signs[check.ok], check.name, said[0]))
        rows += [("", "", line) for line in said[1:]]
    return text_table((), rows, left=(0, 1, 2))
