"""Sampling by time: the grid is regular, the choice nearest, whatever the frame times are.

In: random times and rates, and one scene filmed at several rates. Out: the oracle's choice.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.errors import UsageError
from slipdetect.video import open_video
from slipdetect.video.video import nearest_on_grid
from synth import bars, make_video, read_code

GAPS = st.lists(st.one_of(st.just(0.0), st.floats(1e-4, 3.0)), max_size=40)
RATES = st.floats(0.05, 50.0)


def times_of(gaps: list[float]) -> list[float]:
    times = [0.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


@given(gaps=GAPS, rate=RATES)
def test_grid_is_regular_and_choice_is_nearest_with_ties_to_the_earlier(
    gaps: list[float], rate: float
) -> None:
    times = times_of(gaps)
    chosen = list(nearest_on_grid([(t, i) for i, t in enumerate(times)], rate))
    expected = []
    step = 0
    while step / rate <= times[-1]:
        best = 0
        for i, time in enumerate(times):
            if abs(time - step / rate) < abs(times[best] - step / rate) - 1e-9:
                best = i
        expected.append((step / rate, best))
        step += 1
    assert chosen == expected


@given(gaps=GAPS, rate=RATES)
def test_choice_never_runs_backwards_and_first_frame_is_first(
    gaps: list[float], rate: float
) -> None:
    times = times_of(gaps)
    chosen = list(nearest_on_grid([(t, i) for i, t in enumerate(times)], rate))
    assert chosen[0] == (0.0, 0)
    items = [item for _, item in chosen]
    assert items == sorted(items)


def test_only_one_item_is_looked_ahead() -> None:
    taken = []

    def source():
        for i in range(100):
            taken.append(i)
            yield i / 10, i

    samples = nearest_on_grid(source(), 5.0)
    for k in range(20):
        assert next(samples) == (k / 5, 2 * k)
        assert len(taken) <= 2 * k + 2


def test_nothing_in_gives_nothing_out() -> None:
    assert list(nearest_on_grid([], 10.0)) == []


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_rate_must_be_positive(rate: float) -> None:
    with pytest.raises(UsageError):
        list(nearest_on_grid([(0.0, 0)], rate))


@pytest.fixture(scope="module")
def samples_of_one_scene(tmp_path_factory: pytest.TempPathFactory) -> dict[float, list[float]]:
    """Content times (seconds) of samples at 10 per second of one scene filmed at three rates.

    The scene is a clock: at time t the bars show int(100 t), so content tells its own time.
    """
    folder = tmp_path_factory.mktemp("rates")
    found = {}
    for rate in (15.0, 30.0, 60.0):
        images = [bars(int(100 * Fraction(i, int(rate)))) for i in range(int(2.5 * rate))]
        truth = make_video(folder / f"{rate:g}.mp4", images, rate=rate)
        with open_video(truth.path) as video:
            found[rate] = [read_code(f.image) / 100 for f in video.frames(rate=10)]
    return found


def test_recordings_at_15_30_and_60_give_the_same_content(
    samples_of_one_scene: dict[float, list[float]],
) -> None:
    assert {len(times) for times in samples_of_one_scene.values()} <= {24, 25}
    for rate, times in samples_of_one_scene.items():
        for k, time in enumerate(times):
            assert abs(time - k / 10) <= 0.5 / rate + 0.01
    slow, middle, fast = (samples_of_one_scene[rate] for rate in (15.0, 30.0, 60.0))
    for a, b, c in zip(slow, middle, fast, strict=False):
        assert max(a, b, c) - min(a, b, c) <= 1 / 15


def test_paths_are_files(tmp_path: Path) -> None:
    truth = make_video(tmp_path / "a.mp4", count=12)
    with open_video(str(truth.path)) as video:
        assert [read_code(f.image) for f in video.frames(rate=12.5)] == [0, 2, 4, 6, 8, 10]
