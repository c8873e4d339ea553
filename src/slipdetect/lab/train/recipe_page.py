"""Every setting of a recipe with its origin, as a page.

In: a ``Recipe`` and what the command line gave. Out: text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from slipdetect.lab.train.config import NetworkConfig, OptimizerConfig, ReadingConfig, TrainConfig
from slipdetect.lab.train.recipes import Recipe, Setting
from slipdetect.modalities.augment_config import AugmentConfig

_GROUPS = (
    ("Network", NetworkConfig),
    ("Reading", ReadingConfig),
    ("Learning", OptimizerConfig),
    ("Augmentation", AugmentConfig),
)
_ORIGIN = "command line"


def recipe_page(recipe: Recipe, given: Mapping[str, Any]) -> str:
    """Return the page.

    Raises:
        UsageError: A value that ``TrainConfig`` does not take.
    """
    resolved = recipe.resolved(given, _ORIGIN)
    units = {item.name: item.metadata["unit"] for item in fields(TrainConfig)}
    lines = [f"recipe {recipe.name}: {', '.join(recipe.modalities)}", recipe.description, ""]
    width = max(map(len, units))
    for title, names in _grouped():
        lines.append(title)
        for name in names:
            for streams, setting in _distinct(name, resolved):
                unit = units[name] if setting.value is not None else ""
                value = shown(setting.value) + (f" {unit}" if unit else "")
                value += f"  ({streams})" if streams else ""
                lines.append(f"  {name:<{width}}  {value:<36}  {setting.origin}".rstrip())
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def shown(value: Any) -> str:
    """Return a setting's value as the command line would take it."""
    if isinstance(value, tuple) and value:
        return ",".join(map(shown, value))
    if isinstance(value, bool):
        return "after-first" if value else "none"
    if value is None or value == ():
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _grouped() -> list[tuple[str, list[str]]]:
    found = [(title, [item.name for item in fields(group)]) for title, group in _GROUPS]
    taken = {name for _, names in found for name in names}
    rest = [item.name for item in fields(TrainConfig) if item.name not in taken]
    return [*found, ("Run", rest)]


def _distinct(
    name: str, resolved: Mapping[str, Mapping[str, Setting]]
) -> list[tuple[str, Setting]]:
    """Return the different settings of one name, each with its streams; none if all agree."""
    by_setting: dict[Setting, list[str]] = {}
    for modality, settings in resolved.items():
        by_setting.setdefault(settings[name], []).append(modality)
    if len(by_setting) == 1:
        return [("", setting) for setting in by_setting]
    return [(", ".join(streams), setting) for setting, streams in by_setting.items()]
