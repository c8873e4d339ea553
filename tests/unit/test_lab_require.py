"""A library that only an extra installs is asked for in one line.

In: names of modules. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from slipdetect.errors import LibraryError
from slipdetect.lab import require

WITHOUT = """
import json, sys
sys.modules["scipy"] = sys.modules["sklearn"] = None
from slipdetect.cli.main import run
for command in json.loads(sys.argv[1]):
    sys.argv = ["slipdetect", *command]
    try:
        run()
    except SystemExit as end:
        print(command[0], end.code, file=sys.stderr)
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


def test_without_the_extra_commands_say_so_and_help_is_there(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(
        '{"clip": "a", "dataset": "", "positive": false, "truth": [], "seconds": 1, "score": 0.5, '
        '"events": []}\n'
    )
    # one process for all of them: most of its time it loads torch
    commands = [["compare", "a.npz"], ["evaluate", "events", "x.jsonl"], ["stress", "--help"]]
    words = [sys.executable, "-c", WITHOUT, json.dumps(commands)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    missing = "which is not installed; pip install 'slipdetect[lab]'"
    said = done.stderr.splitlines()
    assert said[1::2] == ["compare 1", "evaluate 1"]
    assert missing in said[0]
    assert missing in said[2]
    assert said[4:] == ["stress 0"]
    assert "Usage: slipdetect stress" in done.stdout
