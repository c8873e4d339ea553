"""Training windows hold what their label says: frames tell their own time and clip.

In: clips whose pixel value is the frame number. Out: windows, read back frame by frame.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.detection.schedule import WindowPlan
from slipdetect.errors import DataError
from slipdetect.lab.augment.augment import Augmentation
from slipdetect.lab.augment.config import AugmentConfig
from slipdetect.lab.augment.images import scale_short_side
from slipdetect.lab.augment.stretch import Stretch
from slipdetect.lab.augment.transforms import GroupMultiScaleCrop
from slipdetect.lab.data import Clip, FrameCache, Sampling, WindowRule
from slipdetect.lab.data.datasets import TrainingWindows, ValidationWindows
from slipdetect.lab.data.window_reader import WindowReader, WindowRecipe
from slipdetect.modalities.sampling import segment_offsets
from slipdetect.modalities.snippet import SnippetGrid, get_modality

FPS = 10.0
RULE = WindowRule()
# nothing changes, so that pixels can be read back
PLAIN = AugmentConfig(
    "fixed", flip=0.0, contrast=0.0, brightness=0.0, tint=0.0, gray=0.0, noise=0.0
)


class CountingCache(FrameCache):
    """Frames whose value is their number; the file's name says how many: ``x-42.mp4``."""

    def __init__(self) -> None:
        self.sampling = Sampling(FPS, 8)
        self.flow = {}

    def frames(self, path: Path) -> np.ndarray:
        count = int(path.stem.rpartition("-")[2])
        numbers = np.arange(count, dtype=np.uint8)
        return np.broadcast_to(numbers[:, None, None, None], (count, 8, 8, 3))

    def times(self, path: Path) -> np.ndarray:
        return np.arange(len(self.frames(path))) / self.sampling.sample_fps

    def flows(self, path: Path) -> np.ndarray:
        """Field i leads from frame i to i + 1 and has u = i, v = 200 - i."""
        frames = self.frames(path)[: max(len(self.frames(path)) - 1, 1), ..., :2].copy()
        frames[..., 1] = 200 - frames[..., 1]
        return frames


def recipe(modality: str, crop: str = "center", step: int = 2, segments: int = 3) -> WindowRecipe:
    kind = get_modality(modality)
    return WindowRecipe(kind, SnippetGrid.make([kind], step, FPS), 8, crop, segments, RULE)


def clip(name: str, *events: tuple[float, float], dataset: str = "") -> Clip:
    return Clip(Path(name), name.startswith("fall"), events, name, dataset)


CLIPS = [
    clip("fall-100.mp4", (4.0, 5.0)),
    clip("fall-b-40.mp4", (0.3, 1.0), (3.2, 3.6)),
    clip("fall-c-120.mp4", (6.0, 11.0)),
    clip("fall-d-60.mp4"),
    clip("other-90.mp4"),
    clip("other-b-12.mp4"),
]


def spied(
    monkeypatch: pytest.MonkeyPatch,
) -> list[tuple[Clip, list[int], list[Stretch] | None]]:
    """Note what every training item is made of: clip, first samples, clocks."""
    drawn: list[tuple[Clip, list[int], list[Stretch] | None]] = []
    read = WindowReader.read_changed

    def spy(
        self: WindowReader,
        clip: Clip,
        starts: list[int],
        change: Augmentation,
        rng: np.random.Generator,
        clocks: list[Stretch] | None,
    ) -> torch.Tensor:
        drawn.append((clip, starts, clocks))
        return read(self, clip, starts, change, rng, clocks)

    monkeypatch.setattr(WindowReader, "read_changed", spy)
    return drawn


@pytest.mark.parametrize("modality", ["rgb", "rgbdiff"])
def test_positives_overlap_the_fall_and_negatives_keep_clear(
    modality: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = TrainingWindows(CLIPS, CountingCache(), recipe(modality), 160, 1, PLAIN)
    drawn = spied(monkeypatch)
    kind = get_modality(modality)
    for index in range(len(windows)):
        images, label = windows[index]
        chosen, starts, _ = drawn[-1]
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
def test_the_window_holds_its_center(frames: int, start: float, length: float) -> None:
    one = clip(f"fall-{frames}.mp4", (start, start + length))
    reader = WindowReader(recipe("rgb"), CountingCache())
    assert reader.length == 16
    duration = (frames - 1) / FPS
    for label, ranges in enumerate(
        (RULE.positive_ranges(one, duration), RULE.negative_ranges(one, duration))
    ):
        for low, high in ranges:
            for center in (low, high):
                first = reader.first_sample(center, frames)
                last = min(first + reader.length, frames) - 1
                assert 0 <= first <= last
                assert first / FPS - 0.1 <= center <= last / FPS + 0.1
                if label == 1:  # the actual window's center keeps clear, to half a sample
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


def test_labels_alternate_and_data_sets_are_balanced() -> None:
    """16 clips of one data set and 1 of another: drawn 4 to 1, not 16 to 1."""
    clips = [clip(f"other-{i}-40.mp4", dataset="large") for i in range(16)]
    clips += [clip("other-x-40.mp4", dataset="small"), clip("fall-40.mp4", (1.0, 2.0))]
    windows = TrainingWindows(clips, CountingCache(), recipe("rgb"), 10, seed=0)
    assert [windows[i][1] for i in range(10)] == [0, 1] * 5
    rng = np.random.default_rng(0)
    drawn = Counter(windows._pools[1].draw(rng)[0].clip.dataset for _ in range(700))
    # the fall's own clip has room for negatives too, and is a data set of one
    assert drawn["large"] / drawn["small"] == pytest.approx(4.0, rel=0.35)
    assert drawn[""] / drawn["small"] == pytest.approx(1.0, rel=0.35)


def test_longer_clips_are_drawn_by_the_root_of_their_seconds() -> None:
    clips = [clip("other-16.mp4"), clip("other-b-241.mp4"), clip("fall-40.mp4")]
    windows = TrainingWindows(clips, CountingCache(), recipe("rgb"), 2, seed=0)
    rng = np.random.default_rng(0)
    drawn = Counter(windows._pools[1].draw(rng)[0].clip.path.name for _ in range(700))
    # usable centers: 0 s and 22.5 s, so sqrt(0.1) to sqrt(22.6)
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
    # center 4.5 s: samples 37.5 -> 38 (half to even) to 53
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


def test_flow_snippets_hold_the_fields_between_their_frames() -> None:
    made = recipe("flow")
    clips = [clip("fall-30.mp4"), clip("other-30.mp4")]
    windows = TrainingWindows(clips, CountingCache(), made, 20, 0, PLAIN)
    for index in range(20):
        images, _ = windows[index]
        assert images.shape == (3, 5, 8, 8, 2)
        for snippet in images[:, :, 4, 4].tolist():
            first = snippet[0][0]
            assert snippet == [[first + i, 200 - first - i] for i in range(5)]
            assert first <= 24


@pytest.mark.parametrize("crop", ["motion", "center"])
@pytest.mark.parametrize("train_crop", ["fixed", "multiscale"])
def test_mirrored_flow_runs_the_other_way(crop: str, train_crop: str) -> None:
    clips = [clip("fall-30.mp4"), clip("other-30.mp4")]

    def drawn(flip: float) -> torch.Tensor:
        config = replace(PLAIN, flip=flip, train_crop=train_crop)
        return TrainingWindows(clips, CountingCache(), recipe("flow", crop), 2, 0, config)[0][0]

    plain, mirrored = drawn(0.0), drawn(1.0)
    assert torch.equal(mirrored[..., 0], 255 - plain.flip(-2)[..., 0])
    assert torch.equal(mirrored[..., 1], plain.flip(-2)[..., 1])


class Moving(CountingCache):
    """A bright square that moves at the right of the picture, outside its middle."""

    def frames(self, path: Path) -> np.ndarray:
        video = np.full((30, 60, 100, 3), 60, np.uint8)
        for index in range(30):
            video[index, 40:56, 80 + index % 4 : 94 + index % 4] = 240
        return video


def test_motion_crop_follows_the_motion_and_center_crop_does_not() -> None:
    clips = [clip("fall-30.mp4"), clip("other-30.mp4")]
    motion, center = (
        ValidationWindows(clips, Moving(), recipe("rgb", crop))[0][0]
        for crop in ("motion", "center")
    )
    assert float((motion > 200).float().mean()) > 0.2
    # the center crop of 60 x 100 is x 24 to 76: the square at 80 is outside
    assert float((center > 200).float().mean()) == 0.0


@pytest.mark.parametrize("crop", ["motion", "center"])
def test_mixed_crops_follow_the_motion_half_the_time_whatever_the_test_crop_is(crop: str) -> None:
    clips = [clip("fall-30.mp4"), clip("other-30.mp4")]
    still = replace(PLAIN, train_crop="mixed", scale_jitter=0.0, shift_jitter=0.0)
    windows = TrainingWindows(clips, Moving(), recipe("rgb", crop), 60, 0, still)
    shares = [float((windows[index][0] > 200).float().mean()) for index in range(60)]
    assert all(share == 0.0 or share > 0.2 for share in shares)
    assert 18 <= sum(share > 0.2 for share in shares) <= 42


def test_marked_lookalikes_take_the_share_of_mined_false_alarms() -> None:
    """A quarter of the windows without a fall, though they last 0.4 of 9 seconds."""
    marked = replace(clip("other-90.mp4"), lookalikes=((3.0, 3.4),))
    windows = TrainingWindows([clip("fall-d-60.mp4"), marked], CountingCache(), recipe("rgb"), 1, 0)
    rng = np.random.default_rng(0)
    draws = [windows._pools[1].draw(rng) for _ in range(800)]
    mined = [center for candidate, center in draws if candidate.clip.dataset == "mined"]
    assert 150 <= len(mined) <= 250
    assert all(3.0 <= center <= 3.4 for center in mined)


def test_labels_without_a_place_are_data_errors() -> None:
    late = clip("fall-20.mp4", (5.0, 6.0))
    with pytest.raises(DataError, match="shows a fall"):
        TrainingWindows([late, clip("other-20.mp4")], CountingCache(), recipe("rgb"), 4, 0)
    untimed = replace(late, events=())
    with pytest.raises(DataError, match="1 clips with a slip and 0 without"):
        TrainingWindows([untimed], CountingCache(), recipe("rgb"), 4, 0)
    windows = ValidationWindows([clip("fall-12.mp4", (0.1, 1.0))], CountingCache(), recipe("rgb"))
    assert [windows[i][1] for i in range(len(windows))] == [0]


def test_workers_draw_what_the_process_itself_draws() -> None:
    windows = TrainingWindows(CLIPS, CountingCache(), recipe("rgb", "motion"), 6, 3)
    windows.set_epoch(1)
    alone = [item for item, _ in (windows[i] for i in range(6))]
    loader = torch.utils.data.DataLoader(windows, batch_size=2, num_workers=2)
    assert torch.equal(torch.cat([images for images, _ in loader]), torch.stack(alone))


class StillCache(CountingCache):
    """Clips in which nothing changes: every picture is the same noise."""

    def frames(self, path: Path) -> np.ndarray:
        count = int(path.stem.rpartition("-")[2])
        picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
        return np.broadcast_to(picture, (count, *picture.shape))

    def flows(self, path: Path) -> np.ndarray:
        return self.frames(path)[:-1, ..., :2]


CHANGES: list[dict[str, object]] = [
    {"train_crop": "jitter", "scale_jitter": 0.5, "shift_jitter": 0.3},
    {"train_crop": "mixed"},
    {"train_crop": "multiscale"},
    {"train_crop": "corners"},
    {"train_crop": "random"},
    {"flip": 1.0},
    {"rotation": 40.0},
    {"rotation": 40.0, "train_crop": "multiscale"},
    {"rotation": 40.0, "train_crop": "random"},
    {"erase": 1.0},
    {"contrast": 0.8},
    {"brightness": 90.0},
    {"tint": 0.6},
    {"saturation": 0.9},
    {"gray": 1.0},
]
COLORS = {"contrast", "brightness", "tint", "saturation", "gray"}


@pytest.mark.parametrize("modality", ["rgb", "rgbdiff", "flow"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(map(str, change)))
def test_every_change_is_one_for_all_pictures_of_a_window(
    change: dict[str, object], modality: str
) -> None:
    """In a clip without motion no change may make any, and flow has no colors."""
    clips = [clip("fall-40.mp4"), clip("other-40.mp4")]
    made = replace(recipe(modality), size=24)
    plain, changed = (
        TrainingWindows(clips, StillCache(), made, 6, 0, config)
        for config in (PLAIN, replace(PLAIN, **change))
    )
    differs = 0
    for index in range(6):
        images = changed[index][0]
        assert images.shape == (3, made.modality.images, 24, 24, 2 if modality == "flow" else 3)
        assert (images == images[:1, :1]).all()
        differs += not torch.equal(images, plain[index][0])
    assert differs == 0 if modality == "flow" and set(change) <= COLORS else differs >= 5


def test_the_reference_recipe_is_scale_multiscale_crop_and_flip() -> None:
    """TSN's training picture, made by hand from the same draws (Wang et al., ECCV 2016, 3.3)."""
    config = replace(PLAIN, train_crop="multiscale", flip=0.5)

    class Colored(StillCache):
        def frames(self, path: Path) -> np.ndarray:
            count = int(path.stem.rpartition("-")[2])
            return np.random.default_rng(count).integers(0, 256, (count, 60, 80, 3), np.uint8)

    clips = [clip("fall-40.mp4"), clip("other-50.mp4")]
    flips = 0
    for modality in ("rgb", "rgbdiff", "flow"):
        made = replace(recipe(modality), size=28)
        windows = TrainingWindows(clips, Colored(), made, 12, 5, config)
        windows.set_epoch(3)
        for index in range(12):
            images, label = windows[index]
            rng = np.random.default_rng((5, 3, index))
            candidate, center = windows._pools[label].draw(rng)
            stored = Colored().frames(candidate.clip.path)
            first = WindowReader(made, Colored()).first_sample(center, len(stored))
            offsets = segment_offsets(16, 3, made.grid.span, "train", rng)
            kind = made.modality
            picked = [stored[first + o : first + o + kind.images] for o in offsets]
            pictures = np.concatenate(picked)[..., : images.shape[-1]]
            mirror = _flip_of_the_draws(rng)
            pictures = scale_short_side(pictures, 32)
            pictures = GroupMultiScaleCrop(28, (1.0, 0.875, 0.75, 0.66))(pictures, rng)
            if mirror:
                flips += 1
                pictures = pictures[:, :, ::-1].copy()
                if modality == "flow":
                    pictures[..., 0] = 255 - pictures[..., 0]
            assert np.array_equal(images.numpy().reshape(pictures.shape), pictures)
    assert 6 < flips < 30


def _flip_of_the_draws(rng: np.random.Generator) -> bool:
    """Draw what a window draws between its snippets and its place: 5 colors, a box, a flip."""
    rng.uniform(size=1 + 3)  # contrast and tint
    rng.uniform(size=1 + 2)  # scale and shift of the jittered crop
    mirror = bool(rng.random() < 0.5)
    rng.random(2)  # brightness, gray
    if rng.random() < 0.3:
        rng.random()  # noise
    rng.integers(2**31)
    return mirror


@pytest.mark.parametrize("positives", [0.1, 0.25, 0.5, 0.6, 0.99])
def test_the_share_of_positives_is_kept_all_along_the_epoch(positives: float) -> None:
    windows = TrainingWindows(CLIPS, CountingCache(), recipe("rgb"), 200, 0, PLAIN, positives)
    labels = [windows.label(index) for index in range(200)]
    assert labels[0] == 0
    for count in range(1, 201):
        assert abs(labels[:count].count(0) - count * positives) <= 1 + 1e-9
    for index in range(200):
        turn = math.ceil((index + 1) * positives) > math.ceil(index * positives)
        assert labels[index] == (0 if turn else 1)
    assert all(windows[index][1] == labels[index] for index in range(20))


def test_without_a_share_labels_come_as_seconds_do() -> None:
    """Falls of 1 s against 9 s + 23 s of room: 1.1 s to 32.3 s, a weight of 0.1 s for each."""
    clips = [clip("fall-100.mp4", (0.0, 1.0)), clip("other-246.mp4")]
    windows = TrainingWindows(clips, CountingCache(), recipe("rgb"), 2000, 0, PLAIN, 0.0)
    falls = (1.0 + 0.1) / (1.0 + 0.1 + (9.15 - 1.7 + 0.1) + (23.0 + 0.1))
    assert falls == pytest.approx(0.0347, abs=1e-3)
    labels = [windows.label(index) for index in range(2000)]
    assert labels.count(0) / 2000 == pytest.approx(falls, abs=0.013)
    assert [windows[index][1] for index in range(30)] == labels[:30]
    windows.set_epoch(1)
    assert [windows.label(index) for index in range(2000)] != labels


def test_describing_an_item_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = spied(monkeypatch)
    cache = CountingCache()
    training = TrainingWindows(CLIPS, cache, recipe("rgb"), 8, 0)
    validation = ValidationWindows(CLIPS, cache, recipe("rgb"))
    paths = []
    for index in range(8):
        training[index]
        paths.append(str(drawn[-1][0].path))
    monkeypatch.setattr(CountingCache, "frames", lambda self, path: pytest.fail("it was read"))
    for index in range(8):
        told = training.describe(index)
        assert told.startswith(repr(paths[index]))
        assert 0 <= float(told.split()[-2]) <= 12
        assert training.label(index) == index % 2
    assert validation.describe(0) == "'fall-100.mp4' around 4.50 s"
    assert [validation.label(i) for i in range(2)] == [0, 0]


def test_a_for_loop_over_an_epoch_ends() -> None:
    windows = TrainingWindows(CLIPS, CountingCache(), recipe("rgb"), 3, 0)
    assert len(list(windows)) == 3
    with pytest.raises(IndexError, match="no item -1"):
        windows[-1]


@pytest.mark.parametrize("modality", ["rgb", "rgbdiff"])
@pytest.mark.parametrize("speed", [1.3, 2.0])
def test_stretched_windows_read_evenly_and_keep_their_label(
    modality: str, speed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames tell their numbers: one factor for all, inside the clip, clear of falls as before."""
    config = replace(PLAIN, speed=speed)
    windows = TrainingWindows(CLIPS, CountingCache(), recipe(modality), 160, 1, config)
    drawn = spied(monkeypatch)
    kind = get_modality(modality)
    factors = []
    for index in range(len(windows)):
        images, label = windows[index]
        chosen, starts, clocks = drawn[-1]
        count = int(chosen.path.stem.rpartition("-")[2])
        assert clocks is not None
        clock = clocks[0]
        assert all(other == clock for other in clocks)
        factors.append(clock.factor)
        for snippet, start in zip(images[:, :, 4, 4, 0].tolist(), starts, strict=True):
            read = [clock.place + (start + i - clock.origin) * clock.factor for i in range(9)]
            wanted = [min(max(round(at), 0), count - 1) for at in read[: kind.frames]]
            assert snippet == wanted
        times = images[:, :, 4, 4, 0].numpy() / FPS
        for start, end in chosen.events:
            if label == 1:
                assert (
                    times.max() <= start + 0.051 + 1 / FPS or times.min() >= end - 0.051 - 1 / FPS
                )
        if label == 0 and chosen.events:
            low, high = clock.place / FPS, (clock.place + 15 * clock.factor) / FPS
            assert any(low <= min(end, s + 1.5) and high >= s for s, end in chosen.events)
    assert min(factors) < 1 / (1 + 0.8 * (speed - 1))
    assert max(factors) > 1 + 0.8 * (speed - 1)


def test_stretched_flow_is_as_much_longer() -> None:
    """A clip in which all moves 2 px a sample: played f times as fast, 2 f px a step."""

    class Even(CountingCache):
        def flows(self, path: Path) -> np.ndarray:
            count = len(self.frames(path)) - 1
            # bound 15: 127.5 + 2 * 8.5
            return np.full((count, 8, 8, 2), (144, 128), np.uint8)

    clips = [clip("fall-60.mp4", (2.0, 4.0)), clip("other-60.mp4")]
    config = replace(PLAIN, speed=2.0)
    windows = TrainingWindows(clips, Even(), recipe("flow"), 30, 0, config)
    plain = TrainingWindows(clips, Even(), recipe("flow"), 30, 0, PLAIN)
    seen = set()
    for index in range(30):
        images = windows[index][0]
        assert plain[index][0].unique().tolist() == [128, 144]
        assert (images[..., 0] == images[0, 0, 0, 0, 0]).all()
        assert ((images[..., 1] == 128) | (images[..., 1] == 129)).all()
        seen.add(int(images[0, 0, 0, 0, 0]))
    assert min(seen) >= round(127.5 + 16.5 / 2) - 1
    assert max(seen) <= round(127.5 + 16.5 * 2) + 1
    assert max(seen) - min(seen) > 15


def test_the_motion_crop_of_a_stretched_window_follows_what_it_reads() -> None:
    """Something moves at 0 to 3 s on the left and at 3 to 6 s on the right."""

    class Moving(CountingCache):
        def frames(self, path: Path) -> np.ndarray:
            video = np.full((61, 60, 100, 3), 60, np.uint8)
            for index in range(61):
                left = 5 if index <= 30 else 75
                video[index, 20:36, left + index % 4 : left + 14 + index % 4] = 240
            return video

    made = recipe("rgb", "motion")
    reader = WindowReader(made, Moving(), PLAIN)
    seen = [
        reader.read_changed(
            clip("fall-61.mp4"), [10], Augmentation(), np.random.default_rng(0), clocks
        )
        for clocks in (None, [Stretch(10.0, 45.0, 0.8)])
    ]
    # both see the square large, though the plain box would not hold the second place
    assert all(float((images > 200).float().mean()) > 0.15 for images in seen)
