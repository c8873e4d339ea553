"""Mining: the surest false alarms become clips that training draws from in a known share.

In: made-up windows, synthetic videos, a detector that says what it is told. Out: clips and draws.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from slipdetect.detection import Window
from slipdetect.errors import DataError, VideoError
from slipdetect.lab.data import Clip, WindowRule, read_annotations
from slipdetect.lab.data.windows import MINED, Candidate, Pool
from slipdetect.lab.train.mining import LIST, FalseAlarm, false_alarms, mine
from slipdetect.video import open_video
from synth import make_video


def window(start: float, probability: float) -> Window:
    return Window(start, start + 1.0, probability)


def test_stretches_lie_around_the_surest_windows() -> None:
    """Those at 4.2 and 5.9 lie within two seconds of 5.0, that at 7.0 just beside it."""
    windows = [
        window(0.0, 0.6),
        window(4.2, 0.7),
        window(5.0, 0.9),
        window(5.9, 0.8),
        window(7.0, 0.55),
        window(9.5, 0.49),
    ]
    assert false_alarms(windows, 10.5, 0.5) == [
        FalseAlarm(0.0, 1.5, 0.6),
        FalseAlarm(4.5, 6.5, 0.9),
        FalseAlarm(6.5, 8.5, 0.55),
    ]


def test_no_more_than_wanted_and_none_beyond_the_video() -> None:
    windows = [window(4.0 * i, 0.5 + i / 100) for i in range(5)]
    found = false_alarms(windows, 17.2, 0.5, most=3)
    assert [alarm.score for alarm in found] == [0.52, 0.53, 0.54]
    assert found[-1].end == 17.2
    assert false_alarms([window(0.0, 0.4)], 5.0, 0.5) == []


class Told:
    """A detector whose windows are given by the name of the file."""

    def __init__(self, windows: dict[str, list[Window]]) -> None:
        self._windows = windows

    def detect(self, path: Path) -> SimpleNamespace:
        if path.name not in self._windows:
            raise VideoError(f"{path} cannot be read")
        return SimpleNamespace(windows=tuple(self._windows[path.name]), duration=5.9)


@pytest.fixture
def videos(tmp_path: Path) -> list[Path]:
    return [
        make_video(tmp_path / name, "walk", count=150, size=(64, 48)).path
        for name in ("a.mp4", "b.mp4")
    ]


def pictures(path: Path) -> np.ndarray:
    with open_video(path) as video:
        return np.stack([frame.image for frame in video.frames(25.0)])


def test_the_surest_of_all_footage_are_cut_out_as_they_are(
    videos: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    detector = Told({"a.mp4": [window(1.0, 0.7), window(3.6, 0.95)], "b.mp4": [window(0.0, 0.8)]})
    seen: list[tuple[int, int]] = []
    clips = mine(
        detector,  # type: ignore[arg-type]
        [*videos, tmp_path / "none.mp4"],
        tmp_path / "mined",
        0.5,
        lambda done, total: seen.append((done, total)),
        most=2,
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert "left out" in caplog.text
    assert clips == read_annotations(tmp_path / "mined" / LIST)
    assert [clip.columns["score"] for clip in clips] == ["0.9500", "0.8000"]
    assert [clip.columns["video"] for clip in clips] == ["a.mp4", "b.mp4"]
    assert {(c.positive, c.dataset, c.split) for c in clips} == {(False, MINED, "train")}
    assert len({clip.group for clip in clips}) == 2
    whole, cut = pictures(videos[0]), pictures(clips[0].path)
    # from 3.1 to 5.1 s at 25 pictures a second
    assert len(cut) == 50
    # only colors are rounded, once more than in the video itself
    assert np.abs(cut.astype(int) - whole[78:128].astype(int)).max() <= 6
    assert np.abs(cut.astype(int) - whole[78:128].astype(int)).mean() < 1


def test_windows_that_are_drawn_are_those_that_were_mined() -> None:
    """A window of 1 s with half a second beside it leaves centers within half a second."""
    alarm = false_alarms([window(4.0, 0.9)], 20.0, 0.5)[0]
    clip = Clip(Path("x.mp4"), False)
    centers = WindowRule(window=1.0).negative_ranges(clip, alarm.end - alarm.start)
    assert centers == [(0.5, 1.5)]  # 4.0 to 5.0 s of the video, whose window was centered on 4.5


def test_footage_that_fools_nobody_gives_nothing(videos: list[Path], tmp_path: Path) -> None:
    detector = Told({"a.mp4": [window(0.0, 0.1)], "b.mp4": []})
    assert mine(detector, videos, tmp_path / "mined", 0.2) == []  # type: ignore[arg-type]
    assert not (tmp_path / "mined").exists()
    with pytest.raises(DataError, match="none of the footage"):
        mine(Told({}), videos, tmp_path / "mined", 0.2)  # type: ignore[arg-type]


def candidates(dataset: str, count: int) -> list[Candidate]:
    return [
        Candidate(Clip(Path(f"{dataset}-{i}.mp4"), False, dataset=dataset), ((1.0, 9.0),), 10.0)
        for i in range(count)
    ]


def drawn(pool: Pool, count: int = 4000) -> Counter[str]:
    rng = np.random.default_rng(0)
    return Counter(pool.draw(rng)[0].clip.dataset for _ in range(count))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.6])
def test_mined_clips_have_their_share_however_many_there_are(share: float) -> None:
    others = [*candidates("one", 4), *candidates("two", 16)]
    for count in (1, 50):
        found = drawn(Pool([*others, *candidates(MINED, count)], share))
        assert found[MINED] / 4000 == pytest.approx(share, abs=0.03)
        # the others keep their proportion, that of the roots of 4 and 16
        assert found["two"] / found["one"] == pytest.approx(2.0, rel=0.15)


def test_without_mined_clips_nothing_changes_and_alone_they_are_all() -> None:
    others = [*candidates("one", 4), *candidates("two", 16)]
    assert drawn(Pool(others, 0.9)) == drawn(Pool(others))
    assert set(drawn(Pool(candidates(MINED, 3), 0.25))) == {MINED}
