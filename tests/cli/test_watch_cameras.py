"""``watch`` of many cameras: what one does never disturbs another, and the file is read anew.

In: servers of this machine, files of cameras. Out: nothing but assertions.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hook_server import hook_server
from live_driver import afterwards, all_of, has_said, has_told, interrupt, lamp, lines
from loopback import Server
from slipdetect.cli import watching
from slipdetect.cli.console import Console
from slipdetect.cli.watching import capacity
from slipdetect.video.live import live_video
from slipdetect.video.live.live_video import waits
from stream_server import camera_server
from synth import make_video

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends itself signals")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Two seconds with an event, as MPEG-TS."""
    return make_video(tmp_path / "film.ts", [lamp(k / 25) for k in range(50)], rate=25.0).path


@pytest.fixture
def server(film: Path) -> Iterator[Server]:
    files = Server()
    files.start()
    files.add("/ok/film.ts", film.read_bytes())
    yield files
    files.http.shutdown()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_video, "waits", lambda *_: waits(0.05, 0.1))


DEAD = "rtsp://admin:s3cr3t@127.0.0.1:9/x?token=t0k3n"


def table(name: str, source: str, *more: str) -> str:
    return "\n".join([f"[camera.{name}]", f'source = "{source}"', *more, ""])


def of(camera: str, told: list[dict[str, Any]]) -> list[str]:
    return [line["type"] for line in told if line["camera"] == camera]


def test_one_good_one_dead_and_one_that_dies(
    run, model: Path, film: Path, server: Server, tmp_path: Path
) -> None:
    """The good one is told as its file is; the dead one is tried again; nobody is disturbed."""
    (event,) = lines(run("detect", film, "--model", model, "--format", "json").stdout)[0]["events"]
    with camera_server(lamp, stall=(1.5, 60.0)) as dying, hook_server(204) as hook:
        text = table("good", f"{server.address}/ok/film.ts") + table("dead", DEAD)
        text += table("dying", f"http://{dying.place}/ts", "read_timeout = 0.3")
        (tmp_path / "cameras.toml").write_text(text)
        alert = ("--webhook", f"http://{hook.place}/x", "--clips", "clips", "--clip-margin", "0.2")
        over = all_of(
            has_told("reconnecting", "dying"),
            has_told("summary", "good"),
            has_said("trying again"),
            lambda *_: len(hook.bodies) == 2,
        )
        with afterwards((over, interrupt)):
            result = run("watch", "cameras.toml", "--model", model, *alert)
    assert result.exit_code == 130, result.output
    told = lines(result.stdout)
    assert of("good", told) == ["started", "onset", "event", "summary"]
    (found,) = [
        line["event"] for line in told if line["type"] == "event" and line["camera"] == "good"
    ]
    assert found == event
    assert of("dead", told) == []
    assert of("dying", told) == ["started", "onset", "event", "reconnecting", "summary"]
    ends = {line["camera"]: line["ended"] for line in told if line["type"] == "summary"}
    assert ends == {"good": "end", "dying": "interrupted"}
    assert "'dead' cannot be opened: connection refused" in result.stderr
    assert "trying again" in result.stderr
    assert sorted(clip.name.split("-")[0] for clip in (tmp_path / "clips").iterdir()) == [
        "dying",
        "good",
    ]
    sources = sorted(lines(body.decode())[0]["source"]["name"] for body in hook.bodies)
    assert sources == ["dying", "good"]
    for secret in ("admin", "s3cr3t", "t0k3n"):
        assert secret not in result.output


def test_with_retries_a_lost_camera_ends_alone_and_the_exit_code_says_so(
    run, model: Path, server: Server, tmp_path: Path
) -> None:
    text = table("good", f"{server.address}/ok/film.ts") + table("dead", DEAD, "retries = 1")
    (tmp_path / "cameras.toml").write_text(text)
    result = run("watch", "cameras.toml", "--model", model)
    assert result.exit_code == 5, result.output
    assert of("good", lines(result.stdout)) == ["started", "onset", "event", "summary"]
    assert "Error: 'dead' cannot be opened" in result.stderr
    assert "tried 2 times" in result.stderr


def test_when_none_was_ever_there_the_run_gives_up(
    run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cameras.toml").write_text(table("one", DEAD) + table("two", DEAD))
    began = time.monotonic()
    result = run("watch", "cameras.toml", "--model", model)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "none of the 2 cameras gave a frame in 11 tries" in result.stderr.splitlines()[-1]
    assert time.monotonic() - began < 20


def test_several_addresses_are_several_cameras(run, model: Path, server: Server) -> None:
    address = f"{server.address}/ok/film.ts"
    result = run("watch", address, address, "--model", model, "--format", "table")
    assert result.exit_code == 0, result.output
    name = f"{server.address}/..."
    told = [line.split("  ", 1)[1].split(",")[0] for line in result.stdout.splitlines()]
    for camera in (name, f"(2) {name}"):
        mine = [line for line in told if line.startswith(f"{camera}: ")]
        assert mine == [f"{camera}: onset 1", f"{camera}: slip 1"]
    assert len(told) == 4


def test_sighup_reads_the_file_anew_and_leaves_the_others_alone(
    run, model: Path, server: Server, tmp_path: Path
) -> None:
    shown = {"stays": 0.0, "goes": 0.0}

    def dark(name: str, moment: float) -> np.ndarray:
        shown[name] = moment
        return lamp(-1.0)

    path = tmp_path / "cameras.toml"
    with (
        camera_server(partial(dark, "stays")) as stays,
        camera_server(partial(dark, "goes")) as goes,
    ):
        old = table("stays", f"http://{stays.place}/ts")
        path.write_text(old + table("goes", f"http://{goes.place}/ts"))

        def change() -> None:
            path.write_text(old + table("new", f"{server.address}/ok/film.ts"))
            interrupt(signal.SIGHUP)

        def spoil() -> None:
            path.write_text(old + "[camera.new\n")
            interrupt(signal.SIGHUP)

        with afterwards(
            (has_told("started", "stays", "goes"), change),
            (has_told("summary", "goes", "new"), spoil),
            (lambda *_: shown["stays"] > shown["goes"] + 1.0, lambda: None),
            (has_said("stay as they are"), interrupt),
        ):
            result = run("watch", "cameras.toml", "--model", model, "-v")
    assert result.exit_code == 130, result.output
    told = lines(result.stdout)
    assert of("stays", told) == ["started", "summary"]
    assert of("goes", told) == ["started", "summary"]
    assert of("new", told) == ["started", "onset", "event", "summary"]
    seconds = {line["camera"]: line["seconds"] for line in told if line["type"] == "summary"}
    assert seconds["stays"] > seconds["goes"] + 0.5
    assert "anew: 1 new or changed, 1 gone" in result.stderr
    assert "line 3" in result.stderr
    assert "the cameras stay as they are" in result.stderr


def test_sighup_reads_the_zones_of_all_cameras_anew(run, model: Path, tmp_path: Path) -> None:
    def dark(moment: float) -> np.ndarray:
        return lamp(-1.0)

    def bed(right: float) -> str:
        return f"[zone.bed]\nexclude = [[0.1, 0.1], [{right}, 0.1], [{right}, 0.9]]\n"

    path = tmp_path / "zones.toml"
    path.write_text(bed(0.8))
    with camera_server(dark) as of_all, camera_server(dark) as own:
        mine = "[camera.own.zone.sofa]\ninclude = [[0, 0], [1, 0], [1, 1]]\n"
        text = table("plain", f"http://{of_all.place}/ts") + table("own", f"http://{own.place}/ts")
        (tmp_path / "cameras.toml").write_text(text + mine)

        def write(what: str) -> None:
            path.write_text(what)
            interrupt(signal.SIGHUP)

        with afterwards(
            (has_told("started", "plain", "own"), lambda: write(bed(0.6))),
            (has_told("started", "plain", times=2), lambda: write(bed(1.6))),
            (has_said("stay as they are"), interrupt),
        ):
            result = run("watch", "cameras.toml", "--zones", "zones.toml", "--model", model, "-v")
    assert result.exit_code == 130, result.output
    told = lines(result.stdout)
    assert of("own", told) == ["started", "summary"]
    assert of("plain", told) == ["started", "summary", "started", "summary"]
    assert "anew: 1 new or changed, 0 gone" in result.stderr
    wrong = next(line for line in result.stderr.splitlines() if "stay as they are" in line)
    assert "zones.toml, line 2" in wrong


def test_each_camera_has_its_own_thresholds(
    run, model: Path, server: Server, tmp_path: Path
) -> None:
    address = f"{server.address}/ok/film.ts"
    deaf = table("deaf", address, "onset = 0.999999", "offset = 0.9")
    (tmp_path / "cameras.toml").write_text(table("usual", address) + deaf)
    result = run("watch", "cameras.toml", "--model", model)
    assert result.exit_code == 0, result.output
    told = lines(result.stdout)
    assert of("usual", told) == ["started", "onset", "event", "summary"]
    assert of("deaf", told) == ["started", "summary"]


def test_what_several_cameras_skip_is_told_of_all_of_them() -> None:
    assert capacity([("a", 100, 0), ("b", 90, 0)]) == ""
    assert capacity([]) == ""
    text = capacity([("a", 100, 0), ("b", 50, 50), ("off", 0, 0), ("c", 75, 25)])
    # 225 of 300 frames of three cameras: two are carried
    assert text == (
        "too slow for 3 cameras: 75% of their frames were looked at in the last minute, 50% of "
        "'b'; this machine carries about 2"
    )


def test_sighup_ends_a_run_without_a_file_as_ever() -> None:
    heard: list[Any] = []

    class Still:
        def events(self) -> Iterator[None]:
            heard.append(signal.getsignal(signal.SIGHUP))
            yield None

    before = signal.getsignal(signal.SIGHUP)
    for reload in (None, lambda: None):
        assert watching.Watching(Console(), [], "m", False, 0).run(Still(), reload) == 0
        assert signal.getsignal(signal.SIGHUP) is before
    assert heard[0] is before
    assert heard[1] is not before


def test_nonsense_from_one_camera_disturbs_no_other(
    run, model: Path, film: Path, server: Server, tmp_path: Path
) -> None:
    whole = film.read_bytes()
    noise = np.random.default_rng(0).bytes(50_000)
    server.add("/ok/spoilt.ts", whole[: len(whole) // 3] + noise + whole[len(whole) // 3 :])
    server.add("/ok/noise.ts", noise)
    text = table("good", f"{server.address}/ok/film.ts")
    for name in ("spoilt", "noise"):
        text += table(name, f"{server.address}/ok/{name}.ts", "retries = 0")
    (tmp_path / "cameras.toml").write_text(text)
    result = run("watch", "cameras.toml", "--model", model)
    assert result.exit_code == 5, result.output
    told = lines(result.stdout)
    assert of("good", told) == ["started", "onset", "event", "summary"]
    assert of("spoilt", told)[0] == "started"
    assert of("spoilt", told)[-1] == "summary"
    assert "'noise' cannot be opened: it is no video" in result.stderr
    assert "internal error" not in result.stderr


def test_a_full_disk_costs_clips_and_nothing_else(
    run, model: Path, server: Server, tmp_path: Path
) -> None:
    """Files may not grow beyond a kilobyte, which fails as a full disk does: while writing."""
    address = f"{server.address}/ok/film.ts"
    (tmp_path / "cameras.toml").write_text(table("one", address) + table("two", address))
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, usual[1]))
    try:
        result = run("watch", "cameras.toml", "--model", model, "--clips", "clips")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert result.exit_code == 5, result.output
    told = lines(result.stdout)
    for camera in ("one", "two"):
        assert of(camera, told) == ["started", "onset", "event", "summary"]
    assert result.stderr.count(".mp4'") >= 2
    assert "too large" in result.stderr  # what the system says of it
    assert list((tmp_path / "clips").iterdir()) == []


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ('source_env = "NOT_THERE"', 2, "camera 'two': there is no variable NOT_THERE"),
        ('source_file = "none.txt"', 3, "camera 'two': cannot read 'none.txt'"),
        ('source = "foo"', 2, "camera 'two': 'foo' is neither a file nor a live source"),
        (f'source = "{DEAD}"\nonset = 0.3\noffset = 0.6', 2, "camera 'two': offset must be at"),
        (f'source = "{DEAD}"\ncalibration = "none"', 4, "camera 'two': there is no model"),
    ],
)
def test_an_error_says_which_camera_it_is_about(
    run, model: Path, tmp_path: Path, more: str, code: int, words: str
) -> None:
    text = f"{table('one', DEAD)}[camera.two]\n{more}\n"
    (tmp_path / "cameras.toml").write_text(text)
    result = run("watch", "cameras.toml", "--model", model)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr
    assert "s3cr3t" not in result.stderr


def test_a_camera_that_is_lost_does_not_keep_a_run_that_never_had_one(
    run, model: Path, tmp_path: Path
) -> None:
    text = table("lost", DEAD, "retries = 0") + table("dead", DEAD)
    (tmp_path / "cameras.toml").write_text(text)
    result = run("watch", "cameras.toml", "--model", model)
    assert result.exit_code == 3
    assert "none of the 2 cameras gave a frame" in result.stderr.splitlines()[-1]


def test_sighup_tries_a_lost_camera_again(run, model: Path, server: Server, tmp_path: Path) -> None:
    """The file is the same; what was wrong was elsewhere."""

    def dark(moment: float) -> np.ndarray:
        return lamp(-1.0)

    late = f"{server.address}/ok/late.ts"
    with camera_server(dark) as stays:
        text = table("stays", f"http://{stays.place}/ts") + table("late", late, "retries = 0")
        (tmp_path / "cameras.toml").write_text(text)

        def mend() -> None:
            server.add("/ok/late.ts", (tmp_path / "film.ts").read_bytes())
            interrupt(signal.SIGHUP)

        lost = all_of(has_told("started", "stays"), has_said("'late' cannot be opened"))
        with afterwards((lost, mend), (has_told("summary", "late"), interrupt)):
            result = run("watch", "cameras.toml", "--model", model)
    assert result.exit_code == 130, result.output
    told = lines(result.stdout)
    assert of("stays", told) == ["started", "summary"]
    assert of("late", told) == ["started", "onset", "event", "summary"]
