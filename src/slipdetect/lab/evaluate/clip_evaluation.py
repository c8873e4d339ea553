"""Everything a page on a clip test says: a report for each judgment, and one for each data set.

In: ``ClipScores``. Out: ``ClipEvaluation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipdetect.lab.evaluate.clip_report import ClipReport, clip_report, reports_by_source
from slipdetect.lab.evaluate.judging import judgments
from slipdetect.lab.evaluate.scores import ClipScores


@dataclass(frozen=True)
class ClipEvaluation:
    """A clip test.

    Attributes:
        reports: A modality, a fusion or the calibrated decision each; the last one is the
            model's own word.
        by_source: The last one by data set, where there are several.
        facts: Model, protocol, data and versions, as the scores keep them.
    """

    reports: tuple[ClipReport, ...]
    by_source: dict[str, ClipReport]
    facts: dict[str, Any]

    @property
    def main(self) -> ClipReport:
        """The model's own word."""
        return self.reports[-1]


def evaluate_scores(
    scores: ClipScores, weights: Mapping[str, float] | None = None
) -> ClipEvaluation:
    """Report on scores.

    Args:
        scores: Of the clips.
        weights: Fusion by other weights than the model's own.

    Raises:
        DataError: There are no clips.
        UsageError: A weight is for a modality without scores.
    """
    columns = judgments(scores, weights)
    reports = tuple(clip_report(scores, which) for which in columns)
    return ClipEvaluation(reports, reports_by_source(scores, columns[-1]), dict(scores.facts))
