"""Every kind of recording, by every way: picture and time belong together, to one frame.

In: the torture folder (``media.cases``). Out: for each picture the number drawn into it, and its
time, against the times at which that number was encoded.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from media.cases import CASES, Case
from media.making import Media
from media.ways import see

Make = Callable[[Case], Media]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    made: dict[str, Media] = {}

    def once(case: Case) -> Media:
        if case.name not in made:
            made[case.name] = case.make(tmp_path_factory.mktemp(case.name))
        return made[case.name]

    return once


@pytest.mark.parametrize(
    ("case", "way"),
    [pytest.param(case, way, id=f"{case.name}-{way}") for case in CASES for way in case.ways],
)
def test_picture_and_time_belong_together(case: Case, way: str, make: Make) -> None:
    media = make(case)
    seen = see(way, media)
    assert [number for _, number in seen.pictures] == list(media.times)
    for seconds, number in seen.pictures:
        assert seconds == pytest.approx(media.times[number], abs=media.tolerance), number
    for seconds, number in seen.sampled:
        nearest = min(abs(time - seconds) for time in media.times.values())
        assert abs(media.times[number] - seconds) <= nearest + 2 * media.tolerance
    assert len(seen.gaps) == len(media.gaps)
    for told, true in zip(seen.gaps, media.gaps, strict=True):
        assert told == pytest.approx(true, abs=media.tolerance)
    assert (seen.undecoded, seen.failures, seen.truncated) == (media.missing, 0, False)
    assert len(seen.warnings) == len(media.warns), seen.warnings
    for said, wanted in zip(seen.warnings, media.warns, strict=True):
        assert re.search(wanted, said)
