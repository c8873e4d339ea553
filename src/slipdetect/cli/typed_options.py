"""The options of a command as the fields of a dataclass, so that their types reach its code.

In: a dataclass whose fields are made by ``option``. Out: click options; the dataclass, filled.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import MISSING, field, fields
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.completion import Name
from slipdetect.cli.grouped import section
from slipdetect.cli.options import Beside, Decorator, with_options

if TYPE_CHECKING:
    from slipdetect.sinks.sink import Sink


class Number(click.FloatRange):
    """A number within limits; click itself takes NaN, which is in none, and infinity."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        found: float = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return found


class _Path(click.Path):
    """A path that there can be."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path: Any = super().convert(value, param, ctx)
        try:
            Path(path).lstat()
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                self.fail(f"{str(path)[:40]!r}... has a name that is too long", param, ctx)
        return path


FOLDER = _Path(path_type=Path, file_okay=False)
FILE = _Path(path_type=Path, dir_okay=False)
PATH = _Path(path_type=Path)
POSITIVE = Number(min=0.0, min_open=True)


def option(*flags: str, heading: str = "", more: bool = False, **attributes: Any) -> Any:
    """Return a field that is an option of a command, for dataclasses of keywords only.

    Args:
        flags: Such as ``"--list"``; that of the field's name when none is given.
        heading: What it stands under in ``--help`` of a ``GroupedCommand``.
        more: Only ``--help-all`` shows it.
        attributes: What ``click.option`` takes, and ``beside`` as ``Beside`` does. The field's
            default is that of the option.
    """
    if "beside" in attributes:
        attributes["cls"] = Beside
    default: Any = attributes.get("default")
    if attributes.get("required"):
        default = MISSING
    elif attributes.get("is_flag"):
        default = False
    elif attributes.get("multiple"):
        default = ()
    facts = {"flags": flags, "heading": heading, "more": more, "attributes": attributes}
    return field(default=default, metadata=facts)


def headed(
    heading: str,
    help: str,
    metavar: str | None = None,
    *,
    default: Any = None,
    **attributes: Any,
) -> Any:
    """Return an ``option`` under a heading; a default of False makes a flag of it."""
    return option(
        heading=heading,
        help=help,
        metavar=metavar,
        default=default,
        is_flag=default is False,
        **attributes,
    )


flag = partial(headed, default=False)
number = partial(headed, metavar="N", type=click.IntRange(min=0))
seconds = partial(headed, metavar="SECONDS", type=Number(min=0.0))


def options_of(
    settings: Any,
    headings: Sequence[str] = (),
    sinks: Iterable[type[Sink]] = (),
    more: Collection[str] = (),
) -> list[Decorator]:
    """Return the options of a dataclass of settings and of sinks.

    Args:
        settings: The dataclass; fields that are no options are left out.
        headings: The order of the page, where others follow and flags stand last below each;
            none: the order of the fields.
        sinks: Those whose options the command has.
        more: Headings of sinks that only ``--help-all`` shows.
    """
    found = []
    for item in fields(settings):
        if facts := item.metadata:
            flags = facts["flags"] or [f"--{item.name.replace('_', '-')}"]
            made = click.option(item.name, *flags, **facts["attributes"])
            found.append((facts["heading"], facts["more"], item.default is False, made))
    for kind in sinks:
        if kind.option:
            named = Name(kind.completed) if kind.completed else None
            made = click.option(kind.option, metavar=kind.metavar, type=named, help=kind.help)
            found.append((kind.heading, kind.heading in more, False, made))
    if headings:
        places = {heading: place for place, heading in enumerate(headings)}
        found.sort(key=lambda each: (places.get(each[0], len(places)), *each[1:3]))
    return [
        section(heading, made, more=more) if heading else made for heading, more, _, made in found
    ]


def with_settings(
    settings: type[Any], headings: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a command take an option per field of a dataclass, and get them as ``settings``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **given: Any) -> Any:
            own = {item.name: given.pop(item.name) for item in fields(settings)}
            return function(*args, settings=settings(**own), **given)

        decorated: Callable[..., Any] = with_options(options_of(settings, headings))(call)
        return decorated

    return decorate
