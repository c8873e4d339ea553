"""Importing what an entry point names without letting it disturb the program."""

from __future__ import annotations

import contextlib
import sys
import threading
from importlib.metadata import EntryPoint
from typing import cast

from slipdetect.backbones.spec import Backbone, BackboneSpec
from slipdetect.errors import SlipdetectError

# Long enough for a cold import of a tensor library from a slow disk.
PLUGIN_SECONDS = 60.0


def load_backbone(point: EntryPoint, *, limited: bool) -> Backbone:
    """Import the object behind ``point``; what it prints goes to stderr.

    An object that is callable and no ``Backbone`` is called with the entry's name.

    Args:
        point: The entry point.
        limited: Import with a time limit, as is done for plugins.

    Raises:
        BaseException: Whatever the import raised, ``SystemExit`` included; ``TimeoutError`` after
            ``PLUGIN_SECONDS``; ``TypeError`` or ``ValueError`` for an object that is no backbone.
    """
    with contextlib.redirect_stdout(sys.stderr):
        found = _load_limited(point) if limited else point.load()
        if callable(found) and not hasattr(found, "spec"):
            found = found(point.name)
    spec = getattr(found, "spec", None)
    if not isinstance(spec, BackboneSpec) or not callable(getattr(found, "build", None)):
        raise TypeError(f"{point.value!r} is a {type(found).__name__}, not a Backbone")
    if spec.name != point.name:
        raise ValueError(f"its spec has the name {spec.name!r}")
    return cast("Backbone", found)


def short_reason(error: BaseException) -> str:
    """Return the exception's text on one line, with its type unless it is one of our own."""
    text = " ".join(str(error).split())
    if text and isinstance(error, SlipdetectError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _load_limited(point: EntryPoint) -> object:
    """Import in a daemon thread, which a hanging import cannot take the program down with."""
    loaded: list[object] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            loaded.append(point.load())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name=f"load {point.name}", daemon=True)
    thread.start()
    thread.join(PLUGIN_SECONDS)
    if thread.is_alive():
        raise TimeoutError(f"importing {point.value!r} took longer than {PLUGIN_SECONDS:g} s")
    if failed:
        raise failed[0]
    return loaded[0]
