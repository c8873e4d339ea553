"""Options that change a network travel with it, or its weights are refused.

In: backbones with options. Out: packages, and the errors of those that say something else.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.stub_models import stub_config

from slipdetect.backbones import backbone_options, create_backbone
from slipdetect.errors import PackageError, UsageError
from slipdetect.models import TSN, StreamConfig, load_package, save_package

# weights of other shapes; of the same shapes with other arithmetic; another number of features
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("resnest50", {"rectify": True}),
    ("resnest50", {"rectify": True, "radix": 4, "groups": 2, "bottleneck_width": 40}),
    ("resnet50", {"replace_stride_with_dilation": [False, True, True]}),
    ("resnet50", {"groups": 32, "width_per_group": 4}),
    ("timm/resnet18", {"output_stride": 8}),
    ("timm/resnet18", {"channels": [32, 64, 128, 256]}),
]


def _network(name: str, options: dict[str, Any]) -> TSN:
    torch.manual_seed(0)
    network = TSN(name, partial_bn=False, backbone_options=options).eval()
    # scores that differ where features do: the classifier starts with weights near 0
    torch.nn.init.normal_(network.classifier.weight)
    return network


def _stream(name: str, options: dict[str, Any]) -> StreamConfig:
    return StreamConfig(modality="rgb", backbone=name, snippet_length=1, backbone_options=options)


def _pictures() -> torch.Tensor:
    return torch.randn(1, 3, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=str)
def test_a_package_gives_the_logits_of_the_network_that_was_saved(
    name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    network = _network(name, options)
    config = stub_config("rgb", streams=(_stream(name, options),))
    save_package(tmp_path, config, {"rgb": network.state_dict()}, torch.float32)
    package = load_package(tmp_path)
    assert package.config.streams[0].backbone_options == options
    with torch.no_grad():
        assert torch.equal(package.build_stream("rgb")(_pictures()), network(_pictures()))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("resnest50", {"rectify": True}),
        ("resnet50", {"replace_stride_with_dilation": [False, True, True]}),
        ("timm/resnet18", {"output_stride": 8}),
    ],
    ids=str,
)
def test_weights_of_equal_shapes_are_not_taken_for_those_of_a_plain_network(
    name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    network, plain = _network(name, options), _network(name, {})
    shapes = {key: value.shape for key, value in plain.state_dict().items()}
    assert all(network.state_dict()[key].shape == shape for key, shape in shapes.items())
    with torch.no_grad():
        plain.load_state_dict(network.state_dict(), strict=False)
        assert not torch.allclose(plain(_pictures()), network(_pictures()), atol=1e-3)
    config = stub_config("rgb", streams=(_stream(name, {}),))
    with pytest.raises(PackageError, match=f"options.*{next(iter(options))}"):
        save_package(tmp_path, config, {"rgb": network.state_dict()})
    with pytest.raises(RuntimeError, match="backbone_options"):
        plain.load_state_dict(network.state_dict())


def test_a_package_whose_file_says_other_options_is_refused(tmp_path: Path) -> None:
    options = {"output_stride": 8}
    config = stub_config("rgb", streams=(_stream("timm/resnet18", options),))
    save_package(tmp_path, config, {"rgb": _network("timm/resnet18", options).state_dict()})
    text = (tmp_path / "model.json").read_text()
    (tmp_path / "model.json").write_text(text.replace('"output_stride": 8', '"output_stride": 16'))
    with pytest.raises(PackageError, match="backbone_options"):
        load_package(tmp_path)


def test_packages_without_options_have_no_word_of_them(tmp_path: Path) -> None:
    network = _network("timm/resnet18", {})
    assert not [key for key in network.state_dict() if "options" in key]
    stream = _stream("timm/resnet18", {})
    assert "backbone_options" not in stream.to_json()
    assert StreamConfig.from_json(replace(stream, file="rgb.safetensors").to_json()) == stream


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("resnest50", {"radx": 4}, "no option 'radx'; did you mean 'radix'.*groups"),
        ("bninception", {"radix": 4}, "no option 'radix'; it takes none"),
        ("resnest50", {"rectify": 1}, "true or false"),
        ("resnest50", {"radix": "four"}, "whole number"),
        ("resnest50", {"radix": True}, "whole number"),
        ("resnest50", {"rectify_avg": True}, "rectify=true"),
        ("resnest50", {"radix": -1}, "radix is at least 0"),
        ("resnet18", {"groups": 2}, "cannot be built with groups=2"),
        ("timm/resnet18", {"stem_type": "deep"}, "stem_type='deep': its first convolution.*choose"),
        ("timm/resnet18", {"pretrained": True}, "no option 'pretrained'"),
    ],
    ids=str,
)
def test_options_that_there_are_not_are_named(
    name: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        create_backbone(name, **options)


def test_declared_options_are_the_builders_own() -> None:
    assert backbone_options("resnest101")["radix"] == 2
    assert backbone_options("vgg16") == {"dropout": 0.5}
    assert backbone_options("inceptionv4") == {}
    assert "output_stride" in backbone_options("timm/resnet18")


def test_dropout_of_vgg_lies_between_its_two_layers() -> None:
    with torch.device("meta"):
        network = create_backbone("vgg16", dropout=0.9)
    rates = [module.p for module in network.modules() if isinstance(module, torch.nn.Dropout)]
    assert rates == [0.9]
