"""Completion in a shell: commands, options, choices, names of files and folders.

In: words as a shell hands them over. Out: nothing but assertions.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from slipdetect.cli.main import cli
from slipdetect.sinks.registry import FORMATS


def completed(words: str, word: int, shell: str = "bash") -> list[str]:
    env = {
        "_SLIPDETECT_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(word) if shell != "fish" else words.split(" ")[-1],
    }
    result = CliRunner().invoke(cli, [], prog_name="slipdetect", env=env)
    assert result.exit_code == 0
    return result.stdout.split()


def test_commands_options_and_choices() -> None:
    assert completed("slipdetect det", 1) == ["plain,detect"]
    assert completed("slipdetect models im", 2) == ["plain,import"]
    assert completed("slipdetect detect --for", 2) == ["plain,--format"]
    assert completed("slipdetect detect --confi", 2) == ["plain,--confirm-down", "plain,--config"]
    assert completed("slipdetect detect --format ", 3) == [f"plain,{name}" for name in FORMATS]
    assert completed("slipdetect detect --format act", 3) == ["plain,activitynet"]
    assert completed("slipdetect detect x.mp4 --sensitivity l", 4) == ["plain,low"]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("slipdetect detect ki", ["file,ki"]),
        ("slipdetect detect one.mp4 tw", ["file,tw"]),
        ("slipdetect detect --out ki", ["file,ki"]),
        ("slipdetect detect --config sl", ["file,sl"]),
        ("slipdetect detect --clips ki", ["dir,ki"]),
        ("slipdetect detect --store ki", ["dir,ki"]),
        ("slipdetect detect --html ki", ["file,ki"]),
        ("slipdetect detect --webhook ki", []),
        ("slipdetect watch ki", ["file,ki"]),
        ("slipdetect watch --source-file ki", ["file,ki"]),
        ("slipdetect watch --clips ki", ["dir,ki"]),
        ("slipdetect replay --time-label ki", ["dir,ki"]),
        ("slipdetect train --init-from de", ["plain,default", "dir,de"]),
        ("slipdetect train --weights im", ["plain,imagenet", "file,im"]),
        ("slipdetect train --negatives ki", ["file,ki"]),
        ("slipdetect models show de", ["plain,default", "dir,de"]),
        ("slipdetect detect --model ki", ["dir,ki"]),
        ("slipdetect detect --model de", ["plain,default", "dir,de"]),
        ("slipdetect extract ki", ["file,ki"]),
        ("slipdetect evaluate clips de", ["plain,default", "dir,de"]),
        ("slipdetect plot run", ["file,run"]),
    ],
)
def test_names_of_files_and_folders_are_left_to_the_shell(words: str, answer: list[str]) -> None:
    assert completed(words, words.count(" ")) == answer


def test_a_settings_file_that_is_not_there_yet_is_no_hindrance() -> None:
    assert completed("slipdetect detect --config gone.toml --off", 4) == ["plain,--offset"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(shell: str) -> None:
    assert "activitynet" in " ".join(completed("slipdetect detect --format act", 3, shell))


def test_bash_itself(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    program = tmp_path / "slipdetect"
    program.write_text(
        f"#!{sys.executable}\nfrom slipdetect.cli.main import cli\ncli(prog_name='slipdetect')\n"
    )
    program.chmod(0o755)
    (tmp_path / "kitchen.mp4").touch()
    script = """
        eval "$(_SLIPDETECT_COMPLETE=bash_source slipdetect)"
        compopt() { echo "compopt $*"; }
        COMP_WORDS=(slipdetect detect --format sr) COMP_CWORD=3
        $(complete -p slipdetect | sed 's/.*-F \\([^ ]*\\).*/\\1/') slipdetect
        echo "${COMPREPLY[@]}"
        COMP_WORDS=(slipdetect detect ki) COMP_CWORD=2 COMPREPLY=()
        _slipdetect_completion slipdetect
    """
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "--norc", "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["srt", "compopt", "-o", "default"]
