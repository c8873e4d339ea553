"""Every command line of the documentation: the program takes it, and those that need nothing run.

In: README.md, CONTRIBUTING.md and the pages. Out: nothing but assertions.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from slipdetect.cli.main import cli
from slipdetect.lab.omnifall.command import omnifall

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^(?:<!-- (needs: [^\n]*) -->\n)?```bash\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks() -> Iterator[tuple[Path, str, str]]:
    """Yield page, what the block needs that is not there ("" for nothing), and its text."""
    for page in PAGES:
        for needs, text in BLOCK.findall(page.read_text(encoding="utf-8")):
            yield page, needs, text


def lines() -> Iterator[tuple[str, list[str]]]:
    """Yield page and words of every line that runs slipdetect."""
    for page, _, text in blocks():
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while words:
                part, words = _until_pipe(words)
                if "docker" in part or "slipdetect" not in {Path(word).name for word in part}:
                    continue
                at = [Path(word).name for word in part].index("slipdetect")
                yield page.name, part[at + 1 :]


def _until_pipe(words: list[str]) -> tuple[list[str], list[str]]:
    ends = [n for n, word in enumerate(words) if word in ("|", "&&", ">", ";")]
    return (words[: ends[0]], words[ends[0] + 1 :]) if ends else (words, [])


def take(words: list[str]) -> None:
    """Let click read words as it would, without running or opening anything."""
    command: click.Command = cli
    if words[:2] == ["reproduce", "omnifall"]:  # left to a command of its own
        command, words = omnifall, words[2:]
    context = click.Context(command, info_name="slipdetect")
    while isinstance(command, click.Group):
        values, words, _ = command.make_parser(context).parse_args(args=list(words))
        if not words:
            return
        name, found, words = command.resolve_command(context, words)
        assert found is not None, name
        command = found
        context = click.Context(command, info_name=name, parent=context)
    if context.ignore_unknown_options or command.context_settings.get("ignore_unknown_options"):
        return
    values, left, order = command.make_parser(context).parse_args(args=list(words))
    assert not left, f"left over: {left}"
    for param in order:
        given = values[param.name]
        if isinstance(given, str | tuple) and isinstance(param.type, click.Choice):
            param.type_cast_value(context, values[param.name])


@pytest.mark.parametrize(
    ("page", "words"),
    list(lines()),
    ids=[f"{page}:{' '.join(words)}"[:80] for page, words in lines()],
)
def test_the_program_takes_what_the_page_says(page: str, words: list[str]) -> None:
    take(words)


def test_a_wrong_line_is_noticed() -> None:
    with pytest.raises(click.UsageError):
        take(["detect", "x.mp4", "--no-such-option"])
    with pytest.raises(click.UsageError):
        take(["detect", "x.mp4", "--sensitivity", "loud"])
    with pytest.raises(click.UsageError):
        take(["no-such-command"])


def runnable() -> dict[str, list[str]]:
    """Return the blocks of each page that do not say what they need."""
    found: dict[str, list[str]] = {}
    for page, needs, text in blocks():
        if not needs:
            found.setdefault(page.name, []).append(text)
    return found


def test_the_tutorial_needs_nothing_but_its_first_step() -> None:
    assert len(runnable()["tutorial.md"]) == 5


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", runnable())
def test_a_block_runs_unless_it_says_what_it_needs(page: str, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for text in runnable()[page]:
        script = f'PATH="{Path(sys.executable).parent}:$PATH"\n{text}'
        command = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
