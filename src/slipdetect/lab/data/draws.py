"""Generators of random numbers that depend on what is drawn only, never on who draws or when.

In: seed, epoch, index and purpose. Out: a fresh numpy Generator.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What numbers beside an item's first ones are drawn for.

    Not 0: numpy fills a short seed up with zeros, so that would be the first generator again.
    """

    CHANGES = 1
    LABEL = 2
    ORDER = 3


def generator(seed: int, epoch: int, index: int) -> np.random.Generator:
    """Return the generator of item ``index`` of an epoch."""
    return np.random.default_rng((seed, epoch, index))


def more(seed: int, epoch: int, index: int, purpose: Purpose) -> np.random.Generator:
    """Return another one, so that what is drawn from it leaves the first one's numbers alone."""
    return np.random.default_rng((seed, epoch, index, int(purpose)))
