"""Options that have no effect beside the others: refused by one mechanism, in every command.

In: command lines, and the commands as they are. Out: nothing but assertions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from slipdetect.cli.main import cli
from slipdetect.cli.options import Beside, common_options


@click.command()
@click.option("--cut")
@click.option("--fast", is_flag=True)
@click.option("--style", default="plain")
@click.option("--before", cls=Beside, beside=("cut",))
@click.option("--seed", cls=Beside, beside=("cut", "no fast"))
@click.option("--frames", is_flag=True, cls=Beside, beside=("style=ucf",))
@common_options
def command(**given: object) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--before 1", "--before has no effect without --cut"),
        ("--before 1 --cut x", ""),
        ("--seed 1", ""),
        ("--seed 1 --fast", "--seed has no effect without --cut and with --fast"),
        ("--seed 1 --fast --cut x", ""),
        ("--frames", "--frames has no effect without --style ucf"),
        ("--frames --style ucf", ""),
    ],
)
def test_what_takes_an_effect_away(line: str, why: str) -> None:
    result = CliRunner().invoke(command, line.split())
    assert str(result.exception or "") == (f"{why}; leave it out" if why else "")


def test_the_environment_serves_other_runs_too() -> None:
    result = CliRunner().invoke(command, [], env={"X_BEFORE": "1"}, auto_envvar_prefix="X")
    assert (result.exit_code, result.exception) == (0, None)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("prepare intervals t.csv --out o.csv --before 2", "--before has no effect without --cut"),
        ("prepare folder f --out o.csv --test-every 4 --seed 1", "--seed has no effect with"),
        ("prepare hmdb51 f --splits s --out o.csv --seed 1", "--seed has no effect without --val"),
        ("prepare check c.csv --pictures 3", "--pictures has no effect without --sheet"),
        ("prepare export-lists c.csv --out l --frames", "--frames has no effect without --format"),
        ("extract v.mp4 --out s --no-flow --bound 3", "--bound has no effect with --no-flow"),
        ("extract v.mp4 --out s --downloads d", "--downloads has no effect without --url"),
        ("convert-scores a.npz --out p --split test", "--split has no effect without --data"),
        ("train --data c.csv --mine-above 0.5", "--mine-above has no effect without --negatives"),
    ],
)
def test_commands_refuse_them(line: str, why: str) -> None:
    result = CliRunner().invoke(cli, line.split())
    assert result.exit_code == 2
    assert why in result.stderr


def commands(command: click.Command, ctx: click.Context) -> Iterator[click.Command]:
    if not isinstance(command, click.Group):
        yield command
        return
    for name in command.list_commands(ctx):
        found = command.get_command(ctx, name)
        assert found is not None
        yield from commands(found, ctx)


def test_all_that_is_named_is_there(tmp_path: Path) -> None:
    """A misspelled name would make an option idle for ever."""
    seen = 0
    for each in commands(cli, click.Context(cli)):
        names = {param.name for param in each.params}
        for param in each.params:
            for text in param.beside if isinstance(param, Beside) else ():
                seen += 1
                assert text.removeprefix("no ").partition("=")[0] in names, (each.name, text)
    assert seen > 20
