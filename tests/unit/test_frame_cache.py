"""The frame cache: decoded once, redone when the clip changed or the array was damaged.

In: tiny videos. Out: arrays, and when they were computed.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from slipdetect.errors import DataError, OutputError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.data import FrameCache, Sampling, frame_cache
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

    monkeypatch.setattr(frame_cache.np, "save", full)
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
    with pytest.raises(OutputError, match="cannot make the frame cache"):
        FrameCache(tmp_path / "file" / "cache", SAMPLING)


def test_long_names_and_namesakes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    one = make_video(tmp_path / "x.mp4", count=5).path
    long_name = tmp_path / ("𝄞" * 60 + ".mp4")
    long_name.write_bytes(one.read_bytes())
    two = make_video(tmp_path / "a" / "x.mp4", count=10).path
    cache = FrameCache(tmp_path / "cache", Sampling(25.0, 48))
    assert [len(cache.frames(path)) for path in (one, two, long_name)] == [5, 10, 5]
