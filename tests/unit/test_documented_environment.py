"""docs/environment.md, Dockerfile and workflow say the same as pyproject.toml and the tests.

In: these files. Out: nothing but assertions.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from slipdetect.cli.main import cli

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PAGE = (ROOT / "docs" / "environment.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
PYTHONS = [
    name.rpartition(" ")[2]
    for name in PROJECT["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", name)
]
NEEDED = {need.name: need.specifier for need in map(Requirement, PROJECT["dependencies"])}
NAMED_TESTS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
# the legs of the matrix, as the page's table names them
LEGS = re.findall(r"^\| (3\.\d+) \| (lowest|newest) \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("file", "name"), NAMED_TESTS)
def test_every_test_named_exists(file: str, name: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    assert re.search(rf"^def {name}\(", text, re.MULTILINE)


def test_every_file_of_the_report_has_a_test() -> None:
    table = PAGE.partition("| file | read by | shown by |")[2].partition("\n\n")[0]
    rows = table.strip().splitlines()[1:]
    assert len(rows) == 11
    assert all("`tests/" in row.split(" | ")[-1] for row in rows)


_COMMAND = r"`slipdetect ((?:[a-z]+(?:-[a-z]+)* )*[a-z]+(?:-[a-z]+)*)\b"


@pytest.mark.parametrize("command", sorted(set(re.findall(_COMMAND, PAGE))))
def test_every_command_named_exists(command: str) -> None:
    words = command.split()
    if words[0] == "evaluate":
        words = words[:1]
    assert CliRunner().invoke(cli, [*words, "--help"]).exit_code == 0


def test_the_workflow_tries_every_python_that_is_promised() -> None:
    matrix = WORKFLOW["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix == {"python": PYTHONS, "resolution": ["lowest-direct", "highest"]}
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert [(python, kind) for python in PYTHONS for kind in ("lowest", "newest")] == LEGS


def test_the_containers_versions_are_allowed() -> None:
    pins = dict(re.findall(r"^ARG (TORCH|TORCHVISION)=(.+)$", DOCKERFILE, re.MULTILINE))
    assert NEEDED["torch"].contains(pins["TORCH"])
    assert NEEDED["torchvision"].contains(pins["TORCHVISION"])
    (python,) = re.findall(r"^ARG PYTHON=(\d+\.\d+)-slim", DOCKERFILE, re.MULTILINE)
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)


def test_the_container_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\d+):\d+$", DOCKERFILE.rpartition("\nFROM ")[2], re.MULTILINE)
    assert len(users) == 1
    assert int(users[0]) > 0


def test_the_containers_build_is_given_what_a_wheel_is_made_of() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    given = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    assert given == {"pyproject.toml", "src", PROJECT["readme"], *PROJECT["license-files"]}
