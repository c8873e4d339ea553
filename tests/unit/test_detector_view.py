"""A detector that sees another recording than the file holds.

In: a lamp that is bright while the event lasts, and views that change it. Out: events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_detector import EVENT, Brightness, film, save, steady

from slipdetect import backbones
from slipdetect.detection import Detector
from slipdetect.errors import UsageError
from slipdetect.video import Frame, frames_on_grid, open_video


@pytest.fixture
def bright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Detector:
    monkeypatch.setattr(
        backbones, "create_backbone", lambda name, channels=3, weights=None: Brightness(channels)
    )
    return Detector.load(save(tmp_path / "model", "rgb"), device="cpu")


def nothing(frames: Iterator[Frame]) -> Iterator[Frame]:
    return frames


def negative(frames: Iterator[Frame]) -> Iterator[Frame]:
    return (replace(frame, image=255 - frame.image) for frame in frames)


def test_a_view_that_changes_nothing_changes_nothing(tmp_path: Path, bright: Detector) -> None:
    clip = film(tmp_path / "a.mp4", steady(24))
    plain, seen = bright.detect(clip), bright.with_transform(nothing).detect(clip)
    assert seen.windows == plain.windows
    assert seen.events == plain.events
    assert seen.report == plain.report
    assert list(bright.with_transform(nothing).iter_events(clip)) == list(plain.events)


def test_the_view_is_what_is_judged_and_the_detector_stays_as_it_was(
    tmp_path: Path, bright: Detector
) -> None:
    clip = film(tmp_path / "a.mp4", steady(10))
    seen = bright.with_transform(negative)
    before, after = seen.detect(clip).events
    assert (before.start, after.end) == (0.0, 8.0)
    assert before.end == pytest.approx(EVENT[0], abs=0.3)
    assert after.start == pytest.approx(EVENT[1], abs=0.3)
    (event,) = bright.detect(clip).events
    assert event.start == pytest.approx(EVENT[0], abs=0.3)
    assert seen.with_transform(None).detect(clip).events == (event,)
    assert seen.scorer is bright.scorer


def test_the_view_gets_every_frame_at_its_time_and_the_models_size(
    tmp_path: Path, bright: Detector
) -> None:
    clip = film(tmp_path / "a.mp4", steady(30, 2.0))
    got: list[Frame] = []

    def watch(frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            got.append(frame)
            yield frame

    bright.with_transform(watch).detect(clip)
    assert [frame.time for frame in got] == pytest.approx([k / 30 for k in range(61)], abs=1e-4)
    assert {frame.image.shape for frame in got} == {(48, 64, 3)}


def test_dropped_frames_are_bridged_by_the_nearest(tmp_path: Path, bright: Detector) -> None:
    clip = film(tmp_path / "a.mp4", steady(10))

    def every_fourth(frames: Iterator[Frame]) -> Iterator[Frame]:
        return (frame for k, frame in enumerate(frames) if k % 4 == 0)

    (event,) = bright.with_transform(every_fourth).detect(clip).events
    assert event.start == pytest.approx(EVENT[0], abs=0.2 + 0.4)
    assert event.end == pytest.approx(EVENT[1], abs=0.2 + 0.4)
    with open_video(clip) as video:
        sampled = list(frames_on_grid(every_fourth(video.frames()), 10.0))
    # frames at 0, 0.4, 0.8: 0.2 is as near to both neighbors, the earlier one is taken
    shown = [bool(frame.image.mean() > 100) for frame in sampled]
    expected = [EVENT[0] <= 0.4 * ((k + 1) // 4) < EVENT[1] for k in range(len(shown))]
    assert shown == expected
    assert [frame.time for frame in sampled] == [k / 10 for k in range(81)]


def test_stored_flow_is_of_the_undisturbed_video(tmp_path: Path, bright: Detector) -> None:
    clip = film(tmp_path / "a.mp4", steady(10, 1.0))
    store: Any = object()
    with pytest.raises(UsageError, match="leave the store or the transform out"):
        bright.with_transform(nothing).detect(clip, store=store)


def test_frames_keep_damage_and_share_pictures() -> None:
    frames = [
        Frame(0.0, np.zeros((2, 2, 3), np.uint8)),
        Frame(1.0, np.ones((2, 2, 3), np.uint8), True),
    ]
    found = list(frames_on_grid(iter(frames), 4.0))
    assert [frame.time for frame in found] == [0.0, 0.25, 0.5, 0.75, 1.0]
    # 0.5 is as near to both: the earlier one
    assert [frame.corrupt for frame in found] == [False, False, False, True, True]
    assert found[3].image is found[4].image is frames[1].image
