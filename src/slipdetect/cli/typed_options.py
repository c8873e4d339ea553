"""The options of a command as the fields of a dataclass, so that their types reach what uses them.

In: a dataclass whose fields are made by ``option``. Out: click options; the dataclass, filled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, field, fields
from functools import wraps
from typing import Any

import click

from slipdetect.cli.options import Decorator, with_options


def option(*flags: str, **attributes: Any) -> Any:
    """Return a field that is an option of a command, for dataclasses of keywords only.

    Args:
        flags: Such as ``"--list"``; that of the field's name when none is given.
        attributes: What ``click.option`` takes. The field's default is that of the option.
    """
    default: Any = attributes.get("default")
    if attributes.get("required"):
        default = MISSING
    elif attributes.get("is_flag"):
        default = False
    elif attributes.get("multiple"):
        default = ()
    return field(default=default, metadata={"flags": flags, "attributes": attributes})


def settings_options(settings: type[Any]) -> list[Decorator]:
    """Return a click option per field of a dataclass."""
    return [
        click.option(
            item.name,
            *(item.metadata["flags"] or [f"--{item.name.replace('_', '-')}"]),
            **item.metadata["attributes"],
        )
        for item in fields(settings)
    ]


def with_settings(settings: type[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a command take an option per field of a dataclass, and get them as ``settings``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **given: Any) -> Any:
            own = {item.name: given.pop(item.name) for item in fields(settings)}
            return function(*args, settings=settings(**own), **given)

        decorated: Callable[..., Any] = with_options(settings_options(settings))(call)
        return decorated

    return decorate
