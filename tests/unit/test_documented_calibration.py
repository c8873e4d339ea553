"""The table of docs/calibration.md is what the bound of a rate gives.

In: the page. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

from slipdetect.lab.calibrate.threshold_selection import rate_bound

PAGE = Path(__file__).parents[2] / "docs" / "calibration.md"
HOURS = (1, 8, 24, 72, 168)


def test_what_so_much_footage_can_show() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for events in (0, 1, 3):
        cells = [f"{24 * rate_bound(events, hours):.1f}" for hours in HOURS]
        assert f"| {events} | {' | '.join(cells)} |" in text
