"""TV-L1 flow in batches, as the GPU computes it: plain torch is held to OpenCV on the CPU.

In: textures that move, real clips, GPUs where there are any. Out: pass or fail.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.flow.gpu import fused as batch_module
from slipdetect.flow.gpu import planes
from slipdetect.flow.gpu import planes as plain
from slipdetect.flow.gpu.fused import solve_batch
from slipdetect.flow.gpu.planes import level_sizes
from slipdetect.flow.tvl1_opencv import TvL1OpenCV
from slipdetect.flow.tvl1_parameters import TvL1Parameters
from slipdetect.video import open_video

CPU = torch.device("cpu")
DEFAULT = TvL1Parameters()
FEW = TvL1Parameters(warps=2, outer_iterations=2, inner_iterations=8)


def texture(height: int, width: int, shift: float = 0.0) -> NDArray[np.uint8]:
    """Return waves of several lengths, moved to the right by ``shift`` px."""
    y, x = np.mgrid[:height, :width].astype(float)
    x = x - shift
    waves = np.sin(0.5 * x + 0.2 * y) + np.sin(0.3 * y - 0.11 * x) + np.sin(0.9 * x - 0.7 * y)
    return np.round(128 + 40 * waves).astype(np.uint8)


def flows(
    prev: NDArray[np.uint8],
    next: NDArray[np.uint8],
    parameters: TvL1Parameters = DEFAULT,
    initial: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    return solve_batch(prev, next, initial, parameters, CPU, plain.solve, 1)


def distance(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.hypot(*(one.astype(float) - other)).mean())


def frame_pairs(clip: Path, count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return pairs of neighbors from a clip, gray, 160x120 px, ten frames apart."""
    grays = []
    with open_video(clip) as video:
        for number, frame in enumerate(video.frames()):
            if number % 10 < 2:
                small = cv2.resize(frame.image, (160, 120), interpolation=cv2.INTER_AREA)
                grays.append(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
            if len(grays) == 2 * count:
                break
    return np.stack(grays[::2]), np.stack(grays[1::2])


@pytest.mark.parametrize("size", [(72, 96), (37, 53), (131, 17)])
@pytest.mark.parametrize("step", [0.8, 0.5, 0.73])
def test_resizing_is_opencvs(size: tuple[int, int], step: float) -> None:
    gray = np.random.default_rng(0).random(size, dtype=np.float32) * 255
    smaller = cv2.resize(gray, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
    ours = planes.resize(torch.tensor(gray), smaller.shape, (1 / step, 1 / step))
    np.testing.assert_allclose(ours.numpy(), smaller, atol=0.01)
    spacing = (smaller.shape[0] / size[0], smaller.shape[1] / size[1])
    back = planes.resize(torch.tensor(smaller), size, spacing)
    np.testing.assert_allclose(back.numpy(), cv2.resize(smaller, size[::-1]), atol=0.01)


def test_levels_are_left_out_as_opencv_does() -> None:
    assert level_sizes(72, 96, DEFAULT) == [(72, 96), (58, 77), (46, 62), (37, 50), (30, 40)]
    assert level_sizes(8, 300, DEFAULT) == [(8, 300)]
    # round(16.5) is 16 and stays, 0.8 * 16 is left out
    assert level_sizes(33, 33, TvL1Parameters(scale_step=0.5)) == [(33, 33), (16, 16)]


def test_sampling_is_bicubic_and_zero_outside() -> None:
    rng = np.random.default_rng(1)
    gray = rng.random((9, 11)) * 255
    flow = rng.normal(0, 4, (2, 9, 11))
    ours = planes.sample(torch.tensor(gray)[None, None], torch.tensor(flow)[None])[0, 0].numpy()
    for y in range(9):
        for x in range(11):
            column, row = x + flow[0, y, x], y + flow[1, y, x]
            expected = 0.0
            for v in range(int(np.floor(row)) - 1, int(np.floor(row)) + 3):
                for u in range(int(np.floor(column)) - 1, int(np.floor(column)) + 3):
                    if 0 <= v < 9 and 0 <= u < 11:
                        expected += gray[v, u] * _keys(column - u) * _keys(row - v)
            assert ours[y, x] == pytest.approx(expected, abs=1e-6)


def _keys(distance: float) -> float:
    """Keys' cubic kernel with a = -0.75."""
    d = abs(distance)
    if d <= 1:
        return float(1.25 * d**3 - 2.25 * d**2 + 1)
    return float(-0.75 * (d**3 - 5 * d**2 + 8 * d - 4))


@pytest.mark.skipif(int(cv2.__version__[0]) < 5, reason="OpenCV 4 rounds positions to 1/32 px")
def test_sampling_is_opencvs() -> None:
    rng = np.random.default_rng(2)
    gray = rng.random((61, 47), dtype=np.float32) * 255
    flow = rng.normal(0, 5, (2, 61, 47)).astype(np.float32)
    y, x = np.mgrid[:61, :47].astype(np.float32)
    expected = cv2.remap(gray, x + flow[0], y + flow[1], cv2.INTER_CUBIC)
    ours = planes.sample(torch.tensor(gray)[None, None], torch.tensor(flow)[None])[0, 0]
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-3)


@pytest.mark.parametrize("side", [1, 3, 5])
def test_median_is_opencvs(side: int) -> None:
    plane = np.random.default_rng(3).normal(size=(23, 17)).astype(np.float32)
    ours = planes.median(torch.tensor(plane)[None, None], side)[0, 0].numpy()
    np.testing.assert_array_equal(ours, cv2.medianBlur(plane, side))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"gamma": 0.2, "median_filtering": 3},
        {"median_filtering": 1, "epsilon": 0.05},
        {"scale_step": 0.5, "theta": 0.2, "lambda_": 0.1, "tau": 0.2, "nscales": 3},
    ],
)
def test_flow_of_a_moving_texture_is_opencvs(changes: dict[str, Any]) -> None:
    parameters = TvL1Parameters(warps=3, **changes)
    pair = texture(61, 79), texture(61, 79, 1.3)
    ours = flows(pair[0][None], pair[1][None], parameters)[0]
    assert distance(ours, TvL1OpenCV(parameters).calc(*pair)) <= 0.01
    assert ours[0, 10:-10, 10:-10].mean() == pytest.approx(1.3, abs=0.1)


def test_initial_flow_is_used_as_opencv_does() -> None:
    parameters = TvL1Parameters(
        use_initial_flow=True, warps=1, outer_iterations=1, inner_iterations=4
    )
    pair = texture(48, 64), texture(48, 64, 6.0)
    initial = np.stack([np.full((48, 64), 5.5), np.zeros((48, 64))]).astype(np.float32)
    ours = flows(pair[0][None], pair[1][None], parameters, initial[None])[0]
    assert distance(ours, TvL1OpenCV(parameters).calc(*pair, initial)) <= 0.01
    assert distance(ours, flows(pair[0][None], pair[1][None], parameters)[0]) > 1


@pytest.mark.clips
def test_flow_of_real_frames_is_that_of_the_cpu(clips: Path) -> None:
    # OpenCV's own flow moves by about as much when a picture gets brighter by a millionth
    from slipdetect.flow.tvl1 import TvL1

    prev, next = frame_pairs(clips / "gmdcsa24" / "subject1_adl_10.mp4", 3)
    ours = flows(prev, next)
    for method in (TvL1OpenCV(DEFAULT), TvL1(DEFAULT)):
        apart = [distance(ours[i], method.calc(prev[i], next[i])) for i in range(len(prev))]
        assert np.mean(apart) <= 0.02, apart


def test_a_pair_has_the_same_flow_in_any_company() -> None:
    noise = np.random.default_rng(4).integers(0, 256, (2, 40, 52), dtype=np.uint8)
    # they stop after one, some and all iterations
    prev = np.stack([texture(40, 52), texture(40, 52), noise[0]])
    next = np.stack([texture(40, 52), texture(40, 52, 0.7), noise[1]])
    together = flows(prev, next, FEW)
    for i in range(3):
        alone = flows(prev[i : i + 1], next[i : i + 1], FEW)[0]
        np.testing.assert_allclose(together[i], alone, atol=1e-4)
    np.testing.assert_array_equal(together[0], 0)
    assert np.abs(together[2]).max() > 0.5


def test_a_batch_too_large_for_the_memory_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    prev = np.stack([texture(30, 36, i) for i in range(5)])
    next = np.stack([texture(30, 36, i + 0.5) for i in range(5)])
    whole = flows(prev, next, FEW)
    sizes = []

    def solve(levels: Any, start: Any, parameters: Any) -> torch.Tensor:
        sizes.append(len(start))
        return plain.solve(levels, start, parameters)

    monkeypatch.setattr(batch_module, "_pairs_that_fit", lambda *_: 2)
    cut = solve_batch(prev, next, None, FEW, CPU, solve, 1)
    assert sizes == [2, 2, 1]
    np.testing.assert_allclose(cut, whole, atol=1e-4)


def test_a_pair_too_large_for_the_memory_is_said_in_one_line() -> None:
    def solve(*_: Any) -> torch.Tensor:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory\nmore")

    with pytest.raises(UsageError, match="too little free memory for the flow of 36x30 px"):
        solve_batch(texture(30, 36)[None], texture(30, 36)[None], None, FEW, CPU, solve, 1)


@pytest.mark.parametrize("size", [(8, 8), (8, 61), (47, 9), (17, 33)])
def test_small_and_odd_pictures(size: tuple[int, int]) -> None:
    pair = texture(*size), texture(*size, 0.4)
    ours = flows(pair[0][None], pair[1][None])[0]
    assert ours.shape == (2, *size)
    assert distance(ours, TvL1OpenCV(DEFAULT).calc(*pair)) <= 0.02
