"""Training windows stay what they were, byte by byte.

In: synthetic clips. Out: digests of windows, and windows made again in plain numpy.

The digests were made by ``digest`` below with ``git archive d127e55 src`` on the path, the commit
before strengths could be chosen (OpenCV 5.0.0, NumPy 2.4.6, x86-64): there ``crop="center"`` was
what ``train_crop="multiscale"`` is now, with three scales for flow. Those of ``"motion"`` were made
again when crops began to be shrunk by way of twice their size (decision 023; OpenCV 5.1.0, where
the others are as they were).
"""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

import cv2
import numpy as np
import pytest

from slipdetect.lab.augment.config import AugmentConfig
from slipdetect.lab.data import Clip, FrameCache, Sampling, WindowRule
from slipdetect.lab.data.datasets import TrainingWindows
from slipdetect.lab.data.window_reader import WindowRecipe
from slipdetect.modalities.sampling import segment_offsets
from slipdetect.modalities.snippet import SnippetGrid, cut, get_modality, snippet_box, thumbnail

DIGESTS = {
    ("rgb", "motion"): "712e5df89cc4fba2",
    ("rgb", "center"): "b1ef9b2fc8f32792",
    ("rgbdiff", "motion"): "4631b8bc29daf754",
    ("rgbdiff", "center"): "ef7e91f6fe96c813",
    ("flow", "motion"): "680196fd93acfdea",
    ("flow", "center"): "7d6ca753d134e21c",
}
WINDOWS, SIZE, SEED = 24, 32, 7
CLIPS = [
    Clip(Path("fall-60.mp4"), True, ((2.0, 3.0),), "a", "a"),
    Clip(Path("fall-b-33.mp4"), True, ((0.2, 0.9), (2.2, 2.6)), "b", "b"),
    Clip(Path("fall-c-9.mp4"), True, (), "c", "b"),
    Clip(Path("other-50.mp4"), False, (), "d", "a"),
    Clip(Path("other-b-12.mp4"), False, (), "e", "b"),
]


class Rendered(FrameCache):
    """A square that moves over noise, as many frames as the file's name says."""

    def __init__(self) -> None:
        self.sampling = Sampling(10.0, 48)
        self.flow = {}

    def frames(self, path: Path) -> np.ndarray:
        count = int(path.stem.rpartition("-")[2])
        room = np.random.default_rng(count).integers(0, 256, (48, 64, 3), np.uint8)
        video = np.repeat(room[None], count, 0)
        for i in range(count):
            x, y = (3 * i) % 52, (5 + 2 * i) % 38
            video[i, y : y + 10, x : x + 12] = (250, 20 + i, 130)
        return video

    def times(self, path: Path) -> np.ndarray:
        return np.arange(len(self.frames(path))) / self.sampling.sample_fps

    def flows(self, path: Path) -> np.ndarray:
        return np.ascontiguousarray(self.frames(path)[:-1, ..., :2])


def recipe(modality: str, crop: str) -> WindowRecipe:
    kind = get_modality(modality)
    return WindowRecipe(kind, SnippetGrid.make([kind], 2, 10.0), SIZE, crop, 3, WindowRule())


def digest(windows: TrainingWindows) -> str:
    """Digest the windows of two epochs, with their labels."""
    found = hashlib.sha256()
    for epoch in range(2):
        windows.set_epoch(epoch)
        for index in range(WINDOWS):
            images, label = windows[index]
            found.update(images.numpy().tobytes() + bytes([label]))
    return found.hexdigest()[:16]


def strengths(modality: str, crop: str) -> AugmentConfig:
    if crop == "motion":
        return AugmentConfig()
    scales = (1.0, 0.875, 0.75) if modality == "flow" else (1.0, 0.875, 0.75, 0.66)
    return AugmentConfig(train_crop="multiscale", crop_scales=scales)


@pytest.mark.skipif(
    cv2.__version__ != "5.1.0" or platform.machine() != "x86_64",
    reason="digests hold for OpenCV 5.1.0 on x86-64, others may round otherwise",
)
@pytest.mark.parametrize(("modality", "crop"), DIGESTS)
def test_windows_are_those_of_before(modality: str, crop: str) -> None:
    config = strengths(modality, crop)
    windows = TrainingWindows(CLIPS, Rendered(), recipe(modality, crop), WINDOWS, SEED, config)
    assert digest(windows) == DIGESTS[modality, crop]


def test_the_defaults_are_those_strengths() -> None:
    """Not naming strengths is the same as naming the default ones."""
    made = recipe("rgbdiff", "motion")
    assert digest(TrainingWindows(CLIPS, Rendered(), made, WINDOWS, SEED)) == digest(
        TrainingWindows(CLIPS, Rendered(), made, WINDOWS, SEED, AugmentConfig(), 0.5)
    )


@pytest.mark.parametrize("modality", ["rgb", "rgbdiff", "flow"])
def test_windows_are_what_plain_numpy_makes_of_the_same_draws(modality: str) -> None:
    """What the bundled model was trained with, but for how crops are shrunk; on any machine."""
    made = recipe(modality, "motion")
    windows = TrainingWindows(CLIPS, Rendered(), made, WINDOWS, SEED)
    for index in range(WINDOWS):
        rng = np.random.default_rng((SEED, 0, index))
        candidate, center = windows._pools[index % 2].draw(rng)
        frames = Rendered().frames(candidate.clip.path)
        count, span = len(frames), made.grid.span
        first = max(0, min(round(center * 10 - 7.5), count - 16))
        offsets = segment_offsets(min(16, count - first), 3, span, "train", rng)
        contrast, tint = rng.uniform(0.6, 1.4), rng.uniform(0.9, 1.1, 3)
        scale = np.exp(rng.uniform(-0.3, 0.3))
        shift = rng.uniform(-0.15, 0.15), rng.uniform(-0.15, 0.15)
        flip, offset, gray = rng.random() < 0.5, rng.uniform(-30, 30), rng.random() < 0.2
        noise = rng.uniform(0, 5) if rng.random() < 0.3 else 0.0
        seed = int(rng.integers(2**31))
        snippets = []
        for start in first + offsets:
            inside = np.arange(max(min(start - made.grid.before, count - 1), 0), count)
            context = inside[inside < start + span + made.grid.after]
            box = snippet_box([thumbnail(frames[i]) for i in context], 48, 64, "motion")
            box = box.jittered(min(scale, max(64 / box.side, 1.0)), *shift)
            indices = np.minimum(start + np.arange(made.modality.frames), count - 1)
            if modality == "flow":
                stored = Rendered().flows(candidate.clip.path)
                pictures = stored[np.minimum(indices[:-1], len(stored) - 1)]
            else:
                pictures = frames[indices]
            snippets.append(cut(pictures, box, SIZE))
        window = np.concatenate(snippets)
        if flip:
            window = window[:, :, ::-1].copy()
        if modality == "flow":
            window[..., 0] = 255 - window[..., 0] if flip else window[..., 0]
        else:
            values = window.astype(np.float32)
            if gray:
                values = np.repeat(values.mean(axis=-1, keepdims=True), 3, axis=-1)
            values = (values - 128.0) * np.float32(contrast * tint) + (128.0 + float(offset))
            if noise > 0:
                drawn = np.random.default_rng(seed).standard_normal(values.shape, np.float32)
                values += float(noise) * drawn
            window = np.clip(values, 0, 255).astype(np.uint8)
        images, label = windows[index]
        assert label == index % 2
        assert np.array_equal(images.numpy().reshape(window.shape), window)
