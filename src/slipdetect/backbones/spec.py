"""What a backbone is: the facts a caller needs about a network, and how to build it.

In: facts written down by an adapter or a plugin. Out: checked ``BackboneSpec`` and ``Backbone``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipdetect.errors import UsageError

if TYPE_CHECKING:
    from torch import nn

    from slipdetect.modalities.normalize import Normalization


@dataclass(frozen=True)
class BackboneSpec:
    """The facts about one backbone, kept beside the network they belong to.

    Attributes:
        name: The name it is registered under.
        feature_dim: Length of the feature vector of one picture.
        input_size: Side in pixels of the square picture it takes unless told otherwise.
        normalization: Color order, value range, mean and std it was trained with.
        first_conv: Dotted name of the convolution that sees the picture (``"conv1"``).
        license: SPDX identifier of the code and weights.
        min_input_size: Smallest side in pixels that passes through the network; ``input_size``
            where that is fixed.
        weights_url: Where ``weights="imagenet"`` comes from; None where there is no such file.
        source: Library that defines the network.
        paper: Where the architecture was published.
        fixed_input_size: No other side than ``input_size`` passes through the network.
    """

    name: str
    feature_dim: int
    input_size: int
    normalization: Normalization
    first_conv: str
    license: str
    min_input_size: int = 32
    weights_url: str | None = None
    source: str = ""
    paper: str = ""
    fixed_input_size: bool = False

    def __post_init__(self) -> None:
        if not self.name or not self.first_conv:
            raise UsageError("a BackboneSpec needs a name and the name of its first convolution")
        if self.feature_dim < 1:
            raise UsageError(f"feature_dim of {self.name!r} must be positive: {self.feature_dim}")
        if not 1 <= self.min_input_size <= self.input_size:
            raise UsageError(
                f"{self.name!r}: min_input_size {self.min_input_size} must lie "
                f"between 1 and input_size {self.input_size}"
            )
        if self.fixed_input_size:
            object.__setattr__(self, "min_input_size", self.input_size)

    @property
    def takes(self) -> str:
        """Which pictures pass through the network, such as ``"at least 32 x 32 px"``."""
        kind = "exactly" if self.fixed_input_size else "at least"
        return f"{kind} {self.min_input_size} x {self.min_input_size} px"

    def require_size(self, height: int, width: int) -> None:
        """Refuse a size of pictures, in pixels, that does not pass through the network.

        Raises:
            UsageError: Saying which sizes do.
        """
        least = self.min_input_size
        fits = height == width == least if self.fixed_input_size else min(height, width) >= least
        if not fits:
            raise UsageError(f"{self.name} needs pictures of {self.takes}, got {height} x {width}")

    @property
    def color(self) -> str:
        """Channel order, ``"RGB"`` or ``"BGR"``."""
        return self.normalization.color

    @property
    def value_range(self) -> float:
        """Largest pixel value the network was trained with, 1.0 or 255.0."""
        return self.normalization.value_range

    @property
    def mean(self) -> tuple[float, float, float]:
        """Mean per channel in ``color`` order, in units of ``value_range``."""
        return self.normalization.mean

    @property
    def std(self) -> tuple[float, float, float]:
        """Standard deviation per channel in ``color`` order, in units of ``value_range``."""
        return self.normalization.std


@dataclass(frozen=True)
class Backbone:
    """One registered backbone.

    Attributes:
        spec: The facts.
        build: ``build(weights, *, option=default, ...)`` returns the network without its
            classifier: ``(N, 3, H, W)`` float32 to ``(N, feature_dim)``. ``weights`` is None
            (random), a file, or a word the backbone knows, such as ``"imagenet"``. Its
            keyword-only parameters are the backbone's options: plain values that JSON can hold.
    """

    spec: BackboneSpec
    build: Callable[..., nn.Module]


@dataclass(frozen=True)
class BackboneInfo:
    """What is known about a registered name after trying to load it.

    Attributes:
        name: The registered name.
        available: Whether its module loads here.
        reason: Why it does not load (exception type and text), or an empty string.
        distribution: The installed package that registered it.
        spec: Its facts, or None when unavailable.
    """

    name: str
    available: bool
    reason: str
    distribution: str
    spec: BackboneSpec | None
