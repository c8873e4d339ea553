"""T02: a device whose memory does not hold a batch gets smaller ones, and the scores are the same.

In: a network that runs out of memory above some batch. Out: nothing but assertions.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from slipdetect.detection import Detector
from slipdetect.detection.engines.torch_engine import BatchSize, StreamNetwork, out_of_memory
from slipdetect.errors import ModelError, UsageError
from synth import make_video


def short_of_memory(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """Let every network fail above ``most`` snippets a pass; return the passes that were tried."""
    whole, tried = StreamNetwork._compute, []

    def limited(self: StreamNetwork, images: list[np.ndarray]) -> torch.Tensor:
        tried.append(len(images))
        if len(images) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return whole(self, images)

    monkeypatch.setattr(StreamNetwork, "_compute", limited)
    return tried


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return make_video(tmp_path / "slip.mp4", "slip", count=100, size=(64, 48)).path


def test_T02_detect_halves_the_batch_and_says_so_once(
    tiny_package: Path,
    video: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = Detector.load(tiny_package, "cpu").detect(video)
    tried = short_of_memory(monkeypatch, most=3)
    # the command line, if a test has run it before, keeps records to itself
    monkeypatch.setattr(logging.getLogger("slipdetect"), "propagate", True)
    caplog.set_level(logging.WARNING, logger="slipdetect")
    found = Detector.load(tiny_package, "cpu").detect(video)
    np.testing.assert_allclose(
        [window.probability for window in found.windows],
        [window.probability for window in expected.windows],
        rtol=1e-5,
    )
    assert len(found.windows) == len(expected.windows) > 5
    assert tried[:3] == [16, 8, 4]
    assert max(tried[3:]) == 2  # it never tries a batch again that did not fit
    # a logger that kept records to itself when the test began hands each of them over twice
    warned = {id(r) for r in caplog.records if r.levelname == "WARNING" and "hold" in r.msg}
    assert len(warned) == 1
    assert "does not hold a batch of 16" in caplog.text


def test_T02_not_even_one_snippet_is_4_with_advice(
    tiny_package: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = short_of_memory(monkeypatch, most=0)
    with pytest.raises(ModelError, match="choose the device 'cpu'") as caught:
        Detector.load(tiny_package, "cpu").detect(video)
    assert tried == [16, 8, 4, 2, 1]
    assert caught.value.exit_code == 4


def test_T02_parts_are_joined_in_order_whatever_their_size() -> None:
    values = torch.arange(23.0)
    for most in (1, 2, 5, 23, 40):

        def part(items: slice, most: int = most) -> torch.Tensor:
            if len(values[items]) > most:
                raise RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)")
            return values[items] * 2

        size = BatchSize(16)
        assert size.run(part, 23).tolist() == (values * 2).tolist()
        assert size.size <= max(most, 1)


def test_T02_other_errors_are_no_lack_of_memory() -> None:
    def broken(items: slice) -> torch.Tensor:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        BatchSize(4).run(broken, 4)
    assert out_of_memory(torch.OutOfMemoryError("x"))
    assert out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"))
    assert not out_of_memory(MemoryError())
    with pytest.raises(UsageError, match="at least 1"):
        BatchSize(0)
