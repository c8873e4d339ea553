"""What a packaged model knows of people: the pose stream, and how it speaks with the others."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from slipdetect._checks import digest, exact_fields, file_name, integer, number, text
from slipdetect.errors import PackageError, UsageError
from slipdetect.types import Calibration, View


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
