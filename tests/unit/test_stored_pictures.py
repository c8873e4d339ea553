"""The manifest of a stored video, read like any other video.

In: small extractions and sets, some of them damaged. Out: frames, times, what the report says.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from course_archives import archive, author_flow, frames
from slipdetect.errors import DataError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.course2020.archive_set import CourseSettings, prepare_archives
from slipdetect.lab.course2020.archives import jpeg_size
from slipdetect.lab.data.frame_cache import FrameCache, Sampling
from slipdetect.store import VideoStore
from slipdetect.video import open_video
from store_tools import extract
from synth import make_video

NAME = "v_Slipping_g01_c01"


@pytest.fixture(scope="module", name="made")
def one_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("set")
    of = frames(NAME, 3, 7, (48, 32))
    packed = archive(place / "a.zip", {**of, **author_flow(NAME, of)})
    prepare_archives([packed], place / "set", CourseSettings(fps=10.0))
    return place / "set"


@pytest.fixture(name="manifest")
def a_copy(made: Path, tmp_path: Path) -> Path:
    (tmp_path / NAME).mkdir()
    for path in (made / NAME).iterdir():
        (tmp_path / NAME / path.name).write_bytes(path.read_bytes())
    copy = tmp_path / f"{NAME}.json"
    copy.write_bytes((made / copy.name).read_bytes())
    return copy


def edited(manifest: Path, change: Callable[[dict[str, Any]], None]) -> None:
    facts = json.loads(manifest.read_bytes())
    change(facts)
    manifest.write_text(json.dumps(facts).replace('{"format"', '{\n"format"', 1), "utf-8")


def test_an_extraction_is_read_as_its_video(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", "walk", count=9, size=(48, 32)).path
    extract(tmp_path / "store", video, layout="tsn", flow=None)
    stored = VideoStore(tmp_path / "store")["a"]
    with open_video(tmp_path / "store" / "a.json") as opened:
        read = list(opened.frames())
    assert [frame.time for frame in read] == stored.times.tolist()
    np.testing.assert_array_equal([frame.image for frame in read], stored.frames())
    assert (opened.info.width, opened.info.height, opened.report.frames) == (48, 32, 9)
    extract(tmp_path / "npz", video, flow=None)
    with pytest.raises(VideoError, match="without pictures of its own; give the video"):
        open_video(next((tmp_path / "npz").glob("a-*.json")))


def test_rate_size_and_end_are_those_asked_for(manifest: Path) -> None:
    with open_video(manifest) as video:
        assert video.info.frame_rate == pytest.approx(10.0)
        assert video.info.duration == pytest.approx(0.7)
        few = list(video.frames(5.0, 16))
    assert [frame.time for frame in few] == [0.0, 0.2, 0.4, 0.6]
    assert {frame.image.shape for frame in few} == {(16, 24, 3)}
    with open_video(manifest, frame_rate=20.0, max_duration=0.2) as video:
        assert [frame.time for frame in video.frames()] == [0.0, 0.05, 0.1, 0.15]
    with pytest.raises(VideoError, match="more than the limit"):
        open_video(manifest, max_pixels=1000)


def test_what_is_damaged_is_left_out_and_told(manifest: Path) -> None:
    (manifest.parent / NAME / "frame_000003.jpg").unlink()
    (manifest.parent / NAME / "frame_000005.jpg").write_bytes(b"x")
    with open_video(manifest) as video:
        times = [frame.time for frame in video.frames()]
    assert times == [0.0, 0.1, 0.3, 0.5, 0.6]
    assert (video.report.failures, video.report.truncated) == (2, True)
    (manifest.parent / NAME / "frame_000001.jpg").write_bytes(b"")
    with pytest.raises(VideoError, match="lacks its first picture"):
        open_video(manifest)


def test_gaps_are_those_between_the_pictures_that_were_read(manifest: Path) -> None:
    edited(manifest, lambda facts: facts.update(times=[0.0, 1.0, 12.0, 21.0, 23.0, 24.0, 50.0]))
    (manifest.parent / NAME / "frame_000004.jpg").unlink()
    with open_video(manifest, max_duration=30.0) as video:
        assert [frame.time for frame in video.frames()] == [0.0, 1.0, 12.0, 23.0, 24.0]
    assert [(gap.start, gap.end) for gap in video.report.gaps] == [(1.0, 12.0), (12.0, 23.0)]
    assert any("2 gaps without pictures" in text for text in video.report.warnings)


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts.update(times=[]),
        lambda facts: facts.update(times=[0.0, 0.2, 0.1]),
        lambda facts: facts.update(times=[-1.0]),
        lambda facts: facts.update(times="x"),
        lambda facts: facts.pop("width"),
        lambda facts: facts.update(recipe=[]),
    ],
)
def test_a_manifest_that_makes_no_sense(
    change: Callable[[dict[str, Any]], None], manifest: Path
) -> None:
    edited(manifest, change)
    with pytest.raises(VideoError, match=r"make it again"):
        open_video(manifest)


def test_flow_is_the_stored_one_and_pictures_are_fitted(made: Path, tmp_path: Path) -> None:
    """Frames of 48x32 px at 10 a second, asked for as such, smaller, and slower."""
    clip, store = made / f"{NAME}.json", VideoStore(made)
    recipe = FlowExtractor("tvl1-opencv").recipe()
    cache = FrameCache(tmp_path / "a", Sampling(10.0, 40), recipe, store)
    np.testing.assert_array_equal(cache.frames(clip), store[NAME].frames())
    np.testing.assert_array_equal(cache.flows(clip), store[NAME].flows())
    for sampling, words in (
        (Sampling(10.0, 16), "size native instead of short:16"),
        (Sampling(5.0, 40), "sample_fps none instead of 5"),
    ):
        with pytest.raises(DataError, match=f"fits other settings .*{words}"):
            FrameCache(tmp_path / "b", sampling, recipe, store).flows(clip)
        plain = FrameCache(tmp_path / "c", sampling, None, store).frames(clip)
        assert plain.shape[0] == (7 if sampling.sample_fps == 10 else 4)
        assert min(plain.shape[1:3]) == min(sampling.short_side, 32)


@pytest.mark.parametrize("progressive", [0, 1])
def test_the_size_of_a_jpeg(progressive: int) -> None:
    for shape in ((24, 40), (33, 7, 3), (600, 500, 3)):
        picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
        done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive])
        assert done
        whole = data.tobytes()
        assert jpeg_size(whole) == (shape[1], shape[0])
        for bad in (
            b"",
            whole[2:],
            whole[:-2],
            whole[:20],
            whole[:2] + whole[-2:],
            b"\xff\xd8\xff",
        ):
            assert jpeg_size(bad) is None
