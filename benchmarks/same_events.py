"""Whether two builds find the same: events and windows of the bundled model, stored and compared.

In: the rendered example, drawn clips (``same_events_videos.py``), and the clips of gmdcsa24, upfall
and urfd where they are. Out: a file of JSON lines, or what differs from one.

    python benchmarks/same_events.py --write before.jsonl --jobs 2       # on the build before
    python benchmarks/same_events.py --against before.jsonl --jobs 2     # on the build after
    python benchmarks/same_events.py --engine torch --write torch.jsonl   # of one engine ...
    python benchmarks/same_events.py --against torch.jsonl --within 1e-4  # ... against another

Every video is looked at as ``detect`` does and as ``detect --exact`` does. ``--write`` goes on with
a file that the same build began. ``--against`` finds everything that its file has anew (and keeps
it with ``--write``), prints what differs and ends with 1, or prints ``no difference``: times must
be equal, probabilities and scores within 1e-5, or ``--within`` where engines add up in another
order. The networks compute in one thread, so ``--jobs`` plays no part; on another processor or with
other libraries, which are named then, more may differ.
Only ``slipdetect.Detector`` and its JSON are used, so that builds with other insides compare.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from same_events_compared import TOLERANCE, Found, differences, total
from same_events_store import Store, build
from same_events_videos import all_videos

WAYS = {"usual": False, "exact": True}
_BESIDE = Path(__file__).parents[2] / "shared" / "data"
DATA = Path(os.environ.get("SLIPDETECT_TEST_DATA", _BESIDE))


def main(words: Sequence[str] | None = None) -> int:
    """Write, compare or both, as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="store what is found")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with what it has")
    parser.add_argument("--data", type=Path, default=DATA, help="real clips (default: %(default)s)")
    parser.add_argument("--sample", type=int, metavar="N", help="only N videos, evenly spread")
    parser.add_argument("--engine", help="what computes the networks (default: the build's own)")
    parser.add_argument(
        "--within",
        type=float,
        default=TOLERANCE,
        help="largest difference of probabilities that is none (default: %(default)s)",
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    arguments = parser.parse_args(words)
    if arguments.write is None and arguments.against is None:
        parser.error("say --write FILE, --against FILE or both")
    if arguments.jobs < 1 or (arguments.sample is not None and arguments.sample < 1):
        parser.error("--jobs and --sample must be at least 1")
    old = None if arguments.against is None else Store.read(arguments.against)
    for line in () if old is None else old.told_apart(build()):
        print(line, file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        videos = all_videos(Path(folder), arguments.data)
        names = sampled(videos if old is None else {name for name, _ in old.found}, arguments)
        kept = Path(folder) / "found.jsonl" if arguments.write is None else arguments.write
        here = {name: videos[name] for name in names if name in videos}
        new = find(here, Store.begin(kept, build()), arguments.jobs, arguments.engine)
    if old is None:
        print(f"stored {total(new)} in {arguments.write}")
        return 0
    kept_rows = {key: row for key, row in old.found.items() if key[0] in names}
    return report(kept_rows, new, arguments.within)


def sampled(names: Mapping[str, Path] | set[str], arguments: argparse.Namespace) -> list[str]:
    """Return the names in order, or ``--sample`` of them from the first to the last."""
    ordered = sorted(names)
    count = len(ordered) if arguments.sample is None else min(arguments.sample, len(ordered))
    steps = max(1, count - 1)
    return [ordered[index * (len(ordered) - 1) // steps] for index in range(count)]


def find(videos: Mapping[str, Path], store: Store, jobs: int, engine: str | None = None) -> Found:
    """Look at every video in every way that the store does not have yet; return all of these."""
    wanted = [(name, way) for name in videos for way in WAYS]
    todo = [key for key in wanted if key not in store.found]
    # for the processes to come: a sum depends on how many threads share it
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        pending = {pool.submit(look, videos[name], way, engine): (name, way) for name, way in todo}
        for done, future in enumerate(as_completed(pending), 1):
            name, way = pending[future]
            row, seconds = future.result()
            store.add((name, way), row)
            print(f"{done}/{len(todo)} {name} {way} {seconds:.1f} s", file=sys.stderr)
    return {key: store.found[key] for key in wanted}


def look(path: Path, way: str, engine: str | None = None) -> tuple[dict[str, Any], float]:
    """Return what is found in a video, as the JSON says it, and the seconds that this took."""
    began = time.monotonic()
    row: dict[str, Any] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    detector = _detector(WAYS[way], engine)
    try:
        text = detector.detect(path).to_json(windows=True)
    except Exception as error:  # a build may call its errors otherwise
        row["error"] = f"{type(error).__name__}: {error}".replace(str(path), path.name)
    else:
        data = json.loads(text)
        source = {key: value for key, value in data["source"].items() if key != "name"}
        row.update(source=source, events=data["events"], windows=data["windows"])
    return row, time.monotonic() - began


@cache
def _detector(exact: bool, engine: str | None) -> Any:
    from slipdetect import Detector

    # builds from before there were engines know no such argument
    chosen = {} if engine is None else {"engine": engine}
    return Detector.load("default", device="cpu", exact=exact, **chosen)


def report(old: Found, new: Found, within: float) -> int:
    """Print what differs; return 1 if anything does."""
    lines = list(differences(old, new, within))
    for line in lines:
        print(line)
    if lines:
        print(f"{len(lines)} {'difference' if len(lines) == 1 else 'differences'} in {total(old)}")
        return 1
    print(f"no difference in {total(old)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
