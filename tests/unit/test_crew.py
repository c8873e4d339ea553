"""Workers: every task once, in processes that die, are replaced, cannot start, are told to stop.

In: words that say what happens to their task. Out: nothing but assertions.
"""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, Self

import pytest

from crew_tasks import OddError, Shouting
from slipdetect import errors
from slipdetect.errors import SlipdetectError, UsageError, VideoError, WorkerError
from slipdetect.workers import (
    GO_ON,
    SOON,
    Crew,
    Done,
    Failed,
    Told,
    in_order,
    open_backend,
    processes,
)
from slipdetect.workers.processes import Processes
from slipdetect.workers.task import portable
from slipdetect.workers.words import Lost, Ready, Word


@pytest.fixture(autouse=True)
def _tests_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # workers import the tasks
    tests = str(Path(__file__).parents[1])
    known = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [tests, known])))
    monkeypatch.setattr(logging.getLogger("slipdetect"), "propagate", True)


def answers(folder: Path, *words: str, most: int = 2, **options: Any) -> list[Any]:
    """Return what comes of words, by their index, what was told among it."""
    with Processes(most) as backend, closing(crew(backend, folder, *words, **options)) as found:
        return list(found)


def crew(backend: Any, folder: Path, *words: str, broken: str = "", **options: Any) -> Any:
    return Crew(backend, Shouting(folder, broken), words, words, **options).run()


def finished(found: Sequence[tuple[int, Any]]) -> dict[int, Any]:
    """Return the result or error of each task, of which each has one."""
    last = [(index, each) for index, each in found if not isinstance(each, Told)]
    assert len({index for index, _ in last}) == len(last)
    return {
        index: each.result.split()[0] if isinstance(each, Done) else each.error
        for index, each in last
    }


def test_each_is_done_once_and_what_fails_or_kills_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = ["a", "bad", "deadly", "says", "odd", "wrong", "twice", "b"]
    all_of_it = answers(tmp_path, *words)
    found = finished(all_of_it)
    assert sorted(found) == list(range(len(words)))
    assert {index for index, each in found.items() if isinstance(each, str)} == {0, 3, 6, 7}
    assert [found[index] for index in (0, 3, 6, 7)] == ["A", "SAYS", "TWICE", "B"]
    # errors are what they were; of those that pickle cannot make again the kind that we know
    assert type(found[1]) is VideoError
    assert str(found[1]) == "'bad' is damaged"
    assert type(found[4]) is VideoError
    assert str(found[4]) == "odd: odd"
    assert type(found[5]) is ValueError
    assert "in a worker" in found[5].__notes__[0]
    assert "crew_tasks.py" in found[5].__notes__[0]
    # the third death of a worker is the video's last try
    assert type(found[2]) is VideoError
    assert "'deadly': the process that read it died 3 times (exit code -9)" in str(found[2])
    tries = {word: (tmp_path / word).stat().st_size for word in words}
    assert tries == {**dict.fromkeys(words, 1), "deadly": 3, "twice": 3}
    for text in ("'twice': the process that read it died (exit code -9); try 2 of 3", "says says"):
        assert text in caplog.text
    # what is told comes in order, before the result
    said = [each for index, each in all_of_it if index == 3]
    assert [each.message for each in said[:-1]] == [0, 1, 2]
    assert isinstance(said[-1], Done)


def test_in_order_what_is_early_waits() -> None:
    said: list[tuple[int, Any]] = [
        (1, Told("a")),
        (0, Told("b")),
        (2, Done("c")),
        (1, Told("d")),
        (0, Failed(VideoError("e"))),
        (1, Done("f")),
        (3, Told("g")),
        (3, Done("h")),
    ]
    ordered = list(in_order(said))
    assert [index for index, _ in ordered] == [0, 0, 1, 1, 1, 2, 3, 3]
    for index in range(4):  # what one says keeps its order
        assert [x for i, x in ordered if i == index] == [x for i, x in said if i == index]


def test_no_task_begins_too_far_ahead(tmp_path: Path) -> None:
    machines = Machines(late="a")
    order = [index for index, _ in crew(machines, tmp_path, *"abcdefg", ahead=3)]
    # what comes after the third must wait for the first
    assert order == [1, 2, 0, 3, 4, 5, 6]
    order = [index for index, _ in crew(Machines(late="a"), tmp_path, *"abcdefg")]
    assert order == [1, 2, 3, 4, 5, 6, 0]


def test_who_is_told_to_stop_ends_the_task_at_work_and_begins_no_other(tmp_path: Path) -> None:
    level = [GO_ON]
    found = []
    with (
        Processes(1) as backend,
        closing(
            crew(backend, tmp_path, "says", "slow", "never", stopping=lambda: level[0])
        ) as words,
    ):
        for index, each in words:
            found.append((index, each))
            if isinstance(each, Done):
                level[0] = SOON
    assert [type(each) for _, each in found] == [Told, Told, Told, Done]
    assert not (tmp_path / "never").exists()


def test_who_leaves_the_loop_leaves_no_process(tmp_path: Path) -> None:
    with Processes(2) as backend:
        with closing(crew(backend, tmp_path, "says", "slow", "slow-2")) as found:
            next(found)
            pids = [worker.process.pid for worker in backend._workers]  # type: ignore[attr-defined]
        assert not backend._workers
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_every_process_has_its_share_of_the_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipdetect.flow.machine.usable_cpus", lambda: 5)
    workers: list[int] = []
    real = processes.ProcessWorker.__init__

    def counted(self: Any, make: bytes, cpus: int) -> None:
        workers.append(cpus)
        real(self, make, 1)

    monkeypatch.setattr(processes.ProcessWorker, "__init__", counted)
    found = finished(answers(tmp_path, "cpus", "cpus-2"))
    assert workers == [3, 3]  # five for two
    assert found == {0: "1/1", 1: "1/1"}


@pytest.mark.parametrize(
    ("broken", "text"), [("raise", "the model is not there"), ("die", "exit code 3")]
)
def test_where_no_worker_can_start_the_run_ends_with_the_reason(
    tmp_path: Path, broken: str, text: str
) -> None:
    with pytest.raises(WorkerError, match=f"no worker could start: .*{text}"):
        answers(tmp_path, "a", "b", broken=broken)


class Machines:
    """A backend in this process: workers on machines of names, which can be lost.

    Args:
        lost: The tasks during which a machine is lost, once each.
        unable: The first so many workers cannot start.
        late: This task is done when nothing else is left to say.
        deaf: So many times nothing is heard.
    """

    def __init__(self, *lost: str, unable: int = 0, late: str = "", deaf: int = 0) -> None:
        self.deaf = deaf
        self.lost = list(lost)
        self.late = late
        self.held: list[tuple[Any, Word]] = []
        self.unable = unable
        self.numbers = count(1)
        self.said: list[tuple[Any, Word]] = []
        self.ended: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None: ...

    def room(self) -> int:
        return 2

    def begin(self, make: Any) -> Any:
        machines = self

        class Worker:
            number = next(machines.numbers)

            def give(self, files: Sequence[str], task: object) -> None:
                (name,) = files
                word: Word = Done(f"{name.upper()} on {self.number}")
                if name in machines.lost:
                    machines.lost.remove(name)
                    word = Lost("no answer", with_machine=True)
                (machines.held if name == machines.late else machines.said).append((self, word))

            def stop(self, level: int) -> None: ...

        worker = Worker()
        able = worker.number > self.unable
        word = Ready(f"m{worker.number}") if able else Failed(UsageError("no such folder"))
        self.said.append((worker, word))
        return worker

    def heard(self, workers: Collection[Any], seconds: float) -> list[tuple[Any, Word]]:
        if not self.said:
            self.said, self.held = self.held, []
        if self.deaf:
            self.deaf -= 1
            return []
        said, self.said = self.said, []
        return [(worker, word) for worker, word in said if worker in workers]

    def end(self, workers: Collection[Any]) -> None:
        self.ended += workers


def test_a_lost_machine_is_told_by_name_and_costs_its_video_no_try(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machines = Machines("b", "b", "b", "b")
    found = finished(list(crew(machines, tmp_path, *"abcd")))
    assert found == {0: "A", 1: "B", 2: "C", 3: "D"}
    assert caplog.text.count("; 'b' is begun again elsewhere") == 4
    assert "machine 'm2' was lost (no answer)" in caplog.text
    assert len(machines.ended) == 6  # four that were lost, two at the end


def test_workers_that_cannot_start_are_told_and_the_others_do_it_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machines = Machines(unable=1)
    assert len(finished(list(crew(machines, tmp_path, *"abcd")))) == 4
    assert "a worker could not start: no such folder" in caplog.text
    with pytest.raises(WorkerError, match="no such folder"):
        list(crew(Machines(unable=2), tmp_path, *"abcd"))


def test_who_waits_for_a_machine_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("slipdetect.workers.crew._PATIENCE", -1.0)
    assert len(finished(list(crew(Machines(deaf=3), tmp_path, "a", "b")))) == 2
    assert caplog.text.count("no worker is ready yet") == 1


class Changing(Machines):
    """Machines that come and go.

    Args:
        rooms: What is said of the room, one time after the other; the last one for ever.
        able: Numbers of the workers that can start.
        deadly: During this task a worker dies, once.
    """

    def __init__(self, rooms: Sequence[int], able: Collection[int], deadly: str = "") -> None:
        super().__init__()
        self.rooms = list(rooms)
        self.able = able
        self.deadly = deadly
        self.silent = 0

    def room(self) -> int:
        return self.rooms.pop(0) if len(self.rooms) > 1 else self.rooms[0]

    def heard(self, workers: Collection[Any], seconds: float) -> list[tuple[Any, Word]]:
        found: list[tuple[Any, Word]] = []
        for worker, word in super().heard(workers, seconds):
            told = word
            if isinstance(word, Ready) and worker.number not in self.able:
                told = Failed(UsageError("no such folder"))
            elif isinstance(word, Done) and self.deadly and str(word.result)[0] == self.deadly:
                self.deadly, told = "", Lost("exit code -9", with_machine=False)
            found.append((worker, told))
        self.silent = 0 if found else self.silent + 1
        assert self.silent < 20, "nothing is heard for ever"
        return found


def test_a_room_that_shrinks_leaves_room_for_a_new_worker(tmp_path: Path) -> None:
    # the first cannot start, its machine leaves, and the second dies
    machines = Changing([2, 2, 1], able=[2, 3], deadly="B")
    assert len(finished(list(crew(machines, tmp_path, *"abcd")))) == 4
    with pytest.raises(WorkerError, match="no worker could start: no such folder"):
        list(crew(Changing([2, 2, 1], able=[2], deadly="B"), tmp_path, *"abcd"))


def test_who_cannot_start_ends_no_run_that_others_go_on_with(tmp_path: Path) -> None:
    class Slow(Changing):
        def heard(self, workers: Collection[Any], seconds: float) -> list[tuple[Any, Word]]:
            found = super().heard(workers, seconds)
            self.said = found[1:] + self.said
            return found[:1]

    # the room has shrunk to one before the first of two is heard of
    assert len(finished(list(crew(Slow([2, 1], able=[2]), tmp_path, *"ab")))) == 2


def test_who_waits_for_room_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("slipdetect.workers.crew._PATIENCE", -1.0)
    assert len(finished(list(crew(Changing([0, 0, 0, 2], [1, 2]), tmp_path, "a", "b")))) == 2
    assert caplog.text.count("no worker is ready yet") == 1


def kinds(kind: type[SlipdetectError]) -> Iterator[type[SlipdetectError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


def test_errors_of_every_kind_cross_to_another_process_intact() -> None:
    known = [kind for kind in kinds(SlipdetectError) if kind.__module__ == errors.__name__]
    assert len(known) > 10
    for kind in known:
        made = pickle.loads(pickle.dumps(portable(kind("what, where, what next"))))
        assert type(made) is kind
        assert str(made) == "what, where, what next"
        assert made.exit_code == kind.exit_code
    assert type(portable(OddError("a", "b"))) is VideoError


def test_where_to_work_is_checked_before_anything_starts() -> None:
    assert open_backend(None, None, 9) is None
    assert open_backend(None, 4, 1) is None  # a process for one video would save nothing
    four = open_backend(None, 4, 9)
    assert four is not None
    assert four.room() == 4
    for wrong in ("dask", "ray:", "ray://", "ray://a b", "ray://user@host:1", "http://x"):
        with pytest.raises(UsageError, match=r"--on takes ray or ray://HOST:PORT"):
            open_backend(wrong, None, 9)
