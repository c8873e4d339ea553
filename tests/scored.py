"""Scores of clips as a test needs them, made by hand or drawn.

In: margins of clips. Out: ``ClipScores`` of the labels slip and other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from slipdetect.lab.evaluate.scores import ClipScores


def scored(
    truth: Sequence[int],
    margins: Mapping[str, Sequence[float]],
    *,
    prefix: str = "test",
    groups: Sequence[str] | None = None,
    **facts: Any,
) -> ClipScores:
    """Return scores whose log-odds of a slip are ``margins``; class 0 is the slip."""
    names = tuple(f"{prefix}/{index}.mp4" for index in range(len(truth)))
    logits = {
        name: np.array([[m / 2, -m / 2] for m in values], np.float32)
        for name, values in margins.items()
    }
    return ClipScores(
        labels=("slip", "other"),
        positive="slip",
        clips=names,
        groups=names if groups is None else tuple(groups),
        datasets=("own",) * len(names),
        truth=np.array(truth, np.int64),
        logits=logits,
        facts=facts,
    )


def drawn(
    count: int, skill: Mapping[str, float], seed: int = 0, prefix: str = "test", **facts: Any
) -> ClipScores:
    """Return scores of half slips, half others; a stream's margins are off by normal noise."""
    rng = np.random.default_rng(seed)
    truth = [index % 2 for index in range(count)]
    margins = {
        name: [(1 - 2 * label) * skill[name] + rng.normal() for label in truth] for name in skill
    }
    return scored(truth, margins, prefix=prefix, **facts)
