"""Every kind of recording, by every way: picture and time belong together, to one frame.

In: the torture folder (``media.cases``). Out: for each picture the number drawn into it, and its
time, against the times at which that number was encoded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from media.cases import CASES, NO_CUTS, Case
from media.making import Media, evenly, remux, write_marked
from media.ways import SAMPLED, see
from slipdetect.errors import VideoError
from slipdetect.video import open_video

PAGE = (Path(__file__).parents[2] / "docs" / "recording-times.md").read_text(encoding="utf-8")
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
    true = np.array(list(media.times.values()))
    for seconds, number in seen.sampled:
        nearest = float(np.abs(true - seconds).min())
        assert abs(media.times[number] - seconds) <= nearest + 2 * media.tolerance
    assert len(seen.gaps) == len(media.gaps)
    for told, true in zip(seen.gaps, media.gaps, strict=True):
        assert told == pytest.approx(true, abs=media.tolerance + 1 / SAMPLED)
    assert (seen.undecoded, seen.failures, seen.truncated) == (media.missing, 0, False)
    assert len(seen.warnings) == len(media.warns), seen.warnings
    for said, wanted in zip(seen.warnings, media.warns, strict=True):
        assert re.search(wanted, said)


@pytest.mark.parametrize(
    ("name", "started"),
    [
        ("dhav", "2026-03-01T09:15:27.000"),  # by the clock of the recorder, wherever it stands
        ("multipart-stamped", "2023-11-14T22:13:20.000Z"),
        ("program-stream-h264", None),
    ],
)
def test_a_recorded_date_is_kept(name: str, started: str | None, make: Make) -> None:
    media = make(next(case for case in CASES if case.name == name))
    with open_video(media.path) as video:
        assert video.info.started == started
        assert next(video.frames()).time == 0.0


def test_the_list_in_the_docs_is_that_of_the_cases() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \| ([a-z, ]+) \|$", PAGE, re.MULTILINE)
    assert rows == [(case.name, case.shows, ", ".join(case.ways)) for case in CASES]


def test_a_gap_among_pictures_that_nothing_tells_apart_is_said_to_be_one(tmp_path: Path) -> None:
    times = {n: n / 25 + (30.0 if n >= 60 else 0.0) for n in range(110)}
    options = {"crf": "30", "bf": "0", **NO_CUTS}
    path = write_marked(tmp_path / "g.mpg", times, rate=25, gop=250, form="vob", options=options)
    seen = see("file", Media(path, times))
    ((start, end),) = seen.gaps
    assert end - start == pytest.approx(30.04)
    off = [abs(seconds - times[number]) for seconds, number in seen.pictures]
    assert all(each < 0.001 or each == pytest.approx(30.0) for each in off)
    said = r"is somewhere among \d\d pictures without a timestamp.* with the first picture that has"
    assert re.search(said, seen.warnings[0])


def test_a_piece_without_any_key_frame_says_so(tmp_path: Path) -> None:
    whole = write_marked(tmp_path / "whole.mp4", evenly(50), rate=25, gop=250, options=NO_CUTS)
    index = count()
    path = remux(
        whole, tmp_path / "piece.mkv", change=lambda packet: packet if next(index) else None
    )
    with pytest.raises(VideoError, match=r"49 packets, but no key frame that they refer to"):
        open_video(path)


def test_a_live_source_says_where_its_times_come_from(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("raw-h264", "jpegs"):
        media = make(next(case for case in CASES if case.name == name))
        caplog.clear()
        see("pipe", media)
        (told,) = [record.getMessage() for record in caplog.records if "stamps" in record.message]
        assert re.search(media.warns[0].removeprefix("^"), told)
