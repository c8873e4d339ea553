"""The compiled TV-L1 against OpenCV's, step by step, and against motion that is known.

In: synthetic textures and real clips. Out: pass or fail.
"""

from __future__ import annotations

import copy
import csv
import logging
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from slipdetect.flow import FlowExtractor
from slipdetect.flow.extractor import to_gray
from slipdetect.flow.kernels import simd as compiling
from slipdetect.flow.kernels.iterate import iterate, tail_of
from slipdetect.flow.kernels.simd import INVERSE, IX, IY, P11, P12, P21, P22, RHO, U1, U2, Planes
from slipdetect.flow.kernels.warp import MARGIN, warp
from slipdetect.video import open_video

Array = NDArray[Any]


def waves(x: Array, y: Array) -> Array:
    """Return a texture of waves of 6 to 60 px at any places."""
    rng = np.random.default_rng(3)
    gray = np.full(x.shape, 128.0)
    for _ in range(40):
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        length = rng.uniform(6, 60)
        along = np.cos(angle) * x + np.sin(angle) * y
        gray += 0.25 * length * np.cos(2 * np.pi * along / length + phase)
    return gray


def gray(values: Array) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def moved(height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Array]:
    """Return two pictures, turned by 1.5 degrees and shifted, and the flow between them."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    angle, shift = np.deg2rad(1.5), (1.3, -0.7)
    cos, sin = np.cos(angle), np.sin(angle)
    u = cos * x - sin * y + shift[0] - x
    v = sin * x + cos * y + shift[1] - y
    back_x, back_y = x - shift[0], y - shift[1]
    second = waves(cos * back_x + sin * back_y, -sin * back_x + cos * back_y)
    return gray(waves(x, y)), gray(second), np.stack([u, v])


def distance(one: Array, other: Array) -> Array:
    return np.asarray(np.hypot(*(one - other)))


@pytest.mark.parametrize("size", [(96, 128), (61, 77), (17, 40), (8, 8), (9, 300), (300, 9)])
def test_the_flow_is_opencvs_at_any_size(size: tuple[int, int]) -> None:
    first, second, _ = moved(*size)
    ours = FlowExtractor("tvl1").pair(first, second)
    assert distance(ours, FlowExtractor("tvl1-opencv").pair(first, second)).mean() <= 0.02


@pytest.mark.parametrize(
    "changed",
    [
        {"gamma": 1.0},
        {"nscales": 1},
        {"warps": 2},
        {"inner_iterations": 4},
        {"outer_iterations": 1},
        {"epsilon": 0.05},
        {"median_filtering": 1},
        {"median_filtering": 3},
        {"tau": 0.1},
        {"theta": 0.5},
        {"lambda_": 0.05},
        {"scale_step": 0.5},
    ],
)
def test_every_parameter_means_what_it_does_in_opencv(changed: dict[str, Any]) -> None:
    # few steps, because any rounding grows from step to step
    base = {"nscales": 2, "warps": 1, "outer_iterations": 3}
    first, second, _ = moved(64, 80)
    ours = FlowExtractor("tvl1", **{**base, **changed}).pair(first, second)
    theirs = FlowExtractor("tvl1-opencv", **{**base, **changed}).pair(first, second)
    plain = FlowExtractor("tvl1-opencv", **base).pair(first, second)
    assert distance(theirs, plain).mean() > 0.003
    assert distance(ours, theirs).mean() <= 0.001


def test_the_true_motion_is_found_as_well_as_by_opencv() -> None:
    first, second, truth = moved(128, 160)
    ours = distance(FlowExtractor("tvl1").pair(first, second), truth).mean()
    theirs = distance(FlowExtractor("tvl1-opencv").pair(first, second), truth).mean()
    assert ours < 0.15
    assert ours <= theirs * 1.01


def test_an_initial_flow_is_used_as_opencv_uses_it() -> None:
    frames = [
        gray(waves(*np.meshgrid(np.arange(96.0) - right, np.arange(64.0))))
        for right in (0.0, 12.0, 24.0)
    ]
    lame = {"nscales": 2, "warps": 1, "outer_iterations": 3, "use_initial_flow": True}
    ours = list(FlowExtractor("tvl1", **lame).iter(frames))
    theirs = list(FlowExtractor("tvl1-opencv", **lame).iter(frames))
    alone = FlowExtractor("tvl1", **{**lame, "use_initial_flow": False}).pair(*frames[1:])
    assert distance(ours[1], theirs[1]).mean() <= 0.02
    assert distance(ours[1], alone).mean() > 0.1


@pytest.fixture(scope="module")
def real_pairs(clips: Path) -> list[tuple[Array, Array]]:
    """Two neighboring frames from the middle of a clip of each data set."""
    with (clips / "clips.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    pairs = []
    for dataset in ("hmdb51", "gmdcsa24", "upfall", "urfd"):
        for row in [row for row in rows if row["dataset"] == dataset][7:8]:
            with open_video(clips / row["path"]) as video:
                middle = (video.info.duration or 0.0) / 2
                late = (frame.image for frame in video.frames() if frame.time >= middle)
                pairs.append((to_gray(next(late)), to_gray(next(late))))
    return pairs


def resized(pair: tuple[Array, Array], size: tuple[int, int]) -> tuple[Array, Array]:
    return cv2.resize(pair[0], size), cv2.resize(pair[1], size)


@pytest.mark.clips
def test_real_pairs_of_all_data_sets_agree_with_opencv(
    real_pairs: list[tuple[Array, Array]],
) -> None:
    ours, opencv = FlowExtractor("tvl1"), FlowExtractor("tvl1-opencv")
    distances, near = [], []
    for pair in (resized(both, (342, 256)) for both in real_pairs):
        flows = ours.pair(*pair), opencv.pair(*pair)
        distances.append(distance(*flows).mean())
        levels = [ours.quantize(flow).astype(int) for flow in flows]
        near.append(np.abs(levels[0] - levels[1]) <= 1)
    assert len(distances) == 4
    assert np.mean(distances) <= 0.01
    assert np.mean(near) >= 0.99


@pytest.mark.clips
def test_ours_is_no_further_from_opencv_than_opencv_is_from_itself(
    real_pairs: list[tuple[Array, Array]],
) -> None:
    ours, opencv = FlowExtractor("tvl1"), FlowExtractor("tvl1-opencv")
    rng = np.random.default_rng(0)
    between, within = [], []
    for pair in (resized(both, (160, 120)) for both in real_pairs):
        flow = opencv.pair(*pair)
        # a hundred-thousandth of a gray level; OpenCV takes floats in [0, 1] as well
        disturbed = [(gray + 1e-5 * rng.normal(size=gray.shape)) / 255 for gray in pair]
        solver = cv2.optflow.DualTVL1OpticalFlow_create()
        other = solver.calc(*(gray.astype(np.float32) for gray in disturbed), None)
        between.append(distance(ours.pair(*pair), flow).mean())
        within.append(distance(np.moveaxis(other, -1, 0), flow).mean())
    assert np.mean(between) <= 1.5 * np.mean(within)


def test_threads_do_not_change_the_flow() -> None:
    frames = [
        gray(waves(*np.meshgrid(np.arange(80.0) - step, np.arange(60.0)))) for step in range(9)
    ]
    alone = list(FlowExtractor("tvl1", threads=1).iter(frames))
    together = list(FlowExtractor("tvl1", threads=4).iter(frames))
    np.testing.assert_array_equal(np.stack(alone), np.stack(together))


def test_sizes_may_change_from_pair_to_pair() -> None:
    extractor = FlowExtractor("tvl1")
    fresh = FlowExtractor("tvl1").pair(*moved(50, 70)[:2])
    extractor.pair(*moved(90, 100)[:2])
    extractor.pair(*moved(18, 20)[:2])
    np.testing.assert_array_equal(extractor.pair(*moved(50, 70)[:2]), fresh)


def test_copies_give_the_same_flow() -> None:
    first, second, _ = moved(40, 48)
    extractor = FlowExtractor("tvl1", warps=2)
    flow = extractor.pair(first, second)
    for twin in (copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
        np.testing.assert_array_equal(twin.pair(first, second), flow)


def _planes(height: int, width: int) -> Planes:
    return Planes(height, width, np.full(Planes.size(height, width), np.nan, np.float32))


@pytest.mark.parametrize("size", [(5, 8), (7, 19), (12, 33)])
@pytest.mark.parametrize("strength", [0.3, 6.0, 60.0])
def test_the_warp_is_a_cubic_remap(size: tuple[int, int], strength: float) -> None:
    rng = np.random.default_rng(5)
    height, width = size
    picture = cv2.GaussianBlur(rng.uniform(0, 255, size).astype(np.float32), (0, 0), 1.0)
    first = rng.uniform(0, 255, size).astype(np.float32)
    u, v = (rng.normal(0, strength, size).astype(np.float32) for _ in range(2))
    # smooth in the left part, torn in the right one
    u[:, : width // 2], v[:, : width // 2] = strength, -strength
    right = np.gradient(picture, axis=1).astype(np.float32)
    down = np.gradient(picture, axis=0).astype(np.float32)
    right[:, [0, -1]] *= 0.5  # replicated edge: half the one-sided difference
    down[[0, -1]] *= 0.5
    planes = _planes(height, width)
    planes[U1][...], planes[U2][...] = u, v
    flat = [np.pad(part, MARGIN).ravel() for part in (first, picture, right, down)]
    pitch = width + 2 * MARGIN
    warp(*flat, pitch, planes.flat, height, width, planes.stride, planes.planes)

    y, x = np.mgrid[:height, :width].astype(np.float32)
    level, ix, iy = (
        cv2.remap(part, x + u, y + v, cv2.INTER_CUBIC) for part in (picture, right, down)
    )
    np.testing.assert_allclose(planes[IX], ix, atol=2e-3)
    np.testing.assert_allclose(planes[IY], iy, atol=2e-3)
    bound = 2e-3 * (1 + np.abs(u) + np.abs(v))
    assert np.all(np.abs(planes[RHO] - (level - ix * u - iy * v - first)) <= bound)
    squared = np.maximum(planes[IX] ** 2 + planes[IY] ** 2, np.finfo(np.float32).eps)
    np.testing.assert_allclose(planes[INVERSE], 1 / squared, rtol=1e-4)


def _iterate_in_loops(
    state: dict[int, Array], limit: float, theta: float, step: float
) -> tuple[dict[int, Array], float]:
    """Do one iteration in plain loops and float64 (Zach et al., section 2.3)."""
    height, width = state[U1].shape
    new = {plane: values.astype(np.float64).copy() for plane, values in state.items()}
    error = 0.0
    for y in range(height):
        for x in range(width):
            ix, iy = state[IX][y, x], state[IY][y, x]
            u = state[U1][y, x], state[U2][y, x]
            rho = state[RHO][y, x] + ix * u[0] + iy * u[1]
            squared = ix * ix + iy * iy
            if rho < -limit * squared:
                shift = limit
            elif rho > limit * squared:
                shift = -limit
            else:
                shift = -rho / squared
            for index, (plane, pa, pb) in enumerate(((U1, P11, P12), (U2, P21, P22))):
                divergence = state[pa][y, x] + state[pb][y, x]
                divergence -= state[pa][y, x - 1] if x > 0 else 0
                divergence -= state[pb][y - 1, x] if y > 0 else 0
                new[plane][y, x] = u[index] + shift * (ix, iy)[index] + theta * divergence
                error += (new[plane][y, x] - u[index]) ** 2
    for y in range(height):
        for x in range(width):
            for plane, pa, pb in ((U1, P11, P12), (U2, P21, P22)):
                here = new[plane][y, x]
                dx = new[plane][y, x + 1] - here if x + 1 < width else 0.0
                dy = new[plane][y + 1, x] - here if y + 1 < height else 0.0
                norm = 1 + step * np.hypot(dx, dy)
                new[pa][y, x] = (state[pa][y, x] + step * dx) / norm
                new[pb][y, x] = (state[pb][y, x] + step * dy) / norm
    return new, error


@pytest.mark.parametrize("size", [(4, 8), (6, 13), (9, 17)])
def test_an_iteration_is_the_papers_in_plain_loops(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(11)
    planes = _planes(*size)
    parts = (U1, U2, P11, P12, P21, P22, RHO, IX, IY)
    for plane in parts:
        planes[plane][...] = rng.normal(0, 0.3 if plane in (P11, P12, P21, P22) else 2.0, size)
    # no dual variable points over the right edge or the bottom
    for plane in (P11, P21):
        planes[plane][:, -1] = 0
    for plane in (P12, P22):
        planes[plane][-1] = 0
    planes[INVERSE][...] = 1 / (planes[IX] ** 2 + planes[IY] ** 2)
    state = {plane: planes[plane].copy() for plane in parts}
    limit, theta, step = (np.float32(value) for value in (0.045, 0.3, 0.25 / 0.3))
    for _ in range(3):
        error = iterate(
            planes.flat, *size, planes.stride, tail_of(size[1]), 1, 0.0, limit, theta, step
        )
        state, expected = _iterate_in_loops(state, float(limit), float(theta), float(step))
        assert error == pytest.approx(expected, rel=1e-4)
        for plane in parts:
            np.testing.assert_allclose(planes[plane], state[plane], atol=2e-5)


def test_iterations_end_when_the_flow_rests() -> None:
    def run(count: int, stop: float) -> tuple[float, Array]:
        rng = np.random.default_rng(2)
        planes = _planes(6, 11)
        for plane in (RHO, IX, IY):
            planes[plane][...] = rng.normal(0, 2.0, (6, 11))
        planes[INVERSE][...] = 1 / (planes[IX] ** 2 + planes[IY] ** 2)
        numbers = (np.float32(0.045), np.float32(0.3), np.float32(0.25 / 0.3))
        error = iterate(planes.flat, 6, 11, planes.stride, tail_of(11), count, stop, *numbers)
        return error, planes[U1].copy()

    errors = [run(count, 0.0)[0] for count in range(1, 13)]
    stop = errors[6]
    first = next(index for index, error in enumerate(errors) if error <= stop)
    error, flow = run(30, stop)
    assert first > 0
    assert error == errors[first]
    np.testing.assert_array_equal(flow, run(first + 1, 0.0)[1])


def test_waiting_for_the_compiler_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done = compiling.Future()  # type: ignore[attr-defined]
    monkeypatch.setattr(compiling, "_SILENT_SECONDS", 0.01)
    tell = compiling.logger.warning

    def told(message: str) -> None:
        tell(message)
        done.set_result(None)

    # the compiler is not done before it was told, however slow this machine is
    monkeypatch.setattr(compiling.logger, "warning", told)
    with caplog.at_level(logging.WARNING, "slipdetect"):
        compiling.wait_for(done)
    assert ["preparing TV-L1" in record.getMessage() for record in caplog.records] == [True]


def test_a_compiler_that_fails_is_heard() -> None:
    with pytest.raises(ModuleNotFoundError):
        compiling.wait_for(compiling.preparation("slipdetect.flow.kernels.lost"))


def test_kernels_work_where_no_folder_can_be_written() -> None:
    code = (
        "import numba.core.caching as c\n"
        "def refuse(*args, **kwargs): raise RuntimeError('cannot cache function')\n"
        "c.CacheImpl.__init__ = refuse\n"
        "from slipdetect.flow.kernels.iterate import iterate\n"
        "print(type(iterate._cache).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "NullCache"


def test_compiling_leaves_the_streams_of_the_process_alone(tmp_path: Path) -> None:
    stub = "__version__ = '0.4.6'\nFore = Style = None\ndef init(): raise AssertionError\n"
    (tmp_path / "colorama.py").write_text(stub + "reinit = deinit = init\n")
    code = (
        "import slipdetect.flow.kernels.warp\n"
        "from numba.core.errors import TypingError\n"
        "print(TypingError('made and dropped as numba tries overloads'))\n"
    )
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "made and dropped as numba tries overloads"
