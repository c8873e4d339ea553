"""Colors that color-blind readers tell apart.

In: the number of a series. Out: its color, marker and, beyond eight series, another marker.
"""

from __future__ import annotations

# Okabe and Ito, Color Universal Design, 2008; yellow is left out, it is too pale on white
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_MARKERS = "os^Dv*P"


def color(index: int) -> str:
    """Return the color of series ``index``; after seven they begin again."""
    return COLORS[index % len(COLORS)]


def marker(index: int) -> str:
    """Return the marker of series ``index``; it changes when the colors begin again."""
    return _MARKERS[(index // len(COLORS)) % len(_MARKERS)]
