"""Predicting labels from one property of clips, each clip by a model that has not seen its group.

In: values, labels, groups. Out: folds, and scores by models fitted to the other folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from slipdetect.lab import require
from slipdetect.lab.stats.ranking import Flags, Floats, Ints

TREE, LOGISTIC, RATE = "tree", "logistic", "rate"

_FOLDS = 5
_REPEATS = 5


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
