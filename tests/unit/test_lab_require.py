"""A library that only an extra installs is asked for in one line.

In: names of modules. Out: nothing but assertions.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from slipdetect.errors import LibraryError
from slipdetect.lab import require

WITHOUT = """
import sys
sys.modules["scipy"] = sys.modules["sklearn"] = None
from slipdetect.cli.main import run
sys.argv = ["slipdetect", *sys.argv[1:]]
run()
"""


def test_what_is_there_is_imported() -> None:
    assert require("json.decoder").JSONDecoder().decode("[1]") == [1]


def test_what_is_missing_is_named_with_its_extra() -> None:
    with pytest.raises(LibraryError, match=r"needs nowhere, .* pip install 'slipdetect\[train\]'"):
        require("nowhere.at.all", extra="train")


def test_a_fault_inside_a_library_is_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "faulty_library.py").write_text("import what_it_forgot\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="what_it_forgot") as error:
        require("faulty_library")
    assert not isinstance(error.value, LibraryError)


@pytest.mark.parametrize(
    "command", [["compare", "a.npz"], ["evaluate", "events", "x.jsonl"], ["stress", "--help"]]
)
def test_without_the_extra_commands_say_so_and_help_is_there(
    command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "x.jsonl").write_text(
        '{"clip": "a", "dataset": "", "positive": false, "truth": [], "seconds": 1, "score": 0.5, '
        '"events": []}\n'
    )
    words = [sys.executable, "-c", WITHOUT, *command]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    if command[-1] == "--help":
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "which is not installed; pip install 'slipdetect[lab]'" in done.stderr
