"""docs/config.md: its files are valid, its variables work, its completion is offered.

In: the page. Out: nothing but assertions.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from slipdetect.cli.main import cli

PAGE = (Path(__file__).parents[2] / "docs" / "config.md").read_text(encoding="utf-8")
FILES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
VARIABLES = re.findall(r"^\| `(.*?)`.*\| `(SLIPDETECT_\w+)(?:=\"?(.*?)\"?)?`", PAGE, re.MULTILINE)


def run(*args: object, **options: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], **options)


@pytest.mark.parametrize("text", FILES)
def test_files_shown_can_be_fed_in(text: str, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(text, encoding="utf-8")
    result = run("--config", file, "--show-config")
    assert result.exit_code == 0, result.output
    assert str(file) in result.stdout


@pytest.mark.parametrize(("option", "variable", "value"), VARIABLES)
def test_variables_shown_set_their_option(
    option: str, variable: str, value: str, tmp_path: Path
) -> None:
    *words, key = option.split()
    if variable == "SLIPDETECT_CONFIG":
        (tmp_path / "1").write_text("verbose = 2")
        result = run("detect", "--show-config", env={variable: str(tmp_path / "1")})
        assert "1:1\n" in result.stdout
        return
    if not words:
        words = ["detect"]
    result = run(*words, "--show-config", env={variable: value or "1"})
    assert result.exit_code == 0, result.output
    assert re.search(rf"^{key.strip('-')} .*# {variable}$", result.stdout, re.MULTILINE)


def test_the_page_has_both_kinds() -> None:
    assert len(FILES) == 2
    assert len(VARIABLES) == 6


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_for_each_shell_prints_a_script(shell: str) -> None:
    assert f"_SLIPDETECT_COMPLETE={shell}_source slipdetect" in PAGE
    env = {"_SLIPDETECT_COMPLETE": f"{shell}_source"}
    result = CliRunner().invoke(cli, [], prog_name="slipdetect", env=env)
    assert f"_SLIPDETECT_COMPLETE={shell}_complete" in result.stdout
