"""Detection leaves a CPU to reading, and gives back what it found.

In: numbers of CPUs and threads. Out: nothing but assertions.
"""

from __future__ import annotations

import threading

import pytest
import torch

from slipdetect.detection.engines.torch_engine import network_threads, room_for_reading


@pytest.mark.parametrize(
    ("cpus", "had", "device", "within"),
    [(4, 4, "cpu", 3), (2, 2, "cpu", 1), (1, 1, "cpu", 1), (4, 2, "cpu", 2), (4, 4, "cuda", 4)],
)
def test_threads_within_and_behind(cpus: int, had: int, device: str, within: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(had)
    try:
        with room_for_reading(torch.device(device), cpus):
            assert torch.get_num_threads() == within
        assert torch.get_num_threads() == had
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("cpus", "had", "device", "networks", "share"),
    [(2, 1, "cpu", 2, 1), (8, 7, "cpu", 2, 3), (4, 3, "cpu", 1, None), (1, 1, "cpu", 2, None)],
)
def test_every_network_has_a_thread_with_its_share(
    cpus: int,
    had: int,
    device: str,
    networks: int,
    share: int | None,
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(had)
    try:
        with network_threads(torch.device(device), networks, cpus) as pool:
            assert (pool is None) == (share is None)
            if pool is not None:
                # none of them ends before all have begun
                meeting = threading.Barrier(networks, timeout=10)
                found = pool.map(lambda _: (meeting.wait(), torch.get_num_threads()), "ab")
                assert [threads for _, threads in found] == [share, share]
        assert torch.get_num_threads() == had
    finally:
        torch.set_num_threads(before)
    running = [each.name for each in threading.enumerate()]
    assert not any(name.startswith("slipdetect-network") for name in running)


def test_an_accelerator_needs_no_threads() -> None:
    with network_threads(torch.device("cuda"), 2, 8) as pool:
        assert pool is None
