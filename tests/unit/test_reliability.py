"""Calibration error, log loss and Brier score are those that were computed by hand.

In: a few probabilities and labels. Out: figures and bins.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.calibrate.reliability import reliability

P = [0.1, 0.2, 0.6, 0.9]
FALLS = [False, True, True, True]

pairs = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


def test_equal_mass_by_hand() -> None:
    """Two bins of two: means 0.15 and 0.75, shares 1/2 and 1, so off by 0.35 and 0.25."""
    found = reliability(P, FALLS, bins=2)
    assert found.binning == "mass"
    assert [(b.low, b.high, b.count) for b in found.bins] == [(0.1, 0.2, 2), (0.6, 0.9, 2)]
    assert [b.predicted for b in found.bins] == pytest.approx([0.15, 0.75])
    assert [b.observed for b in found.bins] == [0.5, 1.0]
    assert found.error == pytest.approx((0.35 + 0.25) / 2)
    assert (found.count, found.positives) == (4, 3)


def test_equal_width_by_hand() -> None:
    """Three bins: two windows below a third, one in the middle, one above two thirds."""
    found = reliability(P, FALLS, binning="width", bins=3)
    assert [b.count for b in found.bins] == [2, 1, 1]
    assert [b.low for b in found.bins] == pytest.approx([0, 1 / 3, 2 / 3])
    assert found.error == pytest.approx(0.5 * 0.35 + 0.25 * 0.4 + 0.25 * 0.1)


def test_log_loss_and_brier_by_hand() -> None:
    found = reliability(P, FALLS)
    assert found.log_loss == pytest.approx(-sum(map(math.log, [0.9, 0.2, 0.6, 0.9])) / 4)
    assert found.brier == pytest.approx((0.1**2 + 0.8**2 + 0.4**2 + 0.1**2) / 4)


def test_labels_that_weigh_the_same() -> None:
    """The one window without a fall then counts for a half, each of the three for a sixth."""
    found = reliability(P, FALLS, binning="width", bins=3, balanced=True)
    first = found.bins[0]
    assert first.count == 2
    assert first.weight == pytest.approx(1 / 2 + 1 / 6)
    assert first.predicted == pytest.approx((0.1 / 2 + 0.2 / 6) / (2 / 3))
    assert first.observed == pytest.approx((1 / 6) / (2 / 3))
    off = [abs(first.predicted - first.observed), 0.4, 0.1]
    assert found.error == pytest.approx(2 / 3 * off[0] + 1 / 6 * off[1] + 1 / 6 * off[2])
    assert found.brier == pytest.approx(0.1**2 / 2 + (0.8**2 + 0.4**2 + 0.1**2) / 6)


@pytest.mark.parametrize("binning", ["mass", "width"])
def test_bins_hold_what_a_plain_loop_says(binning: str) -> None:
    rng = np.random.default_rng(0)
    p = rng.permutation((np.arange(23) + 0.37) / 23)
    labels = rng.random(23) < p
    found = reliability(p, labels, binning=binning, bins=5)
    members: list[list[int]] = [[] for _ in range(5)]
    for rank, index in enumerate(np.argsort(p).tolist()):
        place = (rank + 0.5) / 23 if binning == "mass" else p[index]
        members[int(place * 5)].append(index)
    error = 0.0
    for part in members:
        said = sum(p[i] for i in part) / len(part)
        error += len(part) / 23 * abs(said - sum(bool(labels[i]) for i in part) / len(part))
    assert [b.count for b in found.bins] == [len(part) for part in members]
    assert found.error == pytest.approx(error)


@settings(max_examples=25)
@given(pairs, st.sampled_from(["mass", "width"]), st.integers(1, 12))
def test_bins_take_every_window_once(
    rows: list[tuple[float, bool]], binning: str, bins: int
) -> None:
    p, labels = [row[0] for row in rows], [row[1] for row in rows]
    found = reliability(p, labels, binning=binning, bins=bins)
    assert sum(b.count for b in found.bins) == len(rows)
    assert sum(b.weight for b in found.bins) == pytest.approx(1)
    assert 0 <= found.error <= 1
    for b in found.bins:
        assert b.low - 1e-9 <= b.predicted <= b.high + 1e-9


@settings(max_examples=25)
@given(pairs, st.randoms())
def test_the_order_of_windows_does_not_matter(rows: list[tuple[float, bool]], random) -> None:
    """Equal probabilities stay together, so that no order of theirs decides the error."""
    mixed = list(rows)
    random.shuffle(mixed)
    one = reliability([r[0] for r in rows], [r[1] for r in rows], bins=4)
    other = reliability([r[0] for r in mixed], [r[1] for r in mixed], bins=4)
    assert one.error == pytest.approx(other.error, abs=1e-9)


def test_probabilities_that_keep_their_promise_have_no_error() -> None:
    p = [0.25] * 4 + [0.75] * 4
    labels = [True, False, False, False, True, True, True, False]
    for binning in ("mass", "width"):
        assert reliability(p, labels, binning=binning).error == pytest.approx(0)


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(DataError, match="0 probabilities"):
        reliability([], [])
    with pytest.raises(DataError, match="not between 0 and 1"):
        reliability([float("nan")], [True])
    with pytest.raises(DataError, match="one label"):
        reliability([0.5, 0.6], [True, True], balanced=True)
    with pytest.raises(UsageError, match="at least one bin"):
        reliability([0.5], [True], bins=0)
    with pytest.raises(UsageError, match="mass"):
        reliability([0.5], [True], binning="depth")  # type: ignore[arg-type]


def test_certainty_that_was_wrong_has_a_finite_loss() -> None:
    assert math.isfinite(reliability([0.0], [True]).log_loss)
