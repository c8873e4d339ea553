"""Training windows hold what their label says: frames tell their own time and clip.

In: clips whose pixel value is the frame number. Out: windows, read back frame by frame.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.datasets import Clip, FrameCache, Sampling, WindowRule, window_dataset
from slipdetect.datasets.window_dataset import TrainingWindows, ValidationWindows, WindowRecipe
from slipdetect.detection.windows import WindowPlan
from slipdetect.errors import DataError
from slipdetect.modalities.augment import Augmentation
from slipdetect.modalities.modality import get_modality
from slipdetect.modalities.snippet import SnippetGrid

FPS = 10.0
RULE = WindowRule()
PLAIN = Augmentation(1.0, (0.0, 0.0), False, (1.0, 1.0, 1.0), 0.0, False, 0.0, 0, False)


class CountingCache(FrameCache):
    """Frames whose value is their number; the file's name says how many: ``x-42.mp4``."""

    def __init__(self) -> None:
        self.sampling = Sampling(FPS, 8)
        self.flow = {}

    def frames(self, path: Path) -> np.ndarray:
        count = int(path.stem.rpartition("-")[2])
        numbers = np.arange(count, dtype=np.uint8)
        return np.broadcast_to(numbers[:, None, None, None], (count, 8, 8, 3))

    def flows(self, path: Path) -> np.ndarray:
        """Field i leads from frame i to i + 1 and has u = i, v = 200 - i."""
        frames = self.frames(path)[: max(len(self.frames(path)) - 1, 1), ..., :2].copy()
        frames[..., 1] = 200 - frames[..., 1]
        return frames


def recipe(modality: str, crop: str = "centre", step: int = 2, segments: int = 3) -> WindowRecipe:
    kind = get_modality(modality)
    return WindowRecipe(kind, SnippetGrid.make([kind], step, FPS), 8, crop, segments, RULE)


def clip(name: str, *events: tuple[float, float], source: str = "") -> Clip:
    return Clip(Path(name), name.startswith("fall"), events, name, source)


@pytest.fixture
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch augmentation off, so that pixels can be read back."""
    monkeypatch.setattr(
        Augmentation,
        "draw",
        classmethod(lambda cls, rng, *, is_flow: replace(PLAIN, is_flow=is_flow)),
    )


CLIPS = [
    clip("fall-100.mp4", (4.0, 5.0)),
    clip("fall-b-40.mp4", (0.3, 1.0), (3.2, 3.6)),
    clip("fall-c-120.mp4", (6.0, 11.0)),
    clip("fall-d-60.mp4"),
    clip("other-90.mp4"),
    clip("other-b-12.mp4"),
]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("modality", ["rgb", "rgbdiff"])
def test_positives_overlap_the_fall_and_negatives_keep_clear(
    modality: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = TrainingWindows(CLIPS, CountingCache(), recipe(modality), 160, seed=1)
    drawn: list[tuple[Clip, list[int]]] = []
    read = window_dataset._WindowReader.read

    def spy(self: object, clip: Clip, starts: list[int], rng: object) -> torch.Tensor:
        drawn.append((clip, starts))
        return read(self, clip, starts, rng)

    monkeypatch.setattr(window_dataset._WindowReader, "read", spy)
    kind = get_modality(modality)
    for index in range(len(windows)):
        images, label = windows[index]
        chosen, starts = drawn[-1]
        count = int(chosen.path.stem.rpartition("-")[2])
        assert images.shape == (3, kind.images, 8, 8, 3)
        times = images[:, :, 4, 4, 0].numpy() / FPS
        assert (images == images[:, :, :1, :1, :1]).all()
        for snippet, start in zip(images[:, :, 4, 4, 0].tolist(), starts, strict=True):
            assert snippet == [min(start + i, count - 1) for i in range(kind.frames)]
        assert label == index % 2
        assert times.max() - times.min() <= RULE.window + 1e-9
        if label == 1:
            assert chosen.events or not chosen.positive
        for start, end in chosen.events:
            if label == 1:  # half a window and the clearance: at most 0.05 s and a frame touch
                assert (
                    times.max() <= start + 0.051 + 1 / FPS or times.min() >= end - 0.051 - 1 / FPS
                )
        if label == 0 and chosen.events:
            # the window around its snippets reaches the counted part of some fall
            assert any(
                times.min() - RULE.window <= min(end, start + 1.5)
                and times.max() + RULE.window >= start
                for start, end in chosen.events
            )
            assert chosen.positive


@settings(max_examples=100)
@given(st.integers(1, 80), st.floats(0, 8), st.floats(0.1, 4))
def test_the_window_holds_its_centre(frames: int, start: float, length: float) -> None:
    one = clip(f"fall-{frames}.mp4", (start, start + length))
    reader = window_dataset._WindowReader(recipe("rgb"), CountingCache())
    assert reader.length == 16
    duration = (frames - 1) / FPS
    for label, ranges in enumerate(
        (RULE.positive_ranges(one, duration), RULE.negative_ranges(one, duration))
    ):
        for low, high in ranges:
            for centre in (low, high):
                first = reader.first_sample(centre, frames)
                last = min(first + reader.length, frames) - 1
                assert 0 <= first <= last
                assert first / FPS - 0.1 <= centre <= last / FPS + 0.1
                if label == 1:  # the actual window's centre keeps clear, to half a sample
                    middle = (first + last) / 2 / FPS
                    assert middle <= start - 0.65 + 1e-9 or middle >= start + length + 0.65 - 1e-9


def test_draws_depend_on_seed_epoch_and_index_only() -> None:
    def one(seed: int, epoch: int, index: int) -> torch.Tensor:
        windows = TrainingWindows(CLIPS, CountingCache(), recipe("rgbdiff", "motion"), 8, seed)
        windows.set_epoch(epoch)
        return windows[index][0]

    assert torch.equal(one(1, 2, 3), one(1, 2, 3))
    different = [one(1, 2, 3), one(1, 2, 5), one(1, 3, 3), one(2, 2, 3)]
    for i in range(4):
        for j in range(i):
            assert not torch.equal(different[i], different[j])


def test_labels_alternate_and_sources_are_balanced() -> None:
    """16 clips of one source and 1 of another: drawn 4 to 1, not 16 to 1."""
    clips = [clip(f"other-{i}-40.mp4", source="large") for i in range(16)]
    clips += [clip("other-x-40.mp4", source="small"), clip("fall-40.mp4", (1.0, 2.0))]
    windows = TrainingWindows(clips, CountingCache(), recipe("rgb"), 10, seed=0)
    assert [windows[i][1] for i in range(10)] == [0, 1] * 5
    rng = np.random.default_rng(0)
    drawn = Counter(windows._pools[1].draw(rng)[0].source for _ in range(700))
    # the fall's own clip has room for negatives too, and is a source of one
    assert drawn["large"] / drawn["small"] == pytest.approx(4.0, rel=0.35)
    assert drawn[""] / drawn["small"] == pytest.approx(1.0, rel=0.35)


def test_longer_clips_are_drawn_by_the_root_of_their_seconds() -> None:
    clips = [clip("other-16.mp4"), clip("other-b-241.mp4"), clip("fall-40.mp4")]
    windows = TrainingWindows(clips, CountingCache(), recipe("rgb"), 2, seed=0)
    rng = np.random.default_rng(0)
    drawn = Counter(windows._pools[1].draw(rng)[0].path.name for _ in range(700))
    # usable centres: 0 s and 22.5 s, so sqrt(0.1) to sqrt(22.6)
    wanted = (22.6 / 0.1) ** 0.5
    assert drawn["other-b-241.mp4"] / drawn["other-16.mp4"] == pytest.approx(wanted, rel=0.3)


@pytest.mark.parametrize("step", [2, 3])
@pytest.mark.parametrize("modality", ["rgb", "rgbdiff"])
def test_validation_windows_are_those_of_detection(modality: str, step: int) -> None:
    made = recipe(modality, step=step)
    windows = ValidationWindows([clip("fall-100.mp4", (4.0, 5.0))], CountingCache(), made)
    plan = WindowPlan.make(RULE.window, 0.2, step, made.grid.span, FPS)
    assert [windows[i][1] for i in range(len(windows))] == [0, 1, 1]
    images, _ = windows[0]
    # centre 4.5 s: samples 37.5 -> 38 (half to even) to 53
    first = images[:, 0, 4, 4, 0].tolist()
    assert first == [38 + step * k for k in range(plan.snippets)]
    assert torch.equal(windows[0][0], images)


@pytest.mark.parametrize("modality", ["rgb", "rgbdiff", "flow"])
@pytest.mark.parametrize("frames", [1, 2, 5, 15])
def test_short_clips_repeat_what_they_have(modality: str, frames: int) -> None:
    clips = [clip(f"fall-{frames}.mp4"), clip("other-40.mp4")]
    validation = ValidationWindows(clips, CountingCache(), recipe(modality))
    shapes = {validation[i][0].shape for i in range(len(validation))}
    assert len(shapes) == 1
    training = TrainingWindows(clips, CountingCache(), recipe(modality), 4, 0)
    assert training[0][0].shape[1] == get_modality(modality).images


@pytest.mark.usefixtures("unchanged")
def test_flow_snippets_hold_the_fields_between_their_frames() -> None:
    made = recipe("flow")
    clips = [clip("fall-30.mp4"), clip("other-30.mp4")]
    windows = TrainingWindows(clips, CountingCache(), made, 20, 0)
    for index in range(20):
        images, _ = windows[index]
        assert images.shape == (3, 5, 8, 8, 2)
        for snippet in images[:, :, 4, 4].tolist():
            first = snippet[0][0]
            assert snippet == [[first + i, 200 - first - i] for i in range(5)]
            assert first <= 24


@pytest.mark.parametrize("crop", ["motion", "centre"])
def test_mirrored_flow_runs_the_other_way(crop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = [clip("fall-30.mp4"), clip("other-30.mp4")]

    def drawn(flip: bool) -> torch.Tensor:
        still = Augmentation(1.0, (0.0, 0.0), flip, (1.0, 1.0, 1.0), 0.0, False, 0.0, 0, True)
        monkeypatch.setattr(Augmentation, "draw", classmethod(lambda cls, rng, *, is_flow: still))
        return TrainingWindows(clips, CountingCache(), recipe("flow", crop), 2, 0)[0][0]

    plain, mirrored = drawn(False), drawn(True)
    assert torch.equal(mirrored[..., 0], 255 - plain.flip(-2)[..., 0])
    assert torch.equal(mirrored[..., 1], plain.flip(-2)[..., 1])


def test_motion_crop_follows_the_motion_and_centre_crop_does_not() -> None:
    class Moving(CountingCache):
        def frames(self, path: Path) -> np.ndarray:
            video = np.full((30, 60, 100, 3), 60, np.uint8)
            for index in range(30):
                video[index, 40:56, 80 + index % 4 : 94 + index % 4] = 240
            return video

    clips = [clip("fall-30.mp4"), clip("other-30.mp4")]
    motion, centre = (
        ValidationWindows(clips, Moving(), recipe("rgb", crop))[0][0]
        for crop in ("motion", "centre")
    )
    assert float((motion > 200).float().mean()) > 0.2
    # the centre crop of 60 x 100 is x 24 to 76: the square at 80 is outside
    assert float((centre > 200).float().mean()) == 0.0


def test_labels_without_a_place_are_data_errors() -> None:
    late = clip("fall-20.mp4", (5.0, 6.0))
    with pytest.raises(DataError, match="shows a fall"):
        TrainingWindows([late, clip("other-20.mp4")], CountingCache(), recipe("rgb"), 4, 0)
    with pytest.raises(DataError, match="1 clips with a slip and 0 without"):
        TrainingWindows([late], CountingCache(), recipe("rgb"), 4, 0)
    windows = ValidationWindows([clip("fall-12.mp4", (0.1, 1.0))], CountingCache(), recipe("rgb"))
    assert [windows[i][1] for i in range(len(windows))] == [0]


def test_workers_draw_what_the_process_itself_draws() -> None:
    windows = TrainingWindows(CLIPS, CountingCache(), recipe("rgb", "motion"), 6, 3)
    windows.set_epoch(1)
    alone = [item for item, _ in (windows[i] for i in range(6))]
    loader = torch.utils.data.DataLoader(windows, batch_size=2, num_workers=2)
    assert torch.equal(torch.cat([images for images, _ in loader]), torch.stack(alone))
