"""Commands run for events: what reaches them, what never does, and how they fail.

In: programs that write down their arguments and stdin. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import FALL
from slipdetect.errors import AlertError, UsageError
from slipdetect.sinks.command import PLACEHOLDERS, Command
from slipdetect.sinks.sink import Alert

RECORDER = "import json,sys; json.dump([sys.argv[2:], sys.stdin.read()], open(sys.argv[1], 'w'))"


def line(script: str, *rest: object) -> str:
    return shlex.join([sys.executable, "-c", script, *map(str, rest)])


def told(source: str = "kitchen.mp4") -> Alert:
    return Alert(source, "tiny", FALL)


def test_the_program_gets_its_arguments_and_the_json(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    alert = told()
    wanted = "{source} {start}-{end} {peak} {score} {label} {state} {down_for}"
    Command(line(RECORDER, out, wanted, "{start}", "{ }", '{"a": 1}')).send(alert)
    arguments, stdin = json.loads(out.read_text())
    assert arguments == [
        "kitchen.mp4 3.200-4.900 4.100 0.970 slip event 0.0",
        "3.200",
        "{ }",
        '{"a": 1}',
    ]
    assert json.loads(stdin) == {
        "version": 2,
        "type": "event",
        "id": alert.id,
        "created": alert.created,
        "source": {"name": "kitchen.mp4"},
        "model": {"name": "tiny"},
        "event": {"start": 3.2, "end": 4.9, "peak": 4.1, "score": 0.97, "label": "slip"},
    }


HOSTILE = [
    "a; touch pwned.mp4",
    "$(touch pwned).mp4",
    "`touch pwned`.mp4",
    "a | touch pwned > x && y.mp4",
    "' \" \\ * ? ~ $HOME.mp4",
    "two words\nand lines.mp4",
    "{end}{label}.mp4",
    os.fsdecode(b"not utf-8 \xff.mp4"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_shell_reads_a_file_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Command(line(RECORDER, "out.json", "{source}", "last")).send(told(name))
    assert json.loads(Path("out.json").read_text())[0] == [name, "last"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_one_argument_stays_one_whatever_the_name(name: str) -> None:
    command = Command(line("pass", "--file={source}", "{source}", "{label}"))
    arguments = command.arguments(told(name))
    assert len(arguments) == 6
    if "://" not in name:
        inner = f"./{name}" if name.startswith("-") else name
        assert arguments[3:] == [f"--file={inner}", inner, "slip"]


def test_a_name_like_an_option_is_none() -> None:
    assert Command(line("pass", "{source}")).arguments(told("-rf"))[3] == "./-rf"


def test_L06_a_password_in_the_source_is_in_no_argument(tmp_path: Path) -> None:
    alert = told("rtsp://user:s3cret@camera/live?token=t0ken")
    said = " ".join(Command(line("pass", "{source}")).arguments(alert)) + alert.to_json()
    assert "s3cret" not in said
    assert "t0ken" not in said
    assert "rtsp://" in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("''", "empty"),
        ("echo 'open", "no closing quotation"),
        ("no-such-program-here {source}", "was not found"),
        ("{source} x", "must not depend on the event"),
        ("echo {strat}", "unknown placeholder {strat}"),
    ],
)
def test_a_command_that_cannot_work_is_refused_before_the_work(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        Command(text)


def test_every_placeholder_is_documented() -> None:
    page = Path(__file__).parents[2] / "docs" / "alerts.md"
    for name in PLACEHOLDERS:
        assert f"`{{{name}}}`" in page.read_text(encoding="utf-8")


def test_failures_say_what_happened() -> None:
    with pytest.raises(AlertError, match="ended with exit code 3"):
        Command(line("raise SystemExit(3)")).send(told())
    with pytest.raises(AlertError, match="ended with signal 9"):
        Command(line("import os; os.kill(os.getpid(), 9)")).send(told())


def test_a_program_that_does_not_read_is_no_failure() -> None:
    long = replace(FALL, label="x" * 100_000)  # more than a pipe holds
    Command(line("import os; os.close(0)")).send(Alert("a.mp4", "tiny", long))


CHILDREN = (
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "open(sys.argv[1], 'w').write(str(child.pid)); time.sleep(60)"
)


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
def test_one_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with pytest.raises(AlertError, match=r"took more than 1\.5 s"):
        Command(line(CHILDREN, file), timeout=1.5).send(told())
    assert gone(int(file.read_text()))


def test_stop_ends_a_program_that_runs(tmp_path: Path) -> None:
    command = Command(line("import time; time.sleep(60)"), timeout=60)
    threading.Timer(0.5, command.stop).start()
    with pytest.raises(AlertError, match=r"signal 9|exit code"):
        command.send(told())
    with pytest.raises(AlertError, match="run was ended"):
        command.send(told())


def test_stop_ends_a_program_that_is_being_started(monkeypatch: pytest.MonkeyPatch) -> None:
    command = Command(line("import time; time.sleep(60)"), timeout=30.0)
    start = subprocess.Popen

    def slow(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        process = start(*arguments, **options)
        command.stop()
        return process

    monkeypatch.setattr(subprocess, "Popen", slow)
    begin = time.monotonic()
    with pytest.raises(AlertError, match="signal 9"):
        command.send(told())
    assert time.monotonic() - begin < 10


def test_what_it_prints_is_not_among_the_results(capfd: pytest.CaptureFixture[str]) -> None:
    Command(line("print('ding')")).send(told())
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "ding\n"
