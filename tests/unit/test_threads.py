"""Detection leaves a CPU to reading, and gives back what it found.

In: numbers of CPUs and threads. Out: nothing but assertions.
"""

from __future__ import annotations

import pytest
import torch

from slipdetect.detection.threads import room_for_reading


@pytest.mark.parametrize(
    ("cpus", "had", "device", "within"),
    [(4, 4, "cpu", 3), (2, 2, "cpu", 1), (1, 1, "cpu", 1), (4, 2, "cpu", 2), (4, 4, "cuda", 4)],
)
def test_threads_within_and_behind(
    monkeypatch: pytest.MonkeyPatch, cpus: int, had: int, device: str, within: int
) -> None:
    monkeypatch.setattr("slipdetect.detection.threads.usable_cpus", lambda: cpus)
    before = torch.get_num_threads()
    torch.set_num_threads(had)
    try:
        with room_for_reading(torch.device(device)):
            assert torch.get_num_threads() == within
        assert torch.get_num_threads() == had
    finally:
        torch.set_num_threads(before)
