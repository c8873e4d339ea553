"""Simulate skeletons of people who fall and of what looks like it, without a picture.

In: how many, and a seed. Out: files of skeletons, each a view of a scene, and a ``clips.csv``.

A run that was stopped goes on where it stopped; a view depends on the seed, its scene's number and
its own alone, and a scene on the share of falls and the actions too.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rendering.takes import TAKES, draw_action, make_take, see_take

from slipdetect._io import atomic_write

FIELDS = ("path", "label", "start", "end", "group", "dataset", "action")
DATASET = "simulated"


@dataclass(frozen=True)
class Job:
    """What the scenes of a run have in common."""

    folder: Path
    views: int
    falls: float
    seed: int
    actions: tuple[str, ...] = TAKES


def scene_rows(job: Job, number: int) -> list[dict[str, object]] | str:
    """Make the views of a scene that are missing.

    Returns:
        Rows of the list, or why the scene cannot be made.
    """
    name = f"{job.seed}-{number:05d}"
    action = draw_action(job.seed, number, job.falls, job.actions)
    take, rows = None, []
    for view in range(job.views):
        target = job.folder / f"{name}-{view}.npz"
        truth = target.with_suffix(".json")
        if not truth.exists():
            try:
                take = take or make_take(job.seed, number, action)
                skeletons, events = see_take(take, job.seed, number, view)
            except (ValueError, FloatingPointError) as error:
                return f"scene {number}, {action}: {error}"
            skeletons.save(target, overwrite=True)
            # written last: that it is there says that the view is done
            _write_truth(truth, {"action": action, **_drawn(job), "events": events})
        rows.append(_row(job, target, truth, f"{DATASET}-{name}"))
    return rows


def _drawn(job: Job) -> dict[str, object]:
    """Options on which it depends what a scene shows."""
    return {"falls": job.falls, "actions": list(job.actions)}


def _write_truth(path: Path, truth: dict[str, object]) -> None:
    with atomic_write(path, overwrite=True) as temporary:
        temporary.write_text(json.dumps(truth) + "\n", encoding="utf-8")


def _row(job: Job, target: Path, truth: Path, group: str) -> dict[str, object]:
    known = json.loads(truth.read_text(encoding="utf-8"))
    for option, value in _drawn(job).items():
        if known.get(option) != value:
            raise SystemExit(
                f"{str(target)!r} is of a run with other --{option}; choose another folder"
            )
    start, end = known["events"][0] if known["events"] else (None, None)
    return {
        "path": target.name,
        "label": "other" if start is None else "fall",
        "start": "" if start is None else f"{start:.3f}",
        "end": "" if end is None else f"{end:.3f}",
        "group": group,
        "dataset": DATASET,
        "action": known["action"],
    }


def main(arguments: list[str] | None = None) -> int:
    """Simulate what is missing, then write the list."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the files and clips.csv")
    parser.add_argument("--count", type=int, default=360, help="scenes")
    parser.add_argument("--views", type=int, default=5, help="cameras that see each scene")
    parser.add_argument("--falls", type=float, default=0.42, help="share of scenes with a fall")
    parser.add_argument("--seed", type=int, default=0, help="of every draw")
    parser.add_argument(
        "--actions", nargs="+", choices=TAKES, default=TAKES, metavar="ACTION",
        help="what scenes may show, by default all of: " + ", ".join(TAKES),
    )  # fmt: skip
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    chosen = parser.parse_args(arguments)
    if chosen.count < 1 or chosen.views < 1 or chosen.jobs < 1 or not 0 <= chosen.falls <= 1:
        parser.error("--count, --views and --jobs must be at least 1, and --falls from 0 to 1")
    chosen.out.mkdir(parents=True, exist_ok=True)
    job = Job(chosen.out, chosen.views, chosen.falls, chosen.seed, tuple(chosen.actions))
    rows: list[dict[str, object]] = []
    skipped = 0
    for number, made in enumerate(_all(job, chosen.count, chosen.jobs)):
        if isinstance(made, str):
            skipped += 1
            print(f"skipped: {made}", file=sys.stderr, flush=True)
        else:
            rows += made
        if number % 20 == 19:
            print(f"{number + 1} of {chosen.count} scenes", file=sys.stderr, flush=True)
    with (
        atomic_write(chosen.out / "clips.csv", overwrite=True) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        writer = csv.DictWriter(stream, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} views of {chosen.count - skipped} scenes; {skipped} scenes skipped")
    return 0


def _all(job: Job, count: int, jobs: int) -> Iterator[list[dict[str, object]] | str]:
    make = partial(scene_rows, job)
    if jobs == 1:
        yield from map(make, range(count))
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(make, range(count))


if __name__ == "__main__":
    sys.exit(main())
