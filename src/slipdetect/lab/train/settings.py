"""The settings of training on the command line: ``--set NAME=VALUE``, and pages that list them.

In: words of the command line, and a ``Recipe``. Out: checked values by name; text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from slipdetect.cli.completion import MODEL_NAME, Name
from slipdetect.cli.options import Decorator
from slipdetect.errors import UsageError
from slipdetect.lab.train.config import TRAIN
from slipdetect.lab.train.fields import KINDS, Fields
from slipdetect.lab.train.recipes import POSE, Recipe, Setting

POSE_TYPED = "slipdetect.lab.train.pose"  # in click's context, where the pose stream is named

_COLUMNS = 100
_METAVARS = {int: "N", float: "X", str: "NAME"}
_COMPLETED: dict[str, click.ParamType[Any]] = {
    "init_from": MODEL_NAME,
    "weights": Name("file", "imagenet", "pypi", "none"),
}


class _Value(click.ParamType[Any]):
    """The value of one setting."""

    def __init__(self, setting: str) -> None:
        self.name = _METAVARS[TRAIN.kinds_of(setting)[0][0]]
        self._setting = setting

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return TRAIN.parse(self._setting, str(value))
        except UsageError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return what fits of a setting that names a model or a file."""
        kind = _COMPLETED.get(self._setting)
        return [] if kind is None else kind.shell_complete(ctx, param, incomplete)


class _Pair(click.ParamType[tuple[str, str]]):
    """A setting and its value, as text: which settings there are depends on the recipe."""

    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, equals, text = str(value).partition("=")
        try:
            if not equals:
                raise UsageError(f"write NAME=VALUE, such as ema=0.999, not {value!r}")
            is_pose = ctx is not None and POSE_TYPED in ctx.meta
            return _checked(name, text, (POSE, TRAIN) if is_pose else (TRAIN, POSE))
        except UsageError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the names that begin so."""
        names = {**TRAIN.by_name, **POSE.by_name}
        return [CompletionItem(f"{name}=") for name in names if name.startswith(incomplete)]


def _checked(name: str, text: str, tables: tuple[Fields, ...]) -> tuple[str, str]:
    """Return the name and the text of a setting that some recipe takes.

    Raises:
        UsageError: None does; what is said is that of the first table.
    """
    errors: list[UsageError] = []
    for table in tables:
        try:
            key = table.find(name)
            table.parse(key, text)
            return key, text
        except UsageError as error:
            errors.append(error)
    raise errors[0]


def setting_option(name: str) -> Decorator:
    """Return the option of a setting; None where it is not given."""
    text = TRAIN.by_name[name].metadata["help"]
    return click.option(f"--{name.replace('_', '-')}", type=_Value(name), help=text)


SET_OPTION = click.option(
    "--set",
    "pairs",
    type=_Pair(),
    multiple=True,
    help="Any setting; train --settings lists all of them. Repeatable.",
)


def given_settings(
    table: Fields, named: Mapping[str, Any], pairs: Iterable[tuple[str, str]], *, named_wins: bool
) -> dict[str, Any]:
    """Return the settings that were given, by options of their own and by ``--set``.

    Args:
        table: The settings that there are.
        named: Those that were given, by name.
        pairs: Of ``--set``: the last of a name counts; lists of texts grow.
        named_wins: Which of the two counts where both say the same setting.

    Raises:
        UsageError: There is no such setting, or it takes no such value.
    """
    by_set: dict[str, Any] = {}
    for given, text in pairs:
        name = table.find(given)
        value = table.parse(name, text)
        grows = table.kinds_of(name) == ([str], True)
        by_set[name] = (*by_set.get(name, ()), *value) if grows else value
    # "none" is a value too, where the table knows it
    by_option = {
        k: table.parse(k, "none") if value is None else value for k, value in named.items()
    }
    return {**by_set, **by_option} if named_wins else {**by_option, **by_set}


def recipe_page(recipe: Recipe, given: Mapping[str, Any]) -> str:
    """Return every setting of a recipe with its value and origin.

    Raises:
        UsageError: A value that ``TrainConfig`` does not take.
    """
    resolved = recipe.resolved(given, "command line")
    width = max(map(len, recipe.table.by_name))
    lines = [f"recipe {recipe.name}: {', '.join(recipe.modalities)}", recipe.description]
    for title, names in recipe.table.titled:
        lines += ["", title]
        for name in names:
            for streams, setting in _distinct(name, resolved):
                value = _shown(recipe.table, name, setting.value, streams)
                lines.append(f"  {name:<{width}}  {value:<36}  {setting.origin}".rstrip())
    return "\n".join(lines) + "\n"


def settings_page(recipe: Recipe) -> str:
    """Return every setting with its kind, limits, meaning and default, which is the recipe's."""
    resolved = {
        modality: {name: Setting(setting.value, "") for name, setting in settings.items()}
        for modality, settings in recipe.resolved().items()
    }
    lines = [
        f"Settings of train {recipe.name}: what --set NAME=VALUE takes, and what holds without it.",
        "A list has commas between its values.",
    ]
    for title, names in recipe.table.titled:
        lines += ["", title]
        for name in names:
            found = _distinct(name, resolved)
            values = [_shown(recipe.table, name, s.value, streams) for streams, s in found]
            head = f"  {name}  {_kind(recipe.table, name)}"
            lines.append(f"{head}  [default: {'; '.join(values)}]")
            text = textwrap.wrap(recipe.table.by_name[name].metadata["help"], _COLUMNS - 6)
            lines += [" " * 6 + line for line in text]
    return "\n".join(lines) + "\n"


def _kind(table: Fields, name: str) -> str:
    """Return what a setting takes: its choices, or its type, limits and unit."""
    facts = table.by_name[name].metadata
    if facts["choices"]:
        return "|".join(facts["choices"])
    kinds, is_list = table.kinds_of(name)
    word = KINDS[kinds[0]].removeprefix("a ")
    words = [f"{word}s, a list" if is_list and kinds != [str] else word]
    least, most = facts["least"], facts["most"]
    if most is not None:
        words.append(f"{least:g} to {most:g}")
    elif least is not None:
        words.append(f"at least {least:g}")
    return ", ".join(words) + (f", {facts['unit']}" if facts["unit"] else "")


def _shown(table: Fields, name: str, value: Any, streams: str) -> str:
    """Return a setting's value as ``--set`` takes it, with its unit and streams."""
    unit = table.by_name[name].metadata["unit"]
    text = _text(value) + (f" {unit}" if unit and value is not None else "")
    return f"{text} ({streams})" if streams else text


def _text(value: Any) -> str:
    if isinstance(value, tuple) and value:
        return ",".join(map(_text, value))
    if value is None or value == ():
        return "not given"
    return f"{value:g}" if isinstance(value, float) else str(value)


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
