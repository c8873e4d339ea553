"""``detect`` with commands, webhooks and clips: what is told, written, counted and kept secret.

In: runs with a stand-in detector, and one with a tiny model. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import slipdetect
from hook_server import hook_server
from slipdetect.sinks.webhook import Webhook
from slipdetect.video import open_video

RECORDER = "import sys; open('told.jsonl', 'a').write(sys.stdin.read())"
RECORD = shlex.join([sys.executable, "-c", RECORDER])
FAIL = shlex.join([sys.executable, "-c", "raise SystemExit(4)"])


@pytest.fixture
def folder(fake: None, wishes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (wishes / "second.mp4").write_text("fall")
    return wishes


def told(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "told.jsonl").read_text().splitlines()]


def test_a_command_and_a_webhook_hear_of_every_event(run, folder: Path) -> None:
    with hook_server(204) as server:
        files = ("fall.mp4", "none.mp4", "second.mp4")
        hook = ("--webhook", f"http://{server.place}/x")
        result = run("detect", *files, "--on-event", RECORD, *hook, "--format", "json")
    assert result.exit_code == 0, result.output
    assert [each["source"]["name"] for each in told(folder)] == ["fall.mp4", "second.mp4"]
    assert [json.loads(body) for body in server.bodies] == told(folder)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["event"] for each in told(folder)] == [*lines[0]["events"], *lines[2]["events"]]
    assert result.stderr.splitlines() == [
        "command: 2 of 2 alerts sent",
        "webhook: 2 of 2 alerts sent",
    ]


def test_a_failing_command_is_a_warning_and_counted(run, folder: Path) -> None:
    result = run("detect", "fall.mp4", "second.mp4", "none.mp4", "--on-event", FAIL)
    assert result.exit_code == 0
    first, second, last = result.stderr.splitlines()
    assert first.startswith(
        "Warning: command: no alert for the event at 00:00:03.200 of 'fall.mp4'"
    )
    assert "ended with exit code 4" in second
    assert last == "Warning: command: 0 of 2 alerts sent, 2 failed"
    assert "2 with a slip" in result.stdout


def test_no_event_no_word(run, folder: Path) -> None:
    result = run("detect", "none.mp4", "--on-event", RECORD)
    assert result.stderr == ""
    assert not (folder / "told.jsonl").exists()


def test_L05_a_password_in_the_address_is_in_no_output(
    run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Webhook, "__init__", _impatient(Webhook.__init__))
    secrets = ("hook-user", "s3cr3t", "t0k3n", "p4th")
    with hook_server(500) as server:
        good = f"http://hook-user:s3cr3t@{server.place}/p4th?token=t0k3n"
        runs = [
            run("detect", "fall.mp4", "-vv", "--debug", "--format", "json", "--webhook", good),
            run("detect", "fall.mp4", env={"SLIPDETECT_DETECT_WEBHOOK": good}),
        ]
    assert len(server.bodies) >= 4
    runs.append(run("detect", "fall.mp4", "--debug", "--webhook", "rtsp://hook-user:s3cr3t@h/p4th"))
    assert [each.exit_code for each in runs] == [0, 0, 2]
    assert "HTTP 500" in runs[0].stderr
    assert "webhook: 0 of 1 alert sent, 1 failed" in runs[1].stderr
    for each in runs:
        assert not [secret for secret in secrets if secret in each.output]


def _impatient(init):
    return lambda self, address, timeout, cooldown: init(self, address, timeout, cooldown, (0.01,))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--on-event", "no-such-program-here"], "was not found"),
        (["--on-event", "echo {strat}"], "unknown placeholder"),
        (["--webhook", "ftp://x/y"], "http"),
        (["--cooldown", "5"], "--cooldown is for --on-event, --webhook and --notify"),
        (["--alert-timeout", "5"], "--alert-timeout is for"),
        (["--clip-margin", "5"], "--clip-margin is for --clips"),
    ],
)
def test_what_cannot_work_is_said_before_the_work(
    run, folder: Path, args: list[str], words: str
) -> None:
    result = run("detect", "stop.mp4", *args)
    assert result.exit_code == 2
    assert words in result.stderr


INTERRUPTED = """
import sys
sys.path[:0] = {folders!r}
import slipdetect.detection
from results import FakeDetector
slipdetect.detection.Detector = FakeDetector
from slipdetect.cli.main import run
run()
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_ends_the_wait_and_the_command_that_runs_and_loses_nothing(folder: Path) -> None:
    script = "open('runs', 'w').close(); import time; time.sleep(60)"
    command = shlex.join([sys.executable, "-c", script])
    folders = [str(Path(file).resolve().parents[1]) for file in (__file__, slipdetect.__file__)]
    start = [sys.executable, "-c", INTERRUPTED.format(folders=folders)]
    start += ["detect", "fall.mp4", "--on-event", command, "--alert-timeout", "60"]
    process = subprocess.Popen(
        [*start, "--out", "events.csv"], stderr=subprocess.PIPE, text=True, cwd=folder
    )
    while not (folder / "runs").exists():
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)  # the results are there, and the wait has begun
    process.send_signal(signal.SIGINT)
    # its pipe is shared with the command, so that it closes when both are gone
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "1 failed" in err
    assert "3.2" in (folder / "events.csv").read_text()


def test_a_clip_that_fails_is_a_warning_and_5(run, folder: Path) -> None:
    result = run("detect", "fall.mp4", "none.mp4", "--clips", "clips")  # no videos at all
    assert result.exit_code == 5
    assert result.stderr.startswith("Warning: 'fall.mp4' is not a video")
    assert "1 with a slip" in result.stdout
    assert list((folder / "clips").iterdir()) == []


def test_clips_of_an_earlier_run_are_found_before_the_work(run, folder: Path) -> None:
    (folder / "clips").mkdir()
    there = folder / "clips" / "stop-00-00-01.500.mp4"
    there.write_text("mine")
    result = run("detect", "stop.mp4", "--clips", "clips")
    assert result.exit_code == 6
    assert "exists already" in result.stderr
    (folder / "clips" / "other-00-00-01.500.mp4").write_text("of another video")
    assert run("detect", "none.mp4", "--clips", "clips").exit_code == 0
    assert there.read_text() == "mine"


def test_events_of_real_videos(run, videos: Path, tiny_package: Path, tmp_path: Path) -> None:
    always = ("--onset", 0, "--offset", 0, "--model", tiny_package)
    files = (videos / "0.mp4", videos / "1.mp4", videos / "0.mp4")
    told = tmp_path / "told"
    script = f"import sys; open({str(told)!r}, 'a').write(' '.join(sys.argv[1:]) + chr(10))"
    command = shlex.join([sys.executable, "-c", script, "{start}", "{source}"])
    clips = ("--clips", tmp_path / "clips", "--clip-margin", 0.5)
    result = run("detect", *files, *always, *clips, "--on-event", command)
    assert result.exit_code == 0, result.output
    assert told.read_text().splitlines() == [f"0.000 {file}" for file in files]
    names = ["0-00-00-00.000.mp4", "1-00-00-00.000.mp4"]
    assert sorted(path.name for path in (tmp_path / "clips").iterdir()) == names
    with open_video(tmp_path / "clips" / names[1]) as video:
        assert len(list(video.frames())) == 31
    again = run("detect", *files[:1], *always, *clips)
    assert again.exit_code == 6
    assert run("detect", *files[:1], *always, *clips, "--overwrite").exit_code == 0
