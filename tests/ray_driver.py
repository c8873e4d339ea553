"""Workers on a Ray cluster of several nodes on this machine, in a process of its own.

In: a scenario and a folder on the command line. Out: JSON on standard output, and nothing else.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ray.cluster_utils import Cluster

from crew_tasks import Shouting
from slipdetect.workers import Crew, Done, Told
from slipdetect.workers.ray_cluster import RayCluster

HERE = "127.0.0.1"
_STORE = 80 * 2**20  # bytes
# a lost node is known as one within seconds, not a quarter of a minute
_QUICK = {"health_check_period_ms": 300, "health_check_failure_threshold": 3}


@contextmanager
def nodes(*names: str, client_port: int | None = None, gpus: int = 0) -> Iterator[Any]:
    """Yield a cluster: a head without CPUs, and nodes with one each."""
    head: dict[str, Any] = {"num_cpus": 0, "include_dashboard": False, "_system_config": _QUICK}
    if client_port is not None:
        head["ray_client_server_port"] = client_port
    common = {"object_store_memory": _STORE}
    cluster = Cluster(initialize_head=True, head_node_args={**common, **head})
    try:
        for name in names:
            node = cluster.add_node(num_cpus=1, num_gpus=gpus, node_name=name, **common)
            cluster.by_name = {**getattr(cluster, "by_name", {}), name: node}
        yield cluster
    finally:
        cluster.shutdown()


def results(backend: Any, folder: Path, *words: str, lose: Any = None) -> dict[str, Any]:
    """Return what came of words; ``lose`` is called when two workers have done some."""
    names = [str(folder / word) for word in words]
    for name in names:
        if "missing" not in name:
            Path(name).touch()
    found: dict[str, list[str]] = {word: [] for word in words}
    told: list[Any] = []
    with closing(Crew(backend, Shouting(folder), words, names).run()) as answers:
        for index, each in answers:
            if isinstance(each, Told):
                told.append(each.message)
                continue
            kind = "" if isinstance(each, Done) else f"{type(each.error).__name__}: "
            text = each.result if isinstance(each, Done) else str(each.error)
            found[words[index]].append(f"{kind}{text}")
            by = {each[0].rpartition(" by ")[2] for each in found.values() if each}
            if lose is not None and len(by) == 2:
                lose()
                lose = None
    return {"found": found, "told": told}


def main(scenario: str, folder: Path) -> dict[str, Any]:
    """Run a scenario; messages go to standard error."""
    if scenario == "here":
        with RayCluster(None, most=2) as backend:
            return results(backend, folder, "a", "bad", "odd", "missing", "says")
    if scenario == "client":
        with nodes("kitchen", client_port=10991), RayCluster(f"{HERE}:10991") as backend:
            return results(backend, folder, "a", "says", "bad", "missing", "twice")
    with nodes("kitchen", "cellar", gpus=int(scenario == "gpu")) as cluster:
        gpus = int(scenario == "gpu")
        os.environ["RAY_ADDRESS"] = cluster.address
        with RayCluster(None, gpus=gpus) as backend:
            room = backend.room()
            if scenario == "lost":
                words = [f"late-{number}" for number in range(40)]

                def lose() -> None:
                    cluster.remove_node(cluster.by_name["cellar"], allow_graceful=False)

                return results(backend, folder, *words, lose=lose)
            words = ["a", "bad", "odd", "twice", "says", "deadly", "missing", "b"]
            return {"room": room, **results(backend, folder, *words)}


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
