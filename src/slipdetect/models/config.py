"""What a packaged model is: everything that inference needs besides the weights.

In: keyword arguments or the JSON of ``model.json``. Out: a validated, frozen ``ModelConfig``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from slipdetect._checks import exact_fields, finite_tree, integer, mapping, number, text
from slipdetect.errors import ModelError, PackageError, UsageError
from slipdetect.models.fusion import LateFusion
from slipdetect.models.stream import Graph, PoseConfig, StreamConfig
from slipdetect.people.pictures import PictureSampler
from slipdetect.types import Calibration, EventConfig, Thresholds

__all__ = ["FORMAT_VERSION", "Graph", "ModelConfig", "StreamConfig"]

FORMAT_VERSION = 2  # the newest that is read; 1 has no pose

BALANCED = "balanced"
SENSITIVITIES = ("low", BALANCED, "high")
_PRESETS = ("low", "high")
_OPTIONAL = ("sensitivity", "pose")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """A model that cannot be run with another recipe than it was trained with.

    Attributes:
        name: What reports call the model.
        labels: Class names in the order of the network's outputs.
        positive: The label whose probability events are made of.
        sample_fps: Frames per second that the model looks at.
        frame_short_side: Shorter side that frames are resized to before cropping, pixels.
        snippet_stride: Distance of neighboring snippets, in sampled frames.
        window: Length of a scored window, seconds.
        stride: Distance of neighboring windows, seconds, at most ``window``.
        streams: One per modality.
        fusion: ``weights`` of exactly the streams' modalities, and ``space``.
        calibration: Of the fused logit; its ``streams`` are exactly the model's, or None.
        events: Thresholds and durations of the sensitivity ``balanced``.
        sensitivity: Thresholds of the presets ``low`` and ``high``, or nothing. A low sensitivity
            has the highest thresholds.
        training: Free JSON data: data sets with licenses, command, metrics.
        versions: Library versions the model was made with.
        pose: How people are looked at beside the streams; None: they are not.
        format_version: Version of the package format, 2 with ``pose``.
    """

    name: str
    labels: tuple[str, ...]
    positive: str
    sample_fps: float
    frame_short_side: int
    snippet_stride: int
    window: float
    stride: float
    streams: tuple[StreamConfig, ...]
    fusion: dict[str, Any]
    calibration: Calibration
    events: EventConfig
    training: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, Any] = field(default_factory=dict)
    sensitivity: dict[str, Thresholds] = field(default_factory=dict)
    pose: PoseConfig | None = None
    format_version: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "streams", tuple(self.streams))
        text("name", self.name)
        for label in self.labels:
            text("labels", label)
        if len(self.labels) < 2 or len(set(self.labels)) != len(self.labels):
            raise UsageError(f"labels must be at least two different names, not {self.labels}")
        text("positive", self.positive, self.labels)
        number("sample_fps", self.sample_fps, 0.0, above=True)
        integer("frame_short_side", self.frame_short_side)
        integer("snippet_stride", self.snippet_stride)
        number("window", self.window, 0.0, above=True)
        number("stride", self.stride, 0.0, self.window, above=True)
        integer("format_version", self.format_version)
        # a reader that knows no pose would find other events
        object.__setattr__(self, "format_version", 1 if self.pose is None else 2)
        for name, kind in (("calibration", Calibration), ("events", EventConfig)):
            if not isinstance(getattr(self, name), kind):
                raise UsageError(
                    f"{name} must be of {kind.__name__}, not {getattr(self, name)!r}; tables are "
                    "read by its from_json"
                )
        self._check_streams()
        self._check_pose()
        self._check_sensitivity()
        for name in ("training", "versions"):
            mapping(name, getattr(self, name))
            finite_tree(name, getattr(self, name))

    def stream(self, modality: str) -> StreamConfig:
        """Return the stream of ``modality``.

        Raises:
            UsageError: The model has no such stream.
        """
        for stream in self.streams:
            if stream.modality == modality:
                return stream
        names = ", ".join(item.modality for item in self.streams)
        raise UsageError(f"model {self.name!r} has no {modality!r} stream; it has {names}")

    @property
    def flow(self) -> dict[str, Any] | None:
        """Recipe of the flow that the model needs; None where it needs none."""
        return next((stream.flow for stream in self.streams if stream.flow is not None), None)

    @property
    def window_calibration(self) -> Calibration:
        """What the probabilities of windows have been through last."""
        return self.calibration if self.pose is None else self.pose.calibration

    def with_window_calibration(self, calibration: Calibration) -> ModelConfig:
        """Return a copy whose windows get the temperature and bias of ``calibration``."""
        fitted = replace(
            self.window_calibration, temperature=calibration.temperature, bias=calibration.bias
        )
        if self.pose is None:
            return replace(self, calibration=fitted)
        return replace(self, pose=replace(self.pose, calibration=fitted))

    def late_fusion(self) -> LateFusion:
        """Return the fusion of the model's streams, tempered as ``calibration`` says."""
        temperatures = self.calibration.streams
        return LateFusion(self.fusion["weights"], self.fusion["space"], temperatures=temperatures)

    def events_at(self, sensitivity: str = BALANCED) -> EventConfig:
        """Return ``events`` with the thresholds of a preset.

        Args:
            sensitivity: ``"low"``, ``"balanced"`` (the model's own) or ``"high"``.

        Raises:
            UsageError: There is no such preset.
            ModelError: The model does not have it.
        """
        text("sensitivity", sensitivity, SENSITIVITIES)
        if sensitivity == BALANCED:
            return self.events
        if sensitivity not in self.sensitivity:
            raise ModelError(
                f"model {self.name!r} has no thresholds for the sensitivity {sensitivity!r}; "
                "choose some on your own footage with 'slipdetect calibrate', or give --onset"
            )
        return self.events.at(self.sensitivity[sensitivity])

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data with every field, ``_OPTIONAL`` ones only where they are set."""
        data = {
            **asdict(self),
            "streams": [stream.to_json() for stream in self.streams],
            "calibration": self.calibration.to_json(),
            "events": self.events.to_json(),
            "pose": None if self.pose is None else self.pose.to_json(),
        }
        # version 0.1 knows no such keys and would refuse the package
        return {key: value for key, value in data.items() if value or key not in _OPTIONAL}

    @classmethod
    def from_json(cls, data: object, where: str = "model.json") -> ModelConfig:
        """Read what ``to_json`` wrote.

        Raises:
            PackageError: Made by a newer format; or a key is missing, unknown or impossible.
        """
        _check_format(data, where)
        values = exact_fields(cls, data, where, _OPTIONAL)
        for name in ("labels", "streams"):
            if not isinstance(values[name], (list, tuple)):
                raise PackageError(f"{where}: {name} must be a list, not {values[name]!r}")
        values["streams"] = tuple(
            StreamConfig.from_json(stream, f"{where} streams[{index}]")
            for index, stream in enumerate(values["streams"])
        )
        try:
            values["calibration"] = Calibration.from_json(values["calibration"])
            values["events"] = EventConfig.from_json(values["events"], "events")
            values["sensitivity"] = {
                name: Thresholds.from_json(preset, f"sensitivity.{name}")
                for name, preset in mapping("sensitivity", values.get("sensitivity", {})).items()
            }
            if "pose" in values:
                values["pose"] = PoseConfig.from_json(values["pose"], f"{where}.pose")
            return cls(**values)
        except UsageError as error:
            raise PackageError(f"{where}: {error}") from error

    def _check_streams(self) -> None:
        names = [stream.modality for stream in self.streams]
        if not names or len(set(names)) != len(names):
            raise UsageError(f"streams must be one per modality, not {names}")
        files = {stream.file for stream in self.streams}
        if len(files) != len(names):
            raise UsageError("streams must not share a weights file")
        mapping("fusion", self.fusion, ("weights", "space"))
        mapping("fusion.weights", self.fusion["weights"], names)
        if self.calibration.streams is not None:
            mapping("calibration.streams", self.calibration.streams, names)
        self.late_fusion()

    def _check_pose(self) -> None:
        if self.pose is None:
            return
        if not isinstance(self.pose, PoseConfig):
            raise UsageError(f"pose must be of PoseConfig, not {self.pose!r}")
        PictureSampler(self.sample_fps, self.pose.rate)
        if self.pose.file in {stream.file for stream in self.streams}:
            raise UsageError("pose must not share a weights file with a stream")

    def _check_sensitivity(self) -> None:
        mapping("sensitivity", self.sensitivity)
        for name, preset in self.sensitivity.items():
            text("a preset of sensitivity", name, _PRESETS)
            if type(preset) is not Thresholds:
                raise UsageError(f"sensitivity.{name} must be of Thresholds, not {preset!r}")
        # a preset that finds less than its name says would mislead whoever chooses by name
        chosen = {**self.sensitivity, BALANCED: self.events}
        onsets = [chosen[name].onset for name in SENSITIVITIES if name in chosen]
        if onsets != sorted(onsets, reverse=True):
            raise UsageError(
                f"the onsets of sensitivity must fall from low over balanced to high, not {onsets}"
            )


def _check_format(data: object, where: str) -> None:
    """Refuse a newer format before anything else, because its keys mean nothing here."""
    if not isinstance(data, Mapping) or not isinstance(data.get("format_version"), int):
        return
    if data["format_version"] <= FORMAT_VERSION:
        return
    versions = data.get("versions")
    maker = versions.get("slipdetect") if isinstance(versions, Mapping) else None
    needed = maker if isinstance(maker, str) else "the version that wrote it"
    raise PackageError(
        f"{where} has package format {data['format_version']}, this slipdetect reads "
        f"{FORMAT_VERSION}: needs slipdetect >= {needed[:40]}"
    )
