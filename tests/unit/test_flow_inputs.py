"""Which pictures and settings the flow extractor takes, and what it says to others.

In: good and bad pictures and settings. Out: pass or fail.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor, available_methods
from slipdetect.flow import registry as flow_registry
from slipdetect.flow.extractor import to_gray

METHODS = ("tvl1-opencv", "dis", "farneback")


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)


SIZES = [(8, 8), (8, 100), (16, 100), (100, 16), (13, 200), (24, 300)]
SMALL_PICTURES = """
import numpy as np
from slipdetect.flow import FlowExtractor
for chosen in {parameters}:
    for size in {sizes}:
        print(size, chosen, flush=True)
        a = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
        f = FlowExtractor({method!r}, **chosen).pair(a, np.roll(a, 1, 1))
        assert f.shape == (2, *size) and np.isfinite(f).all()
"""


@pytest.mark.parametrize("method", METHODS)
def test_small_and_narrow_pictures_survive(method: str) -> None:
    # OpenCV's DIS kills the process on some of these sizes, hence another process
    parameters = [{}] if method != "dis" else [{"preset": "ultrafast"}, {"preset": "medium"}]
    script = SMALL_PICTURES.format(method=method, parameters=parameters, sizes=SIZES)
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-500:]
    assert len(done.stdout.splitlines()) == len(parameters) * len(SIZES)


@pytest.mark.parametrize("method", METHODS)
def test_every_kind_of_input_gives_the_flow_of_its_gray_bytes(method: str) -> None:
    extractor = FlowExtractor(method)
    gray = [noise(40, 48), np.roll(noise(40, 48), 1, axis=1)]
    rgb = [np.repeat(g[..., np.newaxis], 3, axis=2) for g in gray]
    expected = extractor.pair(*gray)
    np.testing.assert_array_equal(extractor.pair(*rgb), expected)
    for kind in (np.float32, np.float64):
        np.testing.assert_array_equal(
            extractor.pair(*[g.astype(kind) / 255 for g in gray]), expected
        )
    strided = [np.repeat(g, 2, axis=1)[:, ::2] for g in gray]
    np.testing.assert_array_equal(extractor.pair(*strided), expected)


def test_gray_is_the_luma_of_rgb_order() -> None:
    picture = np.zeros((8, 8, 3), dtype=np.uint8)
    picture[0, 0], picture[0, 1], picture[0, 2] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    gray = to_gray(picture)
    for column, weight in enumerate((0.299, 0.587, 0.114)):
        assert abs(int(gray[0, column]) - 255 * weight) <= 1


def _gray(*shape: int, dtype: Any = np.uint8) -> NDArray[Any]:
    return np.zeros(shape, dtype=dtype)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("prev", "nxt", "words"),
    [
        (_gray(16, 16), _gray(16, 20), "one size"),
        (_gray(0, 0), _gray(0, 0), "too small"),
        (_gray(7, 16), _gray(7, 16), "too small"),
        (_gray(16), _gray(16), "shape"),
        (_gray(16, 16, 4), _gray(16, 16, 4), "shape"),
        (_gray(2, 16, 16, 3), _gray(2, 16, 16, 3), "shape"),
        (_gray(16, 16), _gray(16, 16, dtype=np.int64), "int64"),
        (_gray(16, 16, dtype=bool), _gray(16, 16), "bool"),
        (np.full((16, 16), 200.0), np.full((16, 16), 200.0), "divide by 255"),
        (np.full((16, 16), -0.1), np.full((16, 16), 0.5), "divide by 255"),
        (np.full((16, 16), np.nan), np.full((16, 16), 0.5), r"\[0, 1\]"),
    ],
)
def test_unusable_pictures_are_refused_in_one_line(
    method: str, prev: NDArray[Any], nxt: NDArray[Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        FlowExtractor(method).pair(prev, nxt)
    assert "\n" not in str(caught.value)


def test_sizes_that_change_along_the_way_are_refused() -> None:
    frames = [noise(16, 16), noise(16, 16), noise(16, 18)]
    with pytest.raises(UsageError, match="16x16 and 18x16"):
        list(FlowExtractor("dis").iter(frames))


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"method": "raft"}, "tvl1-opencv, .*farneback"),
        ({"method": "dis", "device": "cuda"}, "does not run on 'cuda'"),
        ({"method": "dis", "device": "cpu:1"}, "does not run on 'cpu:1'"),
        ({"bound": 0.0}, "bound"),
        ({"bound": -15.0}, "bound"),
        ({"bound": float("nan")}, "bound"),
        ({"bound": float("inf")}, "bound"),
        ({"lamda": 0.1}, "no parameter 'lamda'.*lambda_"),
        ({"tau": 0.0}, "tau"),
        ({"nscales": 0}, "nscales"),
        ({"nscales": 2.5}, "nscales"),
        ({"warps": True}, "warps"),
        ({"theta": "0.3"}, "theta"),
        ({"scale_step": 1.0}, "scale_step"),
        ({"epsilon": float("nan")}, "epsilon"),
        ({"median_filtering": 4}, "median_filtering"),
        ({"use_initial_flow": 1}, "use_initial_flow"),
        ({"method": "dis", "preset": "slow"}, "ultrafast, fast, medium"),
        ({"method": "dis", "tau": 0.2}, "no parameter 'tau'"),
        ({"method": "farneback", "pyr_scale": 1.0}, "pyr_scale"),
        ({"method": "farneback", "winsize": 1}, "winsize"),
        ({"method": "farneback", "poly_n": 5.0}, "poly_n"),
        ({"method": "farneback", "poly_sigma": float("nan")}, "poly_sigma"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(settings_: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        FlowExtractor(**settings_)
    assert "\n" not in str(caught.value)


def test_opencv_without_contrib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "optflow")
    with pytest.raises(UsageError, match="reinstall opencv-contrib-python"):
        FlowExtractor("tvl1-opencv")
    FlowExtractor("dis")


def test_a_method_that_cannot_be_imported_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_registry, "_METHODS", {"lost": {"cpu": "slipdetect.flow.lost:Lost"}})
    with pytest.raises(UsageError, match="'lost' cannot be loaded"):
        FlowExtractor("lost")


@pytest.mark.parametrize("name", available_methods())
def test_every_method_is_documented(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "flow.md").read_text(encoding="utf-8")
    listed = f"| `{name}` | " in page
    assert listed, f"the table of docs/flow.md has no row '| `{name}` | ...'"
