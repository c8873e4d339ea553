"""Two processes on a CPU, or one that was killed, train the network that one process trains.

In: a launch of two processes and one process with the same steps. Out: the same weights.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from forked import TESTS, launch_forked, run_forked
from slipdetect import backbones
from slipdetect.lab.data import read_annotations
from slipdetect.lab.train import TrainingRun, records
from slipdetect.lab.train.processes import leave_processes
from slipdetect.models import load_package
from tiny_clips import create_tiny, tiny_clips, tiny_config, write_annotations

# batch norm's own statistics and dropout's draws are each process's own, so both are off
SETTINGS: dict[str, Any] = {"partial_bn": "all", "dropout": 0.0, "batch_size": 4, "ema": 0.5}


WEIGHTED: dict[str, Any] = {
    "accumulate": 2,
    "optimizer": "sgd",
    "class_weights": "balanced",
    "positive_fraction": 0.25,
}


def launch_two(
    folder: Path, out: Path, settings: dict[str, Any], *flags: str, dies: bool = False
) -> None:
    arguments = (str(folder), str(out), json.dumps(settings), *flags)
    launch_forked("training_driver", folder, *arguments, dies=dies)


def torchrun(folder: Path, out: Path, settings: dict[str, Any], *flags: str) -> None:
    launched([["--standalone", "--nproc-per-node", "2"]], folder, out, settings, *flags)


def torchrun_on_two_nodes(folder: Path, out: Path, settings: dict[str, Any], *flags: str) -> None:
    """Start one process on each of two nodes, which are both this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        meeting = f"127.0.0.1:{server.getsockname()[1]}"
    common = ["--nnodes", "2", "--nproc-per-node", "1"]
    common += ["--rdzv-backend", "static", "--rdzv-endpoint", meeting]
    ranks = [[*common, "--node-rank", str(rank)] for rank in (0, 1)]
    launched(ranks, folder, out, settings, *flags)


def launched(
    nodes: list[list[str]], folder: Path, out: Path, settings: dict[str, Any], *flags: str
) -> None:
    """Run torchrun once for each node, all at a time."""
    driver = [str(TESTS / "training_driver.py"), str(folder), str(out), json.dumps(settings)]
    paths = os.pathsep.join([str(TESTS), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths}
    command = [sys.executable, "-m", "torch.distributed.run"]
    started = [
        subprocess.Popen(
            [*command, *node, *driver, *flags],
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        for node in nodes
    ]
    try:
        for process in started:
            _, said = process.communicate(timeout=240)
            assert process.returncode == 0, said[-3000:]
    finally:
        for process in started:
            process.kill()


@pytest.mark.parametrize(
    ("changes", "launch"),
    [
        (WEIGHTED, launch_two),
        pytest.param(WEIGHTED, torchrun, marks=pytest.mark.slow),
        pytest.param(WEIGHTED, torchrun_on_two_nodes, marks=pytest.mark.slow),
        # 8 clips of which 2 are held out, so the second step is filled up; killed in it first
        ({"sampling": "clips", "positive_fraction": 0.0, "save_every": 1}, launch_two),
    ],
)
def test_two_processes_train_what_one_does(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    launch: Callable[..., None],
) -> None:
    monkeypatch.setattr(backbones, "create_backbone", create_tiny)
    # as in the driver
    monkeypatch.setattr(records, "draw_curves", lambda *args, **options: None)
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
        launch(folder, tmp_path / "two", settings, "--resume")
    else:
        launch(folder, tmp_path / "two", settings)
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
    there = [json.loads((folder / f"process-{rank}.json").read_text()) for rank in (0, 1)]
    assert [each["WORLD_SIZE"] for each in there] == ["2", "2"]
    if launch is torchrun_on_two_nodes:
        assert [each["LOCAL_RANK"] for each in there] == ["0", "0"]
        assert [each["GROUP_RANK"] for each in there] == ["0", "1"]
    names = sorted(path.name for path in (tmp_path / "two").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "one").iterdir())


def test_T05_killed_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbones, "create_backbone", create_tiny)
    monkeypatch.setattr(records, "draw_curves", lambda *args, **options: None)
    folder = tmp_path / "clips"
    folder.mkdir()
    write_annotations(tiny_clips(folder), folder / "clips.csv")
    settings = {"epochs": 3, "dropout": 0.5, "ema": 0.9, "save_every": 1}
    clips = read_annotations(folder / "clips.csv")

    def train(out: Path, **options: Any) -> None:
        config = tiny_config(**settings)
        cache = folder / "cache"
        TrainingRun(clips, out, ["rgb"], config, cache=cache, device="cpu", **options).run()

    train(tmp_path / "whole")
    out, dying = tmp_path / "o", json.dumps({**settings, "kill_at": 4})
    assert run_forked("training_driver", folder, str(folder), str(out), dying) == -signal.SIGKILL
    assert not (out / "last").exists()
    train(out, resume=True)
    for name in ("metrics.jsonl", "curves.csv"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    for which in ("best", "last"):
        ours, theirs = (
            load_package(each / which).build_stream("rgb").state_dict()
            for each in (out, tmp_path / "whole")
        )
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


@pytest.mark.parametrize(
    ("steps", "dies"), [pytest.param([1], False, marks=pytest.mark.slow), ([1, 2, 3], True)]
)
def test_T01_a_loss_that_is_not_finite_in_one_process_is_left_out_in_all(
    tmp_path: Path, steps: list[int], dies: bool
) -> None:
    folder, out = tmp_path / "clips", tmp_path / "out"
    folder.mkdir()
    write_annotations(tiny_clips(folder), folder / "clips.csv")
    launch_two(folder, out, {**SETTINGS, "nan_at": steps, "accumulate": 2}, dies=dies)
    if dies:
        rows = json.loads((out / "bad-steps.json").read_text())
        # written by the first process, whose own losses were fine
        assert [(row["step"], row["loss"], len(row["items"])) for row in rows] == [
            (step, "nan", 4) for step in steps
        ]
    else:
        assert len((out / "metrics.jsonl").read_text().splitlines()) == 2


def test_a_validation_smaller_than_the_processes_is_the_same_in_all(tmp_path: Path) -> None:
    """One has nothing to read; what is judged is the network of the first, statistics included."""
    launch_forked("validation_driver", tmp_path, str(tmp_path))
    told = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert told == [{"logits": [[7.0, 7.0]], "labels": [1], "buffers": [1.0]}] * 2


def test_a_process_takes_leave_of_the_others_once() -> None:
    store = torch.distributed.HashStore()
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    leave_processes()
    assert not torch.distributed.is_initialized()
    leave_processes()
