"""How many processes run the tests: one more than CPUs where whole folders of tests are asked for.

In: pytest's configuration. Out: the options of pytest-xdist, where nobody chose them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

MOST = 8  # each loads torch and the test's own networks: one to two GB


def usable_cpus() -> int:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def whole_folders(config: pytest.Config) -> bool:
    """Say whether every argument is a folder; a file is done before workers have begun."""
    here = config.invocation_params.dir
    return all((here / Path(argument)).is_dir() for argument in config.args)


def choose_workers(config: pytest.Config, cpus: int | None = None) -> None:
    """Let pytest-xdist divide the files of tests, unless the caller has said how, or debugs."""
    option = config.option
    # pytest-xdist is absent, or switched off; a worker, or a test that runs pytest; -n was given
    if not hasattr(option, "numprocesses") or "PYTEST_XDIST_WORKER" in os.environ:
        return
    if option.numprocesses is not None or option.tx:
        return
    if option.capture == "no" or option.usepdb or option.collectonly:
        return
    cpus = usable_cpus() if cpus is None else cpus
    # some tests wait for processes, streams and times
    workers = min(cpus + 1, MOST)
    if cpus > 1 and whole_folders(config):
        option.numprocesses = workers
        if option.dist == "no":
            # what a file's tests share is made once
            option.dist = "loadfile"
