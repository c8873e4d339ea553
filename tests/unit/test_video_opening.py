"""PyAV is asked to bear texts that are no UTF-8 only where it knows the argument.

In: versions of PyAV. Out: nothing but assertions.
"""

from __future__ import annotations

from typing import Any

import pytest

from slipdetect.video.containers import tolerant


@pytest.mark.parametrize(
    ("version", "expected"),
    [("14.1.0", {"metadata_errors": "replace"}), ("18.1.0", {"metadata_errors": "replace"}),
     ("19.0.2", {}), ("20.1", {})],
)  # fmt: skip
def test_the_argument_that_pyav_19_refuses(version: str, expected: dict[str, Any]) -> None:
    assert tolerant(version) == expected
