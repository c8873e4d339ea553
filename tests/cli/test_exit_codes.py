"""How ``detect`` ends: a code for every outcome, one line for every error, no traceback.

In: runs with a stand-in detector. Out: nothing but assertions.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from slipdetect._io import check_writable
from slipdetect.cli.console import Bar, Console, name_options
from slipdetect.cli.main import cli
from slipdetect.errors import OutputError

pytestmark = pytest.mark.usefixtures("fake", "wishes")


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["none.mp4"], 0),
        (["fall.mp4"], 0),
        (["cut.mp4"], 0),
        (["fall.mp4", "--fail-on-event"], 10),
        (["none.mp4", "--fail-on-event"], 0),
        (["missing.mp4"], 3),
        (["missing.mp4", "gone.mp4"], 3),
        (["missing.mp4", "none.mp4"], 5),
        (["missing.mp4", "fall.mp4", "--fail-on-event"], 5),
        (["cut.mp4", "--strict"], 3),
        (["cut.mp4", "none.mp4", "--strict"], 5),
        (["bug.mp4"], 1),
        (["bug.mp4", "none.mp4"], 5),
        (["stop.mp4"], 130),
        ([], 2),
        (["none.mp4", "--onset", "2"], 2),
        (["none.mp4", "--onset", "0.4", "--offset", "0.6"], 2),
        (["none.mp4", "--nonsense"], 2),
        (["none.mp4", "--out", "fall.mp4", "--format", "csv"], 6),
        (["none.mp4", "--out", "no/folder/x.json"], 6),
    ],
)
def test_exit_code(run, args: list[str], code: int) -> None:
    result = run("detect", *args)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    if code not in (0, 10):
        assert "Error: " in result.stderr


def test_a_model_that_is_missing_or_a_pickle_is_4(run, monkeypatch, wishes: Path) -> None:
    monkeypatch.undo()
    (wishes / "net.pt").write_bytes(b"\x80\x04.")
    for model in ("nowhere", wishes / "net.pt"):
        result = run("detect", wishes / "none.mp4", "--model", model)
        assert result.exit_code == 4
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""


def test_an_empty_folder_is_3_and_says_so(run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("detect", "empty")
    assert result.exit_code == 3
    assert "holds no video" in result.stderr


def test_no_slip_found_is_said(run) -> None:
    result = run("detect", "none.mp4")
    assert "no event" in result.stdout
    assert result.stderr == ""


def test_one_broken_input_stops_nothing(run) -> None:
    result = run("detect", "fall.mp4", "bug.mp4", "missing.mp4", "none.mp4", "--format", "csv")
    assert result.exit_code == 5
    assert [line.split(",")[0] for line in result.stdout.splitlines()] == ["source", "fall.mp4"]
    assert result.stderr.count("\n") == 2
    assert "'bug.mp4': internal error: ValueError: shapes differ; run with --debug" in result.stderr


def test_ctrl_c_keeps_what_is_done(run) -> None:
    result = run("detect", "fall.mp4", "stop.mp4", "none.mp4")
    assert result.exit_code == 130
    assert "00:00:03.200-00:00:04.900" in result.stdout
    assert "none.mp4" not in result.stdout
    assert "interrupted: 1 of 3 inputs done" in result.stderr


def test_ctrl_c_keeps_what_is_done_in_a_file_too(run, wishes: Path) -> None:
    result = run("detect", "fall.mp4", "stop.mp4", "--out", "x.csv")
    assert result.exit_code == 130
    assert len((wishes / "x.csv").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("args", "env"),
    [
        (["--debug", "detect", "bug.mp4"], {}),
        (["detect", "bug.mp4", "--debug"], {}),
        (["detect", "bug.mp4"], {"SLIPDETECT_DEBUG": "1"}),
    ],
)
def test_debug_shows_the_traceback(run, args: list[str], env: dict[str, str]) -> None:
    result = run(*args, env=env)
    assert result.exit_code == 1
    assert "Traceback" in result.stderr


@pytest.mark.parametrize("value", ["nan", "-nan", "inf"])
@pytest.mark.parametrize(
    "args",
    [
        ("detect", "fall.mp4", "--clips", "clips", "--clip-margin"),
        ("detect", "fall.mp4", "--on-event", "true", "--cooldown"),
        ("detect", "fall.mp4", "--on-event", "true", "--alert-timeout"),
        ("detect", "fall.mp4", "--frame-rate"),
        ("extract", "fall.mp4", "--out", "store", "--bound"),
        ("doctor", "fall.mp4", "--frame-rate"),
        ("prepare", "intervals", "t.csv", "--out", "o.csv", "--cut", "c", "--before"),
    ],
)
def test_what_is_no_number_is_no_number_of_seconds(run, args: tuple[str, ...], value: str) -> None:
    result = run(*args, value)
    assert result.exit_code == 2, result.output
    assert args[-1] in result.stderr
    assert "inite number" in result.stderr or "is not in the range" in result.stderr


def test_options_come_from_the_environment(run) -> None:
    result = run("detect", "fall.mp4", env={"SLIPDETECT_DETECT_FORMAT": "csv"})
    assert result.stdout.startswith("source,id,")
    result = run("detect", "fall.mp4", "--format", "json", env={"SLIPDETECT_DETECT_FORMAT": "csv"})
    assert result.stdout.startswith('{"version": 2')


def test_warnings_are_quiet_on_demand(run) -> None:
    assert "Warning: 'cut.mp4': truncated" in run("detect", "cut.mp4").stderr
    for args in (["-q", "detect", "cut.mp4"], ["detect", "cut.mp4", "-q"]):
        result = run(*args)
        assert result.stderr == ""
        assert "truncated" in result.stdout


def test_a_library_that_the_system_lacks_is_one_line_with_what_to_install(run, monkeypatch) -> None:
    """A slim container has no X libraries, and OpenCV's wheel none of its own."""

    def fails(*_: object, **__: object) -> None:
        raise ImportError("libxcb.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr("slipdetect.cli.detect_options.DetectSettings.load_detector", fails)
    result = run("detect", "kitchen.mp4")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "no libxcb.so.1" in result.stderr
    assert "apt-get install libgl1" in result.stderr


def test_messages_of_the_library_name_options(run, fake: None, wishes: Path) -> None:
    taken = wishes / "there.json"
    taken.write_text("mine")
    result = run("detect", "fall.mp4", "--out", taken)
    assert "exists already; pass --overwrite or another" in result.stderr
    with pytest.raises(OutputError, match="pass overwrite=True or another"):
        check_writable(taken, overwrite=False)


def test_only_what_the_command_has_is_renamed() -> None:
    text = "give overwrite=True, device='cpu:1', max_pixels=... or nothing=True, as in a=b"
    with cli.make_context("slipdetect", ["detect", "x.mp4"]) as ctx:
        assert name_options(text) == text
        command = cli.get_command(ctx, "detect")
        with command.make_context("detect", ["x.mp4"], parent=ctx):
            wanted = "give --overwrite, --device cpu:1, --max-pixels or nothing=True, as in a=b"
            assert name_options(text) == wanted


def test_messages_of_other_threads_name_options_too() -> None:
    found: list[str] = []
    with cli.make_context("slipdetect", ["watch", "0"]) as ctx:
        command = cli.get_command(ctx, "watch")
        with command.make_context("watch", ["0"], parent=ctx):
            thread = threading.Thread(target=lambda: found.append(name_options("retries=... sets")))
            thread.start()
            thread.join()
    assert found == ["--retries sets"]


def test_what_a_thread_says_when_the_bar_ends_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar(1.0, shown=False)

    class Ending(Console):
        """Its bar is gone at the second look."""

        _looks = 0

        @property
        def _bar(self) -> Bar | None:
            self._looks += 1
            return bar if self._looks == 1 else None

        @_bar.setter
        def _bar(self, bar: Bar | None) -> None:
            pass

    Ending().note("an alert failed")
    assert capsys.readouterr().err == "an alert failed\n"
