"""What a pose stream says of whole clips that it has not learned from.

In: bags of held-out clips and log-odds of their windows. Out: loss, accuracy, area under the ROC
curve; a calibration.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from slipdetect.lab.calibrate.fitting import fit_calibration
from slipdetect.lab.pose.augment import MARGIN
from slipdetect.lab.pose.bags import ClipBag
from slipdetect.lab.stats.ranking import area_under_curve
from slipdetect.people.features import features
from slipdetect.types import Calibration
from slipdetect.types.events import sigmoid

Floats = npt.NDArray[np.floating]


class HeldOut:
    """Held-out clips, each judged by its surest window of any person.

    Args:
        clips: With all their windows.
        rate: Pictures a second.

    Attributes:
        features: Of all windows, ``(n, 105, pictures)``.
        unseen: Clips in which nobody is found.
    """

    def __init__(self, clips: Sequence[ClipBag], rate: float) -> None:
        self._positive = [item.clip.positive for item in clips]
        self._sizes = [len(item.bag) for item in clips]
        self.unseen = self._sizes.count(0)
        windows = [item.bag.windows[:, MARGIN:-MARGIN] for item in clips if len(item.bag)]
        self.features = features(np.concatenate(windows), rate) if windows else None

    def judged(self, odds: Floats) -> tuple[float | None, float | None, float | None]:
        """Return loss, accuracy at a probability of 0.5 and area under the ROC curve.

        A clip in which nobody is found is taken for one without a fall, the least likely of all;
        it is left out of the loss.

        Args:
            odds: Log-odds of the windows of ``features``, ``(n,)``.
        """
        if not self._positive:
            return None, None, None
        surest = self._surest(odds)
        right = [(each is not None and each > 0) == truth for each, truth in self._pairs(surest)]
        signed = [
            each if truth else -each for each, truth in self._pairs(surest) if each is not None
        ]
        loss = float(np.logaddexp(0, -np.array(signed)).mean()) if signed else None
        lowest = min((each for each in surest if each is not None), default=0.0) - 1
        area = area_under_curve(self._positive, [lowest if e is None else e for e in surest])
        return loss, float(np.mean(right)), area

    def calibration(self, odds: Floats) -> Calibration:
        """Return what makes a probability of 0.5 part the clips best, both labels weighing alike.

        Args:
            odds: Log-odds of the windows of ``features``, ``(n,)``.
        """
        seen = [(e, truth) for e, truth in self._pairs(self._surest(odds)) if e is not None]
        probabilities = sigmoid(np.array([each for each, _ in seen]))
        return fit_calibration(probabilities.tolist(), [truth for _, truth in seen])

    def _surest(self, odds: Floats) -> list[float | None]:
        ends = np.cumsum(self._sizes).tolist()
        return [
            float(odds[end - size : end].max()) if size else None
            for end, size in zip(ends, self._sizes, strict=True)
        ]

    def _pairs(self, surest: Sequence[float | None]) -> list[tuple[float | None, bool]]:
        return list(zip(surest, self._positive, strict=True))
