"""Fault T05 for model packages: a save that dies leaves the earlier model or the new one.

In: packages of stub networks. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from package_driver import NAMES, loaded, save
from slipdetect.errors import OutputError
from slipdetect.models import load_package, save_package
from stub_models import create_stub, stub_config, stub_tsn

DRIVER = Path(__file__).parents[1] / "package_driver.py"


class Killed(BaseException):
    """Stands for SIGKILL where a process of its own would be too slow."""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the earlier package."""
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)
    save(tmp_path / "old", 0)
    return tmp_path / "old"


def raise_at(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, call: int, after: bool
) -> None:
    """Let the ``call``-th call of a function raise, before or after doing its work."""
    function: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def dying(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and not after:
            raise Killed
        result = function(*args, **options)
        if calls == call:
            raise Killed
        return result

    monkeypatch.setattr(owner, name, dying)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, 8))
def test_T05_a_save_that_dies_at_a_rename_leaves_one_whole_model(
    old: Path, monkeypatch: pytest.MonkeyPatch, call: int, after: bool
) -> None:
    # two renames for each of two streams, one for the card, one for model.json: a seventh never is
    with monkeypatch.context() as patch:
        raise_at(patch, Path, "replace", call, after)
        if call == 7:
            save(old, 1)
        else:
            with pytest.raises(Killed):
                save(old, 1)
    assert loaded(old) == (1 if call == 7 or (call == 6 and after) else 0)
    save(old, 1)
    assert loaded(old) == 1
    left = {path.name for path in old.iterdir()}
    named = {stream.file for stream in load_package(old).config.streams}
    assert left == {"README.md", "model.json", *named}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, 5))
def test_T05_dying_while_tidying_up_leaves_the_new_model(
    old: Path, monkeypatch: pytest.MonkeyPatch, call: int, after: bool
) -> None:
    from slipdetect.models import saving

    calls: list[Path] = []
    tidy = saving.remove_leftovers

    def dying(*args: Any) -> None:
        calls.append(args[0])
        raise_at(monkeypatch, Path, "unlink", call, after)
        tidy(*args)

    monkeypatch.setattr(saving, "remove_leftovers", dying)
    if call <= len(NAMES):
        with pytest.raises(Killed):
            save(old, 1)
    else:
        save(old, 1)
    assert calls == [old]
    assert loaded(old) == 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_T05_sigkill_at_every_step_leaves_one_whole_model(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, str(DRIVER), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert set(found["models"]) == {0, 1}
    assert len(found["models"]) > 40
    assert len(found["names"]) == 4


def test_T05_saving_the_same_again_changes_nothing(old: Path) -> None:
    before = {path.name: path.read_bytes() for path in old.iterdir()}
    save(old, 0)
    assert {path.name: path.read_bytes() for path in old.iterdir()} == before


def test_T05_names_do_not_grow_and_nothing_piles_up(old: Path) -> None:
    for round_ in range(1, 6):
        save(old, round_)
        files = sorted(path.name for path in old.glob("*.safetensors"))
        assert len(files) == 2
        assert all(len(name) <= len("flow-01234567.safetensors") for name in files)
        assert loaded(old) == round_


def test_T05_a_stream_that_is_gone_takes_its_file_along(old: Path) -> None:
    state = {"rgb": stub_tsn("rgb").state_dict()}
    save_package(old, stub_config("rgb"), state, overwrite=True)
    assert len(list(old.glob("*.safetensors"))) == 1


def test_T05_files_of_others_stay(old: Path) -> None:
    others = (
        "notes.txt",
        "mine.safetensors",
        "rgb-final.safetensors",
        ".hidden",
        "rgb.pth",
        ".tmpfiles",
    )
    for name in others:
        (old / name).write_text("mine")
    save(old, 1)
    assert all((old / name).read_text() == "mine" for name in others)


def test_T05_a_first_save_that_died_can_be_done_again(old: Path, tmp_path: Path) -> None:
    folder = tmp_path / "first"
    shutil.copytree(old, folder)
    (folder / "model.json").unlink()
    (folder / ".rgb.new.safetensors").write_bytes(b"half")
    (folder / ".rgb.new.k3j4h5.safetensors").write_bytes(b"half")
    (folder / ".tmpaqH4fL").write_bytes(b"half")  # what safetensors leaves of a killed save
    save(folder, 0, overwrite=False)
    assert loaded(folder) == 0
    assert {path.name for path in folder.iterdir()} == {path.name for path in old.iterdir()}


def test_T05_without_overwriting_no_file_changes(tmp_path: Path) -> None:
    (tmp_path / "rgb.safetensors").write_bytes(b"mine")
    save_package(tmp_path, stub_config("rgb"), {"rgb": stub_tsn().state_dict()}, torch.float32)
    assert (tmp_path / "rgb.safetensors").read_bytes() == b"mine"
    other = tmp_path / "other"
    other.mkdir()
    (other / "README.md").write_text("mine")
    with pytest.raises(OutputError, match=r"README\.md' exists already"):
        save_package(other, stub_config("rgb"), {"rgb": stub_tsn().state_dict()}, card="# New\n")
    assert [path.name for path in other.iterdir()] == ["README.md"]
