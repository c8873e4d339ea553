"""Saves of a model package that are killed, in a process of its own that forks a child for each.

In: a folder on the command line. Out: JSON, what every kill and the save after it left.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch

from slipdetect import backbones
from slipdetect.models import ModelConfig, load_package, save_package
from store_driver import die_at, in_child, tree
from stub_models import create_stub, stub_config, stub_tsn

NAMES = ("rgb", "flow")
TIMES = 12


@cache
def weights(name: str, which: int) -> dict[str, torch.Tensor]:
    """Return what stream ``name`` of model ``which`` holds."""
    return {key: value + which for key, value in stub_tsn(name).state_dict().items()}


def save(folder: Path, which: int, *, overwrite: bool = True) -> None:
    """Save model 0 or 1 to ``folder``; they differ in every weight and in the configuration."""
    config: ModelConfig = stub_config(*NAMES, name=f"model {which}")
    states = {name: weights(name, which) for name in NAMES}
    save_package(folder, config, states, torch.float32, card=f"# {which}\n", overwrite=overwrite)


def loaded(folder: Path) -> int:
    """Load the package in ``folder`` to the end; return which model it is, or -1 for a mixture."""
    package = load_package(folder)
    which = int(package.config.name.removeprefix("model "))
    for name, network in package.build_streams().items():
        state = network.state_dict()
        if any(not torch.equal(state[key], value) for key, value in weights(name, which).items()):
            return -1
    return which


def main(work: Path) -> dict[str, Any]:
    """Kill at every step and at some random moments; save again after every kill."""
    torch.set_num_threads(1)
    backbones.create_backbone = create_stub  # type: ignore[assignment]
    old, expected, folder = work / "old", work / "expected", work / "killed"
    save(old, 0)
    shutil.copytree(old, expected)
    _, seconds = in_child(lambda: save(expected, 1))
    wanted = tree(expected)
    if loaded(expected) != 1:
        raise RuntimeError("an undisturbed save failed")
    chance = random.Random(1)
    moments = [chance.uniform(0, seconds) for _ in range(TIMES)]
    found: dict[str, Any] = {"models": [], "wrong": [], "names": sorted(wanted)}

    def trial(step: int, moment: float | None) -> bool:
        """Kill one save; return whether it was killed before it was done."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(old, folder)

        def victim() -> None:
            if step:
                die_at(step)
            save(folder, 1)

        killed = os.WIFSIGNALED(in_child(victim, moment)[0])
        found["models"].append(loaded(folder))
        save(folder, 1)
        if tree(folder) != wanted:
            found["wrong"].append([step, moment, sorted(tree(folder))])
        return killed

    found["steps"] = next(step for step in range(1, 1000) if not trial(step, None))
    for moment in moments:
        trial(0, moment)
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
