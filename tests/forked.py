"""Drivers run in processes that are forked from a server which has loaded torch once.

In: the name of a driver beside this file, and its arguments. Out: what it writes, or its errors.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
from pathlib import Path

import pytest
import torch

TESTS = Path(__file__).parent
PATIENCE = 120.0  # seconds, of which an idle machine needs three
_LOADED = ["accelerate.utils", "training_driver", "validation_driver"]


def launch_forked(driver: str, folder: Path, *arguments: str, dies: bool = False) -> None:
    """Call ``main`` of ``driver`` in two processes that find each other as torchrun's do.

    Args:
        driver: Name of the module.
        folder: Where what the processes say is kept.
        arguments: Passed to ``main``.
        dies: Whether the launch is to fail.
    """
    # like torchrun's agent, this process holds what they meet at, on a port that is surely free
    store = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    common = {
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }
    ranks = [{**common, "RANK": rank, "LOCAL_RANK": rank} for rank in ("0", "1")]
    codes, said = _run(ranks, folder, driver, arguments)
    assert any(codes) is dies, said


def run_forked(driver: str, folder: Path, *arguments: str) -> int | None:
    """Call ``main`` of ``driver`` in one process; return its exit code, negative for a signal."""
    codes, _ = _run([{}], folder, driver, arguments)
    return codes[0]


def _run(
    environments: list[dict[str, str]], folder: Path, driver: str, arguments: tuple[str, ...]
) -> tuple[list[int | None], str]:
    """Return the exit code of a process for each environment, and what they said."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    logs = [folder / f"rank-{rank}.log" for rank in range(len(environments))]
    processes = [
        context.Process(target=_enter, args=(environment, log, driver, arguments))
        for environment, log in zip(environments, logs, strict=True)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), *filter(None, sys.path)]))
        for process in processes:
            process.start()
    for process in processes:
        process.join(PATIENCE)
        process.kill()
        process.join()
    said = "\n".join(log.read_text()[-3000:] for log in logs if log.exists())
    return [process.exitcode for process in processes], said


def _enter(environment: dict[str, str], log: Path, driver: str, arguments: tuple[str, ...]) -> None:
    """Be a process of a launch."""
    with log.open("w") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    os.environ.update(environment)
    importlib.import_module(driver).main(*arguments)
