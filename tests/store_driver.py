"""Extractions that are killed, run in a process of their own that forks a child for each.

In: videos, a folder and a layout on the command line. Out: JSON, what every killed and repeated
run left that an undisturbed one does not.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slipdetect.flow import FlowExtractor
from slipdetect.lab.extract.batch import run_batch
from slipdetect.lab.extract.context import StopFlag, make_recipe
from slipdetect.lab.extract.plan import Planner, Rules
from slipdetect.store import layout as layouts

SHARD = 8
SEED = 20


class Silent:
    """A listener that only fails."""

    def progress(self, *_: Any) -> None: ...

    def finished(self, *_: Any) -> None: ...

    def failed(self, path: Path, error: Exception) -> None:
        raise error


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return everything below a folder: relative path -> content, None for folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def run(videos: list[Path], folder: Path, layout: str) -> None:
    """Extract ``videos`` in shards of eight frames."""
    layouts.MAX_FRAMES = SHARD
    recipe = make_recipe(FlowExtractor("dis"), layout)
    planner = Planner(folder, recipe, Rules(), videos)
    tasks = [task for video in videos if (task := planner.task(video)) is not None]
    run_batch(tasks, folder, recipe, Silent(), StopFlag())


def die_at(step: int) -> Callable[[], int]:
    """Let this process kill itself at the ``step``-th thing it does to the disk.

    Returns:
        How many such things were done so far.
    """
    done = 0

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal done
            done += 1
            if done == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **options)

        return call

    for name in ("fsync", "ftruncate", "mkdir", "unlink", "replace", "open", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))
    for name in ("open", "replace", "unlink", "mkdir"):
        setattr(Path, name, counted(getattr(Path, name)))
    return lambda: done


def in_child(work: Callable[[], Any], wait: float | None = None) -> tuple[int, float]:
    """Do ``work`` in a forked process, killed after ``wait`` seconds; return (status, seconds)."""
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = int(work() or 0)
        finally:
            os._exit(code)
    if wait is not None:
        time.sleep(wait)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1], time.monotonic() - begin


def main(videos: list[Path], work: Path, layout: str, points: int) -> dict[str, Any]:
    """Kill at ``points`` random moments and at half as many steps; compare every time."""
    expected = work / "expected"
    expected.mkdir()
    status, seconds = in_child(lambda: run(videos, expected, layout))
    if status:
        raise RuntimeError("an undisturbed run failed")
    steps_file = work / "steps"

    def count() -> None:
        done = die_at(-1)
        run(videos, folder, layout)
        steps_file.write_text(str(done()))

    folder = work / "killed"
    folder.mkdir()
    in_child(count)
    steps = int(steps_file.read_text())
    shutil.rmtree(folder)
    wanted = tree(expected)
    chance = random.Random(SEED)
    trials: list[tuple[str, float]] = [("time", chance.uniform(0, seconds)) for _ in range(points)]
    half = points // 2
    trials += [("step", 1 + i * (steps - 1) // (half - 1)) for i in range(half)]
    found: dict[str, Any] = {"steps": steps, "seconds": seconds, "trials": 0, "wrong": []}
    for kind, moment in trials:

        def victim(kind: str = kind, moment: float = moment) -> None:
            if kind == "step":
                die_at(int(moment))
            run(videos, folder, layout)

        delay = moment if kind == "time" else None
        folder.mkdir()
        # a run that was done before its time is no trial
        while not os.WIFSIGNALED(in_child(victim, delay)[0]) and delay is not None:
            shutil.rmtree(folder)
            folder.mkdir()
            delay /= 2
        found["trials"] += 1
        again, _ = in_child(lambda: run(videos, folder, layout))
        got = tree(folder)
        if again or got != wanted:
            names = sorted(n for n in {*got, *wanted} if got.get(n, 0) != wanted.get(n, 0))
            found["wrong"].append([kind, moment, again, names[:5]])
        shutil.rmtree(folder)
    return found


if __name__ == "__main__":
    *paths, layout_name, number = sys.argv[1:]
    target = Path(paths.pop())
    print(json.dumps(main([Path(path) for path in paths], target, layout_name, int(number))))
