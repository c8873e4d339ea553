"""Zones around a real fall: in one that excludes it is none, elsewhere nothing changes.

In: SLIPDETECT_TEST_DATA. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipdetect import DetectionResult, Detector, Zone, Zones
from slipdetect.types.zones import foot_of

# somebody walks across an office and falls before the camera, onto its lower edge
CLIP = "urfd/fall-01-cam0.mp4"


def band(top: float, bottom: float, *, include: bool = False) -> Zones:
    """All of the picture between two heights."""
    corners = ((0.0, top), (1.0, top), (1.0, bottom), (0.0, bottom))
    return Zones((Zone("band", corners, include),))


@pytest.mark.clips
def test_a_real_fall_counts_by_where_the_feet_are(clips: Path) -> None:
    detector = Detector.load("default", "cpu")

    def found(zones: Zones | None) -> DetectionResult:
        return detector.again(zones=zones).detect(clips / CLIP)

    plain = found(None)
    (fall,) = plain.events
    assert fall.box is not None
    assert foot_of(fall.box)[1] > 0.95

    included = found(band(0.5, 1.0, include=True))
    assert (included.events, included.windows) == (plain.events, plain.windows)
    inside = found(band(0.5, 1.0))
    assert inside.events == ()
    for window, before in zip(inside.windows, plain.windows, strict=True):
        assert window.probability == before.probability
        # feet, or what moves, are in the lower half all the time
        assert (window.zone, before.zone) == ("band", None)

    # up to the fall in the zone and then out of it, as out of a bed
    (out,) = found(band(0.3, 0.9)).events
    assert out.peak == fall.peak
    assert out.start >= fall.start
