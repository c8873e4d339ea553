"""Workers on Ray: what processes of this machine do, on nodes that may be lost.

In: words that say what happens to their task. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from crew_tasks import Shouting
from slipdetect import __version__
from slipdetect.errors import ModelError, VideoError, WorkerError
from slipdetect.workers.ray_actor import Actor
from slipdetect.workers.ray_cluster import RayCluster, client_address
from slipdetect.workers.words import Done, Failed, Logged, Ready, Told

TESTS = Path(__file__).parents[1]
EXAMPLE = TESTS.parent / "examples" / "slip.mp4"
pytest.importorskip("ray", reason="pip install 'slipdetect[ray]'")


def environment() -> dict[str, str]:
    # Ray's processes import the tasks, join no cluster that runs here, and do not wait for others
    paths = os.pathsep.join([str(TESTS), *filter(None, sys.path)])
    ours = {"PYTHONPATH": paths, "RAY_ADDRESS": "local", "RAY_worker_niceness": "0"}
    # and leave no token in the home
    return {**os.environ, **ours, "RAY_AUTH_MODE": "disabled"}


def driver(scenario: str, folder: Path) -> tuple[dict[str, Any], str]:
    """Return what a scenario printed, and its messages."""
    command = [sys.executable, str(TESTS / "ray_driver.py"), scenario, str(folder)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    # standard output is for results alone, whatever Ray has to say
    found: dict[str, Any] = json.loads(done.stdout)
    return found, done.stderr


def checked(found: dict[str, list[str]]) -> dict[str, str]:
    """Return what came of each word, of which each has one answer."""
    assert all(len(each) == 1 for each in found.values()), found
    return {word: each[0] for word, each in found.items()}


def test_a_cluster_that_nobody_answers_for_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("RAY_ADDRESS", address)
    began = time.monotonic()
    with (
        pytest.raises(WorkerError, match=f"no Ray cluster at {address}, which RAY_ADDRESS names"),
        RayCluster(None),
    ):
        pass
    assert time.monotonic() - began < 15.0


def test_a_cluster_of_this_machine_does_it_all(tmp_path: Path) -> None:
    told, said = driver("here", tmp_path)
    found = checked(told["found"])
    assert found["a"].startswith("A by ")
    assert found["bad"] == "VideoError: 'bad' is damaged"
    assert found["odd"] == "VideoError: odd: odd"
    assert "missing' is not there on machine" in found["missing"]
    assert found["says"].startswith("SAYS by ")
    assert told["told"] == [0, 1, 2]
    assert "says says" in said


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_a_deadly_video_told_by_name(tmp_path: Path) -> None:
    told, said = driver("all", tmp_path)
    found = checked(told["found"])
    assert told["room"] == 2
    assert [found[word].split()[0] for word in ("a", "b", "twice")] == ["A", "B", "TWICE"]
    assert "deadly': the process that read it died 3 times" in found["deadly"]
    assert "machine 'kitchen'" in found["missing"] or "machine 'cellar'" in found["missing"]
    assert "twice': the process that read it died (killed, or crashed); try 2 of 3" in said


@pytest.mark.slow
def test_a_lost_machine_is_told_by_name_and_its_videos_are_done_elsewhere(tmp_path: Path) -> None:
    told, said = driver("lost", tmp_path)
    assert len(checked(told["found"])) == 40
    assert "machine 'cellar' was lost (it does not answer any more); " in said
    assert "is begun again elsewhere" in said
    assert "died" not in said


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["client", "gpu"])
def test_by_the_client_from_outside_and_with_a_gpu_each(tmp_path: Path, scenario: str) -> None:
    told, _ = driver(scenario, tmp_path)
    found = checked(told["found"])
    assert found["a"].startswith("A by ")
    assert found["twice"].startswith("TWICE by ")
    assert told["told"] == [0, 1, 2]


@pytest.mark.slow
def test_the_command_gives_the_same_and_what_is_not_there_is_a_line(tmp_path: Path) -> None:
    videos = [tmp_path / "a.mp4", tmp_path / "b.mp4"]
    for video in videos:
        video.write_bytes(EXAMPLE.read_bytes())
    # relative to a folder that workers are not started in
    command = [sys.executable, "-m", "slipdetect", "detect", "a.mp4", "b.mp4", "--format", "csv"]

    def run(*more: str) -> Any:
        return subprocess.run(
            [*command, *more], env=environment(), cwd=tmp_path, capture_output=True, text=True
        )

    plain, ray = run(), run("--on", "ray")
    assert (ray.returncode, ray.stdout, ray.stderr) == (0, plain.stdout, "")
    assert len(ray.stdout.splitlines()) == 3
    nobody = run("--on", "ray://127.0.0.1:9")
    assert nobody.returncode == 7
    assert nobody.stderr.startswith("Error: no Ray cluster at ray://127.0.0.1:9: ")
    assert len(nobody.stderr.splitlines()) == 1


def test_an_actor_needs_the_video_and_what_is_told_is_fetched(tmp_path: Path) -> None:
    actor = Actor("kitchen")
    there = tmp_path / "a.mp4"
    there.touch()
    # the model loaded
    actor._do = lambda task, link: link.tell(task)
    word, told = actor.do([str(there)], "hello")
    assert word == Done(None)
    assert told == [Told("hello")]
    actor.tell(Logged(30, "odd"))
    assert actor.told() == [Logged(30, "odd")]
    assert actor.told() == []  # at once, as no task is at work
    gone, _ = actor.do([str(there), str(tmp_path / "b.mp4")], "hello")
    assert isinstance(gone, Failed)
    assert isinstance(gone.error, VideoError)
    assert "b.mp4' is not there on machine 'kitchen'; every machine needs" in str(gone.error)


def test_a_host_without_a_port_has_that_of_the_client_server() -> None:
    assert client_address("head") == "ray://head:10001"
    assert client_address("10.0.0.1:23") == "ray://10.0.0.1:23"


def test_a_machine_that_is_set_up_otherwise_is_told_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shares: list[int] = []
    monkeypatch.setattr("slipdetect.workers.ray_actor.share_cpus", shares.append)
    actor = Actor("kitchen")
    here = Path.cwd()
    old = actor.begin(Shouting(tmp_path), "0.0.1", str(tmp_path), 1)
    assert isinstance(old, Failed)
    assert str(old.error).startswith("machine 'kitchen' has slipdetect ")
    lacking = actor.begin(Shouting(tmp_path, "raise"), __version__, str(tmp_path), 1)
    assert isinstance(lacking, Failed)
    assert type(lacking.error) is ModelError
    assert str(lacking.error) == "on machine 'kitchen': the model is not there"
    # relative paths start where the run was begun; where that is missing they may be absolute
    (tmp_path / "below").mkdir()
    assert actor.begin(Shouting(here), __version__, "below", 2) == Ready("kitchen")
    assert Path.cwd() == here / "below"
    assert actor.begin(Shouting(here), __version__, "nowhere", 2) == Ready("kitchen")
    assert shares == [1, 2, 2]
