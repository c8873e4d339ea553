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

import av
import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """``examples/render_slip.py`` as a module, with its neighbours importable meanwhile."""
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
    """Times in seconds and grey pictures of the committed clip, quarter size."""
    with av.open(str(EXAMPLES / "slip.mp4")) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert container.streams.video[0].codec_context.name == "h264"
        frames = container.decode(video=0)
        return [(f.time, f.reformat(160, 120, "gray").to_ndarray().astype(float)) for f in frames]


def _motion(pictures: list, start: float, end: float) -> float:
    """Mean absolute change between neighbouring pictures from ``start`` to ``end`` seconds."""
    inside = [picture for time, picture in pictures if start <= time <= end]
    return float(np.mean([np.abs(b - a).mean() for a, b in pairwise(inside)]))


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
        return np.stack(list(islice(clip.frames(), 16)))

    once, again, other = first(3), first(3), first(4)
    assert once.shape == (16, 72, 96, 3)
    assert once.dtype == np.uint8
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


@pytest.mark.parametrize("action", ["slip", "trip", "faint"])
def test_falls_end_on_the_floor_with_bones_unstretched(script: ModuleType, action: str) -> None:
    motion = sys.modules["rendering.motion"].make_motion(action, 6.0, np.random.default_rng(1))
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
    motion = sys.modules["rendering.motion"].make_motion(action, 4.0, np.random.default_rng(1))
    assert motion.events == ()
    assert np.isfinite(motion.joints).all()


def test_an_unknown_action_names_the_known_ones(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="slip, trip, faint, walk, sit, crouch, lie"):
        script.render_clip(0, "fly")
