"""Drivers run in two processes of one launch, forked from a server that has loaded torch once.

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
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    logs = [folder / f"rank-{rank}.log" for rank in (0, 1)]
    processes = [
        context.Process(target=_enter, args=(rank, store.port, log, driver, arguments))
        for rank, log in enumerate(logs)
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
    assert any(process.exitcode for process in processes) is dies, said


def _enter(rank: int, port: int, log: Path, driver: str, arguments: tuple[str, ...]) -> None:
    """Be process ``rank`` of a launch."""
    with log.open("w") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE="2",
        LOCAL_WORLD_SIZE="2",
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
        TORCHELASTIC_USE_AGENT_STORE="True",
    )
    importlib.import_module(driver).main(*arguments)
