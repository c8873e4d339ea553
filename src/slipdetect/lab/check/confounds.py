"""Whether something that has nothing to do with slipping tells the labels apart by itself.

In: clips and what was measured of each. Out: a ``Confound`` per property: how well it predicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from slipdetect.lab import require
from slipdetect.lab.check.clip_stats import ClipStats
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.stats.ranking import AucInterval, Flags, Floats, Ints, stratified_auc
from slipdetect.lab.stats.resampling import GroupResampler

TELLING = 0.6
TREE, LOGISTIC, RATE = "tree", "logistic", "rate"

_FOLDS = 5
_REPEATS = 5
_RESAMPLES = 1000

Measured = Sequence[tuple[Clip, ClipStats]]


@dataclass(frozen=True)
class Property:
    """Something about a clip that should not tell its label.

    Attributes:
        name: In words.
        values: The numbers of a clip; None: which data set it is of.
        advice: What to do when it tells.
        model: What predicts the label from it, of ``out_of_fold``.
    """

    name: str
    values: Callable[[ClipStats], Sequence[float]] | None
    advice: str
    model: str = TREE


PROPERTIES = (
    Property(
        "frame rate",
        lambda facts: [facts.frame_rate],
        "sample by time, as training does, and record both labels at every rate",
    ),
    Property(
        "picture size",
        lambda facts: [facts.width, facts.height],
        "bring all clips to one size: slipdetect prepare resize",
    ),
    Property(
        "aspect ratio",
        lambda facts: [facts.width / facts.height],
        "crop all clips to one shape, or use the crop to what moves",
    ),
    Property(
        "duration",
        lambda facts: [facts.seconds],
        "cut both labels to the same lengths (slipdetect prepare trim), or train on windows",
    ),
    Property(
        "bit rate",
        lambda facts: [facts.bit_rate],
        "encode all clips alike: slipdetect prepare resize",
    ),
    Property(
        "black borders",
        lambda facts: [facts.border],
        "crop the borders away, or give them to both labels",
    ),
    Property(
        "brightness",
        lambda facts: [facts.brightness],
        "record both labels in every light",
    ),
    Property(
        "data set",
        None,
        "balance the labels inside every data set, or judge by data sets left out",
        RATE,
    ),
    Property(
        "background",
        lambda facts: facts.background.tolist(),
        "record both labels in every place",
        LOGISTIC,
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


def find_confounds(clips: Measured, seed: int = 0) -> ConfoundReport | None:
    """Let every property alone predict the label of clips in groups that the model has not seen.

    The AUC counts pairs of clips judged by the same model only, so that models of different folds
    need not agree on a level. Its interval is that of 1000 draws of whole groups.

    Args:
        clips: Clips with what was measured of each.
        seed: Of the folds and the draws.

    Returns:
        The report; None when there are fewer than two clips of a label.
    """
    positive = np.array([clip.positive for clip, _ in clips], bool)
    counts = int(positive.sum()), int((~positive).sum())
    if min(counts) < 2:
        return None
    groups = _numbered([clip.group or str(clip.path) for clip, _ in clips])
    datasets = _numbered([clip.dataset for clip, _ in clips])
    resampler = GroupResampler(groups, None, _RESAMPLES, seed)
    weights = np.concatenate(list(resampler.with_all()))
    folds = make_folds(positive, groups, seed)
    inside = folds.places * len(clips) + datasets
    found, constant = [], []
    for item in PROPERTIES:
        values = datasets[:, None].astype(np.float64)
        if item.values is not None:
            values = np.array([item.values(facts) for _, facts in clips], np.float64)
        if (values == values[0]).all():
            constant.append(item.name)
            continue
        scores = out_of_fold(values, positive, folds, item.model, seed)
        auc = stratified_auc(scores, positive, folds.places, weights)
        within = None
        if len(np.unique(datasets)) > 1 and item.model != RATE:
            within = stratified_auc(scores, positive, inside, weights)
        if auc is not None:
            found.append(Confound(item.name, auc, within, item.advice))
    found.sort(key=lambda confound: -confound.auc.value)
    return ConfoundReport(
        tuple(found), counts, len(np.unique(groups)), folds.count, folds.by_group, tuple(constant)
    )


def _numbered(names: Sequence[str]) -> Ints:
    return np.unique(np.array(names, str), return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Folds:
    """Which clips are judged by one model.

    Attributes:
        places: Fold of every clip, ``(repeats, n)``.
        by_group: Whether every group is in one fold.
    """

    places: Ints
    by_group: bool

    @property
    def count(self) -> int:
        """Folds of each repeat."""
        return int(self.places.max()) + 1


def make_folds(positive: Flags, groups: Ints, seed: int) -> Folds:
    """Deal clips into five folds, five times, both labels spread evenly.

    Groups stay whole if there are two or more with each label, otherwise no model could be judged
    on a group that it has not seen.

    Args:
        positive: ``(n,)``, two or more of each label.
        groups: Group of every clip, ``(n,)``.
        seed: Of the dealing.
    """
    split = require("sklearn.model_selection")
    each = [len(np.unique(groups[positive == label])) for label in (True, False)]
    by_group = min(each) >= 2
    count = min(_FOLDS, *(each if by_group else (positive.sum(), (~positive).sum())))
    places = np.zeros((_REPEATS, len(positive)), np.int64)
    for repeat in range(_REPEATS):
        kind: Any = split.StratifiedGroupKFold if by_group else split.StratifiedKFold
        splitter = kind(int(count), shuffle=True, random_state=seed + repeat)
        parts = splitter.split(positive, positive, groups if by_group else None)
        for fold, (_, unseen) in enumerate(parts):
            places[repeat, unseen] = fold
    return Folds(places, by_group)


def out_of_fold(values: Floats, positive: Flags, folds: Folds, model: str, seed: int) -> Floats:
    """Return scores ``(repeats, n)`` of every clip by models fitted to the other folds.

    Args:
        values: ``(n, features)``.
        positive: ``(n,)``.
        folds: Of ``make_folds``.
        model: ``"tree"`` (three questions deep), ``"logistic"`` (standardized, L2) or ``"rate"``
            (the share of positives with the same value).
        seed: Of the trees.
    """
    scores = np.zeros(folds.places.shape)
    for row, places in zip(scores, folds.places, strict=True):
        for fold in range(folds.count):
            seen = places != fold
            row[~seen] = _predict(values[seen], positive[seen], values[~seen], model, seed)
    return scores


def _predict(values: Floats, positive: Flags, wanted: Floats, model: str, seed: int) -> Floats:
    if len(wanted) == 0 or len(np.unique(positive)) < 2:
        return np.zeros(len(wanted))
    if model == RATE:
        rates = {value: positive[values[:, 0] == value].mean() for value in np.unique(values)}
        return np.array([rates.get(value, positive.mean()) for value in wanted[:, 0]], np.float64)
    fitted = _model(model, len(values), seed).fit(values, positive)
    return np.asarray(fitted.predict_proba(wanted)[:, 1], np.float64)


def _model(model: str, clips: int, seed: int) -> Any:
    if model == LOGISTIC:
        scaler = require("sklearn.preprocessing").StandardScaler()
        regression = require("sklearn.linear_model").LogisticRegression(C=0.1, max_iter=1000)
        return require("sklearn.pipeline").make_pipeline(scaler, regression)
    # leaves of a few clips would learn the clips by heart
    least = max(2, clips // 50)
    return require("sklearn.tree").DecisionTreeClassifier(
        max_depth=3, min_samples_leaf=least, random_state=seed
    )
