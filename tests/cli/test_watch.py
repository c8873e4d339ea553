"""``watch``: streams, pipes, growing files, cameras that are not there.

In: servers and files of this machine. Out: nothing but assertions.
"""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hook_server import hook_server
from live_driver import EVENT, afterwards, has_told, interrupt, kinds, lamp, lines
from loopback import Server
from slipdetect.cli.sources import first_bytes
from slipdetect.video import open_video
from slipdetect.video.finding import is_text
from slipdetect.video.live.wall_clock import DRIFT_TOLD
from stream_server import Draw, camera_server
from synth import make_video

RECORD = shlex.join(
    [sys.executable, "-c", "import sys; open('told.jsonl', 'a').write(sys.stdin.read())"]
)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with an event, as MPEG-TS."""
    pictures = [lamp(k / 25) for k in range(50)]
    return make_video(tmp_path_factory.mktemp("film") / "film.ts", pictures, rate=25.0).path


@pytest.fixture
def server() -> Iterator[Server]:
    files = Server()
    files.start()
    yield files
    files.http.shutdown()


def file_event(run, model: Path, film: Path) -> dict[str, Any]:
    result = run("detect", film, "--model", model, "--format", "json")
    (event,) = lines(result.stdout)[0]["events"]
    return event


def dead_address() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"rtsp://admin:s3cr3t@127.0.0.1:{taken.getsockname()[1]}/x?token=t0k3n"


def test_L05_a_live_run_tells_everything_and_no_secret(run, model: Path, tmp_path: Path) -> None:
    with camera_server(lamp) as camera, hook_server(204) as hook:
        address = f"http://admin:s3cr3t%40@{camera.place}/ts?token=t0k3n&password=p4ss"
        alerts = ("--on-event", RECORD, "--webhook", f"http://{hook.place}/x")
        clips = ("--clips", "clips", "--clip-margin", "0.4")
        more = ("--max-duration", "2", "--fail-on-event", "-vv", "--debug")
        result = run("watch", address, "--model", model, *alerts, *clips, *more)
    assert result.exit_code == 10, result.output
    assert kinds(result.stdout) == ["started", "onset", "event", "summary"]
    started, onset, event, summary = lines(result.stdout)
    name = f"http://{camera.place}/..."
    assert started["source"]["name"] == name
    assert (started["width"], started["height"]) == (64, 48)
    assert onset["id"] == event["id"] == 1
    assert onset["start"] == event["event"]["start"]
    assert abs(event["event"]["start"] - EVENT[0]) < 0.5
    # the camera's timestamps go as the wall does
    came = datetime.fromisoformat(started["time"]) + timedelta(seconds=event["event"]["start"])
    of_day = datetime.fromisoformat(event["event"]["time_of_day"])
    assert abs(of_day - came) < timedelta(seconds=0.5)
    assert abs(datetime.fromisoformat(onset["time_of_day"]) - of_day) < timedelta(seconds=0.5)
    assert summary["ended"] == "max_duration"
    assert (summary["events"], summary["dropped"], summary["reconnects"]) == (1, 0, 0)
    assert summary["drift"] == 0.0  # of two seconds nobody can say
    told = lines((tmp_path / "told.jsonl").read_text())
    assert told == [json.loads(body) for body in hook.bodies]
    assert [each["event"] for each in told] == [event["event"]]
    assert told[0]["source"]["name"] == name
    assert "token=t0k3n" in camera.asked[0]
    (clip,) = (tmp_path / "clips").iterdir()
    stamp = f"{of_day:%Y%m%dT%H%M%S}.{of_day.microsecond // 1000:03d}Z"
    assert clip.name == f"http-127.0.0.1-{camera.port}-{stamp}.mp4"
    with open_video(clip) as video:
        shown = [frame.image.mean() > 128 for frame in video.frames()]
    assert not shown[0]
    assert any(shown)
    everything = result.output + str(told) + clip.name
    for secret in ("admin", "s3cr3t", "t0k3n", "p4ss"):
        assert secret not in everything


@pytest.mark.slow
@pytest.mark.parametrize(("command", "speeds"), [("watch", (0.8, 1.2)), ("detect", (0.8,))])
def test_cameras_whose_timestamps_run_slow_or_fast(
    run, model: Path, tmp_path: Path, command: str, speeds: tuple[float, ...]
) -> None:
    """Their events are told with the time of day at which it was bright, and so are clips."""
    bright, seconds = (8.0, 9.0), 18.0 * min(speeds)
    came: dict[str, datetime] = {}
    now = datetime.now(UTC) - timedelta(seconds=time.monotonic())

    def scene(place: str) -> Draw:
        def draw(moment: float) -> np.ndarray:
            on = bright[0] <= moment < bright[1]
            if on and place not in came:
                came[place] = now + timedelta(seconds=time.monotonic())
            return lamp(EVENT[0] if on else -1.0)

        return draw

    with ExitStack() as servers:
        cameras = [servers.enter_context(camera_server(scene(str(s)), speed=s)) for s in speeds]
        addresses = [f"http://{each.place}/ts" for each in cameras]
        more = ("--clips", "clips", "--clip-margin", "0.2", "--max-duration", seconds)
        result = run(command, *addresses, "--model", model, "--format", "json", *more)
    assert result.exit_code == 0, result.output
    told = lines(result.stdout)
    names = sorted(path.name for path in (tmp_path / "clips").iterdir())
    for camera, speed in zip(cameras, speeds, strict=True):
        mine = [line for line in told if str(camera.port) in line["camera"]]
        (event,) = [line["event"] for line in mine if line["type"] == "event"]
        assert abs(event["start"] - bright[0] * speed) < 0.5
        of_day = datetime.fromisoformat(event["time_of_day"])
        assert abs(of_day - came[str(speed)]) < timedelta(seconds=1.0)
        stamp = f"{of_day:%Y%m%dT%H%M%S}.{of_day.microsecond // 1000:03d}Z"
        assert f"http-127.0.0.1-{camera.port}-{stamp}.mp4" in names
        (summary,) = [line for line in mine if line["type"] == "summary"]
        assert summary["drift"] == pytest.approx(seconds / speed - seconds, abs=0.5)
        warned = f"{camera.port}/...': after"
        assert (warned in result.stderr) == (abs(summary["drift"]) > DRIFT_TOLD)


def test_L01_a_dead_port_is_exit_3_after_the_retries(
    run, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipdetect.video.live import live_video
    from slipdetect.video.live.live_video import waits

    monkeypatch.setattr(live_video, "waits", lambda *_: waits(0.01, 0.01))
    result = run("watch", dead_address(), "--model", model, "--retries", "2", "-v", "--debug")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.count("connection refused") >= 3
    assert "tried 3 times; --retries" in result.stderr.splitlines()[-1]
    for secret in ("admin", "s3cr3t", "t0k3n"):
        assert secret not in result.output


def test_a_whole_file_by_http_is_read_as_fast_as_it_comes(
    run, model: Path, film: Path, server: Server
) -> None:
    server.add("/ok/film.ts", film.read_bytes())
    result = run("watch", f"{server.address}/ok/film.ts", "--model", model)
    assert result.exit_code == 0
    assert kinds(result.stdout) == ["started", "onset", "event", "summary"]
    assert lines(result.stdout)[2]["event"] == file_event(run, model, film)
    assert lines(result.stdout)[-1]["ended"] == "end"
    assert lines(result.stdout)[-1]["frames_seen"] == 50


def test_L07_a_redirect_to_a_file_is_refused(run, model: Path, film: Path, server: Server) -> None:
    result = run("watch", f"{server.address}/to?file://{film}", "--model", model, "--retries", "0")
    assert result.exit_code == 3
    assert result.stdout == ""
    server.add("/ok/list.m3u8", f"#EXTM3U\n#EXTINF:2,\nfile://{film}\n#EXT-X-ENDLIST\n".encode())
    result = run("watch", f"{server.address}/ok/list.m3u8", "--model", model, "--retries", "0")
    assert result.exit_code == 3
    assert result.stdout == ""


def test_what_was_never_there_is_not_tried_again(run, model: Path, server: Server) -> None:
    server.add("/ok/page.html", b"<html>" * 100)
    for path, words in (("/ok/nothing", "404"), ("/ok/page.html", "no video")):
        result = run("watch", server.address + path, "--model", model)
        assert result.exit_code == 3
        assert words in result.stderr
        assert "check the address" in result.stderr


def test_L06_an_address_comes_from_a_variable_or_a_file(
    run, model: Path, film: Path, server: Server, tmp_path: Path
) -> None:
    server.add("/ok/film.ts", film.read_bytes())
    address = f"{server.address}/ok/film.ts"
    (tmp_path / "camera.txt").write_text(f"\ufeff{address}\r\n", encoding="utf-8")
    table = ("--model", model, "--format", "table")
    by_name = run("watch", "--source-env", "CAMERA", *table, env={"CAMERA": address})
    by_file = run("watch", "--source-file", "camera.txt", *table)
    assert by_name.exit_code == by_file.exit_code == 0
    assert by_name.stdout == by_file.stdout
    first, second = by_name.stdout.splitlines()
    assert first.startswith("00:00:00.")
    assert "onset 1" in first
    assert "slip 1" in second


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ([], 2, "name what to watch"),
        (["rtsp://h/x", "--source-env", "X"], 2, "one of them"),
        (["--source-env", "NOT_THERE"], 2, "no variable NOT_THERE"),
        (["--source-file", "no.txt"], 3, "cannot read 'no.txt'"),
        (["--source-file", "two.txt"], 3, "in one line; it has 2"),
        (["rtsp://h/x", "--format", "srt"], 2, "'srt' is not one of"),
        (["rtsp://h/x", "--clip-margin", "1"], 2, "--clip-margin is for --clips; give it too"),
        (["rtsp://h/x", "--privacy", "blur"], 2, "--privacy is for --page and --clips; give one"),
        (["rtsp://h/x", "--cooldown", "1"], 2, "is for --on-event, --webhook and --notify; give"),
        (["rtsp://me:s3cr3t/x@h/x"], 2, "%2F"),
        (["odd.txt"], 2, "'odd.txt' is a file; use slipdetect detect, or --follow"),
        (["foo"], 2, "'foo' is neither a file nor a live source; name an address such as"),
        (["--source-file", "odd.txt"], 2, "what the variable or file holds is neither a file nor"),
        (["0", "--html", "x.html"], 2, "--html'. It is for files; leave it out, or save the video"),
        (["0", "--out", "x.json"], 2, "--out'. It is for files; redirect standard output"),
        (["0", "--steam", "1"], 2, "'--steam'. Did you mean '--stream'?"),
        (["-"], 2, "standard input holds no video"),
        (["-", "--follow"], 2, "--follow is for a file"),
        (["none.ts", "--follow"], 3, "was not found"),
    ],
)
def test_what_cannot_work_is_said_before_the_work(
    run, fake: None, wishes: Path, args: list[str], code: int, words: str
) -> None:
    (wishes / "two.txt").write_text("rtsp://a\nrtsp://b\n")
    (wishes / "odd.txt").write_text("me:s3cr3t@camera/1")
    result = run("watch", *args)
    assert result.exit_code == code
    assert words in result.stderr
    assert "s3cr3t" not in result.output


def test_detect_says_so_and_goes_there(run, model: Path, film: Path, server: Server) -> None:
    server.add("/ok/film.ts", film.read_bytes())
    address = f"{server.address}/ok/film.ts?token=t0k3n"
    given = ("--model", model, "--sensitivity", "balanced", "--fail-on-event", "-q")
    watched = run("watch", address, *given)
    detected = run("detect", address, *given[:-1])
    assert watched.exit_code == detected.exit_code == 10, detected.output
    first, *rest = detected.stderr.splitlines()
    assert first.endswith("is live: going on as 'slipdetect watch', the command for that")
    assert "t0k3n" not in detected.output
    assert len(rest) == 1
    told = [lines(each.stdout) for each in (watched, detected)]
    for each in told:
        each[0].pop("time")
    assert [each[:-1] for each in told] == [told[0][:-1]] * 2


def test_what_settings_turn_off_for_files_is_not_in_the_way_of_a_live_source(
    run, model: Path, film: Path, server: Server
) -> None:
    server.add("/ok/film.ts", film.read_bytes())
    Path("slip.toml").write_text("[detect]\noverwrite = false\njoin = false\n")
    given = ("detect", f"{server.address}/ok/film.ts", "--model", model, "--config", "slip.toml")
    result = run(*given, env={"SLIPDETECT_DETECT_STRICT": "0", "SLIPDETECT_DETECT_JOBS": "2"})
    assert result.exit_code == 0, result.output
    assert kinds(result.stdout)[0] == "started"


@pytest.mark.parametrize("option", ["--timeline", "--out", "--store"])
def test_what_is_for_files_is_not_left_out_in_silence(run, wishes: Path, option: str) -> None:
    result = run("detect", "rtsp://me:s3cr3t@h/x", option, "x")
    assert result.exit_code == 2
    assert f"{option} is for files, and this source is live; " in result.stderr
    redirected = "redirect standard output" in result.stderr
    assert redirected == (option == "--out")
    assert redirected or "save the video to a file and run slipdetect detect" in result.stderr
    assert "s3cr3t" not in result.output


@pytest.mark.parametrize(
    ("args", "env", "words"),
    [
        (["--format", "srt"], {}, "'srt' is not one of"),
        (["--out", "-", "--clip-margin", "1"], {}, "--clip-margin is for --clips"),
        ([], {"SLIPDETECT_DETECT_WEBHOOK": "ftp://me:s3cr3t@h"}, "webhook's address"),
        ([], {"SLIPDETECT_WATCH_COOLDOWN": "3"}, "--cooldown is for"),
    ],
)
def test_what_was_given_to_detect_holds_there(
    run, fake: None, wishes: Path, args: list[str], env: dict[str, str], words: str
) -> None:
    result = run("detect", "rtsp://h/x", *args, env=env)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "s3cr3t" not in result.output


def test_L08_a_camera_that_is_not_there_is_exit_3(run, model: Path) -> None:
    result = run("watch", "97", "--model", model)
    assert result.exit_code == 3
    assert "camera 97 cannot be opened" in result.stderr
    assert "tried 97" in result.stderr


def test_video_on_standard_input(run, model: Path, film: Path) -> None:
    result = run("watch", "-", "--model", model, input=film.read_bytes())
    assert result.exit_code == 0
    assert lines(result.stdout)[0]["source"]["name"] == "standard input"
    assert lines(result.stdout)[2]["event"] == file_event(run, model, film)
    result = run("watch", "-", "--model", model, input=b"\0#EXTM3U\nfile:///etc/passwd\n")
    assert result.exit_code == 3
    assert "cannot be read as it comes" in result.stderr


@pytest.mark.parametrize(
    ("first", "video"),
    [
        (b"a.mp4\nb.mp4\n", False),
        ("K\u00fcche.mp4\r\n".encode(), False),
        (b"", False),
        (b"G@\0\x10", True),
        (b"YUV4MPEG2 W64", True),
        (b"--b\r\nContent-Type: image/jpeg\r\n", True),
        (b"\0\0\0\x01gd", True),
        (b"\x1aE\xdf\xa3", True),
    ],
)
def test_a_list_and_a_video_are_told_apart(first: bytes, video: bool) -> None:
    for stream in (io.BytesIO(first), io.BufferedReader(io.BytesIO(first))):
        assert is_text(first_bytes(stream)) != video
        assert stream.read() == first


def test_a_growing_file_is_followed_to_its_end(
    run, model: Path, film: Path, tmp_path: Path
) -> None:
    data, target = film.read_bytes(), tmp_path / "growing.ts"
    target.write_bytes(data[: len(data) // 3])

    def grow() -> None:
        for part in (slice(len(data) // 3, -1000), slice(-1000, None)):
            time.sleep(0.3)
            with target.open("ab") as file:
                file.write(data[part])

    thread = threading.Thread(target=grow)
    thread.start()
    result = run("watch", target, "--follow", "--read-timeout", "1.5", "--model", model)
    thread.join()
    assert result.exit_code == 0
    assert lines(result.stdout)[2]["event"] == file_event(run, model, film)
    assert lines(result.stdout)[-1]["frames_seen"] == 50


@pytest.mark.skipif(os.name != "posix", reason="sends itself a signal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_with_a_summary_and_130(run, model: Path, number: int) -> None:
    def dark(moment: float) -> np.ndarray:
        return lamp(-1.0)

    step = (has_told("started"), lambda: interrupt(number))
    with camera_server(dark) as camera, afterwards(step):
        result = run("watch", f"http://{camera.place}/ts", "--model", model)
    assert result.exit_code == 130
    assert kinds(result.stdout) == ["started", "summary"]
    assert lines(result.stdout)[-1]["ended"] == "interrupted"
    assert "0 events" in result.stderr
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
