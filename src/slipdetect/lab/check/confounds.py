"""Whether something that has nothing to do with slipping tells the labels apart by itself.

In: clips and their surveys. Out: a ``Confound`` per property, with how well it alone predicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slipdetect.lab.check.single_feature import LOGISTIC, RATE, TREE, Folds, make_folds, out_of_fold
from slipdetect.lab.check.survey import Survey
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.stats.ranking import AucInterval, Flags, Floats, Ints, stratified_auc
from slipdetect.lab.stats.resampling import GroupResampler

TELLING = 0.6
_RESAMPLES = 1000

Surveyed = Sequence[tuple[Clip, Survey]]


@dataclass(frozen=True)
class Property:
    """Something about a clip that should not tell its label.

    Attributes:
        name: In words.
        model: What predicts the label from it, of ``single_feature``.
        values: One row a clip.
        advice: What to do when it tells.
    """

    name: str
    model: str
    values: Callable[[Surveyed], npt.NDArray[np.float64]]
    advice: str


PROPERTIES = (
    Property(
        "frame rate",
        TREE,
        lambda clips: _column([survey.frame_rate for _, survey in clips]),
        "sample by time, as training does, and record both labels at every rate",
    ),
    Property(
        "picture size",
        TREE,
        lambda clips: np.array([[survey.width, survey.height] for _, survey in clips], float),
        "bring all clips to one size: slipdetect prepare resize",
    ),
    Property(
        "aspect ratio",
        TREE,
        lambda clips: _column([survey.width / survey.height for _, survey in clips]),
        "crop all clips to one shape, or use the crop to what moves",
    ),
    Property(
        "duration",
        TREE,
        lambda clips: _column([survey.seconds for _, survey in clips]),
        "cut both labels to the same lengths (slipdetect prepare trim), or train on windows",
    ),
    Property(
        "bit rate",
        TREE,
        lambda clips: _column([survey.bit_rate for _, survey in clips]),
        "encode all clips alike: slipdetect prepare resize",
    ),
    Property(
        "black borders",
        TREE,
        lambda clips: _column([survey.border for _, survey in clips]),
        "crop the borders away, or give them to both labels",
    ),
    Property(
        "brightness",
        TREE,
        lambda clips: _column([survey.brightness for _, survey in clips]),
        "record both labels in every light",
    ),
    Property(
        "data set",
        RATE,
        lambda clips: _column(_numbered([clip.source for clip, _ in clips]).tolist()),
        "balance the labels inside every data set, or judge by data sets left out",
    ),
    Property(
        "background",
        LOGISTIC,
        lambda clips: np.array([survey.background for _, survey in clips], float),
        "record both labels in every place",
    ),
)


@dataclass(frozen=True)
class Confound:
    """How well one property alone tells the labels apart.

    Attributes:
        name: The property.
        auc: Area under the ROC curve on groups the model has not seen; 0.5 is chance.
        within: The same, counting only pairs inside one data set; None with one data set only.
        advice: What to do about it.
    """

    name: str
    auc: AucInterval
    within: AucInterval | None
    advice: str

    @property
    def telling(self) -> bool:
        """Whether the whole interval lies above 0.6."""
        return self.auc.low > TELLING

    def sentence(self) -> str:
        """Return in plain words what was found."""
        if not self.telling:
            return f"{self.name} alone does not surely tell the label: AUC {self.auc}"
        inside = f", {self.within} inside single data sets" if self.within is not None else ""
        return f"{self.name} alone tells the label apart: AUC {self.auc}{inside}; {self.advice}"


@dataclass(frozen=True)
class ConfoundReport:
    """All properties, the most telling first, and on what they were judged.

    Attributes:
        confounds: One per property that differs between clips.
        clips: Clips of each label: slip, other.
        groups: Groups in all.
        folds: Folds of the cross-validation.
        by_group: Whether folds keep groups whole.
        constant: Properties that all clips share.
    """

    confounds: tuple[Confound, ...]
    clips: tuple[int, int]
    groups: int
    folds: int
    by_group: bool
    constant: tuple[str, ...] = ()


def find_confounds(clips: Surveyed, seed: int = 0) -> ConfoundReport | None:
    """Let every property alone predict the label of clips in groups that the model has not seen.

    The AUC counts pairs of clips judged by the same model only, so that models of different folds
    need not agree on a level. Its interval is that of 1000 draws of whole groups.

    Args:
        clips: Clips with their surveys.
        seed: Of the folds and the draws.

    Returns:
        The report; None when there are fewer than two clips of a label.
    """
    positive = np.array([clip.positive for clip, _ in clips], bool)
    counts = int(positive.sum()), int((~positive).sum())
    if min(counts) < 2:
        return None
    groups = _numbered([clip.group or str(clip.path) for clip, _ in clips])
    sources = _numbered([clip.source for clip, _ in clips])
    resampler = GroupResampler(groups, None, _RESAMPLES, seed)
    weights = np.concatenate(list(resampler.with_all()))
    judge = _Judge(positive, sources, make_folds(positive, groups, seed), weights, seed)
    found, constant = [], []
    for item in PROPERTIES:
        values = item.values(clips)
        if (values == values[0]).all():
            constant.append(item.name)
        elif (confound := judge.confound(item, values)) is not None:
            found.append(confound)
    found.sort(key=lambda confound: -confound.auc.value)
    folds = judge.folds
    return ConfoundReport(
        tuple(found), counts, len(np.unique(groups)), folds.count, folds.by_group, tuple(constant)
    )


@dataclass(frozen=True, eq=False)
class _Judge:
    """What is the same for every property: labels, data sets, folds and draws."""

    positive: Flags
    sources: Ints
    folds: Folds
    weights: Floats
    seed: int

    def confound(self, item: Property, values: Floats) -> Confound | None:
        """Return how well one property predicts, or None without a pair to judge."""
        scores = out_of_fold(values, self.positive, self.folds, item.model, self.seed)
        places = self.folds.places
        auc = stratified_auc(scores, self.positive, places, self.weights)
        within = None
        if len(np.unique(self.sources)) > 1 and item.model != RATE:
            inside = places * len(self.sources) + self.sources
            within = stratified_auc(scores, self.positive, inside, self.weights)
        return None if auc is None else Confound(item.name, auc, within, item.advice)


def _column(values: Sequence[float]) -> Floats:
    return np.array(values, np.float64)[:, None]


def _numbered(names: Sequence[str]) -> Ints:
    return np.unique(np.array(names, str), return_inverse=True)[1].astype(np.int64)
