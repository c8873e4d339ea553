"""Clip scores are what plain loops over segments and crops, or over detection's windows, give.

In: tiny clips and networks with random weights. Out: nothing but assertions.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from slipdetect.detection import Detector
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data import Clip, FrameCache, Sampling
from slipdetect.lab.evaluate.clip_scoring import corner_boxes, score_clips, snippet_views
from slipdetect.lab.evaluate.protocol import WINDOWS, Protocol
from slipdetect.modalities.normalize import SnippetNormalizer
from slipdetect.modalities.snippet import (
    Box,
    cut,
    motion_box,
    motion_profile,
    snippet_box,
    thumbnail,
)
from slipdetect.models import TSN, ModelPackage, save_package
from stub_models import create_stub, stub_config, stub_stream
from tiny_clips import tiny_clips

FPS, SIDE, SIZE = 15.0, 48, 40


@pytest.fixture(autouse=True)
def _stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return tiny_clips(tmp_path_factory.mktemp("clips"), each=2)


def package(folder: Path, *modalities: str, **changes: Any) -> ModelPackage:
    """Save a model whose normalizations and logits all differ from zero."""
    changes = {"input_size": SIZE, **changes}
    streams = tuple(stub_stream(name, **changes) for name in modalities)
    config = stub_config(*modalities, streams=streams, frame_short_side=SIDE, sample_fps=FPS)
    states = {}
    for index, name in enumerate(modalities):
        torch.manual_seed(index)
        network = TSN("stub", name, consensus=changes.get("consensus", "avg"))
        torch.manual_seed(index)  # a recurrent layer has drawn weights since
        torch.nn.init.normal_(network.classifier.weight)
        if network.consensus.kind in ("rnn", "cnn"):
            torch.nn.init.normal_(network.consensus.head.out.weight)
        states[name] = network.state_dict()
    return save_package(folder, config, states, dtype=torch.float32)


def shrink(images: np.ndarray, width: int, height: int) -> np.ndarray:
    import cv2

    return np.stack(
        [
            cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
            if height <= image.shape[0]
            else cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
            for image in images
        ]
    )


def mirror(images: np.ndarray, is_flow: bool) -> np.ndarray:
    out = images[:, :, ::-1].copy()
    if is_flow:
        out[..., 0] = 255 - out[..., 0]
    return out


def oracle_views(
    frames: np.ndarray, stored: np.ndarray, first: int, length: int, crop: str, is_flow: bool
) -> list[np.ndarray]:
    """Cut the ten crops of one snippet with nothing but slices."""
    picked = np.stack([stored[min(i, len(stored) - 1)] for i in range(first, first + length)])
    views = []
    if crop == "center":
        short, scaled = SIDE, round(SIZE * 256 / 224)
        height, width = (side * scaled // short for side in frames.shape[1:3])
        small = shrink(picked, width, height)
        right, bottom = (width - SIZE) // 4 * 4, (height - SIZE) // 4 * 4
        for x, y in [(0, 0), (right, 0), (0, bottom), (right, bottom), (right // 2, bottom // 2)]:
            views.append(small[:, y : y + SIZE, x : x + SIZE])
    else:
        span = length + (1 if is_flow else 0)
        context = max(span, round(1.2 * FPS))
        begin = max(first - (context - span) // 2, 0)
        end = min(first + span + context - span - (context - span) // 2, len(frames))
        small = [thumbnail(frame) for frame in frames[begin:end]]
        pairs = [motion_profile(small[i], small[i + 1]) for i in range(len(small) - 1)]
        box = motion_box(pairs, *frames.shape[1:3])
        step = (256 / 224 - 1) / 2 * box.side
        for x, y in [(-step, -step), (step, -step), (-step, step), (step, step), (0, 0)]:
            moved = Box(round(box.left + x), round(box.top + y), box.side)
            views.append(cut(picked, moved, SIZE))
    return [each for view in views for each in (view, mirror(view, is_flow))]


@pytest.mark.parametrize("crop", ["center", "motion"])
@pytest.mark.parametrize("modality", ["rgb", "flow", "rgbdiff"])
def test_ten_crops_are_the_mean_of_plain_loops(
    videos: list[Clip], tmp_path: Path, modality: str, crop: str
) -> None:
    model = package(tmp_path / "model", modality, crop=crop)
    scores = score_clips(model, videos[:2], tmp_path / "cache", Protocol(4, 10), batch=7)
    stream = model.config.streams[0]
    cache = FrameCache(tmp_path / "cache", Sampling(FPS, SIDE), stream.flow)
    network = model.build_streams()[modality]
    normalize = SnippetNormalizer(stream.snippet, stream.normalization)
    for row, clip in zip(scores.logits[modality], videos[:2], strict=True):
        frames = np.asarray(cache.frames(clip.path))
        stored = np.asarray(cache.flows(clip.path)) if modality == "flow" else frames
        places = len(frames) - stream.snippet.frames + 1
        total = np.zeros(2)
        for segment in range(4):
            first = int(places / 4 / 2 + places / 4 * segment)
            for view in oracle_views(
                frames, stored, first, stream.snippet.images, crop, modality == "flow"
            ):
                x = normalize(torch.from_numpy(np.ascontiguousarray(view))[None, None])
                with torch.inference_mode():
                    total += network.snippet_scores(x)[0, 0].double().numpy()
        np.testing.assert_allclose(row, total / 40, rtol=1e-4, atol=1e-5)
        assert abs(row).max() > 0.01


def test_the_fewer_crops_are_among_the_ten() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (6, SIDE, 64, 3), np.uint8)
    box = Box(9, 4, 30)
    for crop in ("center", "motion"):
        found = {}
        for crops in (2, 5, 10):
            views = snippet_views(crop, SIZE, crops, is_flow=False)
            assert views is not None
            found[crops] = views(pictures, box)
        assert [len(views) for views in found.values()] == [2, 5, 10]
        np.testing.assert_array_equal(found[10][::2], found[5])
        np.testing.assert_array_equal(found[10][1::2], found[5][..., ::-1, :])
        np.testing.assert_array_equal(found[2][0], cut(pictures, box, SIZE))
        np.testing.assert_array_equal(found[2][1], found[2][0][:, :, ::-1])
        if crop == "motion":
            np.testing.assert_array_equal(found[2][0], found[5][4])
        assert snippet_views(crop, SIZE, 1, is_flow=False) is None


def test_the_center_of_five_crops_is_the_models_own() -> None:
    rows, columns = np.mgrid[0:240, 0:320]
    frame = np.stack([columns * 0.75, rows, 255 - rows], axis=-1).astype(np.uint8)[None]
    five = snippet_views("center", 112, 5, is_flow=False)
    assert five is not None
    box = snippet_box([], 240, 320, "center")
    # one crop cuts and then scales, the reference the other way round and on whole pixels: they
    # are no more than one pixel apart, which is up to 1.9 levels here
    assert abs(cut(frame, box, 112).astype(int) - five(frame, box)[4]).max() <= 3


def test_corners_are_a_fourteenth_of_the_side_away() -> None:
    boxes = corner_boxes(Box(100, 50, 140))
    places = [(box.left, box.top) for box in boxes]
    assert places == [(90, 40), (110, 40), (90, 60), (110, 60), (100, 50)]
    assert {box.side for box in boxes} == {140}


@pytest.mark.parametrize("kind", ["max", "topk", "weighted", "identity", "rnn", "cnn"])
def test_crops_are_averaged_before_the_consensus(
    videos: list[Clip], tmp_path: Path, kind: str
) -> None:
    model = package(tmp_path / "model", "rgb", consensus=kind, consensus_k=2, crop="motion")
    found = score_clips(model, videos[:1], None, Protocol(3, 2)).logits["rgb"][0]
    alone = package(tmp_path / "alone", "rgb", consensus="identity", crop="motion")
    stream = alone.config.streams[0]
    frames = FrameCache(tmp_path / "cache", Sampling(FPS, SIDE)).frames(videos[0].path)
    network = alone.build_streams()["rgb"]
    normalize = SnippetNormalizer(stream.snippet, stream.normalization)
    rows = []
    places = len(frames) - stream.snippet.frames + 1
    for segment in range(3):
        first = int(places / 3 / 2 + places / 3 * segment)
        views = oracle_views(frames, frames, first, 1, stream.crop, False)[8:]
        with torch.inference_mode():
            each = [
                network.snippet_scores(
                    normalize(torch.from_numpy(np.ascontiguousarray(v))[None, None])
                )[0, 0]
                for v in views
            ]
        rows.append(torch.stack(each).mean(0).numpy())
    segments = np.stack(rows)
    with torch.inference_mode():
        learned = model.build_streams()["rgb"].consensus(torch.from_numpy(segments)[None])[0]
    expected = {
        "rnn": learned.numpy(),
        "cnn": learned.numpy(),
        "max": segments.max(0),
        "topk": np.sort(segments, axis=0)[1:].mean(0),
        "weighted": segments.mean(0),  # its weights are uniform before any training
        "identity": segments.mean(0),
    }[kind]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_a_weighted_consensus_of_other_segments_is_refused(
    videos: list[Clip], tmp_path: Path
) -> None:
    model = package(tmp_path / "model", "rgb", consensus="weighted")
    with pytest.raises(UsageError, match="protocol 3x10, not 25x10"):
        score_clips(model, videos, None, Protocol(25, 10))


@pytest.mark.parametrize("modalities", [("rgbdiff",), ("rgb", "flow")])
def test_windows_are_those_of_detection(
    videos: list[Clip], tmp_path: Path, modalities: tuple[str, ...]
) -> None:
    model = package(tmp_path / "model", *modalities, crop="motion")
    scores = score_clips(model, videos[:2], tmp_path / "cache", WINDOWS, batch=5)
    detector = Detector.from_package(model, "cpu", exact=True)
    for index, clip in enumerate(videos[:2]):
        surest = max(detector.detect(clip.path).windows, key=lambda window: window.probability)
        for name in modalities:
            slip, other = scores.logits[name][index].astype(float)
            assert 1 / (1 + np.exp(other - slip)) == pytest.approx(surest.streams[name], abs=1e-5)


def test_clips_keep_their_facts_and_unreadable_ones_are_left_out(
    videos: list[Clip],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("slipdetect"), "propagate", True)
    model = package(tmp_path / "model", "rgb")
    broken = videos[0].path.with_name("broken.mp4")
    broken.write_bytes(b"no video")
    clips = [videos[0], Clip(broken, False, group="b"), videos[1]]
    seen: list[tuple[int, int]] = []
    root = videos[0].path.parent
    scores = score_clips(
        model, clips, None, Protocol(2, 1), root=root, on_clip=lambda *step: seen.append(step)
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert scores.clips == (videos[0].path.name, videos[1].path.name)
    assert scores.groups == (videos[0].group, videos[1].group)
    assert scores.datasets == ("tiny", "tiny")
    assert scores.truth.tolist() == [0, 1]
    assert scores.facts["protocol"] == "2x1"
    assert scores.facts["model"] == "stub"
    assert "left out" in caplog.text
    assert "broken.mp4" in caplog.text
    with pytest.raises(DataError, match="none of the clips"):
        score_clips(model, clips[1:2], None)
    with pytest.raises(DataError, match="no clips"):
        score_clips(model, [], None)


def test_T02_clips_are_scored_with_less_memory(
    videos: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = package(tmp_path / "model", "rgb")
    expected = score_clips(model, videos[:1], None, Protocol(5, 10)).logits["rgb"]
    whole = TSN.snippet_scores

    def limited(self: TSN, x: torch.Tensor) -> torch.Tensor:
        if len(x) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return whole(self, x)

    monkeypatch.setattr(TSN, "snippet_scores", limited)
    found = score_clips(model, videos[:1], None, Protocol(5, 10)).logits["rgb"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
