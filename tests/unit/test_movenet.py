"""MoveNet: decoding by plain loops, networks that are others, pictures at the limits.

In: random heads and frames of the example clip. Out: nothing but assertions.
"""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from slipdetect.errors import ModelError
from slipdetect.people.movenet import MOST, MoveNet, decode, network_input
from slipdetect.video import open_video

EXAMPLE = Path(__file__).parents[2] / "examples" / "slip.mp4"
ROWS, COLUMNS = 12, 16
CENTER, SIZE, SHIFT, HEAT, REGRESSED, OFFSET = 0, 1, 3, 5, 22, 56


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def by_loops(heads: np.ndarray, scale: float) -> list[tuple[float, list, list]]:
    """Return score, box and keypoints of every person, as the paper has it, one by one."""
    heads = heads.astype(np.float64)
    peaks = []
    for r in range(ROWS):
        for c in range(COLUMNS):
            value = sigmoid(heads[CENTER, r, c])
            around = [
                sigmoid(heads[CENTER, i, j])
                for i in range(max(r - 2, 0), min(r + 3, ROWS))
                for j in range(max(c - 2, 0), min(c + 3, COLUMNS))
            ]
            if value > 0.05 and value >= max(around):
                peaks.append((value, r, c))
    people = []
    for value, r, c in sorted(peaks, reverse=True)[:6]:
        y, x = r + heads[SHIFT, r, c], c + heads[SHIFT + 1, r, c]
        tall, wide = max(heads[SIZE, r, c], 0), max(heads[SIZE + 1, r, c], 0)
        top, bottom = (min(max(y + s * tall / 2, 0), ROWS) for s in (-1, 1))
        left, right = (min(max(x + s * wide / 2, 0), COLUMNS) for s in (-1, 1))
        points = []
        for k in range(17):
            about_y = r + heads[REGRESSED + 2 * k, r, c]
            about_x = c + heads[REGRESSED + 2 * k + 1, r, c]
            best = (-1.0, 0, 0)
            for i in range(math.ceil(top), math.ceil(bottom)):
                for j in range(math.ceil(left), math.ceil(right)):
                    away = (i - about_y) ** 2 + (j - about_x) ** 2
                    weight = math.exp(-away / (0.30005 * min(ROWS, COLUMNS)))
                    hot = sigmoid(heads[HEAT + k, i, j]) * weight
                    if hot > best[0]:
                        best = (hot, i, j)
            hot, i, j = best
            if hot < 0:  # the box holds no cell
                points.append((0, 0, 0))
                continue
            px = (j + heads[OFFSET + 2 * k + 1, i, j]) * 4 / scale
            py = (i + heads[OFFSET + 2 * k, i, j]) * 4 / scale
            points.append((px, py, hot))
        seen = [hot for _, _, hot in points if hot > 0.12695]
        score = value * sum(seen) / len(seen) if seen else 0.0
        box = [4 * edge / scale for edge in (left, top, right, bottom)]
        people.append((score, box, points))
    return people


@pytest.mark.parametrize("seed", range(3))
def test_decoding_is_what_plain_loops_find(seed: int) -> None:
    random = np.random.default_rng(seed)
    heads = random.normal(0, 1, (90, ROWS, COLUMNS)).astype(np.float32)
    heads[CENTER] -= 4
    for row, column, logit in ((3, 4, 2.0), (8, 11, 1.0), (0, 15, 0.5)):
        heads[CENTER, row, column] = logit
        heads[SIZE : SIZE + 2, row, column] = 7, 5
    found, wanted = decode(heads, 0.3), by_loops(heads, 0.3)
    assert len(found) == len(wanted) >= 3
    for person, (score, box, points) in zip(found, wanted, strict=True):
        assert person.score == pytest.approx(score, rel=1e-4)
        np.testing.assert_allclose(person.box, box, rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(person.keypoints, points, rtol=1e-3, atol=1e-3)


def test_a_network_finds_six_at_most_and_nobody_in_nothing() -> None:
    heads = np.full((90, ROWS, COLUMNS), -9, np.float32)
    assert decode(heads, 1.0) == []
    heads[CENTER, ::3, ::3] = np.arange(24).reshape(4, 6) / 10
    heads[SIZE : SIZE + 2] = 4
    heads[HEAT:REGRESSED] = 2
    heads[SHIFT:HEAT] = heads[REGRESSED:] = 0
    found = decode(heads, 1.0)
    assert len(found) == MOST == 6
    middles = [tuple((person.box[:2] + person.box[2:]) / 2 / 4) for person in found]
    # the last of them, from right to left; those at the edge are cut off there
    assert middles[1] == (12, 9)


@pytest.mark.parametrize(
    ("shape", "side", "inputs"),
    [
        ((480, 640), 192, (160, 192)),
        ((640, 480), 192, (192, 160)),
        ((1080, 1920), 192, (128, 192)),
        ((10, 1000), 192, (32, 192)),
        ((96, 96), 192, (192, 192)),
    ],
)
def test_the_longer_side_is_192_and_black_fills_up(
    shape: tuple[int, int], side: int, inputs: tuple[int, int]
) -> None:
    seen, scale = network_input(np.full((*shape, 3), 255, np.uint8), side)
    assert seen.shape == (1, 3, *inputs)
    assert scale == side / max(shape)
    height, width = (max(1, round(length * scale)) for length in shape)
    assert (seen[0, :, :height, :width] == 1).all()
    assert (seen[0, :, height:] == -1).all()
    assert (seen[0, :, :, width:] == -1).all()


@pytest.fixture(scope="module")
def network() -> MoveNet:
    return MoveNet()


@pytest.fixture(scope="module")
def walking() -> np.ndarray:
    """Somebody who walks, in 640 x 480, from (370, 80) to (450, 260) or so."""
    with open_video(EXAMPLE) as video:
        return next(frame.image for frame in video.frames() if frame.time > 3.4)


def test_somebody_walking_is_found_head_above_feet(network: MoveNet, walking: np.ndarray) -> None:
    person = network.people(walking)[0]
    assert person.score > 0.3
    nose, ankles = person.keypoints[0], person.keypoints[[15, 16]]
    assert nose[1] < ankles[:, 1].min() - 100
    left, top, right, bottom = person.box
    assert left < nose[0] < right
    assert top < nose[1] < bottom


def _tiny(picture: np.ndarray) -> np.ndarray:
    small = picture[::20, ::20]  # somebody of 8 px
    return np.pad(small, ((40, 416), (40, 568), (0, 0)), mode="edge")


@pytest.mark.parametrize(
    "change",
    [
        np.zeros_like,
        lambda picture: np.full_like(picture, 255),
        lambda picture: picture[::-1],
        lambda picture: np.rot90(picture),
        _tiny,
        lambda picture: picture[:, :410],  # half of somebody
        lambda picture: picture[130:],
        lambda picture: picture[:1, :1],
        lambda picture: picture[:, 400:401],
    ],
)
def test_pictures_at_the_limits_give_numbers(
    network: MoveNet, walking: np.ndarray, change: object
) -> None:
    picture = change(walking)
    height, width = picture.shape[:2]
    for person in network.people(picture):
        assert np.isfinite(person.keypoints).all()
        assert 0 <= person.score <= 1
        left, top, right, bottom = person.box
        # the filled-up part belongs to what the network sees
        reach = 32 / 192 * max(height, width)
        assert 0 <= left <= right <= width + reach
        assert 0 <= top <= bottom <= height + reach


def test_nobody_is_in_a_black_picture(network: MoveNet) -> None:
    found = network.people(np.zeros((480, 640, 3), np.uint8))
    assert [person for person in found if person.score > 0.1] == []


def test_another_network_is_refused_by_name(tmp_path: Path) -> None:
    other = Path(str(resources.files("slipdetect"))) / "assets" / "default" / "flow.onnx"
    with pytest.raises(ModelError, match=r"flow\.onnx' is not the network MoveNet MultiPose"):
        MoveNet(other)
    text = tmp_path / "mine.onnx"
    text.write_text("no network")
    with pytest.raises(ModelError, match=r"cannot open the pose network '.*mine\.onnx'"):
        MoveNet(text)
    with pytest.raises(ModelError, match="cannot open the pose network"):
        MoveNet(tmp_path / "missing.onnx")
