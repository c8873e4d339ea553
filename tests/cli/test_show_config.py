"""``--show-config``: every option of every command with its origin, as TOML that can be fed back.

In: options, environments and files. Out: nothing but assertions.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from slipdetect.cli.main import cli
from slipdetect.cli.settings import variables
from slipdetect.cli.settings_file import options_of

LINE = re.compile(r"(# )?([\w-]+) *= (.*?) *  # (.*)")


def rows(page: str) -> dict[str, tuple[str, str]]:
    """Return ``{key: (value, origin)}`` of a page of one command."""
    found = [LINE.fullmatch(line) for line in page.splitlines()]
    return {match[2]: (match[3], match[4]) for match in found if match}


def commands(
    command: click.Command = cli, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield all commands that do something, with the words that call them."""
    if not isinstance(command, click.Group):
        yield words, command
        return
    ctx = click.Context(command)
    for name in command.list_commands(ctx):
        below = command.get_command(ctx, name)
        assert below is not None
        yield from commands(below, (*words, name))


def test_every_value_has_its_origin_and_secrets_are_masked(run, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("verbose = 1\n[detect]\nonset = 0.25\n\nmin_gap = 2 # seconds\n")
    env = {
        "SLIPDETECT_DETECT_WEBHOOK": "https://user:secret@example.org/key",
        "SLIPDETECT_DETECT_STREAM": "3",
    }
    args = ["--on-event", "tell --token secret", "--out", 'a "b".csv', "--windows"]
    result = run("detect", "--config", file, *args, "--show-config", env=env)
    assert (result.exit_code, result.stderr) == (0, "")
    found = rows(result.stdout)
    assert found["onset"] == ("0.25", f"{file}:3")
    assert found["min-gap"] == ("2.0", f"{file}:5")
    assert found["verbose"] == ("1", f"{file}:1")
    assert found["stream"] == ("3", "SLIPDETECT_DETECT_STREAM")
    assert found["out"] == (r'"a \"b\".csv"', "option")
    assert found["windows"] == ("true", "option")
    assert found["device"] == ('"auto"', "default")
    assert found["offset"] == ("", "not set")
    shown = "; not shown in full"
    assert found["webhook"] == ('"https://..."', "SLIPDETECT_DETECT_WEBHOOK" + shown)
    assert found["on-event"] == ('"tell ..."', "option" + shown)
    assert "secret" not in result.stdout
    assert not {"webhook", "on-event"} & set(tomllib.loads(result.stdout)["detect"])


def test_the_page_is_the_same_before_the_verb_and_shows_what_stands_there(run) -> None:
    before = run("-v", "--show-config", "detect", "--onset", "0.3")
    behind = run("-v", "detect", "--onset", "0.3", "--show-config")
    assert before.stdout == behind.stdout
    assert rows(before.stdout)["verbose"] == ("1", "option")
    assert rows(run("-v", "detect", "-vv", "--show-config").stdout)["verbose"] == ("2", "option")


def test_a_wrong_value_is_refused_not_shown(run, tmp_path: Path) -> None:
    result = run("detect", "--onset", "2", "--show-config")
    assert (result.exit_code, result.stdout) == (2, "")
    (tmp_path / "s.toml").write_text("[train]\nepochs = 0\n")
    result = run("--config", tmp_path / "s.toml", "--show-config")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"(set by {tmp_path / 's.toml'}:2)." in result.stderr


@pytest.mark.parametrize(
    ("words", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in commands()]
)
def test_every_command_shows_every_option_though_others_are_required(
    run, words: tuple[str, ...], command: click.Command
) -> None:
    result = run(*words, "--show-config")
    assert result.exit_code == 0, result.output
    found = rows(result.stdout)
    assert {"verbose", "quiet", "debug"} <= set(found)
    every = {option.name for option in options_of(command).values()}
    assert {options_of(command)[key].name for key in found} == every


@pytest.mark.parametrize(
    ("words", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in commands()]
)
def test_every_option_has_the_variable_that_its_name_promises(
    run, words: tuple[str, ...], command: click.Command
) -> None:
    run(*words, "--show-config")  # the first use of a command names its variables
    prefix = "_".join(["SLIPDETECT", *words]).upper()
    ctx = click.Context(command, auto_envvar_prefix=prefix)
    for key, option in options_of(command).items():
        assert f"{prefix}_{key.replace('-', '_').upper()}" in variables(ctx, option)


def test_the_page_of_all_commands_fed_back_changes_nothing(run, tmp_path: Path) -> None:
    file, again = tmp_path / "s.toml", tmp_path / "again.toml"
    file.write_text(
        "debug = true\n[detect]\nformat = 'csv'\npad = 0.5\nclips = 'C:\\x'\n"
        "[train]\nmodality = ['rgb', 'flow']\n[models.import]\nout = 'm'\n"
        "[prepare.resize]\nsize = 'seed'\n"
    )
    first = run("--config", file, "--show-config")
    assert first.exit_code == 0, first.output
    again.write_text(first.stdout, encoding="utf-8")
    second = run("--config", again, "--show-config")
    data = tomllib.loads(first.stdout)
    assert data == tomllib.loads(second.stdout)
    assert data["detect"]["pad"] == 0.5
    assert data["detect"]["clips"] == "C:\\x"
    assert data["train"]["modality"] == ["rgb", "flow"]
    assert data["models"]["import"]["out"] == "m"
    assert data["prepare"]["resize"]["size"] == "seed"
    assert data["debug"] is True
    missing = {words for words, _ in commands() if not _reaches(data, words)}
    assert not missing


def test_the_page_of_a_group_has_its_commands_only(run) -> None:
    data = tomllib.loads(run("models", "--show-config").stdout)
    assert list(data) == ["models"]
    assert list(data["models"]) == ["import", "export", "average", "list", "show"]


def _reaches(data: dict[str, object], words: tuple[str, ...]) -> bool:
    for word in words:
        below = data.get(word)
        if not isinstance(below, dict):
            return False
        data = below
    return True
