"""Fault cases of the extraction store, one test per ID (S10 and S11 have files of their own).

In: tiny videos and stores that something happened to. Out: the promised files and errors.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from slipdetect.cli.main import cli
from slipdetect.errors import DataError, OutputError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.extract import extract_video
from slipdetect.lab.extract.context import StopFlag
from slipdetect.lab.extract.files import StoreUnwritable
from slipdetect.lab.extract.lock import LOCK_NAME, OWNER_NAME, folder_lock
from slipdetect.lab.extract.plan import RecipeMismatch, Rules
from slipdetect.store import VideoStore
from slipdetect.store.names import store_key
from slipdetect.workers import AT_ONCE, SOON, Interrupted
from store_driver import tree
from store_tools import Record, extract, flip_byte, small_shards, stamps
from synth import make_video

DRIVER = Path(__file__).parents[1] / "store_driver.py"


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two clips: four shards with a short last one, and two full ones and a single frame."""
    folder = tmp_path_factory.mktemp("S")
    slip = make_video(folder / "slip.mp4", "slip", count=30, size=(64, 48)).path
    walk = make_video(folder / "walk.mp4", "walk", count=17, size=(64, 48)).path
    return [slip, walk]


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    small_shards(monkeypatch)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


@pytest.fixture
def run():
    """Return a function that runs ``slipdetect`` with its arguments."""
    return lambda *args: CliRunner().invoke(cli, [str(arg) for arg in args])


@pytest.mark.parametrize(
    ("layout", "points"),
    [
        ("npz", 6),
        ("tsn", 4),
        pytest.param("npz", 40, marks=pytest.mark.slow),
        pytest.param("tsn", 20, marks=pytest.mark.slow),
    ],
)
def test_S01_killed_at_any_moment_and_run_again_gives_the_same_bytes(
    layout: str, points: int, videos: list[Path], tmp_path: Path
) -> None:
    # random moments, and half as many steps of the work spread over all of it
    command = [sys.executable, DRIVER, *videos, tmp_path, layout, str(points)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert found["trials"] == points + points // 2


def test_S01_a_run_again_redoes_the_unfinished_shard_only(
    videos: list[Path], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    with pytest.raises(Interrupted):
        extract(store, videos[0], stop=StopAfter(14, AT_ONCE))
    before = stamps(store)
    kept = [name for name in before if name.endswith(".npz")]
    assert [Path(name).name for name in sorted(kept)] == ["flow_000000.npz", "rgb_000000.npz"]
    extract(store, videos[0])
    after = stamps(store)
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    extract(tmp_path / "whole", videos[0])
    assert tree(store) == tree(tmp_path / "whole")


def test_S01_a_finished_shard_that_was_damaged_meanwhile_is_redone(
    videos: list[Path], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    with pytest.raises(Interrupted):
        extract(store, videos[0], stop=StopAfter(28, AT_ONCE))
    flip_byte(next(store.glob("*/flow_000001.npz")))
    extract(store, videos[0])
    extract(tmp_path / "whole", videos[0])
    assert tree(store) == tree(tmp_path / "whole")


def test_S01_killed_with_workers_that_outlive_it(videos: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    args = [*videos, "--out", store, "--flow", "dis", "--jobs", "2"]
    command = [sys.executable, "-m", "slipdetect.cli.main", "extract", *map(str, args)]
    first = subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL)
    limit = time.monotonic() + 60
    while not list(store.glob(".*.journal")) and first.poll() is None:
        assert time.monotonic() < limit
        time.sleep(0.001)
    first.send_signal(signal.SIGKILL)
    first.wait()
    again = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    whole = [str(tmp_path / "whole") if arg == str(store) else arg for arg in command]
    subprocess.run(whole, env=environment(), check=True, capture_output=True)
    assert tree(store) == tree(tmp_path / "whole")


class StopAfter(StopFlag):
    """A stop that is asked for when so many frames were read."""

    def __init__(self, frames: int, level: int) -> None:
        super().__init__()
        self._left = frames
        self._then = level

    def __call__(self) -> int:
        # asked once a frame, and once more after every shard
        self._left -= 1
        if self._left <= 0:
            self.level = self._then
        return self.level


def test_S02_a_stop_finishes_the_shard_and_a_run_again_the_rest(
    videos: list[Path], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    with pytest.raises(Interrupted):
        extract(store, *videos, stop=StopAfter(4, SOON))
    written = sorted(path.name for path in store.glob("*/*"))
    assert written == ["flow_000000.npz", "rgb_000000.npz"]
    assert not list(store.glob("*.json"))
    extract(store, *videos)
    extract(tmp_path / "whole", *videos)
    assert tree(store) == tree(tmp_path / "whole")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_S02_ctrl_c_ends_with_130_and_says_how_to_go_on(jobs: str, tmp_path: Path) -> None:
    clips = [
        make_video(tmp_path / f"{name}.mp4", "walk", count=300, size=(320, 240)).path
        for name in "ab"
    ]
    store = tmp_path / "store"
    args = [*clips, "--out", store, "--flow", "tvl1-opencv", "--jobs", jobs]
    command = [sys.executable, "-m", "slipdetect.cli.main", "extract", *map(str, args)]
    # a terminal sends Ctrl-C to the workers as well
    process = subprocess.Popen(
        command, env=environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    limit = time.monotonic() + 60
    while not list(store.glob(".*.journal")):
        assert time.monotonic() < limit
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    # two signals that come before the first is looked at are one
    assert process.stderr is not None
    assert "press Ctrl-C again" in process.stderr.readline()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "re-run to resume" in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert not (store / LOCK_NAME).exists()
    assert not list(store.rglob("*.part"))


def test_S02_a_worker_that_is_still_starting_does_not_hear_ctrl_c(
    videos: list[Path], tmp_path: Path
) -> None:
    # it imports this first, long before it could ignore the signal by itself
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if '--multiprocessing-fork' in sys.orig_argv:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
    )
    args = [*videos, "--out", tmp_path / "store", "--no-flow", "--jobs", "2"]
    command = [sys.executable, "-m", "slipdetect.cli.main", "extract", *map(str, args)]
    paths = {"PYTHONPATH": os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]])}
    done = subprocess.run(command, env=environment() | paths, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_S03_the_folder_of_a_living_process_is_refused_with_its_name(
    videos: list[Path], tmp_path: Path, run
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    with folder_lock(store):
        result = run("extract", videos[0], "--out", store, "--flow", "dis")
    assert result.exit_code == 6
    assert f"process {os.getpid()} on {socket.gethostname()} since 2" in result.stderr
    assert result.stderr.count("\n") == 1
    assert tree(store) == {}


def test_S03_a_holder_that_has_not_signed_is_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipdetect.lab.extract.lock._SECONDS_TO_SIGN", 0.1)
    with folder_lock(tmp_path):
        (tmp_path / OWNER_NAME).unlink()
        with pytest.raises(OutputError, match="written by another process; wait for it"):
            folder_lock(tmp_path).__enter__()
    assert tree(tmp_path) == {}


def test_S03_what_a_dead_process_left_is_taken_over_that_of_another_machine_is_not(
    tmp_path: Path,
) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    lock, signed = tmp_path / LOCK_NAME, tmp_path / OWNER_NAME
    owner = {"pid": dead.pid, "host": socket.gethostname(), "started": "2020-01-01 00:00:00"}
    lock.touch()
    signed.write_text(json.dumps(owner))
    with folder_lock(tmp_path):
        assert json.loads(signed.read_text())["pid"] == os.getpid()
    assert tree(tmp_path) == {}
    signed.write_text(json.dumps({**owner, "host": "elsewhere"}))
    with pytest.raises(OutputError, match=f"process {dead.pid} on elsewhere since 2020"):
        folder_lock(tmp_path).__enter__()
    assert signed.exists()


def test_S03_two_processes_at_once_leave_a_whole_store(videos: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    args = [*videos, "--out", store, "--flow", "dis"]
    command = [sys.executable, "-m", "slipdetect.cli.main", "extract", *map(str, args)]
    both = [
        subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=100)[1] for process in both]
    codes = [process.returncode for process in both]
    assert set(codes) <= {0, 6}
    assert 0 in codes
    assert all("being written by process" in e for e, c in zip(errors, codes, strict=True) if c)
    assert [video.manifest.frames for video in VideoStore(store)] == [30, 17]


@pytest.mark.parametrize("case", ["file", "parent", "read-only"])
def test_S04_a_folder_that_cannot_be_written_is_found_before_decoding(
    case: str, videos: list[Path], tmp_path: Path, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipdetect.video.reader.open_video", _never)
    store = tmp_path / "store"
    if case == "file":
        store.write_text("")
    elif case == "parent":
        store = tmp_path / "no" / "store"
    else:
        store.mkdir()
        # the superuser may write everywhere
        monkeypatch.setattr("slipdetect.lab.extract.files.os.access", lambda *_: False)
    result = run("extract", videos[0], "--out", store, "--flow", "dis")
    assert result.exit_code == 6
    assert result.stderr.count("\n") == 1
    expected = {"file": "is a file", "parent": "does not exist", "read-only": "is read-only"}
    assert expected[case] in result.stderr


def _never(*_: object, **__: object) -> None:
    raise AssertionError("decoding began")


@pytest.mark.parametrize("layout", ["npz", "tsn"])
@pytest.mark.parametrize("step", ["write", "fsync", "replace", "journal"])
def test_S05_a_full_disk_leaves_no_half_file_and_a_store_that_resumes(
    step: str, layout: str, videos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    with monkeypatch.context() as patch:
        _fill_disk(patch, step)
        with pytest.raises(StoreUnwritable, match=r"No space left on device.*resumes") as caught:
            extract(store, *videos, layout=layout)
    assert caught.value.exit_code == 6
    assert not list(store.rglob("*.part"))
    extract(store, *videos, layout=layout)
    extract(tmp_path / "whole", *videos, layout=layout)
    assert tree(store) == tree(tmp_path / "whole")


def _fill_disk(patch: pytest.MonkeyPatch, step: str) -> None:
    """Let the disk be full at the second shard."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    owner, name = {
        "write": (Path, "open"),
        "fsync": (os, "fsync"),
        "replace": (Path, "replace"),
        "journal": (os, "ftruncate"),
    }[step]
    real, calls = getattr(owner, name), 0

    def limited(target: object, *args: object, **options: object) -> object:
        nonlocal calls
        # files are opened for other reasons too
        calls += owner is os or str(target).endswith(".part")
        if calls > 3:
            raise full
        return real(target, *args, **options)

    patch.setattr(owner, name, limited)


def test_S05_too_little_space_is_found_before_the_first_shard(
    videos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run
) -> None:
    monkeypatch.setattr(extract_video.shutil, "disk_usage", lambda _: SimpleNamespace(free=20_000))
    result = run("extract", videos[0], "--out", tmp_path / "store", "--flow", "dis")
    assert result.exit_code == 6
    assert "takes about" in result.stderr
    assert not list(tmp_path.glob("store/*/*"))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"flow": FlowExtractor("dis", bound=20.0)}, "bound 15 instead of 20"),
        ({"flow": FlowExtractor("dis", preset="fast")}, "preset medium instead of"),
        ({"flow": FlowExtractor("tvl1-opencv")}, "method dis instead of tvl1-opencv"),
        ({"flow": None}, "flow dis instead of none"),
        ({"sample_fps": 10.0}, "sample_fps none instead of 10"),
        ({"size": "short:32"}, "size native instead of short:32"),
        ({"layout": "tsn"}, "layout npz instead of tsn"),
        ({"max_frames": 9}, "max_frames none instead of 9"),
        ({"rgb": False}, "rgb True instead of False"),
    ],
)
def test_S06_other_settings_are_refused_by_name_and_overwrite_redoes_all(
    settings: dict[str, object], text: str, videos: list[Path], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    extract(store, videos[0])
    before = tree(store)
    with pytest.raises(RecipeMismatch, match=text):
        extract(store, videos[0], **settings)
    assert tree(store) == before
    extract(store, videos[0], rules=Rules(overwrite=True), **settings)
    extract(tmp_path / "fresh", videos[0], **settings)
    again, fresh = tree(store), tree(tmp_path / "fresh")
    if settings == {"layout": "tsn"}:
        # the store keeps the name that it had, a fresh one has a plain name
        key = store_key(videos[0])
        del again[f"{key}.json"], fresh["slip.json"]
        fresh = {name.replace("slip", key, 1): content for name, content in fresh.items()}
    assert again == fresh


def test_S06_another_opencv_major_is_refused_a_minor_is_not(
    videos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cv2

    store = tmp_path / "store"
    extract(store, videos[0])
    major = int(cv2.__version__.split(".")[0])
    monkeypatch.setattr(cv2, "__version__", f"{major}.99.9")
    assert extract(store, videos[0]).results == {}
    monkeypatch.setattr(cv2, "__version__", f"{major + 1}.0.0")
    with pytest.raises(RecipeMismatch, match=f"opencv {major} instead of {major + 1}"):
        extract(store, videos[0])


def test_S06_an_unfinished_extraction_is_refused_too(videos: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    with pytest.raises(Interrupted):
        extract(store, videos[0], stop=StopAfter(14, AT_ONCE))
    with pytest.raises(RecipeMismatch, match="bound 15 instead of 20"):
        extract(store, videos[0], flow=FlowExtractor("dis", bound=20.0))


@pytest.mark.parametrize("change", ["time", "content", "size"])
def test_S07_a_changed_source_is_refused_and_overwrite_redoes_it(
    change: str, videos: list[Path], tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    shutil.copy(videos[0], clip)
    store = tmp_path / "store"
    extract(store, clip)
    if change == "time":
        os.utime(clip, ns=(1, 1))
    elif change == "content":
        data = bytearray(clip.read_bytes())
        data[-20] ^= 1
        clip.write_bytes(data)
    else:
        shutil.copy(videos[1], clip)
    words = {"time": "time of last change", "content": "content", "size": "size"}
    with pytest.raises(OutputError, match=f"has changed since.*{words[change]}"):
        extract(store, clip)
    extract(store, clip, rules=Rules(overwrite=True))
    assert extract(store, clip).results == {}
    found = VideoStore(store).find(clip)
    assert found is not None
    assert found.manifest.frames == (17 if change == "size" else 30)


def test_S08_equal_stems_get_their_own_places(videos: list[Path], tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("a/x.mp4", "b/x.mp4", "x.y.mp4", "x.z.mp4", "x.y.mkv")]
    for place in places:
        place.parent.mkdir(exist_ok=True)
        shutil.copy(videos[1], place)
    for layout in ("tsn", "npz"):
        store = tmp_path / layout
        for _ in range(2):
            extract(store, *places, layout=layout, rules=Rules(overwrite=True))
            keys = VideoStore(store).keys()
            assert len(keys) == len(set(keys)) == 5
            for place in places:
                found = VideoStore(store).find(place)
                assert found is not None
                # alone of its name, and in the field's layout
                plain = layout == "tsn" and place.stem == "x.z"
                assert found.manifest.key == ("x.z" if plain else store_key(place))
                assert found.manifest.source.name == place.name


@pytest.mark.parametrize("layout", ["npz", "tsn"])
@pytest.mark.parametrize("damage", ["flipped", "truncated", "missing"])
def test_S09_a_damaged_file_is_named_and_only_its_shard_is_repaired(
    damage: str, layout: str, videos: list[Path], tmp_path: Path, run
) -> None:
    store = tmp_path / "store"
    extract(store, *videos, layout=layout)
    whole, before = tree(store), stamps(store)
    pattern = {"npz": "slip*/flow_000001.npz", "tsn": "slip*_u/000012.jpg"}[layout]
    victim = next(store.glob(pattern))
    if damage == "flipped":
        flip_byte(victim)
    elif damage == "truncated":
        victim.write_bytes(victim.read_bytes()[:-3])
    else:
        victim.unlink()
    args = ["extract", *videos, "--out", store, "--layout", layout, "--flow", "dis"]
    result = run(*args, "--verify")
    assert result.exit_code == 5
    assert str(victim) in result.stderr
    assert "extract --repair" in result.stderr
    with pytest.raises(DataError, match=f"{victim.name}.*extract --repair"):
        next(iter(VideoStore(store))).flows()
    result = run(*args, "--repair")
    assert result.exit_code == 0, result.output
    assert tree(store) == whole
    after = stamps(store)
    del before[str(victim.relative_to(store))], after[str(victim.relative_to(store))]
    assert after == before


def test_S09_sizes_are_checked_without_being_asked(videos: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    extract(store, videos[0])
    next(store.glob("*/rgb_000002.npz")).unlink()
    with pytest.raises(DataError, match=r"rgb_000002.npz' is missing.*--repair"):
        extract(store, videos[0])


def test_S09_a_repair_that_is_killed_leaves_nothing_behind(
    videos: list[Path], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    extract(store, videos[0])
    whole = tree(store)
    shard = next(store.glob("*/rgb_000002.npz"))
    shard.with_name(f".{shard.name}.part").write_bytes(b"half")
    extract(store, videos[0], rules=Rules(repair=True))
    assert tree(store) == whole


def test_S09_a_damaged_manifest_is_named_and_repaired(videos: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    extract(store, videos[0])
    whole = tree(store)
    manifest = next(store.glob("*.json"))
    manifest.write_bytes(manifest.read_bytes()[:500])
    with pytest.raises(DataError, match=r"manifest .*slip.*cannot be used.*--repair"):
        extract(store, videos[0])
    extract(store, videos[0], rules=Rules(repair=True))
    assert tree(store) == whole


def test_S09_a_repair_that_would_give_other_bytes_is_refused(
    videos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    extract(store, videos[0])
    flip_byte(next(store.glob("*/flow_000001.npz")))
    before = tree(store)
    monkeypatch.setattr(
        "slipdetect.flow.FlowExtractor.quantize",
        lambda self, flow: np.zeros(flow.shape, np.uint8),
    )
    record: Record = extract(store, videos[0], rules=Rules(repair=True))
    assert "pass --overwrite" in str(record.errors["slip.mp4"])
    assert tree(store) == before
