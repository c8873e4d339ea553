"""The frame cache: decoded once, redone when the clip changed or the array was damaged.

In: tiny videos. Out: arrays, and when they were computed.
"""

from __future__ import annotations

import os
import shutil
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from slipdetect.errors import DataError, OutputError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.data import FrameCache, Sampling, array_file, frame_cache
from slipdetect.lab.data.array_file import in_order, write_rows
from slipdetect.video import Frame
from synth import make_video, read_code

SAMPLING = Sampling(5.0, 48)
FLOW = FlowExtractor("dis", bound=15.0)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_video(tmp_path / "clip.mp4", count=21, rate=10.0).path


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Paths in the order in which they were decoded."""
    paths: list[Path] = []
    opened = frame_cache.open_video

    def spy(path: Path) -> object:
        paths.append(path)
        return opened(path)

    monkeypatch.setattr(frame_cache, "open_video", spy)
    return paths


def test_frames_are_sampled_by_time_and_decoded_once(
    tmp_path: Path, clip: Path, decoded: list[Path]
) -> None:
    cache = FrameCache(tmp_path / "cache", SAMPLING)
    frames = cache.frames(clip)
    assert frames.shape == (11, 48, 64, 3)
    assert frames.dtype == np.uint8
    assert [read_code(f) for f in frames] == list(range(0, 21, 2))
    assert not frames.flags.writeable
    assert np.array_equal(FrameCache(tmp_path / "cache", SAMPLING).frames(clip), frames)
    assert decoded == [clip]


def test_another_sampling_or_a_changed_file_is_decoded_again(
    tmp_path: Path, clip: Path, decoded: list[Path]
) -> None:
    cache = FrameCache(tmp_path / "cache", SAMPLING)
    cache.frames(clip)
    assert len(FrameCache(tmp_path / "cache", Sampling(10.0, 48)).frames(clip)) == 21
    assert len(decoded) == 2
    make_video(clip, count=11, rate=10.0)
    assert len(cache.frames(clip)) == 6
    os.utime(clip, ns=(1, 1))
    cache.frames(clip)
    assert len(decoded) == 4


def test_flow_leads_from_each_frame_to_the_next(tmp_path: Path, clip: Path) -> None:
    cache = FrameCache(tmp_path / "cache", SAMPLING, FLOW.recipe())
    frames, flows = cache.frames(clip), cache.flows(clip)
    assert flows.shape == (10, 48, 64, 2)
    wanted = FLOW.quantize(FLOW.pair(frames[3], frames[4]))
    assert np.array_equal(flows[3], np.moveaxis(wanted, 0, -1))
    other = FrameCache(tmp_path / "cache", SAMPLING, FlowExtractor("dis", bound=5.0).recipe())
    assert not np.array_equal(other.flows(clip), flows)


def test_one_frame_has_one_still_field(tmp_path: Path) -> None:
    clip = make_video(tmp_path / "one.mp4", count=1).path
    cache = FrameCache(tmp_path / "cache", SAMPLING, FLOW.recipe())
    assert cache.flows(clip).shape == (1, 48, 64, 2)
    assert (cache.flows(clip) == 128).all()


def test_flow_without_a_recipe_is_refused(tmp_path: Path, clip: Path) -> None:
    with pytest.raises(DataError, match="no flow recipe"):
        FrameCache(tmp_path / "cache", SAMPLING).flows(clip)


@pytest.mark.parametrize("name", ["missing.mp4", "text.mp4", "a\0b.mp4"])
def test_unreadable_clips_leave_nothing_behind(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(VideoError):
        FrameCache(tmp_path / "cache", SAMPLING).frames(tmp_path / name)
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_array_appears_whole_or_not_at_all(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(array_file, "_write_header", full)
    with pytest.raises(OutputError, match="No space left"):
        FrameCache(tmp_path / "cache", SAMPLING).frames(clip)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("size", [0, 50, 1000])
def test_a_damaged_array_is_made_again(tmp_path: Path, clip: Path, size: int) -> None:
    cache = FrameCache(tmp_path / "cache", SAMPLING)
    wanted = np.array(cache.frames(clip))
    kept = max((tmp_path / "cache").iterdir(), key=lambda file: file.stat().st_size)
    kept.write_bytes(kept.read_bytes()[:size])
    assert np.array_equal(cache.frames(clip), wanted)


def test_an_array_with_a_damaged_header_is_made_again(tmp_path: Path, clip: Path) -> None:
    cache = FrameCache(tmp_path / "cache", SAMPLING)
    wanted = np.array(cache.frames(clip))
    kept = max((tmp_path / "cache").iterdir(), key=lambda file: file.stat().st_size)
    whole = kept.read_bytes()
    kept.write_bytes(whole[:8] + b"\x01" + whole[9:])  # a header that ends after one character
    assert np.array_equal(cache.frames(clip), wanted)


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot make folder"):
        FrameCache(tmp_path / "file" / "cache", SAMPLING)


def test_long_names_and_namesakes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    one = make_video(tmp_path / "x.mp4", count=5).path
    long_name = tmp_path / ("𝄞" * 60 + ".mp4")
    long_name.write_bytes(one.read_bytes())
    two = make_video(tmp_path / "a" / "x.mp4", count=10).path
    cache = FrameCache(tmp_path / "cache", Sampling(25.0, 48))
    assert [len(cache.frames(path)) for path in (one, two, long_name)] == [5, 10, 5]


@pytest.mark.parametrize(
    "array",
    [
        np.random.default_rng(0).integers(0, 255, (1234, 6, 8, 3), np.uint8),
        np.arange(77) / 3,
        np.full((1, 5, 7, 2), 128, np.uint8),
    ],
    ids=["frames", "times", "one field"],
)
def test_rows_make_the_file_that_numpy_saves(tmp_path: Path, array: np.ndarray) -> None:
    """So what older versions kept is read, and they read what is kept now."""
    np.save(tmp_path / "whole.npy", array)
    write_rows(tmp_path / "rows.npy", iter(array))
    assert (tmp_path / "rows.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


LONG, SIDE = 400, 64
PICTURE = SIDE * SIDE * 3


@pytest.fixture
def long_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clip of so many pictures that differ, whose codec takes no memory."""

    class Drawn:
        info = SimpleNamespace(duration=LONG / 5, width=SIDE, height=SIDE)

        def __enter__(self) -> Drawn:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def frames(self, rate: float, short_side: int) -> Iterator[Frame]:
            for index in range(LONG):
                yield Frame(index / rate, np.full((SIDE, SIDE, 3), index % 251, np.uint8))

    monkeypatch.setattr(frame_cache, "open_video", lambda path: Drawn())
    path = tmp_path / "long.mp4"
    path.touch()
    return path


@pytest.mark.parametrize("kind", ["frames", "flows"])
def test_a_long_clip_is_never_held_as_a_whole(tmp_path: Path, long_clip: Path, kind: str) -> None:
    cache = FrameCache(tmp_path / "cache", SAMPLING, FLOW.recipe())
    tracemalloc.start()
    try:
        made = cache.frames(long_clip) if kind == "frames" else cache.flows(long_clip)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(made) == (LONG if kind == "frames" else LONG - 1)
    kept = cache.frames(long_clip)
    assert [int(kept[index, 0, 0, 0]) for index in (0, 63, 64, 399)] == [0, 63, 64, 399 - 251]
    assert peak < 40 * PICTURE


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_rows_that_were_read_leave_memory(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 255, (640, 64 * 1024), np.uint8)
    write_rows(tmp_path / "rows.npy", array)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")

    def read(rows: Iterator[np.ndarray]) -> int:
        """Return how many bytes of files are in memory at most, beyond those from before."""
        before, most = mapped_bytes(), 0
        for row, wanted in zip(rows, array, strict=True):
            assert np.array_equal(row, wanted)
            most = max(most, mapped_bytes() - before)
        return most

    assert read(in_order(mapped)) < array.nbytes / 4
    first, *_ = in_order(mapped)
    assert np.array_equal(first, array[0])
    # what this test would find otherwise
    assert read(iter(mapped)) > array.nbytes * 3 / 4


def mapped_bytes() -> int:
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[2]) * os.sysconf("SC_PAGE_SIZE")


def test_the_disk_that_clips_take_is_told_before(tmp_path: Path, long_clip: Path) -> None:
    cache = FrameCache(tmp_path / "cache", SAMPLING, FLOW.recipe())
    # 80 s at 5 frames a second and the first one, 48 x 48 px, colors and flow: 4.6 MB
    told = cache.require_room([long_clip, long_clip, tmp_path / "missing.mp4"])
    assert told.startswith("decoded clips will take about 5 MB in ")
    cache.frames(long_clip)
    # 401 x 48 x 48 x 2
    assert cache.require_room([long_clip]).startswith("decoded clips will take about 2 MB in ")
    cache.flows(long_clip)
    assert cache.require_room([long_clip]) == ""


def test_the_estimate_is_what_a_clip_takes(tmp_path: Path, clip: Path) -> None:
    cache = FrameCache(tmp_path / "cache", SAMPLING, FLOW.recipe())
    assert cache.missing_bytes(clip) == 11 * 64 * 48 * 5
    assert (cache.frames(clip).nbytes, cache.missing_bytes(clip)) == (
        11 * 64 * 48 * 3,
        11 * 64 * 48 * 2,
    )


@pytest.mark.parametrize(("free", "fits"), [(250_000, True), (150_000, False)])
def test_clips_that_have_no_room_are_refused(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, free: int, fits: bool
) -> None:
    other = tmp_path / "other.mp4"
    shutil.copy(clip, other)
    cache = FrameCache(tmp_path / "cache", SAMPLING)
    monkeypatch.setattr(frame_cache.shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    if fits:
        assert "0 MB in" in cache.require_room([clip, other])
        return
    # 2 x 101 kB
    with pytest.raises(OutputError, match=r"about 0 MB in .*, where 0 MB are free; free"):
        cache.require_room([clip, other])
    assert list((tmp_path / "cache").iterdir()) == []
