"""Options of the commands that write videos anew.

In: what the user typed. Out: sizes and regions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.options import Decorator
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    from slipdetect.lab.prepare.trimming import Cut
    from slipdetect.video.size_modes import SizeMode

OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace files that are there.")


def size_option(required: bool = False) -> Decorator:
    """Return the option --size."""
    default: dict[str, Any] = {} if required else {"default": "native", "show_default": True}
    return click.option(
        "--size",
        required=required,
        help="native, course2020 (342x256, portrait padded), short:256 or letterbox:342x256.",
        **default,
    )


def read_size(text: str) -> SizeMode:
    """Return the size that ``text`` names.

    Raises:
        UsageError: It names none.
    """
    from slipdetect.video.size_modes import SizeMode

    return SizeMode.parse(text)


def read_cut(start: float | None, end: float | None, box: str | None) -> Cut:
    """Return what --start, --end and --box mean.

    Raises:
        UsageError: They make no sense.
    """
    from slipdetect.lab.prepare.trimming import Cut, Region

    region = None if box in (None, "auto") else Region.parse(str(box))
    try:
        return Cut(0.0 if start is None else start, end, region, box == "auto")
    except UsageError as error:
        raise UsageError(f"{error}; check --start and --end") from error
