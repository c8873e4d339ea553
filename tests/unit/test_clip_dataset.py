"""Whole clips: each once an epoch or repeated to a share, snippets over all of the clip.

In: clips whose pixel value is the frame number. Out: items, read back frame by frame.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.augment.config import AugmentConfig
from slipdetect.lab.data import Clip, FrameCache, Sampling, WindowRule
from slipdetect.lab.data.datasets import TrainingClips, ValidationClips, _balanced
from slipdetect.lab.data.window_reader import WindowRecipe
from slipdetect.modalities.sampling import segment_offsets
from slipdetect.modalities.snippet import SnippetGrid, get_modality

PLAIN = AugmentConfig("fixed", flip=0.0, contrast=0.0, brightness=0.0, tint=0.0, gray=0.0, noise=0)
LENGTHS = {"fall-a": 30, "fall-b": 47, "other-a": 12, "other-b": 90, "other-c": 61}
CLIPS = [Clip(Path(f"{name}.mp4"), name.startswith("fall")) for name in LENGTHS]


class NumberedCache(FrameCache):
    """Frames whose value is their number; counts how often each clip is read."""

    def __init__(self) -> None:
        self.sampling = Sampling(10.0, 8)
        self.flow = {}
        self.reads: Counter[str] = Counter()

    def frames(self, path: Path) -> np.ndarray:
        self.reads[path.stem] += 1
        count = LENGTHS.get(path.stem, 3)
        return np.broadcast_to(
            np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 8, 8, 3)
        )

    def times(self, path: Path) -> np.ndarray:
        return np.arange(len(self.frames(path))) / self.sampling.sample_fps

    def flows(self, path: Path) -> np.ndarray:
        return self.frames(path)[:-1, ..., :2]


def recipe(modality: str = "rgb", segments: int = 3) -> WindowRecipe:
    kind = get_modality(modality)
    return WindowRecipe(
        kind, SnippetGrid.make([kind], 2, 10.0), 8, "center", segments, WindowRule()
    )


def training(
    modality: str = "rgb",
    seed: int = 0,
    config: AugmentConfig = PLAIN,
    positive_fraction: float = 0.0,
) -> TrainingClips:
    made = recipe(modality)
    return TrainingClips(CLIPS, NumberedCache(), made, seed, config, positive_fraction)


def name(told: str) -> str:
    return told.split("'")[1].removesuffix(".mp4")


def test_every_clip_comes_once_in_an_order_of_seed_and_epoch() -> None:
    clips = training()
    orders = []
    for epoch in range(4):
        clips.set_epoch(epoch)
        orders.append([name(clips.describe(i)) for i in range(len(clips))])
        assert sorted(orders[-1]) == sorted(LENGTHS)
        labels = [0 if told.startswith("fall") else 1 for told in orders[-1]]
        assert [clips.label(i) for i in range(5)] == labels
        assert [clips[i][1] for i in range(5)] == labels
    assert len({tuple(order) for order in orders}) > 1
    clips.set_epoch(2)
    assert [name(clips.describe(i)) for i in range(5)] == orders[2]
    other = training(seed=1)
    other.set_epoch(2)
    assert [name(other.describe(i)) for i in range(5)] != orders[2]


@pytest.mark.parametrize("modality", ["rgb", "rgbdiff", "flow"])
def test_snippets_lie_one_in_each_segment_of_the_whole_clip(modality: str) -> None:
    """Segments of a clip of n frames are (n - span + 1) // 3 frames; each has one snippet."""
    clips = training(modality)
    kind = get_modality(modality)
    reached: dict[str, list[int]] = {stem: [] for stem in LENGTHS}
    for epoch in range(60):
        clips.set_epoch(epoch)
        for index in range(len(clips)):
            stem = name(clips.describe(index))
            images, _ = clips[index]
            assert images.shape == (3, kind.images, 8, 8, 2 if modality == "flow" else 3)
            values = images[:, :, 4, 4, 0].tolist()
            segment = (LENGTHS[stem] - kind.frames + 1) // 3
            for k, snippet in enumerate(values):
                assert k * segment <= snippet[0] < (k + 1) * segment
                assert snippet == list(range(snippet[0], snippet[0] + kind.images))
            reached[stem] += [snippet[0] for snippet in values]
    long = reached["other-b"]
    assert min(long) < 5
    assert max(long) > 76


def test_items_depend_on_seed_epoch_and_index_only() -> None:
    def items(epoch: int, order: list[int]) -> dict[int, torch.Tensor]:
        clips = TrainingClips(CLIPS, NumberedCache(), recipe("rgbdiff"), 3, AugmentConfig(speed=2))
        clips.set_epoch(epoch)
        return {index: clips[index][0] for index in order}

    forwards, backwards = items(1, [0, 1, 2, 3, 4]), items(1, [4, 3, 2, 1, 0, 4])
    assert all(torch.equal(forwards[index], backwards[index]) for index in range(5))
    assert not all(torch.equal(forwards[index], items(2, [index])[index]) for index in range(5))


def test_workers_read_what_the_process_itself_reads() -> None:
    clips = training("rgbdiff", config=AugmentConfig())
    clips.set_epoch(1)
    alone = torch.stack([clips[index][0] for index in range(5)])
    loader = torch.utils.data.DataLoader(clips, batch_size=2, num_workers=2)
    assert torch.equal(torch.cat([images for images, _ in loader]), alone)


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.02, 0.98))
def test_shares_hold_and_no_clip_is_left_out(positive: int, negative: int, share: float) -> None:
    counts = _balanced((positive, negative), share)
    assert counts[0] >= positive
    assert counts[1] >= negative
    assert positive == counts[0] or negative == counts[1]
    # the label that is repeated is rounded to a whole clip
    repeated = 0 if counts[0] > positive else 1
    exact = counts[1] * share / (1 - share) if repeated == 0 else counts[0] * (1 - share) / share
    assert abs(counts[repeated] - exact) <= 0.5 + 1e-9 or counts == (positive, negative)


def test_a_share_repeats_the_rarer_label_evenly() -> None:
    """Two falls to three others at one half: three falls, so one of them twice."""
    clips = training(positive_fraction=0.5)
    assert len(clips) == 6
    twice = set()
    for epoch in range(12):
        clips.set_epoch(epoch)
        seen = Counter(name(clips.describe(i)) for i in range(6))
        assert {stem: seen[stem] for stem in LENGTHS if stem.startswith("other")} == {
            "other-a": 1,
            "other-b": 1,
            "other-c": 1,
        }
        assert sorted([seen["fall-a"], seen["fall-b"]]) == [1, 2]
        twice.add("fall-a" if seen["fall-a"] == 2 else "fall-b")
    assert twice == {"fall-a", "fall-b"}
    # eight of ten: twelve falls to three others
    many = training(positive_fraction=0.8)
    assert Counter(many.label(i) for i in range(len(many))) == {0: 12, 1: 3}
    # one of ten: two falls to eighteen others, six times each
    few = training(positive_fraction=0.1)
    seen = Counter(name(few.describe(i)) for i in range(len(few)))
    assert seen == {"fall-a": 1, "fall-b": 1, "other-a": 6, "other-b": 6, "other-c": 6}
    # a clip that comes twice is not drawn alike
    first = [few[i][0] for i in range(20) if name(few.describe(i)) == "other-b"]
    assert len({tuple(images[:, 0, 0, 0, 0].tolist()) for images in first}) > 1


@pytest.mark.parametrize("modality", ["rgb", "rgbdiff", "flow"])
def test_validation_takes_the_middle_of_each_segment(modality: str) -> None:
    clips = ValidationClips(CLIPS, NumberedCache(), recipe(modality))
    kind = get_modality(modality)
    assert len(clips) == 5
    for index, (stem, count) in enumerate(LENGTHS.items()):
        images, label = clips[index]
        assert label == clips.label(index) == (0 if stem.startswith("fall") else 1)
        starts = segment_offsets(count, 3, kind.frames, "val").tolist()
        assert images[:, 0, 4, 4, 0].tolist() == starts
        assert torch.equal(clips[index][0], images)
    with pytest.raises(IndexError):
        clips[5]


def test_time_jitter_stretches_each_snippet_about_its_middle() -> None:
    plain, fast = training("rgbdiff"), training("rgbdiff", config=replace(PLAIN, speed=3.0))
    spans = []
    for epoch in range(20):
        plain.set_epoch(epoch)
        fast.set_epoch(epoch)
        for index in range(5):
            before = plain[index][0][:, :, 4, 4, 0].numpy().astype(int)
            after = fast[index][0][:, :, 4, 4, 0].numpy().astype(int)
            count = LENGTHS[name(plain.describe(index))]
            lengths = after[:, -1] - after[:, 0]
            assert lengths.max() - lengths.min() <= 1
            assert after.max() <= count - 1
            moved = np.abs(after.mean(axis=1) - before.mean(axis=1))
            inside = (after[:, 0] > 0) & (after[:, -1] < count - 1)
            assert (moved[inside] <= 0.51).all()
            spans += lengths.tolist()
    assert min(spans) <= 2
    assert max(spans) >= 11


@pytest.mark.parametrize("modality", ["rgb", "rgbdiff", "flow"])
@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_clips_shorter_than_a_snippet_repeat_what_they_have(modality: str, speed: float) -> None:
    short = [Clip(Path("fall-short.mp4"), True), Clip(Path("other-a.mp4"), False)]
    config = AugmentConfig(speed=speed)
    clips = TrainingClips(short, NumberedCache(), recipe(modality), 0, config)
    held_out = ValidationClips(short, NumberedCache(), recipe(modality))
    shapes = {clips[i][0].shape for i in range(2)} | {held_out[i][0].shape for i in range(2)}
    assert len(shapes) == 1


def test_describing_an_item_reads_nothing() -> None:
    cache = NumberedCache()
    clips = TrainingClips(CLIPS, cache, recipe(), 0)
    held_out = ValidationClips(CLIPS, cache, recipe())
    told = [clips.describe(i) for i in range(5)] + [held_out.describe(i) for i in range(5)]
    [clips.label(i) + held_out.label(i) for i in range(5)]
    assert told[5] == "'fall-a.mp4', the whole clip"
    assert not cache.reads


def test_one_label_and_shares_that_make_no_sense_are_refused() -> None:
    with pytest.raises(DataError, match="2 clips with a slip and 0 without"):
        TrainingClips(CLIPS[:2], NumberedCache(), recipe(), 0)
    for share in (-0.1, 1.0):
        with pytest.raises(UsageError, match="share of positives"):
            training(positive_fraction=share)
