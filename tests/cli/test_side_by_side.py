"""Several videos at once: results in order, callbacks in their turn, one bad video hurts no other.

In: detecting functions that wait for each other. Out: nothing but assertions.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from slipdetect.cli.main import cli
from slipdetect.cli.side_by_side import SideBySide
from slipdetect.errors import VideoError

EXAMPLE = Path(__file__).parents[2] / "examples" / "slip.mp4"


def unheard(*_: Any) -> None:
    """Take what nobody asks for."""


def test_so_many_run_at_once_and_no_more() -> None:
    running, most, meeting = set(), [0], threading.Barrier(3, timeout=10)

    def detect(source: str, on_progress: Any, on_event: Any) -> Any:
        running.add(source)
        most[0] = max(most[0], len(running))
        if source in "abc":
            meeting.wait()  # the first three are there together
        running.discard(source)
        return source.upper()

    with SideBySide(detect, list("abcdefg"), 3) as run:
        assert [run(source, unheard, unheard) for source in "abcdefg"] == list("ABCDEFG")
    assert most == [3]


def test_callbacks_come_in_the_turn_of_their_video_and_in_the_callers_thread() -> None:
    second_is_done = threading.Event()

    def detect(source: str, on_progress: Any, on_event: Any) -> Any:
        if source == "first":
            assert second_is_done.wait(10)
        on_progress(1.0, 2.0)
        on_event(f"fall in {source}")
        if source == "second":
            second_is_done.set()
        return source

    heard: list[Any] = []

    def note(*what: Any) -> None:
        heard.append((threading.current_thread() is threading.main_thread(), *what))

    with SideBySide(detect, ["first", "second"], 2) as run:
        for source in ("first", "second"):
            run(source, note, note)
    assert heard == [
        (True, 1.0, 2.0),
        (True, "fall in first"),
        (True, 1.0, 2.0),
        (True, "fall in second"),
    ]


def test_an_error_is_that_of_its_video() -> None:
    def detect(source: str, on_progress: Any, on_event: Any) -> Any:
        if source == "bad":
            raise VideoError("'bad' is damaged")
        return source

    with SideBySide(detect, ["one", "bad", "two"], 2) as run:
        assert run("one", unheard, unheard) == "one"
        with pytest.raises(VideoError, match="damaged"):
            run("bad", unheard, unheard)
        assert run("two", unheard, unheard) == "two"


def test_who_is_interrupted_leaves_no_thread_behind() -> None:
    begun = threading.Event()

    def detect(source: str, on_progress: Any, on_event: Any) -> Any:
        begun.set()
        for second in range(10_000):
            on_progress(float(second), None)
            time.sleep(0.01)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), SideBySide(detect, list("abcd"), 2) as run:
        run("a", interrupted, unheard)
    assert begun.is_set()
    names = [thread.name for thread in threading.enumerate()]
    assert not any(name.startswith("slipdetect-video") for name in names)


def test_the_command_gives_the_same_as_one_after_the_other(tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(EXAMPLE.read_bytes())
    words = ["detect", str(EXAMPLE), str(bad), str(copy), "--max-duration", "6", "--format", "csv"]
    plain = CliRunner().invoke(cli, words)
    fast = CliRunner().invoke(cli, [*words, "--jobs", "2"])
    assert plain.exit_code == fast.exit_code == 5
    assert fast.stdout == plain.stdout
    assert len(fast.stdout.splitlines()) == 3
    assert fast.stderr == plain.stderr
    assert "bad.mp4" in fast.stderr
