"""How far a run is.

In: what it does and how much of it is done. Out: a ``Progress``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a run is: what it does, steps done of steps in all, and a figure to show."""

    stage: str
    done: int
    total: int
    note: str = ""
