"""Reading a store: frames and flows as decoded and computed, found after a move, never damaged.

In: tiny videos, extracted. Out: nothing but assertions.
"""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from slipdetect.errors import DataError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.extract.batch import run_batch
from slipdetect.lab.extract.context import StopFlag, make_recipe
from slipdetect.lab.extract.plan import Planner, Rules
from slipdetect.store import VideoStore
from slipdetect.video import open_video
from store_tools import DIS, Record, extract, flip_byte, small_shards
from synth import cut, make_video


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    return make_video(folder / "slip.mp4", "slip", count=20, size=(64, 48)).path


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    small_shards(monkeypatch)


def decoded(video: Path, rate: float | None = None) -> list[np.ndarray]:
    with open_video(video) as opened:
        return [frame.image for frame in opened.frames(rate)]


def test_npz_holds_what_was_decoded_and_computed(video: Path, tmp_path: Path) -> None:
    extract(tmp_path / "s", video)
    stored = VideoStore(tmp_path / "s").find(video)
    images = decoded(video)
    extractor = FlowExtractor("dis", threads=1)
    flows = [extractor.quantize(extractor.pair(a, b)) for a, b in pairwise(images)]
    np.testing.assert_array_equal(stored.frames(), images)
    np.testing.assert_array_equal(stored.flows(), np.moveaxis(np.stack(flows), 1, -1))
    assert stored.times.tolist() == pytest.approx([i / 25 for i in range(20)])
    assert (stored.manifest.frames, stored.manifest.flows) == (20, 19)
    assert stored.recipe.flow == extractor.recipe()
    for start, stop in [(0, 5), (5, 9), (7, 20), (8, 16), (19, 30), (3, 3), (30, 40)]:
        np.testing.assert_array_equal(stored.frames(start, stop), np.stack(images)[start:stop])
        np.testing.assert_array_equal(stored.flows(start, stop), stored.flows()[start:stop])


def test_tsn_frames_are_the_decoded_ones_written_by_opencv(video: Path, tmp_path: Path) -> None:
    extract(tmp_path / "s", video, layout="tsn")
    store = tmp_path / "s"
    key = VideoStore(store).keys()[0]
    for i, image in enumerate(decoded(video), 1):
        cv2.imwrite(
            str(tmp_path / "x.jpg"),
            cv2.cvtColor(image, cv2.COLOR_RGB2BGR),
            [cv2.IMWRITE_JPEG_QUALITY, 95],
        )
        written = (store / key / f"frame_{i:06d}.jpg").read_bytes()
        assert written == (tmp_path / "x.jpg").read_bytes()
    assert len(list((store / f"{key}_u").iterdir())) == 19
    assert len(list((store / f"{key}_v").iterdir())) == 19
    stored = VideoStore(store).find(video)
    assert stored.frames().shape == (20, 48, 64, 3)
    assert stored.flows().shape == (19, 48, 64, 2)
    assert np.abs(stored.frames().astype(int) - np.stack(decoded(video))).mean() < 3


def test_every_setting_arrives(video: Path, tmp_path: Path) -> None:
    flow = FlowExtractor("dis", bound=20.0, preset="fast")
    extract(tmp_path / "s", video, sample_fps=10.0, size="letterbox:40x40", max_frames=5, flow=flow)
    stored = VideoStore(tmp_path / "s").find(video)
    assert stored.frames().shape == (5, 40, 40, 3)
    assert stored.times.tolist() == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert not stored.frames()[:, :4].any()
    assert stored.recipe.flow["bound"] == 20.0
    assert stored.recipe.flow["parameters"] == {"preset": "fast"}
    extractor = FlowExtractor.from_recipe(stored.recipe.flow)
    wanted = extractor.quantize(extractor.pair(*stored.frames()[:2]))
    np.testing.assert_array_equal(np.moveaxis(stored.flows()[0], -1, 0), wanted)


def test_short_side_is_the_readers(video: Path, tmp_path: Path) -> None:
    extract(tmp_path / "s", video, size="short:32", flow=None)
    with open_video(video) as opened:
        wanted = [frame.image for frame in opened.frames(None, 32)]
    np.testing.assert_array_equal(VideoStore(tmp_path / "s").find(video).frames(), wanted)


@pytest.mark.parametrize("layout", ["npz", "tsn"])
def test_F10_one_frame_gives_an_empty_flow_and_a_valid_store(layout: str, tmp_path: Path) -> None:
    clip = make_video(tmp_path / "one.mp4", "still", count=1, size=(64, 48)).path
    record = extract(tmp_path / "s", clip, layout=layout)
    assert record.errors == {}
    stored = VideoStore(tmp_path / "s").find(clip)
    assert stored.frames().shape == (1, 48, 64, 3)
    assert stored.flows().shape == (0, 48, 64, 2)
    if layout == "tsn":
        key = stored.manifest.key
        folders = {path.name for path in (tmp_path / "s").iterdir() if path.is_dir()}
        assert folders == {key, f"{key}_u", f"{key}_v"}


def test_a_part_that_was_not_extracted_says_so(video: Path, tmp_path: Path) -> None:
    extract(tmp_path / "a", video, rgb=False)
    extract(tmp_path / "b", video, flow=None)
    with pytest.raises(DataError, match="without frames"):
        VideoStore(tmp_path / "a").find(video).frames()
    with pytest.raises(DataError, match="without flow"):
        VideoStore(tmp_path / "b").find(video).flows()
    assert not list((tmp_path / "a").glob("*/rgb*"))
    assert not list((tmp_path / "b").glob("*/flow*"))


def test_a_truncated_video_is_extracted_with_a_warning(tmp_path: Path) -> None:
    whole = make_video(
        tmp_path / "w.mp4", count=50, size=(128, 96), options={"movflags": "faststart"}
    )
    clip = cut(whole.path, 0.6)
    record = extract(tmp_path / "s", clip)
    assert any("truncated" in text for text in record.results[clip.name].warnings)
    manifest = VideoStore(tmp_path / "s").find(clip).manifest
    assert manifest.decoding["truncated"] is True
    assert 0 < manifest.frames < 50


def test_a_moved_or_copied_video_is_found_and_another_is_not(video: Path, tmp_path: Path) -> None:
    extract(tmp_path / "s", video)
    store = VideoStore(tmp_path / "s")
    copy = tmp_path / "elsewhere" / video.name
    copy.parent.mkdir()
    shutil.copy(video, copy)
    assert store.find(copy).manifest.key == store.keys()[0]
    flip_byte(copy)
    assert store.find(copy) is None
    other = make_video(tmp_path / "slip.mp4", "walk", count=5, size=(64, 48)).path
    assert store.find(other) is None
    with pytest.raises(VideoError, match="not found"):
        store.find(tmp_path / "gone.mp4")
    with pytest.raises(DataError, match="is not a folder"):
        VideoStore(tmp_path / "nothing")


def test_a_video_that_changed_since_is_refused(video: Path, tmp_path: Path) -> None:
    clip = tmp_path / "c.mp4"
    shutil.copy(video, clip)
    extract(tmp_path / "s", clip)
    make_video(clip, "walk", count=5, size=(64, 48))
    with pytest.raises(DataError, match=r"has changed.*--overwrite"):
        VideoStore(tmp_path / "s").find(clip)


@pytest.mark.parametrize("layout", ["npz", "tsn"])
def test_S09_damage_is_named_when_read(layout: str, video: Path, tmp_path: Path) -> None:
    extract(tmp_path / "s", video, layout=layout)
    name = {"npz": "rgb_000001.npz", "tsn": "frame_000010.jpg"}[layout]
    flip_byte(next((tmp_path / "s").glob(f"*/{name}")))
    stored = VideoStore(tmp_path / "s").find(video)
    assert len(stored.frames(0, 8)) == 8
    with pytest.raises(DataError, match=rf"{name}' is damaged .*extract --repair"):
        stored.frames()


def test_what_decoding_says_does_not_depend_on_workers(video: Path, tmp_path: Path) -> None:
    second = make_video(tmp_path / "b.mp4", "walk", count=12, size=(64, 48)).path
    extract(tmp_path / "one", video, second, jobs=1)
    record = extract(tmp_path / "two", video, second, jobs=2)
    assert set(record.results) == {"slip.mp4", "b.mp4"}
    assert record.shares == sorted(record.shares)
    a, b = VideoStore(tmp_path / "one"), VideoStore(tmp_path / "two")
    assert a.keys() == b.keys()
    for one, two in zip(a, b, strict=True):
        np.testing.assert_array_equal(one.frames(), two.frames())
        np.testing.assert_array_equal(one.flows(), two.flows())


def test_what_a_process_finished_before_it_died_is_done(video: Path, tmp_path: Path) -> None:
    """Its task is tried again, because nobody heard of the end."""
    folder = tmp_path / "store"
    folder.mkdir()
    recipe = make_recipe(DIS)
    task = Planner(folder, recipe, Rules()).task(video)
    assert task is not None
    first, second = Record(), Record()
    for record in (first, second):
        run_batch([task], folder, recipe, record, StopFlag(), jobs=1)
    assert first.errors == second.errors == {}
    assert second.results == first.results != {}
    assert len(VideoStore(folder).find(video).frames()) == 20
