"""Colours that colour-blind readers tell apart.

In: the number of a series. Out: its colour, marker and, beyond eight series, another marker.
"""

from __future__ import annotations

# Okabe and Ito, Color Universal Design, 2008; yellow is left out, it is too pale on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_MARKERS = "os^Dv*P"


def colour(index: int) -> str:
    """Return the colour of series ``index``; after seven they begin again."""
    return COLOURS[index % len(COLOURS)]


def marker(index: int) -> str:
    """Return the marker of series ``index``; it changes when the colours begin again."""
    return _MARKERS[(index // len(COLOURS)) % len(_MARKERS)]
