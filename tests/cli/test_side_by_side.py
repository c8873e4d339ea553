"""Several videos at once: results in order, callbacks in their turn, one bad video hurts no other.

In: tasks that wait for each other, videos. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crew_tasks import Telling
from slipdetect.cli.main import cli
from slipdetect.cli.side_by_side import SideBySide
from slipdetect.detection import Detector
from slipdetect.errors import OutputError, VideoError
from slipdetect.workers.manifest import Manifest
from slipdetect.workers.processes import Processes

EXAMPLE = Path(__file__).parents[2] / "examples" / "slip.mp4"


@pytest.fixture(autouse=True)
def _tests_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # workers import the tasks
    paths = [str(Path(__file__).parents[1]), *filter(None, sys.path)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


def unheard(*_: Any) -> None:
    """Take what nobody asks for."""


def test_callbacks_come_in_the_turn_of_their_video_and_results_are_noted_at_once(
    tmp_path: Path,
) -> None:
    # the first waits until the result of the second has been noted
    sources = ["waits-for-noted", "second", "bad", "two"]
    heard: list[Any] = []
    noted: list[str] = []

    def note(*what: Any) -> None:
        heard.append(what)

    def done(source: str, _: Any) -> None:
        noted.append(source)
        (tmp_path / "noted").touch()

    make: Any = Telling(tmp_path)
    with (
        Processes(2) as backend,
        SideBySide(backend, make, sources, done) as run,
    ):
        assert run("waits-for-noted", note, note) == "waits-for-noted"
        assert run("second", note, note) == "second"
        with pytest.raises(VideoError, match="damaged"):
            run("bad", note, note)
        assert run("two", note, note) == "two"
    assert heard == [
        each
        for source in sources
        if source != "bad"
        for each in ((1.0, 2.0), (f"fall in {source}",))
    ]
    assert noted[0] == "second"
    assert sorted(noted) == ["second", "two", "waits-for-noted"]


def test_who_is_interrupted_leaves_no_process_behind(tmp_path: Path) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    make: Any = Telling(tmp_path)
    with Processes(2) as backend:
        with (
            pytest.raises(KeyboardInterrupt),
            SideBySide(backend, make, ["endless", "endless-2"], unheard) as run,
        ):
            run("endless", interrupted, unheard)
        assert not backend._workers


@pytest.fixture
def three(tmp_path: Path) -> list[str]:
    """The example, a file that is no video, and the example once more."""
    bad, copy = tmp_path / "bad.mp4", tmp_path / "copy.mp4"
    bad.write_bytes(b"no video")
    copy.write_bytes(EXAMPLE.read_bytes())
    return [str(EXAMPLE), str(bad), str(copy)]


def detect(*words: str, seconds: int = 6) -> Any:
    part = ("--max-duration", str(seconds), "--format", "csv")
    return CliRunner().invoke(cli, ["detect", *words, *part])


@pytest.mark.slow
def test_the_command_gives_the_same_in_processes_and_when_it_goes_on(
    three: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = str(tmp_path / "done.jsonl")
    plain = detect(*three)
    fast = detect(*three, "--jobs", "2", "--resume", done)
    assert plain.exit_code == fast.exit_code == 5
    assert fast.stdout == plain.stdout
    assert len(fast.stdout.splitlines()) == 3
    assert fast.stderr == plain.stderr
    assert "bad.mp4" in fast.stderr
    rows = [json.loads(line) for line in Path(done).read_text().splitlines()]
    assert sorted(row["source"] for row in rows[1:]) == sorted([three[0], three[2]])

    looked: list[str] = []
    real = Detector.detect

    def counted(self: Detector, source: Any, **options: Any) -> Any:
        looked.append(str(source))
        return real(self, source, **options)

    monkeypatch.setattr(Detector, "detect", counted)
    again = detect(*three, "--resume", done)
    # what failed is tried again, what is done is not
    assert looked == [three[1]]
    assert (again.stdout, again.stderr, again.exit_code) == (plain.stdout, plain.stderr, 5)
    other = detect(*three, "--resume", done, "--onset", "0.9")
    assert other.exit_code == 6
    assert "done.jsonl' holds results of another run, with other events" in other.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_where_what_is_done_cannot_be_written_the_run_ends(
    three: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    def full(self: Manifest[Any], name: str, result: Any) -> None:
        raise OutputError("cannot write 'done.jsonl': No space left on device")

    monkeypatch.setattr(Manifest, "add", full)
    result = detect(*three, "--jobs", jobs, "--resume", str(tmp_path / "done.jsonl"), seconds=1)
    assert result.exit_code == 6
    assert result.stderr.count("No space left on device") == 1
    assert "internal error" not in result.stderr


def test_what_is_done_is_read_once(
    three: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = str(tmp_path / "done.jsonl")
    first = detect(three[0], "--resume", done)
    found: list[str] = []
    real = Manifest.find

    def counted(self: Manifest[Any], name: str) -> Any:
        found.append(name)
        return real(self, name)

    monkeypatch.setattr(Manifest, "find", counted)
    assert detect(three[0], "--resume", done).stdout == first.stdout
    assert found == [three[0]]


def test_zones_go_along_to_workers_and_into_what_is_done(three: list[str], tmp_path: Path) -> None:
    zones, done = tmp_path / "zones.toml", str(tmp_path / "done.jsonl")
    zones.write_text("[zone.all]\nexclude = [[0, 0], [1, 0], [1, 1], [0, 1]]\n")
    call = (three[0], three[2], "--resume", done)
    result = detect(*call, "--jobs", "2", "--zones", str(zones))
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1)
    again = detect(*call, "--zones", str(zones))
    assert (again.exit_code, again.stdout) == (0, result.stdout)
    other = detect(*call)
    assert other.exit_code == 6
    assert "done.jsonl' holds results of another run, with other zones" in other.stderr


def test_where_nothing_can_be_begun_it_is_told_in_a_line(three: list[str], tmp_path: Path) -> None:
    wrong = detect(*three, "--on", "dask")
    assert wrong.exit_code == 2
    assert wrong.stderr.splitlines()[-1].startswith("Error: --on takes ray or ray://HOST:PORT")
    file = detect(*three, "--resume", str(tmp_path / "copy.mp4"))
    assert file.exit_code == 3
    assert "is no file of done videos" in file.stderr
    assert (tmp_path / "copy.mp4").read_bytes() == EXAMPLE.read_bytes()


def test_without_ray_it_is_said_what_to_install(
    three: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    result = detect(*three, "--on", "ray")
    assert result.exit_code == 1
    assert "pip install 'slipdetect[ray]' here and on every machine" in result.stderr
