"""Recipes as data: which settings a published training used, and where each one is written.

In: a name such as ``course2020-rgb``, or a TOML file. Out: ``TrainConfig`` by modality, or the
settings of a pose stream, and the origin of each value.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from slipdetect.errors import UsageError
from slipdetect.lab.pose.settings import PoseSettings
from slipdetect.lab.train.config import TRAIN, TrainConfig
from slipdetect.lab.train.fields import Fields
from slipdetect.modalities.snippet import MODALITIES

__all__ = ["POSE", "Recipe", "Setting", "list_recipes", "load_recipe"]

# trained by another loop, and so never in one run with the others
POSE = Fields(PoseSettings, "slipdetect train pose", ("pose",), rest="Pose")

_FOLDER = Path(__file__).parent
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Setting:
    """One value and where it comes from."""

    value: Any
    origin: str


@dataclass(frozen=True)
class Recipe:
    """Settings that differ from the defaults, by modality."""

    name: str  # what the user called it
    description: str  # one sentence
    modalities: tuple[str, ...]  # the streams it trains
    settings: Mapping[str, Mapping[str, Setting]]  # by modality, by name of a field
    table: Fields = TRAIN  # the settings that there are

    def resolved(
        self, overrides: Mapping[str, Any] | None = None, origin: str = "given"
    ) -> dict[str, dict[str, Setting]]:
        """Return every setting of every modality with its origin.

        Args:
            overrides: Values that win over the recipe's.
            origin: What to call where they come from.

        Raises:
            UsageError: A name or a value that the settings do not take.
        """
        table = self.table
        given = {
            table.find(key): Setting(value, origin) for key, value in (overrides or {}).items()
        }
        known = {name: Setting(item.default, "default") for name, item in table.by_name.items()}
        found = {name: {**known, **self.settings[name], **given} for name in self.modalities}
        for settings in found.values():
            self._made(settings)
        return found

    def _made(self, settings: Mapping[str, Setting]) -> Any:
        return self.table.made(**{key: setting.value for key, setting in settings.items()})

    def configs(self, overrides: Mapping[str, Any] | None = None) -> dict[str, TrainConfig]:
        """Return the configuration of every modality.

        Raises:
            UsageError: As for ``resolved``; the recipe is for pose.
        """
        if self.table is not TRAIN:
            raise UsageError(f"recipe {self.name!r} trains no stream of pictures; choose another")
        return {name: self._made(each) for name, each in self.resolved(overrides).items()}

    def pose_settings(self, overrides: Mapping[str, Any] | None = None) -> PoseSettings:
        """Return the settings of a recipe for pose.

        Raises:
            UsageError: As for ``resolved``.
        """
        (settings,) = self.resolved(overrides).values()
        made: PoseSettings = self._made(settings)
        return made

    def only(self, modalities: Sequence[str]) -> Recipe:
        """Return the recipe for some of its modalities.

        Raises:
            UsageError: The recipe has no settings for one of them.
        """
        for name in modalities:
            if name in POSE.modalities and name not in self.settings:
                raise UsageError(
                    f"recipe {self.name!r} has no 'pose' stream; train it by 'slipdetect train "
                    "pose', after the others"
                )
            if name not in self.settings:
                raise UsageError(
                    f"recipe {self.name!r} has no {name!r} stream; it has "
                    f"{', '.join(self.settings)}"
                )
        return replace(self, modalities=tuple(modalities))

    def changed(self, changes: Mapping[str, Mapping[str, Any]], origin: str) -> Recipe:
        """Return the recipe with other values of some settings, by modality."""
        settings = {
            name: {**old, **{k: Setting(v, origin) for k, v in changes.get(name, {}).items()}}
            for name, old in self.settings.items()
        }
        return replace(self, settings=settings)


def list_recipes() -> list[str]:
    """Return the names of the recipes for streams of pictures; there is ``pose`` beside them."""
    return [name for name in _names() if name not in POSE.modalities]


def _names() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_recipe(name: str) -> Recipe:
    """Read a recipe.

    Args:
        name: ``pose`` or one of ``list_recipes()``, the same with ``-MODALITY`` for one of its
            streams, or the path of a TOML file like them.

    Raises:
        UsageError: There is no such recipe, or it is malformed.
    """
    if name.endswith(".toml"):
        return _read(Path(name), name)
    for modality in MODALITIES:
        base = name.removesuffix(f"-{modality}")
        if base != name and base in list_recipes():
            whole = _read(_FOLDER / f"{base}.toml", name)
            return whole.only([modality])
    if name not in _names():
        raise UsageError(
            f"there is no recipe {name!r}; choose from {', '.join(_names())}, one of them "
            "with -rgb, -flow or -rgbdiff after it, or give a .toml file"
        )
    return _read(_FOLDER / f"{name}.toml", name)


def _read(path: Path, name: str) -> Recipe:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"recipe {str(path)!r} is larger than any recipe; is this the file?")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot read recipe {str(path)!r}: {error}") from error
    base = _base(content.pop("base", None), path)
    modalities = content.pop("modalities", list(base.modalities if base else MODALITIES))
    table = POSE if modalities == list(POSE.modalities) else TRAIN
    description = content.pop("description", "")
    common = _sections(table, content.pop("common", []), path, "common")
    settings = {}
    if not isinstance(modalities, list) or not modalities:
        raise UsageError(f"recipe {str(path)!r}: modalities must be a list such as ['rgb', 'flow']")
    strange = [item for item in modalities if item not in table.modalities]
    if strange:
        raise UsageError(
            f"recipe {str(path)!r}: there is no modality {strange[0]!r}; choose from "
            f"{', '.join(MODALITIES)}, or pose alone"
        )
    # modalities that are not trained unless asked for have the common settings
    for modality in dict.fromkeys([*modalities, *table.modalities]):
        own = _sections(table, content.pop(modality, []), path, modality)
        inherited = base.settings.get(modality, {}) if base else {}
        if modality in modalities or path == _FOLDER / "default.toml":
            settings[modality] = {**inherited, **common, **own}
    if content:
        key = next(iter(content))
        place = "; settings stand in a section [[common]] or [[rgb]]"
        place = place if key in table.by_name else ""
        raise UsageError(f"recipe {str(path)!r}: {key!r} means nothing here{place}")
    recipe = Recipe(name, str(description), tuple(modalities), settings, table)
    try:
        recipe.resolved()
    except (UsageError, TypeError) as error:
        raise UsageError(f"recipe {str(path)!r}: {error}") from error
    return recipe


def _base(name: Any, path: Path) -> Recipe | None:
    """Return the recipe that another one changes, which comes with slipdetect."""
    if name is None:
        return None
    # a recipe that is somebody else's file would change under one's own
    others = [item for item in _names() if _FOLDER / f"{item}.toml" != path]
    if name not in others:
        raise UsageError(
            f"recipe {str(path)!r}: there is no base {name!r}; choose from {', '.join(others)}"
        )
    return load_recipe(name)


def _sections(table: Fields, sections: Any, path: Path, where: str) -> dict[str, Setting]:
    found: dict[str, Setting] = {}
    if not isinstance(sections, list) or not all(isinstance(item, dict) for item in sections):
        raise UsageError(f"recipe {str(path)!r}: {where} must be written as [[{where}]]")
    for section in sections:
        origin = str(section.get("from", path.name))
        for key, value in section.items():
            if key == "from":
                continue
            if key not in table.by_name:
                raise UsageError(f"recipe {str(path)!r}: [[{where}]] has no setting {key!r}")
            try:
                found[key] = Setting(table.take(key, value), origin)
            except UsageError as error:
                raise UsageError(f"recipe {str(path)!r}: {error}") from error
    return found
