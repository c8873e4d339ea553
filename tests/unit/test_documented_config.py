"""docs/config.md: its files are valid, its variables work, its completion is offered.

In: the page. Out: nothing but assertions.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from slipdetect.cli.main import cli

PAGE = (Path(__file__).parents[2] / "docs" / "config.md").read_text(encoding="utf-8")
FILES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
VARIABLES = re.findall(r"^\| `(.*?)`.*\| `(SLIPDETECT_\w+)(?:=\"?(.*?)\"?)?`", PAGE, re.MULTILINE)


NEEDED = {"detect": ["a.mp4"], "train": ["a.csv"], "models import": ["a", "--out", "b"]}


def taken(command: str, option: str, *given: str) -> object:
    """Return the value that an option of a command has after its command line was read."""
    ctx = cli.make_context("slipdetect", [*given, *command.split(), *NEEDED[command]])
    for word in command.split():
        assert isinstance(ctx.command, click.Group)
        found = ctx.command.get_command(ctx, word)
        assert found is not None
        args = NEEDED[command] if not isinstance(found, click.Group) else [command.split()[-1]]
        ctx = found.make_context(word, list(args), parent=ctx)
    name = next(each.name for each in ctx.command.params if f"--{option}" in each.opts)
    return ctx.params[name] if name in ctx.params else getattr(ctx.find_root().obj, str(name))


def tables(data: dict[str, object], *words: str) -> Iterator[tuple[str, str, object]]:
    """Yield command, option and value of everything that a file sets."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from tables(value, *words, key)
        else:
            yield " ".join(words) or "detect", key, value


@pytest.mark.parametrize("text", FILES)
def test_files_shown_can_be_fed_in(text: str, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text, encoding="utf-8")
    for command, option, value in tables(tomllib.loads(text)):
        found = taken(command, option, "--config", str(file))
        assert found == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(("option", "variable", "value"), VARIABLES)
def test_variables_shown_set_their_option(
    option: str, variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, _, name = option.rpartition("--")
    command, name = command.removesuffix(" ") or "detect", name.partition(" ")[0]
    if name == "config":
        (tmp_path / "s.toml").write_text("verbose = 2")
        monkeypatch.setenv(variable, str(tmp_path / "s.toml"))
        assert taken("detect", "verbose") == 2
        return
    without = taken(command, name)
    monkeypatch.setenv(variable, value or "1")
    found = taken(command, name)
    assert found != without
    wanted = value or "1"
    assert found == tuple(wanted.split()) if " " in wanted else str(int(found)) == wanted


def test_the_page_has_both_kinds() -> None:
    assert len(FILES) == 1
    assert len(VARIABLES) == 6


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_for_each_shell_prints_a_script(shell: str) -> None:
    assert f"_SLIPDETECT_COMPLETE={shell}_source slipdetect" in PAGE
    env = {"_SLIPDETECT_COMPLETE": f"{shell}_source"}
    result = CliRunner().invoke(cli, [], prog_name="slipdetect", env=env)
    assert f"_SLIPDETECT_COMPLETE={shell}_complete" in result.stdout
