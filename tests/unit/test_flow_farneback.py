"""Farnebäck's flow: its parameters reach OpenCV, threads change nothing, borders are soft.

In: synthetic textures. Out: pass or fail.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from test_flow_extractor import texture

from slipdetect.flow import FlowExtractor

CHANGED = {
    "pyr_scale": 0.8,
    "levels": 2,
    "winsize": 21,
    "iterations": 3,
    "poly_n": 7,
    "poly_sigma": 1.5,
}
SETTERS = ("PyrScale", "NumLevels", "WinSize", "NumIters", "PolyN", "PolySigma")


def opencv_class(values: dict[str, Any]) -> Any:
    solver = cv2.FarnebackOpticalFlow_create()
    for setter, value in zip(SETTERS, values.values(), strict=True):
        getattr(solver, f"set{setter}")(value)
    return solver


@pytest.mark.parametrize("changed", [{}, CHANGED], ids=["defaults", "changed"])
def test_parameters_mean_what_opencvs_class_means(changed: dict[str, Any]) -> None:
    prev, nxt = texture(96, 128), texture(96, 128, 2.0, -1.0)
    solver = opencv_class(changed) if changed else cv2.FarnebackOpticalFlow_create()
    extractor = FlowExtractor("farneback", **changed)
    expected = np.moveaxis(solver.calc(prev, nxt, None), -1, 0)
    np.testing.assert_array_equal(extractor.pair(prev, nxt), expected)
    read = [getattr(solver, f"get{setter}")() for setter in SETTERS]
    assert list(extractor.recipe()["parameters"].values()) == pytest.approx(read)


@pytest.mark.parametrize("method", ["farneback", "dis"])
def test_many_threads_give_the_flows_of_one_in_order(method: str) -> None:
    frames = [texture(64, 96, right) for right in np.cumsum(np.linspace(0, 2, 16))]
    alone = list(FlowExtractor(method, threads=1).iter(frames))
    together = list(FlowExtractor(method, threads=8).iter(frames))
    np.testing.assert_array_equal(together, alone)


def test_a_still_picture_has_no_flow_away_from_its_border() -> None:
    flow = FlowExtractor("farneback").pair(texture(64, 96), texture(64, 96))
    assert np.abs(flow[:, 12:-12, 12:-12]).max() < 1e-3
    assert np.abs(flow).mean() < 0.01
