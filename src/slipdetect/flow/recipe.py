"""Comparing two flow recipes: flow made by one must not be taken for flow made by the other.

In: two recipes as ``FlowExtractor.recipe`` gives them. Out: their differences as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ABSENT = object()


def recipe_differences(have: Mapping[str, Any], want: Mapping[str, Any]) -> list[str]:
    """Return what differs, one text a key, such as ``"bound 20 instead of 15"``; empty if nothing.

    Method, bound, every parameter and OpenCV's major version count; its minor version does not.
    Parameters of two different methods mean different things and are not compared.

    Args:
        have: The recipe of the flow that is there.
        want: The recipe that is asked for.
    """
    found = [
        difference(key, have.get(key, _ABSENT), want.get(key, _ABSENT))
        for key in ("method", "bound")
    ]
    if have.get("method") == want.get("method"):
        had, wanted = have.get("parameters", {}), want.get("parameters", {})
        found += [
            difference(name, had.get(name, _ABSENT), wanted.get(name, _ABSENT))
            for name in sorted({*had, *wanted})
        ]
    found.append(opencv_difference(have.get("opencv"), want.get("opencv")))
    return [text for text in found if text]


def opencv_difference(have: str | None, want: str | None) -> str:
    """Return how two OpenCV versions differ in their first number; empty if one is unknown."""
    if have is None or want is None:
        return ""
    return difference("opencv", have.partition(".")[0], want.partition(".")[0])


def difference(key: str, have: Any, want: Any) -> str:
    """Return ``"KEY HAVE instead of WANT"``, or nothing if the two are equal."""
    # True == 1 in Python, but not in a recipe
    if have == want and isinstance(have, bool) == isinstance(want, bool):
        return ""
    return f"{key} {_text(have)} instead of {_text(want)}"


def _text(value: Any) -> str:
    if value is _ABSENT or value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value)
