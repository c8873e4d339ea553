"""Help pages with headings: short ones, and whole ones by ``--help-all``.

In: commands. Out: nothing but assertions.
"""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner

from slipdetect.cli.grouped import GroupedCommand, section
from slipdetect.cli.main import cli

# columns and most lines of a page
MOST_LINES = {"detect": (80, 60), "watch": (100, 70), "replay": (100, 60)}


def page(*words: str, width: int = 100) -> str:
    done = CliRunner().invoke(cli, words, prog_name="slipdetect", terminal_width=width)
    assert done.exit_code == 0
    return done.stdout


@click.command(cls=GroupedCommand)
@section("Looks", click.option("--wide", is_flag=True, help="Much."))
@section("Work", click.option("--jobs", help="Some."), click.option("--speed", help="Fast."))
@section("Looks", click.option("--deep", is_flag=True, help="Much deeper."), more=True)
@click.option("--plain", is_flag=True, help="Without a heading.")
def sample(**options: object) -> None:
    """Do something."""
    click.echo(str(sorted(options)))


def test_options_stand_under_their_headings() -> None:
    text = CliRunner().invoke(sample, ["--help"]).stdout
    places = [
        text.index(each)
        for each in ("Looks:", "--wide", "Work:", "--jobs", "--speed", "Other options:", "--plain")
    ]
    assert places == sorted(places)
    assert "Much deeper." not in text
    # named nevertheless, so that it can be found
    assert "--deep" in text[text.index("--help-all explains") :]


def test_all_texts_begin_in_one_column() -> None:
    lines = CliRunner().invoke(sample, ["--help"]).stdout.splitlines()
    columns = [line.index(text) for line in lines for text in ("Much.", "Some.") if text in line]
    assert len(columns) == 2
    assert len(set(columns)) == 1


def test_help_all_shows_every_option() -> None:
    text = CliRunner().invoke(sample, ["--help-all"]).stdout
    assert text.index("Looks:") < text.index("--deep") < text.index("Work:")
    assert "Much deeper." in text
    assert "explains" not in text


def test_the_command_takes_its_options_only() -> None:
    done = CliRunner().invoke(sample, ["--deep", "--jobs", "3"])
    assert done.stdout == "['deep', 'jobs', 'plain', 'speed', 'wide']\n"


@pytest.mark.parametrize("verb", MOST_LINES)
def test_the_first_page_is_short(verb: str) -> None:
    width, most = MOST_LINES[verb]
    lines = page(verb, "--help", width=width).splitlines()
    assert len(lines) <= most
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("verb", MOST_LINES)
def test_what_an_option_can_be_is_shown(verb: str) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    for option in command.params:
        if isinstance(option, click.Option) and isinstance(option.type, click.Choice):
            # without a name for them click shows the values itself
            words = re.findall(r"[\w-]+", option.help or "")
            hidden = [each for each in option.type.choices if option.metavar and each not in words]
            assert hidden == [], option.name


@pytest.mark.parametrize("verb", MOST_LINES)
def test_no_option_is_left_out(verb: str) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    options = [each for each in command.params if isinstance(each, click.Option)]
    short, whole = page(verb, "--help"), page(verb, "--help-all")
    for option in options:
        assert option.opts[-1] in short
        assert option.opts[-1] in whole
        assert option.help is not None
        assert " ".join(option.help.split())[:40] in " ".join(whole.split())
