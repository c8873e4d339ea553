"""Weights from files and addresses: loaded exactly, refused clearly, never executed.

In: small files made here. Out: loaded networks, or errors of one line.
"""

from __future__ import annotations

import pickle
import socket
import threading
import urllib.error
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from slipdetect.backbones import create_backbone
from slipdetect.backbones.weights import fetch, load_exactly, read_state_dict
from slipdetect.errors import ModelError


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    return {name: value.clone() for name, value in create_backbone("resnet18").state_dict().items()}


def _same(network: nn.Module, state: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("form", ["safetensors", "pth", "pt", "checkpoint", "parallel"])
def test_files_load_by_name(tmp_path: Path, state: dict[str, torch.Tensor], form: str) -> None:
    classifier = {"fc.weight": torch.ones(2, 512), "fc.bias": torch.ones(2)}
    path = tmp_path / f"w.{form if form in ('safetensors', 'pt') else 'pth'}"
    content: Any = state | classifier
    if form == "safetensors":
        save_file(content, path)
    elif form == "checkpoint":
        torch.save({"epoch": 3, "state_dict": content}, path)
    elif form == "parallel":
        torch.save({f"module.{name}": value for name, value in content.items()}, path)
    else:
        torch.save(content, path)
    assert _same(create_backbone("resnet18", weights=path), state)
    flow = create_backbone("resnet18", in_channels=10, weights=str(path))
    expected = state["conv1.weight"].mean(1)
    assert torch.allclose(flow.state_dict()["conv1.weight"][:, 7], expected, atol=1e-7)


def test_W01_code_in_a_weights_file_does_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (marker,)

    for name in ("evil.pth", "evil.pt", "evil.safetensors"):
        path = tmp_path / name
        path.write_bytes(pickle.dumps({"conv1.weight": Evil()}, protocol=2))
        with pytest.raises(ModelError, match="cannot be read as tensors") as raised:
            create_backbone("resnet18", weights=path)
        assert "\n" not in str(raised.value)
    torch.save({"conv1.weight": Evil()}, tmp_path / "zip.pth")
    with pytest.raises(ModelError, match="cannot be read as tensors"):
        read_state_dict(tmp_path / "zip.pth")
    assert not marker.exists()


@pytest.mark.parametrize("content", [b"", b"\x00" * 9, b"\xff" * 4000, b"hello"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="bad") as raised:
        read_state_dict(path)
    assert "\n" not in str(raised.value)


def test_missing_and_unknown(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        create_backbone("resnet18", weights=tmp_path / "no.pth")
    with pytest.raises(ModelError, match="does not exist"):
        create_backbone("resnet18", weights="w" * 300 + ".pth")
    with pytest.raises(ModelError, match=r"'imagnet'.*neither a word"):
        create_backbone("resnet18", weights="imagnet")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ModelError, match="no tensors by name"):
        read_state_dict(tmp_path / "list.pth")
    torch.save({"epoch": 3}, tmp_path / "number.pth")
    with pytest.raises(ModelError, match="'epoch' is not a tensor"):
        read_state_dict(tmp_path / "number.pth")


def test_tensors_that_do_not_fit_are_named() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    good = {name: value.clone() for name, value in network.state_dict().items()}
    old_style = {name: value for name, value in good.items() if "num_batches" not in name}
    load_exactly(network, old_style, "old", ignore=("fc.",))
    bad = {**good, "0.weight": torch.zeros(5, 2), "extra": torch.zeros(1)}
    del bad["0.bias"]
    with pytest.raises(ModelError) as raised:
        load_exactly(network, bad, "FILE", ignore=("fc.",))
    assert "0.bias is missing, extra is left over, 0.weight is (5, 2), not (3, 2)" in str(
        raised.value
    )
    with pytest.raises(ModelError, match="and 3 more"):
        load_exactly(network, {"a": torch.zeros(1), "b": torch.zeros(1)}, "FILE", ignore=("fc.",))


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "resnest50", "bninception", "inceptionv4"])
def test_unreachable_address_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(url: str, **_: Any) -> None:
        raise urllib.error.URLError("no network here")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fail)
    with pytest.raises(ModelError, match=r"https?://\S+ .*no network here.*weights=FILE instead"):
        create_backbone(name, weights="imagenet")


def test_a_server_that_speaks_no_http_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "*")

    def answer() -> None:
        client, _ = server.accept()
        with client:
            client.recv(4096)
            client.sendall(b"nonsense\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/net-01234567.pth"
        with pytest.raises(ModelError, match=r"net-01234567\.pth \(nonsense\); pass weights=FILE"):
            fetch(address)


def test_address_of_timm_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import timm

    real = timm.create_model

    def fail(*args: Any, pretrained: bool = False, **rest: Any) -> Any:
        if pretrained:
            raise OSError("no network here")
        return real(*args, **rest)

    monkeypatch.setattr(timm, "create_model", fail)
    with pytest.raises(ModelError, match=r"https://\S+lite0\S+ .*weights=FILE instead"):
        create_backbone("efficientnet_lite0", weights="imagenet")
