"""A list of clips looked at by workers of a Ray cluster, against the same by processes.

The bundled model on 100 clips, every tenth of an annotated folder. ``--jobs 2`` is two processes,
``--on ray`` two nodes of Ray's own local cluster with a CPU each. Time counts from the moment at
which both workers have loaded the model to the last result. The contestants take turns, each in a
process of its own. Ray gives its workers the lowest priority but four (nice 15), which on a busy
machine starves them: here they have that of the processes. At the end a node is killed when half of
the clips are done.

    python benchmarks/fleet.py --run --data ../shared/data   # measure and store: 10 min
    python benchmarks/fleet.py --report                      # what was measured
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parent / "results" / "fleet.json"
CLIPS, WORKERS, BAR = 100, 2, 1.15
_STORE = 80 * 2**20  # bytes of Ray's object store, which nothing here needs
KINDS = ("jobs", "ray")


@dataclass(frozen=True)
class Together:
    """Makes what detects, or waits until all workers are there.

    Attributes:
        folder: Where those that wait leave a file.
    """

    folder: Path

    def __call__(self) -> Callable[[str, Any], Any]:
        """Load the model."""
        from slipdetect.cli.detect_options import DetectSettings
        from slipdetect.cli.side_by_side import Detecting

        detect = Detecting(DetectSettings(sources=(), targets={}))()

        def do(source: str, link: Any) -> Any:
            if Path(source).parent != self.folder:
                return detect(source, link).to_json(windows=True)
            Path(f"{source}.there").touch()
            while len(list(self.folder.glob("*.there"))) < WORKERS:
                time.sleep(0.005)
            return None

        return do


@contextmanager
def nodes() -> Iterator[Any]:
    """Yield Ray's local cluster: a head without CPUs, and two nodes with one each."""
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - Ray's own name for it
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": _STORE}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for number in range(WORKERS):
            name = f"node-{number}"
            cluster.add_node(num_cpus=1, node_name=name, object_store_memory=_STORE)
        yield cluster
    finally:
        cluster.shutdown()


def look(backend: Any, clips: list[str], half: Callable[[], None] | None = None) -> dict[str, Any]:
    """Return how long it took, what came of each clip; ``half`` is called in the middle."""
    from slipdetect.workers import Crew, Done, Told

    found: dict[str, list[Any]] = {clip: [] for clip in clips}
    with tempfile.TemporaryDirectory() as name:
        waits = [Path(name) / str(number) for number in range(WORKERS)]
        for path in waits:
            path.touch()
        tasks = [*map(str, waits), *clips]
        crew = Crew(backend, Together(Path(name)), tasks, tasks)
        ready, began, before, done = 0, 0.0, 0.0, 0
        with backend, closing(crew.run()) as answers:
            for index, answer in answers:
                if isinstance(answer, Told):
                    continue
                if index < WORKERS:
                    ready += 1
                    if ready == WORKERS:
                        began, before = time.monotonic(), processor()
                    continue
                known = json.loads(answer.result) if isinstance(answer, Done) else str(answer.error)
                found[tasks[index]].append(known)
                done += 1
                if half is not None and done == len(clips) // 2:
                    half()
                if done == len(clips):
                    seconds, busy = time.monotonic() - began, processor() - before
    return {"seconds": seconds, "processor": busy, "found": found}


def processor() -> float:
    """Return the processor time of this process and of all that it has started, seconds."""
    parents: dict[int, int] = {}
    times: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            facts = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        pid = int(path.parent.name)
        parents[pid], times[pid] = int(facts[1]), int(facts[11]) + int(facts[12])
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(times[pid] for pid in ours) / os.sysconf("SC_CLK_TCK")


def turn(kind: str, clips: list[str]) -> dict[str, Any]:
    """Do one contestant's work in this process."""
    from slipdetect.workers.processes import Processes
    from slipdetect.workers.ray_cluster import RayCluster

    if kind == "jobs":
        return look(Processes(WORKERS), clips)
    with nodes() as cluster:
        half = None
        if kind == "killed":
            victim = cluster.worker_nodes and sorted(cluster.worker_nodes, key=id)[0]
            half = lambda: cluster.remove_node(victim, allow_graceful=False)  # noqa: E731
        os.environ["RAY_ADDRESS"] = cluster.address
        return look(RayCluster(None), clips, half)


def run(data: Path, turns: int) -> dict[str, Any]:
    """Measure, and return what is stored."""
    from machine import machine_name

    with (data / "clips.csv").open(encoding="utf-8", newline="") as stream:
        paths = sorted({row["path"] for row in csv.DictReader(stream)})
    clips = [str(data / path) for path in paths[:: len(paths) // CLIPS][:CLIPS]]
    seconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
    busy: dict[str, list[float]] = {kind: [] for kind in KINDS}
    loads: list[float] = []
    first: dict[str, Any] = {}
    differing = 0
    for number in range(turns):
        for kind in KINDS if number % 2 == 0 else KINDS[::-1]:
            taken = _apart(kind, clips)
            loads.append(os.getloadavg()[0])
            seconds[kind].append(taken["seconds"])
            busy[kind].append(taken["processor"])
            first = first or taken["found"]
            differing += taken["found"] != first
            print(f"turn {number + 1}, {kind}: {taken['seconds']:.1f} s", file=sys.stderr)
    killed = _apart("killed", clips)
    once = sum(len(each) == 1 for each in killed["found"].values())
    same = sum(killed["found"][clip] == first[clip] for clip in clips)
    return {
        "machine": machine_name(),
        "clips": len(clips),
        "seconds": seconds,
        "processor": busy,
        "load": loads,
        "runs that found something else": differing,
        "killed": {"seconds": killed["seconds"], "once": once, "same": same},
    }


def _apart(kind: str, clips: list[str]) -> dict[str, Any]:
    words = [sys.executable, __file__, "--turn", kind]
    done = subprocess.run(
        words, input=json.dumps(clips), stdout=subprocess.PIPE, check=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def report(found: dict[str, Any]) -> Iterator[str]:
    """Yield lines."""
    jobs, ray = (found["seconds"][kind] for kind in KINDS)
    ratios = [b / a for a, b in zip(jobs, ray, strict=True)]
    reached = statistics.median(ratios) <= BAR
    yield f"{found['machine']}: {found['clips']} clips, {len(jobs)} turns"
    for name, kind in (("--jobs 2", "jobs"), ("--on ray, 2 nodes", "ray")):
        yield f"  {name}: {_spread(found['seconds'][kind])}"
        yield f"    processor time of all its processes: {_spread(found['processor'][kind])}"
    yield (
        f"  ratio within a turn: {statistics.median(ratios):.2f} ({min(ratios):.2f} to "
        f"{max(ratios):.2f}); bar {BAR}: {'reached' if reached else 'missed'}"
    )
    yield f"  runs whose results differ from the first: {found['runs that found something else']}"
    killed = found["killed"]
    yield (
        f"  one of two nodes killed half-way: {killed['seconds']:.1f} s; done once: "
        f"{killed['once']} of {found['clips']}, with the same result: {killed['same']}"
    )
    load = found["load"]
    yield f"  load average meanwhile: {min(load):.1f} to {max(load):.1f}"
    if min(load) > WORKERS + 1:
        yield "  other processes were at work on this machine"


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", action="store_true", help="measure and store")
    parser.add_argument("--report", action="store_true", help="print what was stored (default)")
    parser.add_argument("--data", type=Path, help="folder with clips.csv")
    parser.add_argument("--turns", type=int, default=3, help="of each (default: %(default)s)")
    parser.add_argument(
        "--results", type=Path, default=RESULT, metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument("--turn", choices=(*KINDS, "killed"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.turn:
        print(json.dumps(turn(arguments.turn, json.load(sys.stdin))))
        return
    if arguments.run:
        if arguments.data is None:
            parser.error("--run needs --data")
        found = run(arguments.data.resolve(), arguments.turns)
        arguments.results.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if arguments.report or not arguments.run:
        print("\n".join(report(json.loads(arguments.results.read_text(encoding="utf-8")))))


if __name__ == "__main__":
    main()
