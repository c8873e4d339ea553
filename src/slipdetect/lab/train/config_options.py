"""Command-line options made from the fields of a dataclass of settings.

In: a dataclass whose field metadata has help, unit, least and choices. Out: click options.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import Field, fields
from typing import Any, get_args, get_type_hints

import click

from slipdetect.cli.options import Decorator


class _Numbers(click.ParamType[tuple[Any, ...]]):
    """Numbers separated by commas."""

    def __init__(self, kind: type[int] | type[float]) -> None:
        self.name = "N,N,..." if kind is int else "X,X,..."
        self._kind = kind

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Any, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self._kind(part) for part in str(value).split(","))
        except ValueError:
            example = "whole numbers such as 20,60" if self._kind is int else "numbers such as 1,.5"
            self.fail(f"{value!r} is no list of {example}", param, ctx)


class _Named(click.Choice[str]):
    """Words that stand for values of another type."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        super().__init__(list(words))
        self._words = dict(words)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return self._words[super().convert(str(value), param, ctx)]


# as the same thing is called in 'models import' and in the 2020 report, or said in a sentence
_SHORT = {"num_segments": "--segments", "start": "--from"}

_FREEZING = _Named({"all": "all", "after-first": True, "none": False})


def config_options(config: type[Any], leave_out: Collection[str] = ()) -> list[Decorator]:
    """Return an option per field of ``config``; one that is not given is None."""
    hints = get_type_hints(config)
    return [
        _option(item, hints[item.name]) for item in fields(config) if item.name not in leave_out
    ]


def _option(item: Field[Any], hint: Any) -> Decorator:
    unit = f" {item.metadata['unit']}" if item.metadata["unit"] else ""
    default = "" if item.default in (None, ()) else f"  [default: {_shown(item.default)}{unit}]"
    unit = f" ({unit.strip()})" if unit and not default else ""
    names = ["--" + item.name.replace("_", "-"), *filter(None, [_SHORT.get(item.name)])]
    return click.option(
        item.name,
        *names,
        type=_type(item, hint),
        multiple=hint == tuple[str, ...],
        help=item.metadata["help"].removesuffix(".") + unit + "." + default,
    )


def _type(item: Field[Any], hint: Any) -> click.ParamType[Any]:
    if item.metadata["choices"]:
        return click.Choice(item.metadata["choices"])
    kinds = set(get_args(hint)) or {hint}
    least, most = item.metadata["least"], item.metadata["most"]
    if hint in (tuple[int, ...], tuple[float, ...]):
        return _Numbers(get_args(hint)[0])
    if hint == tuple[str, ...]:
        return click.STRING
    if bool in kinds:
        return _FREEZING
    if int in kinds:
        return click.INT if least is None else click.IntRange(min=int(least))
    if float in kinds:
        return click.FLOAT if least is None else click.FloatRange(min=least, max=most)
    return click.STRING


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
