"""Training and detection take flow from a store, and refuse what another recipe made.

In: tiny videos, extracted. Out: the same arrays and windows as without a store, or one line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from slipdetect import backbones
from slipdetect.detection import Detector
from slipdetect.errors import DataError, UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.data import FrameCache, Sampling
from slipdetect.models import TSN, save_package
from slipdetect.store import VideoStore
from store_tools import extract, flip_byte, small_shards
from stub_models import create_stub, stub_config
from synth import make_video

SAMPLING = Sampling(5.0, 48)
RECIPE = FlowExtractor("dis").recipe()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_video(tmp_path / "clip.mp4", count=60, rate=10.0).path


@pytest.fixture
def no_flow_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise AssertionError("flow was computed")

    monkeypatch.setattr(FlowExtractor, "iter", refuse)


def stored(clip: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> VideoStore:
    small_shards(monkeypatch)
    folder = clip.parent / "store"
    settings = {"sample_fps": 5.0, "size": "short:48", **settings}
    record = extract(folder, clip, **settings)
    assert not record.errors
    return VideoStore(folder)


def test_training_reads_the_same_frames_and_flows_as_it_would_compute(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = FrameCache(clip.parent / "plain", SAMPLING, RECIPE)
    frames, flows = plain.frames(clip), plain.flows(clip)
    assert np.ptp(flows) > 10
    store = stored(clip, monkeypatch)
    monkeypatch.setattr(FlowExtractor, "iter", None)
    monkeypatch.setattr("slipdetect.lab.data.frame_cache.open_video", None)
    cache = FrameCache(clip.parent / "cache", SAMPLING, RECIPE, store)
    np.testing.assert_array_equal(cache.frames(clip), frames)
    np.testing.assert_array_equal(cache.flows(clip), flows)


def test_a_clip_that_is_not_in_the_store_is_computed(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stored(clip, monkeypatch)
    other = make_video(tmp_path / "other.mp4", count=21, rate=10.0).path
    cache = FrameCache(tmp_path / "cache", SAMPLING, RECIPE, store)
    assert cache.flows(other).shape == (10, 48, 64, 2)


def test_a_store_without_frames_gives_its_flow(
    clip: Path, monkeypatch: pytest.MonkeyPatch, no_flow_is_computed: None
) -> None:
    monkeypatch.undo()
    store = stored(clip, monkeypatch, rgb=False)
    monkeypatch.setattr("slipdetect.lab.data.frame_cache.FlowExtractor", None)
    cache = FrameCache(clip.parent / "cache", SAMPLING, RECIPE, store)
    assert cache.flows(clip).shape == (29, 48, 64, 2)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"sample_fps": 10.0}, "sample_fps 10 instead of 5"),
        ({"size": "short:40"}, "size short:40 instead of short:48"),
        ({"max_frames": 9}, "max_frames 9 instead of none"),
    ],
)
def test_training_refuses_another_recipe(
    clip: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], words: str
) -> None:
    store = stored(clip, monkeypatch, **settings)
    cache = FrameCache(clip.parent / "cache", SAMPLING, RECIPE, store)
    with pytest.raises(DataError, match=words) as caught:
        cache.flows(clip)
    assert "\n" not in str(caught.value)


@pytest.fixture
def detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Detector:
    monkeypatch.setattr(backbones, "create_backbone", create_stub)
    torch.manual_seed(3)
    config = stub_config("flow", sample_fps=5.0, frame_short_side=48)
    streams = {"flow": TSN("stub", "flow").state_dict()}
    save_package(tmp_path / "model", config, streams, dtype=torch.float32)
    return Detector.load(tmp_path / "model", device="cpu")


def test_detection_with_a_store_says_the_same_without_computing_flow(
    clip: Path, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = detector.detect(clip)
    assert len({window.probability for window in plain.windows}) > 1
    store = stored(clip, monkeypatch)
    monkeypatch.setattr(FlowExtractor, "iter", None)
    assert detector.detect(clip, store=store).windows == plain.windows


def test_flow_of_other_frames_than_are_looked_at_is_refused(
    clip: Path, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stored(clip, monkeypatch)
    with pytest.raises(UsageError, match=r"leave the store or frame_rate=\.\.\. out"):
        detector.detect(clip, store=store, frame_rate=20.0)


def test_a_model_refuses_flow_of_another_recipe_than_its_own(
    clip: Path, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stored(clip, monkeypatch, flow=FlowExtractor("dis", bound=20.0))
    with pytest.raises(DataError, match="bound 20 instead of 15") as caught:
        detector.detect(clip, store=store)
    assert "\n" not in str(caught.value)


def test_a_damaged_store_is_named_by_detection(
    clip: Path, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stored(clip, monkeypatch)
    victim = sorted(path for path in store.folder.rglob("*flow*") if path.is_file())[1]
    flip_byte(victim)
    with pytest.raises(DataError, match=f"{victim.name}.*extract --repair"):
        detector.detect(clip, store=store)
