"""Flow of textures whose true motion is known, and the recipe that makes it again.

In: synthetic textures. Out: pass or fail.
"""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from slipdetect.flow import FlowExtractor, available_methods
from slipdetect.flow.tvl1_opencv import create_solver
from slipdetect.flow.tvl1_parameters import TvL1Parameters

METHODS = ("tvl1-opencv", "dis", "farneback")


def texture(height: int, width: int, right: float = 0.0, down: float = 0.0) -> NDArray[np.uint8]:
    """Plane waves of 8 to 40 px, moved by (right, down) px without resampling."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    total = np.zeros((height, width))
    for _ in range(24):
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        wave = 2 * np.pi / rng.uniform(8, 40)
        along = np.cos(angle) * (x - right) + np.sin(angle) * (y - down)
        total += np.cos(wave * along + phase)
    return np.clip(np.rint(128 + total * 12), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("motion", [(2.0, -1.0), (-1.5, 0.5)])
def test_a_known_translation_is_recovered(method: str, motion: tuple[float, float]) -> None:
    flow = FlowExtractor(method).pair(texture(96, 128), texture(96, 128, *motion))
    assert flow.shape == (2, 96, 128)
    assert flow.dtype == np.float32
    inside = flow[:, 12:-12, 12:-12]
    assert np.abs(inside[0] - motion[0]).max() < 0.2
    assert np.abs(inside[1] - motion[1]).max() < 0.2


@pytest.mark.parametrize("method", [name for name in METHODS if name != "farneback"])
def test_a_still_picture_has_no_flow(method: str) -> None:
    extractor = FlowExtractor(method)
    flow = extractor.pair(texture(48, 64), texture(48, 64))
    assert np.all(flow == 0)
    assert np.all(extractor.quantize(flow) == 128)


@pytest.mark.parametrize("method", METHODS)
def test_iter_gives_one_flow_per_pair_of_neighbors(method: str) -> None:
    extractor = FlowExtractor(method)
    frames = [texture(40, 56, right) for right in (0.0, 1.0, 3.0, 4.5)]
    flows = list(extractor.iter(iter(frames)))
    assert len(flows) == 3
    for flow, prev, nxt in zip(flows, frames[:-1], frames[1:], strict=True):
        np.testing.assert_array_equal(flow, extractor.pair(prev, nxt))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [0, 1])
def test_f10_too_few_frames_for_a_pair_give_no_flow(method: str, count: int) -> None:
    assert list(FlowExtractor(method).iter([texture(32, 32)] * count)) == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(80, 80), (32, 40), (96, 128)])
def test_a_flow_does_not_depend_on_earlier_calls(method: str, size: tuple[int, int]) -> None:
    prev, nxt = texture(*size), texture(*size, 2.0, -1.0)
    fresh = FlowExtractor(method).pair(prev, nxt)
    used = FlowExtractor(method)
    used.pair(nxt, prev)
    # OpenCV's own objects keep the fewer pyramid levels of a small picture
    used.pair(texture(18, 20), texture(18, 20, 1.0))
    for _ in range(2):
        np.testing.assert_array_equal(used.pair(prev, nxt), fresh)


@pytest.mark.parametrize("method", METHODS)
def test_any_thread_count_gives_the_same_flow(method: str) -> None:
    prev, nxt = texture(96, 128), texture(96, 128, 2.0, -1.0)
    before = cv2.getNumThreads()
    try:
        flows = []
        for threads in (1, 2, 5):
            cv2.setNumThreads(threads)
            flows.append(FlowExtractor(method).pair(prev, nxt))
    finally:
        cv2.setNumThreads(before)
    np.testing.assert_array_equal(flows[0], flows[1])
    np.testing.assert_array_equal(flows[0], flows[2])


def test_the_installed_opencv_has_tvl1() -> None:
    assert hasattr(cv2.optflow, "DualTVL1OpticalFlow_create")


def test_every_parameter_of_tvl1_reaches_opencv() -> None:
    changed = {
        "tau": 0.2,
        "lambda_": 0.1,
        "theta": 0.25,
        "nscales": 3,
        "warps": 2,
        "epsilon": 0.02,
        "inner_iterations": 7,
        "outer_iterations": 4,
        "scale_step": 0.5,
        "gamma": 0.1,
        "median_filtering": 3,
        "use_initial_flow": True,
    }
    extractor = FlowExtractor("tvl1-opencv", **changed)
    solver = create_solver(TvL1Parameters(**changed))
    read = [
        solver.getTau(),
        solver.getLambda(),
        solver.getTheta(),
        solver.getScalesNumber(),
        solver.getWarpingsNumber(),
        solver.getEpsilon(),
        solver.getInnerIterations(),
        solver.getOuterIterations(),
        solver.getScaleStep(),
        solver.getGamma(),
        solver.getMedianFiltering(),
        solver.getUseInitialFlow(),
    ]
    assert read == pytest.approx(list(changed.values()))
    assert extractor.recipe()["parameters"] == changed


def test_the_defaults_are_opencvs_own() -> None:
    prev, nxt = texture(40, 48), texture(40, 48, 1.0, 1.0)
    solver = cv2.optflow.DualTVL1OpticalFlow_create()
    expected = np.moveaxis(solver.calc(prev, nxt, None), -1, 0)
    np.testing.assert_array_equal(FlowExtractor("tvl1-opencv").pair(prev, nxt), expected)


def test_use_initial_flow_starts_from_the_pair_before() -> None:
    frames = [texture(64, 96, right) for right in (0.0, 12.0, 24.0)]
    lame = {"nscales": 1, "warps": 1, "outer_iterations": 3}
    plain = list(FlowExtractor(**lame).iter(frames))
    kept = list(FlowExtractor(use_initial_flow=True, **lame).iter(frames))
    np.testing.assert_array_equal(plain[0], kept[0])
    assert not np.array_equal(plain[1], kept[1])

    greedy = []
    for flow in FlowExtractor(use_initial_flow=True, **lame).iter(frames):
        greedy.append(flow.copy())
        flow[...] = 1000.0
    np.testing.assert_array_equal(greedy[1], kept[1])


@pytest.mark.parametrize("method", METHODS)
def test_a_recipe_is_json_and_makes_the_same_extractor(method: str) -> None:
    extractor = FlowExtractor(method, bound=20)
    extractor.pair(texture(32, 32), texture(32, 32))
    recipe = json.loads(json.dumps(extractor.recipe()))
    assert recipe["method"] == method
    assert recipe["bound"] == 20.0
    assert recipe["opencv"] == cv2.__version__
    again = FlowExtractor(recipe["method"], bound=recipe["bound"], **recipe["parameters"])
    assert again.recipe() == recipe


def test_numpy_numbers_leave_plain_numbers_in_the_recipe() -> None:
    extractor = FlowExtractor(tau=np.float32(0.25), nscales=np.int64(3), epsilon=1)
    assert json.loads(json.dumps(extractor.recipe()))["parameters"]["nscales"] == 3


@pytest.mark.parametrize("method", METHODS)
def test_a_used_extractor_can_be_copied_to_a_worker(method: str) -> None:
    prev, nxt = texture(32, 40), texture(32, 40, 1.0)
    extractor = FlowExtractor(method, bound=7.0)
    flow = extractor.pair(prev, nxt)
    for other in (copy.deepcopy(extractor), pickle.loads(pickle.dumps(extractor))):
        assert other.recipe() == extractor.recipe()
        np.testing.assert_array_equal(other.pair(prev, nxt), flow)


def test_listing_and_importing_load_no_opencv() -> None:
    code = (
        "import sys; from slipdetect.flow import FlowExtractor, available_methods; "
        "available_methods(); assert 'cv2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert set(METHODS) < set(available_methods())
