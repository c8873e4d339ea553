"""What is read of an old checkpoint and what is refused, with the reason in one line.

In: damaged, foreign and contradicting files. Out: nothing but assertions.
"""

from __future__ import annotations

import pickle
import warnings
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from old_files import OldNetwork
from slipdetect.errors import BackboneUnavailable, ModelError
from slipdetect.lab.checkpoints import import_checkpoints
from slipdetect.lab.checkpoints.reading import read_checkpoint
from slipdetect.lab.checkpoints.stream import in_order_of_time

State = OrderedDict[str, Any]


@pytest.fixture(scope="module")
def old() -> OldNetwork:
    return OldNetwork("resnet18", "rgb")


def refusal(path: Path, error: type[Exception] = ModelError, **options: Any) -> str:
    """Import ``path``, which must fail in one line before anything is written."""
    out = path.parent / "out"
    with pytest.raises(error) as caught:
        import_checkpoints([path], out, **options)
    assert "\n" not in str(caught.value)
    assert not out.exists()
    return str(caught.value)


@pytest.mark.parametrize("value", [96.5, 96, torch.tensor(96.5), torch.tensor([96.5])])
def test_best_accuracy_may_be_a_number_or_a_tensor(
    tmp_path: Path, old: OldNetwork, value: Any
) -> None:
    path = old.write(tmp_path / "x.pth.tar", best_prec1=value)
    assert read_checkpoint(path).best == pytest.approx(96.5, abs=0.6)


@pytest.mark.parametrize("zipped", [False, True], ids=["before_1.6", "zip"])
def test_tensors_of_a_gpu_are_read_without_one(
    tmp_path: Path, old: OldNetwork, monkeypatch: pytest.MonkeyPatch, zipped: bool
) -> None:
    """The older programs saved weights and accuracy where they were: on the GPU."""
    with monkeypatch.context() as patched:
        patched.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
        path = old.write(tmp_path / "x.pth.tar", zipped=zipped)
    if not torch.cuda.is_available():
        with pytest.raises(RuntimeError, match="CUDA"):
            torch.load(path, weights_only=True)
    found = read_checkpoint(path)
    assert found.best == pytest.approx(96.2406)
    assert {value.device.type for value in found.state.values()} == {"cpu"}
    for name, value in old.state().items():
        assert torch.equal(found.state[name], value), name


@pytest.mark.parametrize("value", [..., "96", torch.zeros(2), float("nan"), True, None])
def test_best_accuracy_may_be_missing(tmp_path: Path, old: OldNetwork, value: Any) -> None:
    assert read_checkpoint(old.write(tmp_path / "x.pth.tar", best_prec1=value)).best is None


def test_facts_of_a_file(tmp_path: Path, old: OldNetwork) -> None:
    found = read_checkpoint(old.write(tmp_path / "x.pth.tar"))
    assert (found.arch, found.epoch) == ("resnet18", 43)
    assert len(found.state) == 122
    assert len(found.sha256) == 64
    assert found.note is None


def test_plain_state_dict_is_a_checkpoint(tmp_path: Path, old: OldNetwork) -> None:
    torch.save(old.state(), tmp_path / "x.pth")
    imported = import_checkpoints([tmp_path / "x.pth"], tmp_path / "m")
    assert imported.streams[0].backbone == "resnet18"


def test_half_precision_comes_in_as_float32(tmp_path: Path, old: OldNetwork) -> None:
    state = {key: v.half() if v.is_floating_point() else v for key, v in old.state().items()}
    found = read_checkpoint(old.write(tmp_path / "x.pth.tar", state_dict=state))
    assert {value.dtype for value in found.state.values()} == {torch.float32, torch.int64}


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("spoil", [cut, lambda content: b"", lambda content: b"PK" + content[:99]])
def test_damaged_file_is_refused(
    tmp_path: Path, old: OldNetwork, zipped: bool, spoil: Callable[[bytes], bytes]
) -> None:
    path = old.write(tmp_path / "x.pth.tar", zipped=zipped)
    path.write_bytes(spoil(path.read_bytes()))
    assert "PyTorch checkpoint" in refusal(path)


@pytest.mark.parametrize("content", [b"garbage garbage", b"\x80\x02.", pickle.dumps({"a": 1})])
def test_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pth.tar"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "x.pth.tar" in refusal(path)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    assert "is not a file" in refusal(tmp_path / "x.pth.tar")
    (tmp_path / "folder.pth.tar").mkdir()
    assert "is not a file" in refusal(tmp_path / "folder.pth.tar")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"state_dict": {"a": 1}}, "'a' in its state dict is not a tensor"),
        ({"state_dict": {3: torch.zeros(1)}}, "'3' in its state dict is not a tensor"),
        ({"state_dict": {}}, "holds no tensors by name"),
        ([torch.zeros(1)], "holds no tensors by name"),
        (torch.zeros(1), "holds no tensors by name"),
        ({"weights": torch.zeros(1)}, "not a checkpoint of tsn-pytorch"),
        ({"base_model.conv1.weight": torch.zeros(1)}, "no layer that scores classes"),
        (
            {"module.new_fc.weight": torch.zeros(1), "new_fc.weight": torch.zeros(1)},
            "with and without 'module.'",
        ),
    ],
)
def test_content_that_is_no_network_is_refused(tmp_path: Path, content: Any, words: str) -> None:
    torch.save(content, tmp_path / "x.pth.tar")
    assert words in refusal(tmp_path / "x.pth.tar")


@pytest.mark.parametrize(
    "value", [np.float64(96.5), torch.nn.Linear(2, 2)], ids=["numpy", "module"]
)
def test_more_than_data_is_refused_by_name(tmp_path: Path, old: OldNetwork, value: Any) -> None:
    path = old.write(tmp_path / "x.pth.tar", best_prec1=value)
    message = refusal(path)
    assert "could run code" in message
    assert ("numpy" in message) or ("torch.nn" in message)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda state: [state.pop(key) for key in list(state) if ".layer4.1" in key],
            "misses base_model.layer4.1.conv1.weight",
        ),
        (
            lambda state: state.update({f"base_model.x{i}": torch.zeros(1) for i in range(9)}),
            "base_model.x4 is left over; ...",
        ),
        (
            lambda state: state.update({"base_model.bn1.bias": torch.zeros(65)}),
            "base_model.bn1.bias is (65,), not (64,)",
        ),
        (lambda state: state.pop("new_fc.bias"), "misses new_fc.bias"),
        (
            lambda state: state.update({"base_model.fc.weight": torch.zeros(2, 512)}),
            "base_model.fc.weight is left over",
        ),
    ],
    ids=["missing", "left_over", "shape", "head", "two_heads"],
)
def test_tensors_that_do_not_fit_are_named(
    tmp_path: Path, old: OldNetwork, change: Callable[[State], object], words: str
) -> None:
    state = old.state()
    change(state)
    message = refusal(old.write(tmp_path / "x.pth.tar", state_dict=state))
    assert words in message
    named = message.count("misses") + message.count("left over") + message.count(", not (")
    assert 1 <= named <= 5


def test_names_of_two_stream_files_are_used_in_messages(tmp_path: Path) -> None:
    old = OldNetwork("resnet18", "rgb", two_stream=True)
    state = old.state()
    del state["fc_custom.bias"], state["layer1.0.bn1.bias"]
    message = refusal(old.write(tmp_path / "x.pth.tar", state_dict=state))
    assert "misses fc_custom.bias" in message
    assert "misses layer1.0.bn1.bias" in message


def test_wrong_network_is_told_with_a_better_one(tmp_path: Path, old: OldNetwork) -> None:
    path = old.write(tmp_path / "x.pth.tar", arch="resnet34")
    assert "try --arch resnet18" in refusal(path)
    assert "try --arch resnet18" in refusal(path, arch="resnet50")
    imported = import_checkpoints([path], tmp_path / "m", arch="resnet18")
    assert imported.streams[0].known_by == "as asked for"


def test_unknown_name_of_a_network(tmp_path: Path, old: OldNetwork) -> None:
    path = old.write(tmp_path / "x.pth.tar", arch="my_own_net")
    assert "unknown backbone 'nonsense'" in refusal(path, arch="nonsense")
    stream = import_checkpoints([path], tmp_path / "m").streams[0]
    assert (stream.backbone, stream.known_by) == ("resnet18", "recognized by its tensors")
    strange = {"base_model.x.weight": torch.zeros(1), "new_fc.weight": torch.zeros(2, 1)}
    torch.save({"state_dict": strange}, path)
    assert "does not say which network" in refusal(path)


def test_backbone_that_is_unavailable_stays_so(
    tmp_path: Path, old: OldNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> None:
        raise BackboneUnavailable(f"backbone {name!r} is unavailable: broken")

    path = old.write(tmp_path / "x.pth.tar")
    monkeypatch.setattr("slipdetect.backbones.get_spec", broken)
    assert "is unavailable" in refusal(path)


def test_kernels_follow_the_fields_that_they_were_trained_on() -> None:
    # channel 2 j holds u of field j + 2, the last pair that of field 1
    trained = torch.zeros(1, 20, 1, 1)
    for j in range(10):
        field = j + 2 if j < 9 else 1
        trained[0, 2 * j], trained[0, 2 * j + 1] = 10 * field, 10 * field + 1
    turned = in_order_of_time(trained)[0, :, 0, 0].tolist()
    assert turned == [10 * field + part for field in range(1, 11) for part in (0, 1)]
