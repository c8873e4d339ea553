"""Cutting videos into shards: every frame once, every flow with its frame, whatever is left out.

In: numbered pictures and a flow extractor that can be checked by hand. Out: nothing but assertions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from slipdetect.flow import FlowExtractor
from slipdetect.lab.extract.units import cut_units
from slipdetect.store.layout import Unit, frames_per_unit
from slipdetect.video import Frame


class Counting:
    """A flow that adds the numbers of its two pictures; ``chained`` adds the flow before too."""

    def __init__(self, chained: bool = False, ahead: int = 0) -> None:
        self.chained = chained
        self.pairs: list[tuple[int, int]] = []
        self._ahead = ahead

    def recipe(self) -> dict[str, Any]:
        return {"parameters": {"use_initial_flow": self.chained}}

    def iter(self, pictures: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        before = 0
        waiting = []
        for first, second in pairwise(pictures):
            self.pairs.append((int(first[0, 0, 0]), int(second[0, 0, 0])))
            value = sum(self.pairs[-1]) + before
            before = value if self.chained else 0
            waiting.append(np.full((2, 2, 2), value, np.float32))
            if len(waiting) > self._ahead:
                yield waiting.pop(0)
        yield from waiting

    def quantize(self, flow: np.ndarray) -> np.ndarray:
        return flow.astype(np.uint8)


def frames(count: int) -> Iterator[Frame]:
    return (Frame(i / 10, np.full((2, 2, 3), i, np.uint8)) for i in range(count))


def cut(count: int, size: int, extractor: Any, done: set[int]) -> tuple[list[Unit], list[float]]:
    """Return the units and the times of all frames that were read for them."""
    times: list[float] = []

    def noted() -> Iterator[Frame]:
        for frame in frames(count):
            times.append(frame.time)
            yield frame

    return list(cut_units(noted(), size, lambda image: image, extractor, done)), times


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 12])
@pytest.mark.parametrize("done", [set(), {0}, {1}, {0, 1}, {0, 2}, {2}])
@pytest.mark.parametrize("ahead", [0, 3])
@pytest.mark.parametrize("kind", ["flow", "chained", "none"])
def test_units_are_those_counted_by_hand(count: int, done: set[int], ahead: int, kind: str) -> None:
    size = 4
    extractor = None if kind == "none" else Counting(kind == "chained", ahead)
    got, times = cut(count, size, extractor, done)
    flows, before = [], 0
    for i in range(count - 1):
        flows.append(i + i + 1 + before)
        before = flows[-1] if kind == "chained" else 0
    expected = []
    for first in range(0, count, size):
        if first // size in done:
            continue
        images = [i for i in range(first, min(first + size, count))]
        pairs = [i for i in images if i + 1 < count and kind != "none"]
        expected.append((first // size, first, images, [flows[i] % 256 for i in pairs]))
    assert [
        (u.index, u.first, [i[0, 0, 0] for i in u.images], [f[0, 0, 0] for f in u.flows])
        for u in got
    ] == expected
    assert times == [i / 10 for i in range(count)]


def test_flows_of_units_that_are_there_are_not_computed() -> None:
    extractor = Counting()
    cut(12, 4, extractor, {0, 1})
    assert extractor.pairs == [(8, 9), (9, 10), (10, 11)]
    extractor = Counting()
    cut(12, 4, extractor, {0, 2})
    assert extractor.pairs == [(4, 5), (5, 6), (6, 7), (7, 8)]


def test_only_a_shard_and_a_few_more_pictures_are_held() -> None:
    read = 0

    def counted() -> Iterator[Frame]:
        nonlocal read
        for frame in frames(200):
            read += 1
            yield frame

    for unit in cut_units(counted(), 8, lambda image: image, Counting(ahead=3), set()):
        # its pictures, the one that its last flow leads to, three in the extractor, and the next
        assert read <= unit.first + 8 + 5


def test_real_flow_does_not_depend_on_what_is_left_out() -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (40, 40, 3), dtype=np.uint8) for _ in range(10)]
    extractor = FlowExtractor("dis", threads=2)

    def units(done: set[int]) -> dict[int, Unit]:
        moving = (Frame(0.0, picture) for picture in pictures)
        made = cut_units(moving, 4, lambda image: image, extractor, done)
        return {unit.index: unit for unit in made}

    whole, part = units(set()), units({0, 2})
    assert list(part) == [1]
    np.testing.assert_array_equal(part[1].flows, whole[1].flows)
    direct = [extractor.quantize(extractor.pair(a, b)) for a, b in pairwise(pictures)]
    np.testing.assert_array_equal([f for u in whole.values() for f in u.flows], direct)


def test_shards_of_large_pictures_are_shorter() -> None:
    assert frames_per_unit(256, 342) == 64
    assert frames_per_unit(1080, 1920) == 64 * 2**20 // (1080 * 1920 * 5)
    assert frames_per_unit(4320, 7680) == 1
