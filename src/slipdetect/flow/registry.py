"""The flow methods by name; a method's module is imported when it is asked for.

In: a name and parameters. Out: a ready ``FlowMethod``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any, cast

from slipdetect.errors import UsageError
from slipdetect.flow.method import FlowMethod

_METHODS: Mapping[str, str] = {
    "tvl1-opencv": "slipdetect.flow.tvl1_opencv:TvL1OpenCV",
    "dis": "slipdetect.flow.dis:Dis",
}


def available_methods() -> list[str]:
    """Return the names of the flow methods; nothing is imported."""
    return list(_METHODS)


def create_method(name: str, parameters: Mapping[str, Any]) -> FlowMethod:
    """Import the method ``name`` and fix its parameters.

    Raises:
        UsageError: Unknown method or parameter, a value out of range, or cv2 cannot be imported.
    """
    if name not in _METHODS:
        raise UsageError(f"unknown flow method {name!r}; choose from {', '.join(_METHODS)}")
    module, _, attribute = _METHODS[name].partition(":")
    try:
        method = cast("type[FlowMethod]", getattr(import_module(module), attribute))
    except ImportError as error:
        raise UsageError(
            f"flow method {name!r} cannot be loaded ({error}); "
            "reinstall opencv-contrib-python and no other OpenCV package"
        ) from error
    known = [field.name for field in fields(method.parameters_type)]
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise UsageError(
            f"flow method {name!r} has no parameter {unknown[0]!r}; it has {', '.join(known)}"
        )
    return method(method.parameters_type(**parameters))
