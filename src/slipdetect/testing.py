"""What every backbone and every pose estimator keeps, as tests that a plugin's author can run.

In: a subclass of ``BackboneContract`` with the backbone's name, or a pose estimator. Out: pytest
tests of that backbone; an ``AssertionError`` that says what the estimator does otherwise.
"""

# ruff: noqa: S101  (tests speak in asserts)
from __future__ import annotations

import copy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from slipdetect.backbones import BackboneSpec, backbone_info, create_backbone, get_spec
from slipdetect.backbones.stem import adapt_first_conv, find_first_conv
from slipdetect.modalities.normalize import Normalization
from slipdetect.models import TSN, ModelConfig, StreamConfig, load_package, save_package
from slipdetect.models.tsn import WithoutDrawing
from slipdetect.models.weights_file import is_finite
from slipdetect.people.estimators import PoseEstimator
from slipdetect.types import Calibration, EventConfig
from slipdetect.types.person import Person

__all__ = ["BackboneContract", "check_pose_estimator"]

_SIZES = ((480, 640), (640, 360), (33, 57), (8, 8), (1, 1))  # height, width


class BackboneContract:
    """Subclass as ``class TestMine(BackboneContract): name = "mine"`` and run pytest.

    The network is built once with random weights and reused by all tests of the class.

    Attributes:
        name: The registered name.
        options: The backbone's own options that it is built with.
        skip_unavailable: Skip, with the reason, instead of failing where the backbone's library
            does not load.
    """

    name: ClassVar[str] = ""
    options: ClassVar[dict[str, Any]] = {}
    skip_unavailable: ClassVar[bool] = False

    spec: ClassVar[BackboneSpec]
    network: ClassVar[nn.Module]
    calls_to_network: ClassVar[list[str]]

    @classmethod
    def setup_class(cls) -> None:
        """Build the network once, recording every attempt to reach a network."""
        info = backbone_info(cls.name)
        if not info.available and cls.skip_unavailable:
            pytest.skip(f"{cls.name} is unavailable: {info.reason}")
        with _recorded_connections() as calls:
            cls.spec = get_spec(cls.name)
            torch.manual_seed(0)
            cls.network = create_backbone(cls.name, **cls.options).eval()
        cls.calls_to_network = calls

    @classmethod
    def teardown_class(cls) -> None:
        """Free the network before the next class builds its own."""
        if "network" in cls.__dict__:
            del cls.network

    def test_builds_without_network(self) -> None:
        assert self.calls_to_network == []

    def test_spec_is_complete(self) -> None:
        spec = self.spec
        assert isinstance(spec, BackboneSpec)
        assert isinstance(spec.normalization, Normalization)
        assert spec.name == self.name
        assert spec.license
        assert vars(self.network)["spec"] == spec

    def test_named_first_convolution_is_the_one_that_sees_the_picture(self) -> None:
        order: list[nn.Module] = []
        hooks = [
            module.register_forward_pre_hook(lambda module, _: order.append(module))
            for module in self.network.modules()
            if isinstance(module, nn.Conv2d)
        ]
        self._run(self.network, 3)
        for hook in hooks:
            hook.remove()
        assert order[0] is find_first_conv(self.network, self.spec.first_conv)

    def test_smallest_and_default_size_give_feature_dim(self) -> None:
        for size in {self.spec.min_input_size, self.spec.input_size}:
            output = self._run(self.network, 3, size=size)
            assert output.shape == (1, self.spec.feature_dim), f"at {size} px"
            assert torch.isfinite(output).all(), f"at {size} px"

    def test_a_size_that_is_not_fixed_may_be_another(self) -> None:
        """A network of one size only says ``fixed_input_size``, so that others are refused."""
        spec = self.spec
        # a smallest size below ``input_size`` is another size that passes
        if not spec.fixed_input_size and spec.min_input_size == spec.input_size:
            output = self._run(self.network, 3, size=2 * spec.input_size)
            assert output.shape == (1, spec.feature_dim), "only input_size: say fixed_input_size"

    @pytest.mark.parametrize("channels", [10, 15])
    def test_other_channels_start_from_the_mean_over_the_colors(self, channels: int) -> None:
        # a copy with the same tensors: the first convolution is replaced, not changed
        tensors = (*self.network.parameters(), *self.network.buffers())
        network = copy.deepcopy(self.network, {id(tensor): tensor for tensor in tensors})
        old = find_first_conv(network, self.spec.first_conv)
        colors = old.weight.detach().double().numpy().copy()
        bias = None if old.bias is None else old.bias.detach().clone()
        adapt_first_conv(network, self.spec.first_conv, channels)
        new = network.get_submodule(self.spec.first_conv)
        assert isinstance(new, nn.Conv2d)
        kernel = new.weight.detach().double().numpy()
        groups = new.groups
        assert kernel.shape == (colors.shape[0], channels // groups, *colors.shape[2:])
        expected = np.zeros_like(colors[:, 0])
        for color in range(colors.shape[1]):
            expected += colors[:, color] / colors.shape[1]
        for channel in range(kernel.shape[1]):
            np.testing.assert_allclose(kernel[:, channel], expected, rtol=1e-5, atol=1e-7)
        assert (new.bias is None) == (bias is None)
        if bias is not None and new.bias is not None:
            assert torch.equal(new.bias, bias)
        output = self._run(network, channels, count=2)
        assert output.shape == (2, self.spec.feature_dim)

    def test_create_backbone_takes_ten_channels(self) -> None:
        with WithoutDrawing():  # its shape is all that counts here
            network = create_backbone(self.name, in_channels=10, **self.options).eval()
        assert self._run(network, 10).shape == (1, self.spec.feature_dim)

    def test_gradient_reaches_every_parameter(self) -> None:
        network = copy.deepcopy(self.network).train()
        # Four pictures: with two, batch normalization of one pixel leaves only signs, no slope.
        pictures = self._pictures(3, count=4, size=self.spec.min_input_size)
        features = network(pictures)
        direction = torch.randn(features.shape, generator=torch.Generator().manual_seed(1))
        (features * direction).sum().backward()
        for name, parameter in network.named_parameters():
            if not parameter.requires_grad:
                continue
            assert parameter.grad is not None, f"{name} has no gradient"
            assert is_finite(parameter.grad), f"gradient of {name} is not finite"
            # A bias in front of batch normalization rightly learns nothing.
            if parameter.ndim > 1:
                assert parameter.grad.any(), f"gradient of {name} is zero"

    def test_eval_is_repeatable_and_train_can_be_left(self) -> None:
        before = {name: value.clone() for name, value in self.network.named_buffers()}
        first = self._run(self.network, 3)
        self.network.train()
        assert all(module.training for module in self.network.modules())
        self.network.eval()
        assert not any(module.training for module in self.network.modules())
        assert torch.equal(self._run(self.network, 3), first)
        for name, value in self.network.named_buffers():
            assert torch.equal(value, before[name]), f"evaluation changed {name}"

    def test_state_survives_safetensors(self) -> None:
        expected = self._run(self.network, 3)
        stored = save(
            {name: value.contiguous() for name, value in self.network.state_dict().items()}
        )
        with torch.no_grad():
            for value in self.network.state_dict().values():
                value.zero_()
        self.network.load_state_dict(load(stored), strict=True)
        assert torch.equal(self._run(self.network, 3), expected)

    def test_package_brings_the_network_back(self, tmp_path: Path) -> None:
        torch.manual_seed(1)
        # what float16 can hold, so that a file of half the size is the same network
        half = {
            key: value.half() if value.is_floating_point() else value
            for key, value in self.network.state_dict().items()
        }
        network = copy.deepcopy(self.network)
        network.load_state_dict(half)
        trained = TSN(network, partial_bn=False, dropout=0.5).eval()
        trained.classifier.half().float()
        stream = StreamConfig(
            modality="rgb", backbone=self.name, snippet_length=1, backbone_options=self.options
        )
        save_package(tmp_path / "model", _config(stream), {"rgb": trained.state_dict()})
        loaded = load_package(tmp_path / "model").build_stream("rgb")
        snippets = self._pictures(3, count=3, size=self.spec.min_input_size)[None]
        with torch.no_grad():
            assert torch.equal(loaded(snippets), trained(snippets))

    def test_copy_is_independent(self) -> None:
        expected = self._run(self.network, 3)
        twin = copy.deepcopy(self.network)
        assert twin.spec == self.spec
        assert torch.equal(self._run(twin, 3), expected)
        with torch.no_grad():
            for parameter in twin.parameters():
                parameter.zero_()
        assert torch.equal(self._run(self.network, 3), expected)

    def _run(
        self, network: nn.Module, channels: int, *, count: int = 1, size: int | None = None
    ) -> torch.Tensor:
        """Return the features of fixed random pictures, ``(count, feature_dim)``."""
        size = self.spec.min_input_size if size is None else size
        with torch.no_grad():
            output = network(self._pictures(channels, count=count, size=size))
        assert isinstance(output, torch.Tensor)
        return output

    @staticmethod
    def _pictures(channels: int, *, count: int, size: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(0)
        return torch.randn(count, channels, size, size, generator=generator)


def check_pose_estimator(estimator: PoseEstimator, picture: npt.NDArray[np.uint8]) -> None:
    """Check that an estimator keeps ``PoseEstimator``, for tests of a plugin.

    Args:
        estimator: The estimator.
        picture: ``(H, W, 3)`` uint8 RGB with at least one person who is easily found.

    Raises:
        AssertionError: It does not; the text says what.
    """
    name, most = (getattr(estimator, key, None) for key in ("name", "most"))
    assert isinstance(name, str), "its name is no text"
    assert name, "it has no name"
    assert isinstance(most, int), "most, how many people it finds in a picture, is no whole number"
    assert most > 0, "most is less than 1"
    random = np.random.default_rng(0)
    for height, width in _SIZES:
        for image in (
            np.zeros((height, width, 3), np.uint8),
            random.integers(0, 256, (height, width, 3), np.uint8),
        ):
            _check_people(estimator, image)
    found = _check_people(estimator, picture)
    assert found, "it finds nobody in the picture with a person"
    for image, what in (
        (picture[::-1], "upside down"),
        (picture[:, : picture.shape[1] // 2], "cut in half"),
        (np.asfortranarray(picture), "in another order of memory"),
    ):
        _check_people(estimator, image, what)
    _check_same(found, estimator.people(picture), 1.0, 1e-3, "asked again")
    twice = picture.repeat(2, axis=0).repeat(2, axis=1)
    # to a tenth of the person: a network rounds to its cells
    _check_same(found[:1], estimator.people(twice)[:1], 2.0, 0.1, "twice as large")


def _check_people(
    estimator: PoseEstimator, picture: npt.NDArray[np.uint8], what: str = ""
) -> list[Person]:
    """Return who is found in a picture, which must make sense."""
    where = f"in a picture of {picture.shape[1]} x {picture.shape[0]} {what}".rstrip()
    picture = picture.copy(order="K")
    before = picture.copy()
    picture.flags.writeable = False
    people = estimator.people(picture)
    assert np.array_equal(picture, before), f"it changes a picture, {where}"
    assert isinstance(people, list), f"it gives no list, {where}"
    assert len(people) <= estimator.most, f"it finds more people than its most, {where}"
    for person in people:
        assert isinstance(person, Person), f"it finds no Person, {where}"
        assert person.keypoints.dtype == person.box.dtype == np.float32, f"no float32, {where}"
        assert np.isfinite(person.keypoints).all(), f"keypoints are not finite, {where}"
        assert np.isfinite(person.box).all(), f"a box is not finite, {where}"
        left, top, right, bottom = person.box
        assert left <= right, f"a box ends left of its beginning, {where}"
        assert top <= bottom, f"a box ends above its beginning, {where}"
        for score in (person.score, *person.keypoints[:, 2]):
            assert 0 <= score <= 1, f"a score of {score:g} is not 0 to 1, {where}"
    scores = [person.score for person in people]
    assert scores == sorted(scores, reverse=True), f"the surest is not first, {where}"
    return people


def _check_same(
    found: list[Person], again: list[Person], scale: float, share: float, what: str
) -> None:
    """Check that people are where they were, to a share of their longer side, but for a scale."""
    assert len(found) == len(again), f"{what}, it finds {len(again)} people, not {len(found)}"
    for one, other in zip(found, again, strict=True):
        reach = scale * share * float(max(one.box[2:] - one.box[:2]))
        assert np.abs(one.box * scale - other.box).max() <= reach, f"{what}, a box is elsewhere"
        seen = one.keypoints[:, 2] > 0.3
        away = np.abs(one.keypoints[seen, :2] * scale - other.keypoints[seen, :2])
        # a limb may be taken for its neighbor
        assert np.median(away) <= reach, f"{what}, keypoints are elsewhere"


def _config(stream: StreamConfig) -> ModelConfig:
    """Return a model of one stream."""
    return ModelConfig(
        name="contract",
        labels=("slip", "other"),
        positive="slip",
        sample_fps=10.0,
        frame_short_side=240,
        snippet_stride=2,
        window=1.5,
        stride=0.2,
        streams=(stream,),
        fusion={"weights": {"rgb": 1.0}, "space": "logits"},
        calibration=Calibration(),
        events=EventConfig(min_duration_off=0.0),
    )


@contextmanager
def _recorded_connections() -> Iterator[list[str]]:
    """Refuse and record every name look-up and connection."""
    calls: list[str] = []

    def refuse(*address: Any, **_: Any) -> None:
        calls.append(repr(address[-2:]))
        raise OSError("a backbone must build without a network")

    with (
        mock.patch.object(socket, "getaddrinfo", refuse),
        mock.patch.object(socket.socket, "connect", refuse),
    ):
        yield calls
