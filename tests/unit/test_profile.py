"""Where the time of a detection went: nested stages, threads, sums, and the real detector.

In: a clock moved by hand, a tiny model. Out: nothing but assertions.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipdetect.detection import Detector
from slipdetect.detection.pipeline import Stopwatch
from slipdetect.flow.machine import peak_memory
from slipdetect.reports.table import profile_text
from slipdetect.types import Profile, Stage
from synth import make_video


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_stage_within_another_is_taken_off_the_outer_one() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    with watch.stage("outer"):
        clock.now += 1.0
        with watch.stage("inner"):
            clock.now += 2.0
            with watch.stage("innermost"):
                clock.now += 4.0
        with watch.stage("inner"):
            clock.now += 8.0
        clock.now += 16.0
    clock.now += 32.0
    found = {stage.name: stage.seconds for stage in watch.stages}
    assert found == {"outer": 1.0 + 16.0, "inner": 2.0 + 8.0, "innermost": 4.0}
    assert watch.seconds == 63.0
    assert Profile(watch.seconds, watch.stages).rest == 32.0


def test_an_iterator_is_measured_while_it_works_and_not_while_its_items_are_used() -> None:
    clock = Clock()
    watch = Stopwatch(clock)

    def work() -> Iterator[int]:
        for index in range(3):
            clock.now += 1.0
            yield index
        clock.now += 0.5

    for _ in watch.each("work", work()):
        clock.now += 10.0
    assert watch.stages == (Stage("work", 3.5),)


def test_a_stage_that_fails_is_measured_and_leaves_nothing_open() -> None:
    clock = Clock()
    watch = Stopwatch(clock)

    @watch.stage("a")
    def fail() -> None:
        clock.now += 1.0
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    with watch.stage("b"):
        clock.now += 2.0
    assert watch.stages == (Stage("a", 1.0), Stage("b", 2.0))


def test_threads_lose_no_measurement_and_are_told_apart() -> None:
    watch = Stopwatch(lambda: 0.0)
    ticks = iter(range(10**9))
    counted = Stopwatch(lambda: float(next(ticks)))

    def work() -> None:
        for _ in range(2000):
            with watch.stage("same"):
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with watch.stage("same"):
        pass
    assert set(watch.stages) == {Stage("same", 0.0, True), Stage("same", 0.0, False)}
    # every stage takes one tick more than what is between its two looks at the clock
    for _ in range(5):
        with counted.stage("one"):
            pass
    assert counted.stages == (Stage("one", 5.0),)


def test_profiles_add_up() -> None:
    one = Profile(4.0, (Stage("a", 1.0), Stage("b", 2.0, True)), 8.0, 80, 40, 10, 7, 1000)
    two = Profile(2.0, (Stage("b", 3.0, True), Stage("c", 1.5)), 4.0, 40, 20, 5, 4, 2000)
    both = one + two
    assert both == Profile(
        6.0,
        (Stage("a", 1.0), Stage("b", 5.0, True), Stage("c", 1.5)),
        12.0,
        120,
        60,
        15,
        11,
        2000,
    )
    assert both.speed == 2.0
    assert both.rest == 6.0 - 1.0 - 1.5
    assert (one + Profile(0.0)) == one
    assert Profile(0.0).speed == 0.0


def test_the_text_has_shares_of_the_whole_time() -> None:
    stages = (Stage("waiting", 1.0), Stage("network rgb", 2.5), Stage("reading", 3.0, True))
    text = profile_text(Profile(4.0, stages, 20.0, 500, 100, 30, 12, 30 * 2**20))
    assert text.splitlines() == [
        "profile: 20.0 s of video looked at in 4.00 s, 5.0 times real time",
        "  500 frames decoded, 100 looked at, 12 of 30 snippets computed; at most 30 MiB of memory",
        "",
        "                                seconds  share",
        "  network rgb                      2.50    62%",
        "  waiting                          1.00    25%",
        "  everything else                  0.50    12%",
        "  in all                           4.00   100%",
        "",
        "  at the same time, in other threads",
        "  reading                          3.00    75%",
    ]


def test_peak_memory_is_of_this_process() -> None:
    before = peak_memory()
    if before is None:
        pytest.skip("this system does not tell the memory of a process")
    block = bytearray(96 * 2**20)
    block[:: 2**12] = b"x" * len(block[:: 2**12])  # every page is touched, so that it is held
    after = peak_memory()
    assert after is not None
    assert before > 10 * 2**20
    assert after >= before


def test_a_real_detection_says_where_its_time_went(tiny_package: Path, tmp_path: Path) -> None:
    truth = make_video(tmp_path / "x.mp4", "slip", count=40, size=(64, 48))
    result = Detector.load(tiny_package, "cpu").detect(truth.path, on_progress=lambda *_: None)
    profile = result.profile
    assert profile is not None
    assert profile.frames == result.report.frames == 40
    assert profile.video == result.duration
    # five samples a second from 0, and a snippet of one frame on each
    assert profile.samples == round(result.duration * 5) + 1
    assert profile.computed == profile.snippets == profile.samples
    main = {stage.name for stage in profile.stages if not stage.beside}
    beside = {stage.name for stage in profile.stages if stage.beside}
    assert {"network rgb", "waiting for snippets", "windows", "callbacks"} <= main
    assert beside >= {"reading and decoding", "cutting snippets"}
    assert "waiting for networks" not in main  # there is but one
    told = sum(stage.seconds for stage in profile.stages if not stage.beside)
    assert 0.0 < told <= profile.seconds
    assert result == Detector.load(tiny_package, "cpu").detect(truth.path)  # time is no result
