"""Two processes on a CPU train the network that one process trains.

In: a launch of two processes and one process with the same steps. Out: the same weights.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from slipdetect import backbones
from slipdetect.datasets import read_annotations
from slipdetect.models import load_package
from slipdetect.training import TrainingRun
from tiny_clips import create_tiny, tiny_clips, tiny_config, write_annotations

TESTS = Path(__file__).parents[1]
# batch norm's own statistics and dropout's draws are each process's own, so both are off
SETTINGS: dict[str, Any] = {"partial_bn": "all", "dropout": 0.0, "batch_size": 4, "ema": 0.5}


def launch_two(
    folder: Path, out: Path, settings: dict[str, Any], *flags: str, dies: bool = False
) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", str(TESTS / "training_driver.py")]
    command += [str(folder), str(out), json.dumps(settings), *flags]
    paths = os.pathsep.join([str(TESTS), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert (done.returncode != 0) is dies, done.stderr[-3000:]


@pytest.mark.parametrize(
    "changes",
    [
        {"accumulate": 2, "optimiser": "sgd", "class_weights": "balanced", "positives": 0.25},
        # 8 clips of which 2 are held out, so the second step is filled up; killed in it first
        {"sampling": "clips", "positives": 0.0, "save_every": 1},
    ],
)
def test_two_processes_train_what_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    monkeypatch.setattr(backbones, "create_backbone", create_tiny)
    folder = tmp_path / "clips"
    folder.mkdir()
    write_annotations(tiny_clips(folder), folder / "clips.csv")
    settings = {**SETTINGS, **changes}
    config = tiny_config(**settings)
    clips = read_annotations(folder / "clips.csv")
    cache = folder / "cache"
    TrainingRun(clips, tmp_path / "one", ["rgb"], config, cache=cache, device="cpu").run()
    if "save_every" in settings:
        launch_two(folder, tmp_path / "two", {**settings, "kill_at": 2}, dies=True)
        assert (tmp_path / "two" / "checkpoints" / "rgb" / "last.safetensors").exists()
    launch_two(folder, tmp_path / "two", settings, "--resume")
    one, two = (
        [json.loads(x) for x in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    )
    assert len(two) == len(one) == 2
    for ours, theirs in zip(two, one, strict=True):
        assert ours.pop("modality") == theirs.pop("modality")
        assert ours == pytest.approx(theirs, rel=1e-4)
    for which in ("last", "best"):
        a, b = (
            load_package(tmp_path / name / which).build_stream("rgb").state_dict()
            for name in ("one", "two")
        )
        for key in a:
            # packages hold half precision
            torch.testing.assert_close(b[key], a[key], rtol=2e-3, atol=2e-4)
    names = sorted(path.name for path in (tmp_path / "two").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "one").iterdir())
