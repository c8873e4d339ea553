"""How long to wait before the next try: 1, 2, 4 ... 30 s, and a bit of chance.

In: settings. Out: seconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Waits that double up to a longest one; chance keeps many clients from coming at once.

    Args:
        first: The first wait, seconds.
        longest: No wait is longer, chance aside, seconds.
        jitter: Largest share of a wait that chance adds.
        chance: Returns numbers from 0 to 1.
    """

    def __init__(
        self,
        first: float,
        longest: float,
        jitter: float = 0.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._first = first
        self._longest = longest
        self._jitter = jitter
        self._chance = chance
        self.reset()

    def reset(self) -> None:
        """Begin with the first wait again."""
        self._next = min(self._first, self._longest)

    def next(self) -> float:
        """Return the seconds to wait now."""
        wait, self._next = self._next, min(2 * self._next, self._longest)
        return wait * (1 + self._jitter * self._chance())
