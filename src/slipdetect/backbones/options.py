"""A backbone's own options: which there are, and whether given ones make sense.

In: a builder and values by name, or ``NAME=VALUE`` texts. Out: checked values by name.
"""

from __future__ import annotations

import difflib
import inspect
import json
import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from slipdetect.errors import UsageError

if TYPE_CHECKING:
    import torch
    from torch import nn

OPTIONS_BUFFER = "backbone_options"

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def declared_options(build: Callable[..., Any]) -> dict[str, Any]:
    """Return the options of a builder and their defaults: its keyword-only parameters."""
    return {
        name: None if parameter.default is parameter.empty else parameter.default
        for name, parameter in inspect.signature(build).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }


def check_options(name: str, build: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Check options of backbone ``name`` against what its builder declares.

    A builder that takes any keyword (``**options``) checks those it does not declare itself.

    Raises:
        UsageError: An option that there is not, or a value of another type than its default.
    """
    declared = declared_options(build)
    kinds = {item.kind for item in inspect.signature(build).parameters.values()}
    for key, value in options.items():
        if key in declared:
            _check_kind(f"option {key!r} of backbone {name!r}", value, declared[key])
        elif inspect.Parameter.VAR_KEYWORD not in kinds:
            raise UsageError(f"backbone {name!r} has no option {key!r}; {_advice(key, declared)}")


def remember_options(network: nn.Module, options: Mapping[str, Any]) -> None:
    """Note in ``network`` which options it was built with.

    Options may change what a network computes without changing the shape of any weight. Being a
    buffer, the note goes wherever the weights go and stands in the way of loading them into a
    network that was built otherwise.
    """
    import torch

    text = json.dumps(dict(options), sort_keys=True, ensure_ascii=False)
    network.register_buffer(OPTIONS_BUFFER, torch.tensor(list(text.encode()), dtype=torch.uint8))


def options_in(state: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """Return the options that ``remember_options`` noted among the tensors of a state dict.

    Raises:
        ValueError: The note is damaged.
    """
    for key, value in state.items():
        if key.rpartition(".")[2] == OPTIONS_BUFFER:
            found: dict[str, Any] = json.loads(bytes(value.tolist()))
            return found
    return {}


def parse_options(texts: Sequence[str]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` texts, the value as in TOML (``true``, ``4``, ``0.5``) or plain text.

    Raises:
        UsageError: A text is not of this form, or a name is given twice.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not name.isidentifier() or not equals or not value:
            raise UsageError(f"a backbone's option is NAME=VALUE, such as rectify=true: {text!r}")
        if name in found:
            raise UsageError(f"the backbone's option {name!r} is given twice")
        found[name] = _value(value)
    return found


def _value(text: str) -> Any:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    parts = value if isinstance(value, list) else [value]
    # dates, tables, NaN and the like are no options: whoever means the text gets the text
    plain = all(
        isinstance(part, bool | int | str) or (isinstance(part, float) and math.isfinite(part))
        for part in parts
    )
    return value if plain else text


def _check_kind(what: str, value: Any, default: Any) -> None:
    kind = type(default)
    if kind not in _WORDS:
        return
    # True is an int and 4 is a float to Python; only the latter is what somebody means
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise UsageError(f"{what} is {_WORDS[kind]} (by default {default!r}), not {value!r}")


def _advice(key: str, declared: Mapping[str, Any]) -> str:
    if not declared:
        return "it takes none"
    near = difflib.get_close_matches(key, declared, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{meant}it has {', '.join(declared)}"
