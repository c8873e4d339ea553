"""PyAV is asked to bear texts that are no UTF-8 only where it knows the argument.

In: versions of PyAV. Out: nothing but assertions.
"""

from __future__ import annotations

import importlib
from typing import Any

import av
import pytest

from slipdetect.video import video as opening


@pytest.mark.parametrize(
    ("version", "expected"),
    [("14.1.0", {"metadata_errors": "replace"}), ("18.1.0", {"metadata_errors": "replace"}),
     ("19.0.2", {}), ("20.1", {})],
)  # fmt: skip
def test_the_argument_that_pyav_19_refuses(
    monkeypatch: pytest.MonkeyPatch, version: str, expected: dict[str, Any]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(av, "__version__", version)
        assert expected == importlib.reload(opening).TOLERANT
    importlib.reload(opening)
