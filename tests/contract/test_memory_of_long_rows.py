"""Memory does not grow with the length of a clip: commands on one long row, as a user runs them.

In: the example over and over. Out: nothing but assertions.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SHORT, LONG = 1, 15  # minutes


@pytest.fixture(scope="module")
def long_rows() -> ModuleType:
    spec = importlib.util.spec_from_file_location("long_rows", ROOT / "benchmarks" / "long_rows.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_long_row_is_trained_on_in_the_memory_of_a_short_one(
    long_rows: ModuleType, tmp_path: Path
) -> None:
    peaks = []
    for minutes in (SHORT, LONG):
        video = long_rows.repeated(tmp_path / str(minutes) / "long.mp4", minutes, 120)
        found = long_rows.measure("rgb", video, minutes, 120)
        # every picture is kept, and no more disk is taken than was told
        assert found["disk"] == pytest.approx(minutes * 600 * 160 * 120 * 3, rel=0.01)
        peaks.append(found["peak"])
    assert peaks[0] > 1e8
    # 480 MB more are decoded; what a step takes varies by 100 MB from run to run
    assert peaks[1] < peaks[0] + 2.5e8
