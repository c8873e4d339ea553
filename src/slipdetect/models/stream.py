"""What a stream of a packaged model is, and the pose stream, which looks at people.

In: keyword arguments or a table of ``model.json``. Out: a validated, frozen ``StreamConfig``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from slipdetect._checks import (
    digest,
    exact_fields,
    file_name,
    finite_tree,
    integer,
    mapping,
    number,
    text,
)
from slipdetect.errors import PackageError, UsageError
from slipdetect.modalities.normalize import Normalization
from slipdetect.modalities.snippet import CONSENSUS_KINDS, CROPS, MODALITIES, Modality
from slipdetect.types import Calibration, View

_OPTIONAL = ("flow", "contrast")  # of the normalization
_OPTIONAL_OF_A_STREAM = ("backbone_options", "graph")


@dataclass(frozen=True)
class Graph:
    """A stream's network, its normalization included, as a file that other programs run too."""

    file: str  # name of the ONNX file inside the package
    sha256: str  # hex digest of that file

    def __post_init__(self) -> None:
        file_name("file", self.file, ".onnx")
        digest("sha256", self.sha256)


@dataclass(frozen=True, kw_only=True)
class StreamConfig:
    """Everything that running one stream needs besides its weights.

    Attributes:
        modality: ``"rgb"``, ``"flow"`` or ``"rgbdiff"``.
        backbone: Name for ``create_backbone``.
        backbone_options: The backbone's own options, plain JSON data by name.
        snippet_length: L of the modality.
        num_segments: Snippets per clip in training.
        input_size: Side of the square network input, pixels.
        normalization: What the pixels went through in training.
        consensus: A kind of ``Consensus``.
        consensus_k: k of the topk consensus.
        dropout: Probability in [0, 1) used in training.
        flow: Flow recipe with at least ``method`` and ``bound`` (pixels) for the flow modality,
            None for the others.
        crop: ``"motion"`` (square around what moves) or ``"center"``.
        file: Name of the weights file inside the package; "" means ``<modality>.safetensors``.
        sha256: Hex digest of that file; "" until the package is saved.
        graph: The network as an ONNX graph, where the package carries it.
    """

    modality: str
    backbone: str
    snippet_length: int
    num_segments: int = 3
    input_size: int = 224
    normalization: Normalization = field(default_factory=Normalization)
    consensus: str = "avg"
    consensus_k: int = 3
    dropout: float = 0.8
    flow: dict[str, Any] | None = None
    crop: str = "center"
    backbone_options: dict[str, Any] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""
    graph: Graph | None = None

    def __post_init__(self) -> None:
        text("modality", self.modality, MODALITIES)
        text("backbone", self.backbone)
        text("consensus", self.consensus, CONSENSUS_KINDS)
        text("crop", self.crop, CROPS)
        for name in ("snippet_length", "num_segments", "input_size", "consensus_k"):
            integer(name, getattr(self, name))
        number("dropout", self.dropout, 0.0, 1.0)
        if self.dropout == 1.0:
            raise UsageError("dropout must be below 1")
        if not self.file:
            object.__setattr__(self, "file", f"{self.modality}.safetensors")
        file_name("file", self.file, ".safetensors")
        if self.sha256 != "":
            digest("sha256", self.sha256)
        self._check_flow()
        finite_tree("normalization", asdict(self.normalization))
        mapping("backbone_options", self.backbone_options)
        finite_tree("backbone_options", self.backbone_options)

    @property
    def snippet(self) -> Modality:
        """The modality with its snippet length."""
        return Modality(self.modality, self.snippet_length)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, optional keys only where they are set."""
        data = asdict(self)
        # version 0.1 knows none of these keys and would refuse the package
        for name in _OPTIONAL:
            if getattr(self.normalization, name) is None:
                del data["normalization"][name]
        for name in _OPTIONAL_OF_A_STREAM:
            if not data[name]:
                del data[name]
        return data

    @classmethod
    def from_json(cls, data: object, where: str = "stream") -> StreamConfig:
        """Read what ``to_json`` wrote.

        Raises:
            PackageError: A key is missing, unknown or has an impossible value.
        """
        values = exact_fields(cls, data, where, _OPTIONAL_OF_A_STREAM)
        values["normalization"] = _normalization(values["normalization"], where)
        try:
            if "graph" in values:
                values["graph"] = Graph(**exact_fields(Graph, values["graph"], f"{where}.graph"))
            return cls(**values)
        except UsageError as error:
            raise PackageError(f"{where}: {error}") from error

    def _check_flow(self) -> None:
        if self.modality != "flow":
            if self.flow is not None:
                raise UsageError(f"a {self.modality} stream has no flow recipe; leave flow empty")
            return
        if not isinstance(self.flow, Mapping) or not {"method", "bound"} <= set(self.flow):
            raise UsageError("a flow stream needs the recipe of its flow: at least method, bound")
        finite_tree("flow", self.flow)
        number("flow.bound", self.flow["bound"], 0.0, above=True)


@dataclass(frozen=True, kw_only=True)
class PoseConfig:
    """People are looked for where the streams of pictures are not sure that nothing happens.

    Attributes:
        estimator: Name for ``make_pose_estimator``.
        rate: Pictures a second in which people are looked for; the model's ``sample_fps`` is a
            multiple of it.
        pictures: Of a window, around its center.
        weight: Of the pose stream's log-odds, 0 to 1; the other streams' have the rest.
        limits: Least and highest log-odds of the other streams before they are weighed: of false
            alarms they are surer than they ought to be. The least also holds where nobody is found
            and nothing but the light changes.
        unseen: Taken off the other streams' log-odds where nobody is found.
        never_up: Taken off the log-odds of whoever was not up in a window or the second before it.
        gate: Probability by the other streams below which nobody is looked for.
        calibration: Of the combined log-odds.
        file: Name of the weights file inside the package.
        sha256: Hex digest of that file; "" until the package is saved.
    """

    estimator: str = "movenet"
    rate: float = 5.0
    pictures: int = 13
    weight: float = 0.7
    limits: tuple[float, float] = (-4.0, 2.0)
    unseen: float = 2.0
    never_up: float = 0.0
    gate: float = 0.1
    calibration: Calibration = field(default_factory=Calibration)
    file: str = "pose.safetensors"
    sha256: str = ""

    def __post_init__(self) -> None:
        text("pose.estimator", self.estimator)
        number("pose.rate", self.rate, 0.0, above=True)
        integer("pose.pictures", self.pictures, 3)
        number("pose.weight", self.weight, 0.0, 1.0)
        if not isinstance(self.limits, (list, tuple)) or len(self.limits) != 2:
            raise UsageError(f"pose.limits must be two numbers, not {self.limits!r}")
        object.__setattr__(self, "limits", tuple(self.limits))
        for limit in self.limits:
            number("pose.limits", limit)
        if self.limits[0] > self.limits[1]:
            raise UsageError(f"pose.limits must be the least, then the highest, not {self.limits}")
        number("pose.unseen", self.unseen)
        number("pose.never_up", self.never_up, 0.0)
        number("pose.gate", self.gate, 0.0, 1.0)
        file_name("pose.file", self.file, ".safetensors")
        if self.sha256 != "":
            digest("pose.sha256", self.sha256)

    def combined(self, odds: float, pose: float | None) -> float:
        """Return the probability of a window that people were looked for in.

        Args:
            odds: Calibrated log-odds by the other streams.
            pose: Log-odds of the surest person; None where nobody is found.
        """
        if pose is None:
            both = odds - self.unseen
        else:
            low, high = self.limits
            both = (1 - self.weight) * min(max(odds, low), high) + self.weight * pose
        return float(self.calibration.probabilities(both))

    def seen(self, view: View) -> PoseConfig:
        """Return how people are judged where a camera has such a view of them.

        From above the other streams see no fall, and nobody is ever seen to be up: how people move
        decides alone.
        """
        if view == "level":
            return self
        return replace(self, weight=1.0, never_up=0.0, gate=0.0)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data with every field."""
        return {**asdict(self), "calibration": self.calibration.to_json()}

    @classmethod
    def from_json(cls, data: object, where: str = "pose") -> PoseConfig:
        """Read what ``to_json`` wrote.

        Raises:
            PackageError: A key is missing, unknown or has an impossible value.
        """
        values = exact_fields(cls, data, where)
        try:
            values["calibration"] = Calibration.from_json(values["calibration"])
            return cls(**values)
        except (UsageError, TypeError) as error:
            raise PackageError(f"{where}: {error}") from error


def _normalization(data: object, where: str) -> Normalization:
    where = f"{where}.normalization"
    values = exact_fields(Normalization, data, where, _OPTIONAL)
    try:
        finite_tree("it", values)
        for name in [name for name in ("mean", "std", "flow") if values.get(name) is not None]:
            for value in values[name]:
                number(name, value)
            values[name] = tuple(values[name])
        if values.get("contrast") is not None:
            number("contrast", values["contrast"], 0.0, above=True)
        return Normalization(**values)
    except (UsageError, TypeError) as error:
        raise PackageError(f"{where}: {error}") from error
