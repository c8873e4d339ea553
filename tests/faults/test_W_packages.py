"""Faults W01 to W05: hostile, damaged, mismatched, newer and NaN model packages.

In: a sound package of a stub network, then spoilt. Out: nothing but assertions.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from old_files import OldNetwork
from slipdetect.errors import ModelError, PackageError
from slipdetect.lab.checkpoints import import_checkpoints
from slipdetect.models import load_package, save_package
from stub_models import create_stub, stub_config, stub_tsn


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a sound package with an RGB stream."""
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)
    folder = tmp_path / "model"
    save_package(folder, stub_config("rgb"), {"rgb": stub_tsn().state_dict()})
    load_package(folder).build_streams()
    return folder


def edit_json(package: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = package / "model.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def replace_weights(package: Path, content: bytes, *, honest: bool = False) -> None:
    """Put other bytes in place of the weights; ``honest`` corrects the digest too."""
    (package / "rgb.safetensors").write_bytes(content)
    if honest:
        digest = hashlib.sha256(content).hexdigest()
        edit_json(package, lambda data: data["streams"][0].update(sha256=digest))


def rewrite_tensors(package: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Change tensors but keep the file's own facts and make the digest right."""
    path = package / "rgb.safetensors"
    header = json.loads(path.read_bytes()[8 : 8 + struct.unpack("<Q", path.read_bytes()[:8])[0]])
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata=header["__metadata__"])
    replace_weights(package, path.read_bytes(), honest=True)


def refusal(package: Path) -> str:
    """Load the package to the end and return the one-line refusal."""
    with pytest.raises(PackageError) as caught:
        load_package(package).build_streams()
    assert isinstance(caught.value, ModelError)
    assert caught.value.exit_code == 4
    assert "\n" not in str(caught.value)
    return str(caught.value)


class Bomb:
    """Unpickling it creates a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.marker,))


@pytest.mark.parametrize("honest", [False, True], ids=["digest_differs", "digest_matches"])
@pytest.mark.parametrize("maker", ["pickle", "torch"])
def test_W01_renamed_pickle_is_never_run(
    package: Path, tmp_path: Path, honest: bool, maker: str
) -> None:
    marker = tmp_path / "marker"
    bomb = tmp_path / "bomb"
    if maker == "pickle":
        bomb.write_bytes(pickle.dumps(Bomb(marker)))
    else:
        torch.save({"weights": Bomb(marker)}, bomb)
    replace_weights(package, bomb.read_bytes(), honest=honest)
    assert "rgb.safetensors" in refusal(package)
    assert not marker.exists()
    pickle.loads(pickle.dumps(Bomb(marker)))
    assert marker.exists()


@pytest.mark.parametrize("name", ["model.pt", "best.pth.tar", "weights.PKL"])
def test_W01_pickle_file_is_refused_with_the_way_to_convert_it(tmp_path: Path, name: str) -> None:
    marker = tmp_path / "marker"
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(marker)))
    with pytest.raises(PackageError, match="slipdetect models import"):
        load_package(tmp_path / name)
    assert not marker.exists()


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("place", ["best_prec1", "arch", "state_dict", "optimizer", "whole"])
def test_W01_import_runs_nothing_in_a_checkpoint(tmp_path: Path, zipped: bool, place: str) -> None:
    marker, path = tmp_path / "marker", tmp_path / "model_best.pth.tar"
    state: dict[str, Any] = {"base_model.conv1.weight": torch.zeros(64, 3, 7, 7)}
    content: dict[str, Any] = {"epoch": 1, "arch": "resnet18", "state_dict": state}
    if place == "state_dict":
        state["new_fc.weight"] = Bomb(marker)
    else:
        content[place] = Bomb(marker)
    bomb = Bomb(marker) if place == "whole" else content
    torch.save(bomb, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match="could run code") as caught:
        import_checkpoints([path], tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not marker.exists()
    assert not (tmp_path / "out").exists()
    torch.load(path, weights_only=False)
    assert marker.exists()


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_W01_import_runs_nothing_in_a_bare_pickle(tmp_path: Path, protocol: int) -> None:
    marker, path = tmp_path / "marker", tmp_path / "model_best.pth.tar"
    path.write_bytes(pickle.dumps(Bomb(marker), protocol))
    with pytest.raises(ModelError, match=r"model_best\.pth\.tar"):
        import_checkpoints([path], tmp_path / "out")
    assert not marker.exists()


@pytest.mark.parametrize("honest", [False, True], ids=["digest_differs", "digest_matches"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: content[:4],
        lambda content: content[:300],
        lambda content: content[:-7],
        lambda content: content + b"tail",
        lambda content: bytes(range(256)) * 20,
        lambda content: struct.pack("<Q", 2**60) + content[8:],
        lambda content: struct.pack("<Q", 2**26) + b"{" + b" " * (2**20),
    ],
    ids=[
        "empty",
        "four_bytes",
        "cut_in_header",
        "cut_in_data",
        "longer",
        "garbage",
        "huge_header",
        "header_beyond_file",
    ],
)
def test_W02_damaged_weights_are_refused(
    package: Path, honest: bool, spoil: Callable[[bytes], bytes]
) -> None:
    content = (package / "rgb.safetensors").read_bytes()
    replace_weights(package, spoil(content), honest=honest)
    message = refusal(package)
    assert ("intact safetensors" if honest else "sha256 differs") in message


def test_W02_missing_weights_are_named(package: Path) -> None:
    (package / "rgb.safetensors").unlink()
    assert "rgb.safetensors' is missing" in refusal(package)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"name": 1e999}']
)
def test_W02_damaged_description_is_refused(package: Path, content: bytes) -> None:
    (package / "model.json").write_bytes(content)
    assert "model.json" in refusal(package)


def test_W02_no_package_at_all(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="no model package"):
        load_package(tmp_path)
    with pytest.raises(PackageError, match="no model package"):
        load_package(tmp_path / "absent")


@pytest.mark.parametrize(
    ("change", "found", "asked"),
    [
        (lambda data: data["streams"][0].update(backbone="resnet50"), "stub", "resnet50"),
        (lambda data: data["streams"][0].update(snippet_length=2), "snippet_length 1", "length 2"),
        (lambda data: data["streams"][0].update(num_segments=7), "segments 3", "segments 7"),
        (lambda data: data.update(labels=["slip", "a", "b"]), '"other"]', '"a", "b"]'),
        (lambda data: data.update(labels=["other", "slip"]), '["slip"', '["other"'),
    ],
    ids=["backbone", "length", "segments", "classes", "class_order"],
)
def test_W03_weights_for_something_else_are_told_by_their_facts(
    package: Path, change: Callable[[dict[str, Any]], None], found: str, asked: str
) -> None:
    edit_json(package, change)
    message = refusal(package)
    is_for, asks = message.split("; model.json asks for ")
    assert "weights are for" in is_for
    assert found in is_for
    assert asked in asks


def test_W03_weights_of_another_modality_are_told_by_their_facts(
    package: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    save_package(other, stub_config("flow"), {"flow": stub_tsn("flow").state_dict()})
    replace_weights(package, (other / "flow.safetensors").read_bytes(), honest=True)
    message = refusal(package)
    assert "weights are for modality flow" in message
    assert "model.json asks for modality rgb" in message


def test_W03_safetensors_without_facts_is_refused(package: Path) -> None:
    path = package / "rgb.safetensors"
    save_file(load_file(path), path)
    replace_weights(package, path.read_bytes(), honest=True)
    assert "backbone unknown" in refusal(package)


def test_W03_differing_keys_are_listed_up_to_five(package: Path) -> None:
    def rename(tensors: dict[str, torch.Tensor]) -> None:
        for key in [key for key in tensors if key.startswith("backbone.stem")][:4]:
            tensors[f"x.{key}"] = tensors.pop(key)

    rewrite_tensors(package, rename)
    message = refusal(package)
    assert "(8 keys)" in message
    assert message.count("backbone.stem") == 5
    assert message.endswith("; ...")


def test_W03_other_shape_is_told(package: Path) -> None:
    rewrite_tensors(package, lambda tensors: tensors.update({"classifier.bias": torch.zeros(3)}))
    assert "classifier.bias is (3,), not (2,)" in refusal(package)


def test_W04_newer_format_asks_for_the_version_that_wrote_it(package: Path) -> None:
    edit_json(
        package,
        lambda data: data.update(format_version=3, new=1, versions={"slipdetect": "3.4.5"}),
    )
    assert "needs slipdetect >= 3.4.5" in refusal(package)
    edit_json(package, lambda data: data.update(versions=None))
    assert "needs slipdetect >= the version that wrote it" in refusal(package)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_W05_weights_that_are_not_finite_are_refused(package: Path, value: float) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        tensors["classifier.weight"][1, 2] = value

    rewrite_tensors(package, spoil)
    message = refusal(package)
    assert "classifier.weight" in message
    assert "NaN or infinity" in message


def test_W05_weights_that_are_not_finite_are_never_imported(tmp_path: Path) -> None:
    old = OldNetwork("resnet18")
    state = old.state()
    state["base_model.conv1.weight"][0, 0, 0, 0] = float("inf")
    path = old.write(tmp_path / "x.pth.tar", state_dict=state)
    with pytest.raises(PackageError, match=r"backbone\.conv1\.weight hold NaN or infinity"):
        import_checkpoints([path], tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_W05_weights_that_are_not_finite_are_never_saved(tmp_path: Path) -> None:
    state = stub_tsn().state_dict()
    state["classifier.bias"][0] = float("nan")
    with pytest.raises(PackageError, match=r"classifier\.bias"):
        save_package(tmp_path / "m", stub_config("rgb"), {"rgb": state})
    assert not (tmp_path / "m").exists()
