"""What a reader must know before any figure of a table: a smoke run, a split that leaks.

In: a ``TableResult``. Out: sentences, and columns for every row of a CSV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipdetect.lab.course2020.leaked import Leaked
    from slipdetect.lab.course2020.result import TableResult

SMOKE = (
    "SMOKE RUN: few clips, three steps, random weights; it shows that all runs, "
    "its numbers mean nothing"
)


def flags(result: TableResult) -> dict[str, int]:
    """Return by column what every row of a table must say of all its figures.

    ``smoke`` is 1 if they mean nothing, ``leaks`` how many groups and files are on two sides of
    the split, ``leaking_test_clips`` how many test clips these hold.
    """
    leaked = result.leaked
    return {
        "smoke": int(result.smoke),
        "leaks": 0 if leaked is None else leaked.count,
        "leaking_test_clips": 0 if leaked is None else leaked.test_clips,
    }


def leak_warning(leaked: Leaked) -> str:
    """Return a sentence on what leaks and what that does to the figures."""
    many = "1 group or file is" if leaked.count == 1 else f"{leaked.count} groups or files are"
    return (
        f"LEAKING SPLIT: {many} on two sides of the data's split, with {leaked.test_clips} of "
        f"{leaked.of} test clips; the figures are too good for clips from elsewhere."
    )


def warnings(result: TableResult) -> list[str]:
    """Return the sentences that stand before the table."""
    smoke = [SMOKE] if result.smoke else []
    return [*smoke, *([] if result.leaked is None else [leak_warning(result.leaked)])]
