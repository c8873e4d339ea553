"""TSN around a stub backbone: input forms, differencing, partial batch norm, optimizer groups.

In: small random clips. Out: nothing but assertions.
"""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from slipdetect.errors import ModelError, UsageError
from slipdetect.modalities.normalize import Normalization, SnippetNormalizer
from slipdetect.modalities.snippet import Modality, get_modality
from slipdetect.models import TSN, Consensus
from stub_models import StubBackbone, create_stub, stub_tsn

STORED = {"rgb": 3, "flow": 10, "rgbdiff": 18}


def norms(network: TSN) -> list[nn.BatchNorm2d]:
    return [item for item in network.backbone.modules() if isinstance(item, nn.BatchNorm2d)]


@pytest.mark.parametrize("modality", list(STORED))
def test_both_input_forms_give_the_same_logits(modality: str) -> None:
    network = stub_tsn(modality).eval()
    clip = torch.randn(2, 3, STORED[modality], 12, 10)
    joined = torch.cat([clip[:, 0], clip[:, 1], clip[:, 2]], dim=1)
    logits = network(joined)
    assert logits.shape == (2, 2)
    assert torch.equal(network(clip), logits)


@pytest.mark.parametrize("modality", list(STORED))
def test_forward_is_the_consensus_of_snippets_scored_alone(modality: str) -> None:
    network = stub_tsn(modality, num_classes=4).eval()
    clip = torch.randn(2, 5, STORED[modality], 9, 9)
    alone = torch.stack(
        [torch.stack([network(clip[b : b + 1, s : s + 1])[0] for s in range(5)]) for b in range(2)]
    )
    torch.testing.assert_close(network.snippet_scores(clip), alone)
    torch.testing.assert_close(network(clip), alone.mean(1))


@settings(max_examples=20)
@given(seed=st.integers(0, 2**31), factor=st.floats(-3, 3))
def test_average_consensus_is_linear_over_windows(seed: int, factor: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(3, 8, 2, generator=generator, dtype=torch.float64)
    consensus = Consensus("avg")
    halves = (consensus(scores[:, :4]) + consensus(scores[:, 4:])) / 2
    torch.testing.assert_close(consensus(scores), halves)
    torch.testing.assert_close(consensus(factor * scores), factor * consensus(scores))


def test_rgbdiff_network_sees_differences_of_neighboring_frames() -> None:
    network = stub_tsn("rgbdiff").eval()
    seen: list[torch.Tensor] = []
    network.backbone.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    frames = torch.randn(2, 3, 18, 8, 8)
    network(frames)
    (differences,) = seen
    assert differences.shape == (6, 15, 8, 8)
    for clip in range(2):
        for segment in range(3):
            for step in range(5):
                for color in range(3):
                    later = frames[clip, segment, 3 * (step + 1) + color]
                    expected = later - frames[clip, segment, 3 * step + color]
                    found = differences[3 * clip + segment, 3 * step + color]
                    assert torch.equal(found, expected)


@pytest.mark.parametrize(
    "normalization",
    [
        Normalization(),
        Normalization("BGR", 255.0, (104.0, 117.0, 128.0), (1.0, 1.0, 1.0)),
        Normalization("RGB", 1.0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ],
    ids=["resnet", "bninception", "inception"],
)
def test_static_clip_reaches_the_rgbdiff_network_as_exactly_zero(
    normalization: Normalization,
) -> None:
    network = stub_tsn("rgbdiff").eval()
    seen: list[torch.Tensor] = []
    network.backbone.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    still = torch.randint(0, 256, (1, 3, 1, 9, 9, 3), dtype=torch.uint8)
    normalize = SnippetNormalizer(get_modality("rgbdiff"), normalization)
    network(normalize(still.expand(-1, -1, 6, -1, -1, -1)))
    assert torch.count_nonzero(seen[0]) == 0
    moved = still.repeat(1, 1, 6, 1, 1, 1)
    moved[:, :, 3, 4, 4, 0] += 1
    network(normalize(moved))
    assert torch.count_nonzero(seen[1]) == 2 * 3


@pytest.mark.parametrize(
    ("modality", "shape", "wanted"),
    [
        ("rgbdiff", (2, 48, 8, 8), r"\[N, 54, 8, 8\] or \[N, segments, 18, 8, 8\]"),
        ("rgbdiff", (2, 3, 15, 8, 8), r"\[N, segments, 18, 8, 8\], not \[2, 3, 15, 8, 8\]"),
        ("rgb", (2, 30, 8, 8), r"\[N, 9, 8, 8\]"),
        ("flow", (2, 9, 8, 8), r"\[N, 30, 8, 8\]"),
        ("rgb", (2, 0, 3, 8, 8), r"\[N, 9, 8, 8\]"),
        ("rgb", (9, 8, 8), r"\[N, 9, 8, 8\]"),
        ("rgb", (9,), r"\[N, 9, H, W\]"),
    ],
)
def test_wrong_shape_is_answered_with_the_right_one(
    modality: str, shape: tuple[int, ...], wanted: str
) -> None:
    with pytest.raises(UsageError, match=wanted):
        stub_tsn(modality)(torch.zeros(shape))


def test_bytes_and_tiny_pictures_are_refused() -> None:
    network = stub_tsn()
    with pytest.raises(UsageError, match="SnippetNormalizer"):
        network(torch.zeros(1, 9, 8, 8, dtype=torch.uint8))
    with pytest.raises(UsageError, match="at least 8 x 8 px, got 8 x 7"):
        network(torch.zeros(1, 9, 8, 7))


def test_partial_bn_freezes_all_but_the_first_in_training() -> None:
    network = stub_tsn().eval().train()
    first, *others = norms(network)
    assert len(others) == 2
    assert first.training
    assert first.weight.requires_grad
    assert first.bias.requires_grad
    before = [item.running_mean.clone() for item in (first, *others)]
    network(torch.randn(2, 9, 12, 12)).sum().backward()
    for item in others:
        assert not item.training
        assert not item.weight.requires_grad
        assert not item.bias.requires_grad
        assert item.weight.grad is None
    moved = [
        not torch.equal(item.running_mean, old)
        for item, old in zip((first, *others), before, strict=True)
    ]
    assert moved == [True, False, False]


@pytest.mark.parametrize("mode", [True, "all"])
def test_partial_bn_is_truly_undone(mode: bool | str) -> None:
    network = stub_tsn(partial_bn=mode)
    assert network.freeze_bn == mode
    network.partial_bn(False)
    assert network.freeze_bn is False
    for _ in range(2):
        assert all(item.training for item in norms(network))
        assert all(parameter.requires_grad for parameter in network.parameters())
        network.train()


def test_partial_bn_all_freezes_the_first_too_and_true_frees_it_again() -> None:
    network = stub_tsn(partial_bn="all").train()
    assert [item.training for item in norms(network)] == [False] * 3
    assert [item.weight.requires_grad for item in norms(network)] == [False] * 3
    network.partial_bn(True)
    assert [item.training for item in norms(network)] == [True, False, False]
    assert [item.weight.requires_grad for item in norms(network)] == [True, False, False]


def test_undoing_partial_bn_leaves_what_was_frozen_by_hand() -> None:
    backbone = StubBackbone()
    by_hand = backbone.last[1].weight.requires_grad_(False)
    network = TSN(backbone)
    network.partial_bn(False)
    assert not by_hand.requires_grad
    assert backbone.last[1].bias.requires_grad


def test_undoing_partial_bn_in_evaluation_stays_in_evaluation() -> None:
    network = stub_tsn().eval()
    network.partial_bn(False)
    assert not any(item.training for item in norms(network))


def test_partial_bn_survives_copying_and_assigning_weights() -> None:
    network = copy.deepcopy(stub_tsn())
    network.load_state_dict(stub_tsn().state_dict(), assign=True)
    assert [item.weight.requires_grad for item in norms(network)] == [True, False, False]
    network.partial_bn(False)
    assert all(item.weight.requires_grad for item in norms(network))


@pytest.mark.parametrize("mode", ["some", 1, None])
def test_partial_bn_refuses_other_modes(mode: object) -> None:
    with pytest.raises(UsageError, match="True, False or 'all'"):
        stub_tsn().partial_bn(mode)  # type: ignore[arg-type]


def test_head_is_small_normal_with_zero_bias_and_keys_without_dropout_in_them() -> None:
    torch.manual_seed(0)
    backbone = StubBackbone()
    network = TSN(backbone, num_classes=2000, dropout=0.0)
    assert network.classifier.weight.std().item() == pytest.approx(0.001, rel=0.05)
    assert network.classifier.weight.mean().abs().item() < 5e-5
    assert torch.count_nonzero(network.classifier.bias) == 0
    assert list(stub_tsn(dropout=0.0).state_dict()) == list(stub_tsn(dropout=0.8).state_dict())


def test_dropout_works_in_training_only() -> None:
    network = stub_tsn(dropout=0.5, partial_bn="all")
    clip = torch.randn(2, 9, 10, 10)
    assert not torch.equal(network.train()(clip), network(clip))
    assert torch.equal(network.eval()(clip), network(clip))


@pytest.mark.parametrize(("modality", "first"), [("flow", (5.0, 10.0)), ("rgb", (1.0, 2.0))])
def test_five_optimizer_groups_of_the_reference(modality: str, first: tuple[float, float]) -> None:
    network = stub_tsn(modality, partial_bn=False)
    groups = {group["name"]: group for group in network.parameter_groups(0.1, 0.5)}
    rates = {name: group["lr"] / 0.1 for name, group in groups.items()}
    decays = {name: group["weight_decay"] for name, group in groups.items()}
    assert list(rates) == ["first_conv_weight", "first_conv_bias", "weight", "bias", "bn"]
    assert list(rates.values()) == pytest.approx([*first, 1.0, 2.0, 1.0])
    assert list(decays.values()) == [0.5, 0.0, 0.5, 0.0, 0.0]
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    members = {key: [names[id(item)] for item in group["params"]] for key, group in groups.items()}
    assert members == {
        "first_conv_weight": ["backbone.stem.0.weight"],
        "first_conv_bias": ["backbone.stem.0.bias"],
        "weight": ["backbone.middle.0.weight", "backbone.last.0.weight", "classifier.weight"],
        "bias": ["backbone.last.0.bias", "classifier.bias"],
        "bn": [
            f"backbone.{layer}.1.{kind}"
            for layer in ("stem", "middle", "last")
            for kind in ("weight", "bias")
        ],
    }


@pytest.mark.parametrize("mode", [True, False, "all"])
@pytest.mark.parametrize("consensus", ["weighted", "rnn", "cnn"])
def test_groups_hold_every_trainable_parameter_once(mode: bool | str, consensus: str) -> None:
    network = stub_tsn(partial_bn=mode, consensus=consensus)
    grouped = [item for group in network.parameter_groups(1, 1) for item in group["params"]]
    trainable = [item for item in network.parameters() if item.requires_grad]
    assert sorted(map(id, grouped)) == sorted(map(id, trainable))
    torch.optim.SGD(network.parameter_groups(1e-3, 5e-4), momentum=0.9).step()


def test_backbone_by_name_is_created_with_the_channels_of_the_modality(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)
    network = TSN("anything", "flow", snippet_length=3)
    assert network.first_conv.in_channels == 6
    assert network.modality == Modality("flow", 3)
    assert network.eval()(torch.zeros(1, 18, 8, 8)).shape == (1, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"modality": "flow"}, "need a backbone with 10 input channels, not 3"),
        ({"modality": "sound"}, "unknown modality"),
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": float("nan")}, "dropout"),
        ({"num_classes": 0}, "at least 1"),
        ({"num_segments": 0}, "at least 1"),
        ({"consensus": "lstm"}, "unknown consensus"),
        ({"weights": "imagenet"}, "weights go with a backbone's name"),
        ({"modality": Modality("rgb", 1), "snippet_length": 2}, "contradicts"),
    ],
)
def test_bad_arguments_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TSN(StubBackbone(), **options)  # type: ignore[arg-type]


def test_module_without_spec_and_spec_that_lies_are_refused() -> None:
    with pytest.raises(UsageError, match="BackboneSpec"):
        TSN(nn.Conv2d(3, 4, 3))
    backbone = StubBackbone()
    backbone.stem = nn.Sequential(nn.Identity())
    backbone.conv = nn.Conv2d(3, 4, 3)
    object.__setattr__(backbone.spec, "first_conv", "conv9")
    with pytest.raises(ModelError, match="no layer 'conv9'"):
        TSN(backbone)


def test_consensus_object_and_identity_pass_through() -> None:
    network = stub_tsn(consensus=Consensus("topk", k=1)).eval()
    clip = torch.randn(1, 4, 3, 8, 8)
    torch.testing.assert_close(network(clip), network.snippet_scores(clip).amax(1))
    network.consensus = Consensus("identity")
    assert network(clip).shape == (1, 4, 2)
