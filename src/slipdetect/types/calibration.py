"""Making probabilities mean what they say: the one place where they are calibrated.

In: log-odds, or probabilities. Out: probabilities, in the same order of size. numpy loads on use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from slipdetect._checks import mapping, number
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]

_TINY = 1e-6


@dataclass(frozen=True)
class Calibration:
    """``sigmoid(log_odds / temperature + bias)``, Platt's scaling (1999); the default is neutral.

    Attributes:
        temperature: Above 0; above 1 makes probabilities less sure.
        bias: Added to the log-odds.
        streams: Temperature of every modality, which divides its logits before streams are fused;
            None where they were not tempered.

    Raises:
        UsageError: An impossible value; the message begins with the name of the field.
    """

    temperature: float = 1.0
    bias: float = 0.0
    streams: Mapping[str, float] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        number("temperature", self.temperature, 0.0, above=True)
        number("bias", self.bias)
        if self.streams is not None:
            mapping("streams", self.streams)
            for name, value in self.streams.items():
                number(f"streams.{name}", value, 0.0, above=True)

    @property
    def neutral(self) -> bool:
        """Whether the fused log-odds stay as they are."""
        return self.temperature == 1.0 and self.bias == 0.0

    def odds(self, log_odds: float | Floats) -> Floats:
        """Return calibrated log-odds of the shape given."""
        import numpy as np

        return np.asarray(log_odds, np.float64) / self.temperature + self.bias

    def probabilities(self, log_odds: float | Floats) -> Floats:
        """Return calibrated probabilities of the shape of the log-odds given, 0 to 1, finite."""
        return sigmoid(self.odds(log_odds))

    def apply(self, probabilities: Sequence[float] | Floats) -> Floats:
        """Return calibrated probabilities ``(n,)`` of probabilities whose log-odds are not known.

        Those of 0 and 1 are bounded as in ``log_odds``; a neutral calibration changes nothing.
        """
        import numpy as np

        if self.neutral:
            return np.asarray(probabilities, np.float64)
        return self.probabilities(log_odds(probabilities))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, ``streams`` only where it is set."""
        data: dict[str, Any] = {"temperature": self.temperature, "bias": self.bias}
        return data if self.streams is None else {**data, "streams": dict(self.streams)}

    @classmethod
    def from_json(cls, data: object, where: str = "calibration") -> Self:
        """Read what ``to_json`` wrote.

        Args:
            data: A table.
            where: What messages call it.

        Raises:
            UsageError: A key is missing, unknown or impossible.
        """
        mapping(where, data)
        values: dict[str, Any] = dict(data)  # type: ignore[call-overload]
        streams = ("streams",) if "streams" in values else ()
        mapping(where, values, ("temperature", "bias", *streams))
        if streams:
            mapping(f"{where}.streams", values["streams"])
        try:
            return cls(**values)
        except UsageError as error:
            raise UsageError(f"{where}.{error}") from error


def sigmoid(log_odds: float | Floats) -> Floats:
    """Return the probabilities of log-odds, of the same shape; never NaN for a finite number."""
    import numpy as np

    odds = np.asarray(log_odds, np.float64)
    small = np.exp(-np.abs(odds))
    made: Floats = np.where(odds >= 0, 1.0, small) / (1.0 + small)
    return made


def log_odds(probabilities: Sequence[float] | Floats) -> Floats:
    """Return log-odds ``(n,)``; those of 0 and 1 are taken for those of a millionth from there.

    Probabilities are kept with five digits, in which 0 stands for anything below 0.000005.
    """
    import numpy as np

    p = np.clip(np.asarray(probabilities, np.float64), _TINY, 1 - _TINY)
    odds: Floats = np.log(p / (1 - p))
    return odds
