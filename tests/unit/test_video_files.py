"""Finding and writing video files.

In: folders and pictures. Out: sorted paths, files that read back, and nothing half-written.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from slipdetect.errors import OutputError, UsageError, VideoError
from slipdetect.video import find_videos, open_video, write_video
from slipdetect.video.decoder import is_cut_off
from synth import bars, make_video, read_code


def test_find_videos_sorts_descends_and_leaves_out(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MKV", "sub/c.avi", "notes.txt", ".unfinished.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "again").symlink_to(tmp_path)
    found = [path.relative_to(tmp_path).as_posix() for path in find_videos(tmp_path)]
    assert found == ["a.MKV", "b.mp4", "sub/c.avi"]


@pytest.fixture(name="place")
def a_place_for_others(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder that is reached, by somebody who may not read everything."""
    was_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        if was_root:
            os.chown(name, 65534, -1)
            os.seteuid(65534)
        try:
            yield Path(name)
        finally:
            if was_root:
                os.seteuid(0)
            for path in Path(name).rglob("*"):
                path.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_may_not_be_looked_at_is_told(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.mp4", "closed/b.mp4", "listed/c.mp4", "listed/d.odd"):
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).touch()
    (place / "closed").chmod(0)
    (place / "listed").chmod(0o444)
    assert find_videos(place) == [place / "a.mp4", place / "listed" / "c.mp4"]
    assert "2 files that are no videos that can be read: 'closed', 'listed/d.odd'" in caplog.text
    with pytest.raises(VideoError, match="cannot be read: Permission denied; check the path"):
        find_videos(place / "closed" / "b.mp4")
    with pytest.raises(VideoError, match="cannot be read: File name too long"):
        find_videos(place / ("a" * 300))


def test_find_videos_takes_a_file_as_it_is_and_names_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "odd.name").touch()
    assert find_videos(tmp_path / "odd.name") == [tmp_path / "odd.name"]
    with pytest.raises(VideoError, match="not found"):
        find_videos(tmp_path / "missing")


@pytest.mark.parametrize("size", [(128, 96), (129, 97)])
def test_written_video_reads_back(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "out.mp4"
    write_video(path, (bars(i, *size) for i in range(20)), 12.5)
    with open_video(path) as video:
        frames = list(video.frames())
        assert (video.info.width, video.info.height) == (
            size[0] + size[0] % 2,
            96 + 2 * (size[1] % 2),
        )
        assert video.info.codec == "h264"
    assert [read_code(frame.image) for frame in frames] == list(range(20))
    assert [frame.time for frame in frames] == pytest.approx([i / 12.5 for i in range(20)])
    assert np.abs(frames[7].image[:96, :128].astype(int) - bars(7, *size)[:96, :128]).mean() < 8


def test_existing_file_is_kept_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists"):
        write_video(path, [bars(0)], 25)
    assert path.read_bytes() == b"precious"
    write_video(path, [bars(0)], 25, overwrite=True)
    assert path.stat().st_size > 100


def test_failed_writing_leaves_nothing(tmp_path: Path) -> None:
    def broken():
        yield bars(0)
        yield bars(0, 64, 48)

    with pytest.raises(UsageError, match="one size"):
        write_video(tmp_path / "a.mp4", broken(), 25)
    with pytest.raises(UsageError, match="no frames"):
        write_video(tmp_path / "a.mp4", [], 25)
    with pytest.raises(UsageError, match="uint8"):
        write_video(tmp_path / "a.mp4", [bars(0).astype(np.float32)], 25)
    for rate in (0.0, float("nan")):
        with pytest.raises(UsageError, match="per second"):
            write_video(tmp_path / "a.mp4", [bars(0)], rate)
    with pytest.raises(OutputError, match=r"'\.nonsense'"):
        write_video(tmp_path / "a.nonsense", [bars(0)], 25)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_file_that_is_removed_while_it_is_read_is_read_to_its_end(
    tmp_path: Path, name: str
) -> None:
    path = make_video(tmp_path / name, count=5).path
    with open_video(path) as video:
        path.unlink()
        assert len(list(video.frames())) == 5
    assert not video.report.truncated


@pytest.mark.parametrize("limit", [2**31, 10**20])
def test_any_limit_of_pixels_may_be_named(tmp_path: Path, limit: int) -> None:
    path = make_video(tmp_path / "a.mp4", count=5).path
    with open_video(path, max_pixels=limit) as video:
        assert len(list(video.frames())) == 5


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.avi", "a.webm"])
def test_cut_off_files_are_told_from_whole_ones(tmp_path: Path, name: str) -> None:
    codec = {"a.webm": "libvpx", "a.avi": "mpeg4"}.get(name, "libx264")
    options = {"movflags": "faststart"} if name == "a.mp4" else {}
    path = make_video(tmp_path / name, codec=codec, count=5, options=options).path
    assert not is_cut_off(path)
    data = path.read_bytes()
    for kept in (len(data) // 2, len(data) - 40):
        path.write_bytes(data[:kept])
        assert is_cut_off(path)
