"""Which stream to use alone where the appearance stream says the same of everything.

In: made-up probabilities. Out: nothing but assertions.
"""

from __future__ import annotations

import pytest

from slipdetect.lab.compare.fusions import trusted_stream


@pytest.mark.parametrize(
    ("ones", "zeros", "others", "expected"),
    [
        (91, 0, 9, "flow"),
        (90, 0, 10, None),  # more than 90 % is asked for
        (0, 91, 9, "rgb"),
        (0, 90, 10, None),
        (50, 50, 0, None),
        (1, 0, 0, "flow"),
        (0, 0, 5, None),
        (0, 0, 0, None),
    ],
)
def test_more_than_nine_tenths_decide(
    ones: int, zeros: int, others: int, expected: str | None
) -> None:
    assert trusted_stream([1.0] * ones + [0.0] * zeros + [0.5] * others) == expected


def test_nearly_is_within_a_hundredth() -> None:
    assert trusted_stream([0.991] * 10) == "flow"
    assert trusted_stream([0.989] * 10) is None
    assert trusted_stream([0.009] * 10) == "rgb"
    assert trusted_stream([0.011] * 10) is None


def test_limits_can_be_moved() -> None:
    assert trusted_stream([0.9] * 6 + [0.5] * 4, most=0.5, near=0.1001) == "flow"
