"""What a pose stream says of whole clips that it has not learned from.

In: bags of held-out clips and log-odds of their windows. Out: loss, accuracy, area under the ROC
curve; a calibration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

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

_AT_ONCE = 1024  # windows that are judged together


class HeldOut:
    """Held-out clips, each judged by its surest window of any person.

    Attributes:
        windows: How many there are.
        unseen: Clips in which nobody is found.
    """

    def __init__(self, clips: Sequence[ClipBag], rate: float) -> None:
        self._bags, self._rate = [item.bag for item in clips], rate
        self._positive = [item.clip.positive for item in clips]
        self._sizes = [len(bag) for bag in self._bags]
        self.windows = sum(self._sizes)
        self.unseen = self._sizes.count(0)

    def log_odds(self, judge: Callable[[Floats], Floats]) -> Floats:
        """Return the log-odds of all windows, ``(windows,)``.

        Args:
            judge: Returns those of features, ``(n,)`` of ``(n, 105, pictures)``; it is called with
                a part of the windows at a time, which is all that is in memory.
        """
        odds = [judge(features(part, self._rate)) for part in self._parts()]
        return np.concatenate([np.zeros(0, np.float32), *odds])

    def _parts(self) -> Iterator[Floats]:
        numbers = np.repeat(np.arange(len(self._bags)), self._sizes)
        places = np.concatenate([np.arange(size) for size in [0, *self._sizes]])
        for begin in range(0, self.windows, _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            yield np.concatenate(
                [
                    self._bags[number].windows(places[part][numbers[part] == number])
                    for number in np.unique(numbers[part]).tolist()
                ]
            )[:, MARGIN:-MARGIN]

    def judged(self, odds: Floats) -> tuple[float | None, float | None, float | None]:
        """Return loss, accuracy at a probability of 0.5 and area under the ROC curve.

        A clip in which nobody is found is taken for one without a fall, the least likely of all;
        it is left out of the loss.

        Args:
            odds: Log-odds of the windows, ``(n,)``.
        """
        if not self._positive:
            return None, None, None
        surest = self._surest(odds)
        right = [(each is not None and each > 0) == truth for each, truth in surest]
        signed = [each if truth else -each for each, truth in surest if each is not None]
        loss = float(np.logaddexp(0, -np.array(signed)).mean()) if signed else None
        lowest = min((each for each, _ in surest if each is not None), default=0.0) - 1
        area = area_under_curve(self._positive, [lowest if e is None else e for e, _ in surest])
        return loss, float(np.mean(right)), area

    def calibration(self, odds: Floats) -> Calibration:
        """Return what makes a probability of 0.5 part the clips best, both labels weighing alike.

        Args:
            odds: Log-odds of the windows, ``(n,)``.
        """
        seen = [(e, truth) for e, truth in self._surest(odds) if e is not None]
        probabilities = sigmoid(np.array([each for each, _ in seen]))
        return fit_calibration(probabilities.tolist(), [truth for _, truth in seen])

    def _surest(self, odds: Floats) -> list[tuple[float | None, bool]]:
        """Return the highest log-odds of each clip, None where nobody is found, and its label."""
        ends = np.cumsum(self._sizes).tolist()
        return [
            (float(odds[end - size : end].max()) if size else None, positive)
            for end, size, positive in zip(ends, self._sizes, self._positive, strict=True)
        ]
