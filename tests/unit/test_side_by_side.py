"""Whole folders are tested in a process for each CPU; whoever asks for less, or debugs, in one.

In: command lines of pytest. Out: nothing but assertions.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from side_by_side import MOST, choose_workers

TESTS = Path(__file__).parents[1]


class Options:
    """What pytest and pytest-xdist make of a command line that says nothing."""

    def __init__(self, **changes: Any) -> None:
        values = {"numprocesses": None, "dist": "no", "tx": [], "capture": "fd"}
        vars(self).update({**values, "usepdb": False, "collectonly": False, **changes})


class Config:
    """As much of ``pytest.Config`` as is looked at."""

    def __init__(self, *args: str, **changes: Any) -> None:
        self.args = list(args)
        self.option = Options(**changes)
        self.invocation_params = type("Params", (), {"dir": TESTS.parent})


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget that this very test may run in a worker."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


@pytest.mark.parametrize("args", [("tests",), ("tests/unit", "tests/cli"), (str(TESTS),)])
def test_folders_are_divided_by_file(args: tuple[str, ...]) -> None:
    config = Config(*args)
    choose_workers(config, cpus=3)
    assert (config.option.numprocesses, config.option.dist) == (3, "loadfile")


def test_a_large_machine_is_not_filled() -> None:
    config = Config("tests")
    choose_workers(config, cpus=64)
    assert config.option.numprocesses == MOST


@pytest.mark.parametrize("test", ["conftest.py", "unit/test_io.py::test_x", "nowhere"])
def test_what_is_no_folder_runs_in_this_process(test: str) -> None:
    config = Config("tests/cli", f"tests/{test}")
    choose_workers(config, cpus=3)
    assert (config.option.numprocesses, config.option.dist) == (None, "no")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("numprocesses", 0),
        ("numprocesses", 5),
        ("tx", ["popen"]),
        ("capture", "no"),
        ("usepdb", True),
        ("collectonly", True),
    ],
)
def test_what_was_asked_for_stays(option: str, value: object) -> None:
    config = Config("tests", **{option: value})
    choose_workers(config, cpus=3)
    assert vars(config.option) == vars(Options(**{option: value}))


def test_another_way_of_dividing_stays() -> None:
    config = Config("tests", dist="worksteal")
    choose_workers(config, cpus=3)
    assert (config.option.numprocesses, config.option.dist) == (3, "worksteal")


def test_one_cpu_and_a_worker_start_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config("tests")
    choose_workers(config, cpus=1)
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    choose_workers(config, cpus=3)
    assert config.option.numprocesses is None


def test_pytest_without_the_plugin_runs_as_ever() -> None:
    config = Config("tests")
    del config.option.numprocesses, config.option.tx
    choose_workers(config, cpus=3)
    assert not hasattr(config.option, "numprocesses")


@pytest.mark.parametrize("plugin", ["xdist", "no:xdist"])
def test_a_folder_passes_with_and_without_the_plugin(plugin: str, tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    (tmp_path / "conftest.py").write_text(
        f"import sys\nsys.path.insert(0, {str(TESTS)!r})\n"
        "import pytest, side_by_side\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_cmdline_main(config):\n"
        "    side_by_side.choose_workers(config, cpus=2)\n"
    )
    for name in ("a", "b"):
        (tmp_path / f"test_{name}.py").write_text(
            "import os\ndef test_it(): print('ran in', os.environ.get('PYTEST_XDIST_WORKER'))\n"
        )
    command = [sys.executable, "-m", "pytest", "-rP", "-p", "no:cacheprovider", "-p", plugin, "."]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=alone
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    workers = {line for line in done.stdout.splitlines() if line.startswith("ran in")}
    expected = {"ran in gw0", "ran in gw1"} if plugin == "xdist" else {"ran in None"}
    assert workers == expected
