"""Options that the commands which measure models share.

In: the command line. Out: click options, fusion weights, checks of what goes together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from slipdetect.cli.detect_options import VIEWS
from slipdetect.cli.typed_options import FILE, option
from slipdetect.errors import UsageError

SCORE_SUFFIX, PREDICTIONS_SUFFIX = ".npz", ".jsonl"

MANY_OPTIONS = ("jobs", "on", "resume")

FORMATS = ("table", "json", "markdown")

_MOST_WEIGHT = 1e9

# how the cameras look at people, for ``option``
VIEW: dict[str, Any] = {
    "type": click.Choice(VIEWS),
    "default": "level",
    "help": "above: the cameras look straight down; how people move decides alone.",
}


def device_option(**more: Any) -> Any:
    """Return the field of a device; ``more`` as for ``option``."""
    return option(default="auto", help="auto, cpu, cuda, cuda:1 or mps.", **more)


def overwrite_option(help: str = "Replace files that exist.", **more: Any) -> Any:
    """Return the field that allows to replace files; ``more`` as for ``option``."""
    return option(is_flag=True, help=help, **more)


@dataclass(frozen=True, kw_only=True)
class ReportSettings:
    """What a report is and where it goes."""

    format: str | None = option(type=click.Choice(FORMATS), help="[default: by --out, or table]")
    out: Path | None = option(type=FILE, help="File for the tables.  [default: standard output]")


class FusionWeights(click.ParamType[dict[str, float]]):
    """Fusion weights by modality; those of 0 are left out."""

    name = "NAME=W,NAME=W"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, float]:
        """Return the weights of a text such as ``"rgb=1,flow=1.5"``."""
        if isinstance(value, dict):
            return value
        weights: dict[str, float] = {}
        for part in str(value).split(","):
            name, _, number = part.strip().partition("=")
            try:
                weight = float(number)
            except ValueError:
                weight = -1.0
            if not name or name in weights or not 0 <= weight < _MOST_WEIGHT:
                self.fail(f"{value!r} is not a list such as rgb=1,flow=1.5", param, ctx)
            weights[name] = weight
        if not any(weights.values()):
            self.fail(f"{value!r} has no weight above 0", param, ctx)
        return {name: weight for name, weight in weights.items() if weight > 0}


def refuse(ctx: click.Context, names: Iterable[str], reason: str) -> None:
    """Refuse options that have no effect; what the environment says serves other runs too.

    Raises:
        UsageError: Naming the first of them that is on the command line.
    """
    for name in names:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name.replace('_', '-')} has no effect: {reason}; leave it out")
