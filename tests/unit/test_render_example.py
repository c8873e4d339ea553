"""The example clip and the renderer that made it.

In: examples/slip.mp4, slip.json and render_slip.py. Out: they agree, and a seed fixes every pixel.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from itertools import islice, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """``examples/render_slip.py`` as a module, with its neighbors importable meanwhile."""
    spec = importlib.util.spec_from_file_location("render_slip", EXAMPLES / "render_slip.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(EXAMPLES))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(EXAMPLES))
    return module


@pytest.fixture(scope="module")
def truth() -> dict:
    return json.loads((EXAMPLES / "slip.json").read_text())


@pytest.fixture(scope="module")
def pictures() -> list[tuple[float, np.ndarray]]:
    """Times in seconds and gray pictures of the committed clip, quarter size."""
    with av.open(str(EXAMPLES / "slip.mp4")) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert container.streams.video[0].codec_context.name == "h264"
        frames = container.decode(video=0)
        return [(f.time, f.reformat(160, 120, "gray").to_ndarray().astype(float)) for f in frames]


def _motion(pictures: list, start: float, end: float) -> float:
    """Mean absolute change between neighboring pictures from ``start`` to ``end`` seconds."""
    inside = [picture for time, picture in pictures if start <= time <= end]
    return float(np.mean([np.abs(b - a).mean() for a, b in pairwise(inside)]))


def made(action: str, seconds: float, seed: int, rate: float = 240.0) -> Any:
    """A motion of ``rate`` positions a second; the renderer's own number takes longest."""
    motion = sys.modules["rendering.motion"]
    return motion.make_motion(action, seconds, np.random.default_rng(seed), rate)


def test_clip_is_small_and_lasts_as_long_as_its_truth_says(
    truth: dict, pictures: list[tuple[float, np.ndarray]]
) -> None:
    assert (EXAMPLES / "slip.mp4").stat().st_size < 2 * 2**20
    lasts = pictures[-1][0] + 1 / truth["frame_rate"]
    assert lasts == pytest.approx(truth["duration"], abs=0.1)
    assert len(pictures) == round(truth["duration"] * truth["frame_rate"])


def test_the_one_event_lies_inside_the_clip_and_lasts_as_a_fall_does(truth: dict) -> None:
    (event,) = truth["events"]
    assert event["label"] == "slip"
    assert 1.0 < event["start"] < event["end"] < truth["duration"] - 2.0
    assert 0.6 <= event["end"] - event["start"] <= 1.3


def test_falling_moves_more_than_lying(
    truth: dict, pictures: list[tuple[float, np.ndarray]]
) -> None:
    (event,) = truth["events"]
    falling = _motion(pictures, event["start"], event["end"])
    lying = _motion(pictures, event["end"] + 1.5, truth["duration"])
    empty = _motion(pictures, 0.0, 0.5)
    assert falling > 2 * lying
    assert falling > 2 * empty


def test_a_seed_fixes_every_pixel(script: ModuleType) -> None:
    def first(seed: int) -> np.ndarray:
        clip = script.render_clip(seed, "slip", width=96, height=72, duration=2.0)
        return np.stack(list(islice(clip.frames(), 6)))

    once, again, other = first(3), first(3), first(4)
    assert once.shape == (6, 72, 96, 3)
    assert once.dtype == np.uint8
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


@pytest.mark.parametrize("action", ["slip", "trip", "faint"])
def test_falls_end_on_the_floor_with_bones_unstretched(script: ModuleType, action: str) -> None:
    motion = made(action, 4.0, 1)
    ((start, end),) = motion.events
    assert 0.5 < end - start < 1.6
    before, after = motion.at(start), motion.at(end + 0.8)
    assert before[2, 2] > 1.4
    assert after[:3, 2].max() < 0.4
    assert motion.joints[:, :, 2].min() > -0.05
    for hip, knee in ((9, 11), (10, 12)):
        thigh = np.linalg.norm(motion.joints[:, hip] - motion.joints[:, knee], axis=1)
        assert thigh == pytest.approx(0.43, abs=0.03)


@pytest.mark.parametrize("action", ["walk", "sit", "crouch", "lie"])
def test_what_is_no_fall_has_no_event(script: ModuleType, action: str) -> None:
    motion = made(action, 4.0, 1, 25.0)
    assert motion.events == ()
    assert np.isfinite(motion.joints).all()


NEW_FALLS = (
    "slide", "tumble", "collapse", "backward", "sideways", "knees", "off-chair", "rising",
)  # fmt: skip
NEW_OTHERS = (
    "sit-fast", "stand-up", "lie-bed", "lie-fast", "pick-up", "squat", "sit-floor", "kneel",
    "jump", "get-up", "sit-hard", "nap",
)  # fmt: skip
BONES = ((9, 11), (11, 13), (10, 12), (12, 14))


def test_every_action_is_tried_here(script: ModuleType) -> None:
    motion = sys.modules["rendering.motion"]
    exercises = sys.modules["rendering.exercises"].EXERCISES
    living = sys.modules["rendering.living"].LIVING
    spills = sys.modules["rendering.spills"].SPILLS
    assert ("slip", "trip", "faint", *NEW_FALLS, *spills) == motion.FALLS
    # those of tests/unit/test_render_exercise.py too
    assert set(motion.ACTIONS) - set(motion.FALLS) == {
        "walk", "sit", "crouch", "lie", *NEW_OTHERS, *exercises, *living, "ride", "glide",
        "caught",
    }  # fmt: skip


@pytest.mark.parametrize("action", NEW_FALLS)
def test_more_falls_have_one_event_after_which_the_trunk_is_down(
    script: ModuleType, action: str
) -> None:
    motion = made(action, 3.6, 2, 80.0)
    ((start, end),) = motion.events
    assert 0.3 < end - start < 1.8
    assert start > 0.5
    assert end < 3.4
    assert np.isfinite(motion.joints).all()
    assert motion.joints[:, :, 2].min() > -0.05
    assert motion.at(start)[1, 2] > 0.8
    assert motion.at(end)[:2, 2].max() < 0.2
    assert motion.support == ("chair" if action in ("off-chair", "rising") else "")


@pytest.mark.parametrize("action", NEW_OTHERS)
def test_what_looks_like_a_fall_has_no_event_and_keeps_its_bones(
    script: ModuleType, action: str
) -> None:
    motion = made(action, 5.0, 2, 25.0)
    assert motion.events == ()
    assert np.isfinite(motion.joints).all()
    assert motion.joints[:, :, 2].min() > -0.02
    for first, second in BONES:
        length = np.linalg.norm(motion.joints[:, first] - motion.joints[:, second], axis=1)
        assert length == pytest.approx(0.42, abs=0.08)
    heights = motion.joints[:, 2, 2]
    assert heights.max() - heights.min() > 0.3


@pytest.mark.parametrize("heading", [0.0, 90.0, 187.0])
@pytest.mark.parametrize("kind", ["chair", "sofa", "bed"])
def test_a_seat_is_behind_who_turns_round_and_not_under_their_feet(
    script: ModuleType, kind: str, heading: float
) -> None:
    boxes = sys.modules["rendering.seats"].seat_boxes(kind, (0.5, 3.0), heading, 0.45, 3)
    ahead = np.array([np.cos(np.radians(heading)), np.sin(np.radians(heading))])
    for distance, expected in ((0.0, False), (0.43, True)):
        x, y = np.array([0.5, 3.0]) + distance * ahead
        under = [b.low[0] <= x <= b.high[0] and b.low[1] <= y <= b.high[1] for b in boxes]
        assert any(under) == expected
    assert all(low < high for box in boxes for low, high in zip(box.low, box.high, strict=True))


def test_a_shaken_picture_is_a_part_of_the_larger_one(script: ModuleType) -> None:
    shake = sys.modules["rendering.shake"]
    picture = np.random.default_rng(0).uniform(size=(14, 24, 3)).astype(np.float32)
    assert np.array_equal(shake.crop(picture, (20, 10), np.array([0.0, 0.0])), picture[2:12, 2:22])
    assert np.array_equal(shake.crop(picture, (20, 10), np.array([1.0, -1.0])), picture[:10, 4:])
    path = shake.path_of(5, 200, 25.0)
    assert path.shape == (200, 2)
    assert abs(path).max() <= 1.0
    assert 0.0 < abs(np.diff(path, axis=0)).max() < 0.3


def test_a_shaking_camera_gives_pictures_of_the_same_size(script: ModuleType) -> None:
    size = {"width": 96, "height": 72, "duration": 2.0}
    still = script.render_clip(3, "walk", **size)
    shaken = script.render_clip(3, "walk", **size, shake=0.8)
    one, other = (np.stack(list(islice(clip.frames(), 2))) for clip in (still, shaken))
    assert one.shape == other.shape == (2, 72, 96, 3)
    assert not np.array_equal(one, other)


def test_an_unknown_action_names_the_known_ones(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="slip, trip, faint, walk, sit, crouch, lie"):
        script.render_clip(0, "fly")
