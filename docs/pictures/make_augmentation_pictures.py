"""Draw the pictures of docs/augmentation.md: what each change does to a window.

In: examples/slip.mp4, the rendered example. Out: augment-*.png beside this file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from PIL import Image

from slipdetect.flow import FlowExtractor
from slipdetect.flow.extractor import dequantize
from slipdetect.lab.augment.augment import Augmentation, whole_picture_crop
from slipdetect.lab.augment.config import AugmentConfig
from slipdetect.lab.augment.images import scale_short_side
from slipdetect.lab.augment.stretch import Stretch
from slipdetect.lab.data import Clip, FrameCache, Sampling, WindowRule
from slipdetect.lab.data.window_reader import WindowReader, WindowRecipe
from slipdetect.modalities.snippet import (
    MODALITIES,
    Box,
    SnippetGrid,
    get_modality,
    snippet_box,
    thumbnail,
)

HERE = Path(__file__).resolve().parent
VIDEO = HERE.parents[1] / "examples" / "slip.mp4"
FPS, SIZE, BOUND = 10.0, 224, 15.0
MOMENT = 43  # first sample of a snippet at the fall
DRAWS = 4
BLUE, ORANGE = "#0072B2", "#D55E00"  # told apart by the color-blind too
NOTHING = AugmentConfig(
    "fixed", flip=0.0, contrast=0.0, brightness=0.0, tint=0.0, gray=0.0, noise=0.0
)
# strengths as shown: those of docs/augmentation.md
SHOWN = {
    "flip": {"flip": 0.5},
    "erase": {"erase": 1.0},
    "contrast": {"contrast": 0.4},
    "brightness": {"brightness": 30.0},
    "tint": {"tint": 0.1},
    "saturation": {"saturation": 0.6},
    "gray": {"gray": 1.0},
    "noise": {"noise": 25.0},
}


class Scene:
    """Windows of the example, cut as in training."""

    def __init__(self, folder: Path) -> None:
        flow = FlowExtractor("tvl1", bound=BOUND).recipe()
        self.cache = FrameCache(folder, Sampling(FPS, 240), flow)
        self.clip = Clip(VIDEO, True, ((4.1, 5.0),), "example")
        self.frames = self.cache.frames(VIDEO)

    def reader(self, modality: str, config: AugmentConfig, crop: str = "motion") -> WindowReader:
        """Return the reader of training with one snippet per window."""
        kind = get_modality(modality)
        # one grid for all, so that pictures and flow are of one place and moment
        grid = SnippetGrid.make([get_modality(name) for name in MODALITIES], 2, FPS)
        recipe = WindowRecipe(kind, grid, SIZE, crop, 1, WindowRule())
        return WindowReader(recipe, self.cache, config)

    def window(self, modality: str, config: AugmentConfig, seed: int | None) -> np.ndarray:
        """Return the pictures of a snippet at the fall; with a seed, changed."""
        reader = self.reader(modality, config)
        if seed is None:
            return reader.read(self.clip, [MOMENT])[0].numpy()
        change, rng = drawn(config, seed, modality == "flow"), np.random.default_rng(seed)
        return reader.read_changed(self.clip, [MOMENT], change, rng)[0].numpy()


def drawn(config: AugmentConfig, seed: int, is_flow: bool = False) -> Augmentation:
    """Return the changes of a seed."""
    rng, more = np.random.default_rng(seed), np.random.default_rng((seed, 1))
    return Augmentation.draw(config, rng, more, is_flow=is_flow)


def show(axes: Axes, picture: np.ndarray, title: str = "", weight: str = "normal") -> None:
    """Show a picture without ticks."""
    axes.imshow(picture, interpolation="bilinear")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=8, fontweight=weight, pad=3)
    for side in axes.spines.values():
        side.set_visible(False)


def save(figure: plt.Figure, name: str) -> None:
    """Write a picture with 256 colors, which is a third of the bytes."""
    target = HERE / f"augment-{name}.png"
    figure.savefig(target, dpi=110, bbox_inches="tight", pad_inches=0.05)
    plt.close(figure)
    with Image.open(target) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(target, optimize=True)


def caption(name: str, change: Augmentation) -> str:
    """Return what was drawn, in words of the option."""
    colors = change.colors
    contrast = float(np.mean(colors.gain))
    return {
        "flip": "mirrored" if change.flip else "as it was",
        "erase": "",
        "contrast": f"x {contrast:.2f}",
        "brightness": f"{colors.offset:+.0f} levels",
        "tint": " ".join(f"{gain:.2f}" for gain in colors.gain),
        "saturation": f"x {colors.saturation:.2f}",
        "gray": "",
        "noise": f"sd {colors.noise:.0f}" if colors.noise else "none",
    }[name]


def value(name: str, change: Augmentation) -> float:
    """Return what draws of a change are put in order by."""
    colors = change.colors
    return {
        "flip": float(change.flip),
        "contrast": float(np.mean(colors.gain)),
        "brightness": colors.offset,
        "saturation": colors.saturation,
        "noise": colors.noise,
    }.get(name, 0.0)


def draw_rows(scene: Scene) -> None:
    """One row per change: before, then several draws."""
    for name, strength in SHOWN.items():
        config = replace(NOTHING, **strength)
        seeds = list(range({"flip": 2, "gray": 1}.get(name, DRAWS)))
        if name == "noise":
            seeds = [seed for seed in range(40) if drawn(config, seed).colors.noise > 0][:DRAWS]
        seeds.sort(key=lambda seed: value(name, drawn(config, seed)))
        count = 1 + len(seeds)
        figure, axes = plt.subplots(1, count, figsize=(1.55 * count, 1.75))
        show(axes[0], scene.window("rgb", config, None)[0], "before", "bold")
        for seed, place in zip(seeds, axes[1:], strict=True):
            picture = scene.window("rgb", config, seed)[0]
            show(place, picture, caption(name, drawn(config, seed)))
        figure.subplots_adjust(wspace=0.06)
        save(figure, name)


def draw_crops(scene: Scene) -> None:
    """Where each training crop lies, and what four of them look like."""
    names = ("jitter", "multiscale", "corners", "random", "fixed")
    figure, axes = plt.subplots(5, 5, figsize=(8.2, 8.0), width_ratios=[1.33, 1, 1, 1, 1])
    for name, row in zip(names, axes, strict=True):
        config = replace(NOTHING, train_crop=name)
        frame = scene.frames[MOMENT + 2]
        crop = whole_picture_crop(config, SIZE)
        if crop is not None:
            frame = scale_short_side(frame[None], 256)[0]
        show(row[0], frame)
        row[0].set_ylabel(name, fontsize=10)
        for seed in range(1 if name == "fixed" else 4):
            box = _place(scene, config, seed)
            left, top, width, height = box
            edge = Rectangle((left, top), width, height, fill=False, lw=1.6, color=ORANGE)
            row[0].add_patch(edge)
        row[0].set_xlim(-45, frame.shape[1] + 45)
        row[0].set_ylim(frame.shape[0] + 45, -45)
        for seed, place in enumerate(row[1:]):
            if name == "fixed" and seed:
                place.axis("off")
            else:
                show(place, scene.window("rgb", config, seed)[0])
    axes[0, 0].set_title("whole picture, four draws", fontsize=8)
    axes[0, 1].set_title("what the network gets", fontsize=8, loc="left")
    figure.subplots_adjust(wspace=0.04, hspace=0.06)
    save(figure, "train-crop")


def _place(scene: Scene, config: AugmentConfig, seed: int) -> tuple[float, float, float, float]:
    crop = whole_picture_crop(config, SIZE)
    if crop is not None:
        frame = scale_short_side(scene.frames[MOMENT + 2][None], 256)[0]
        return crop.place(frame.shape[0], frame.shape[1], np.random.default_rng(seed))
    box = _test_box(scene)
    if config.train_crop == "jitter":
        box = drawn(config, seed).move(box, *scene.frames.shape[1:3])
    return box.left, box.top, box.side, box.side


def _test_box(scene: Scene) -> Box:
    grid = scene.reader("rgb", NOTHING).recipe.grid
    first, last = grid.context_bounds(MOMENT, len(scene.frames))
    thumbnails = [thumbnail(frame) for frame in scene.frames[first:last]]
    return snippet_box(thumbnails, *scene.frames.shape[1:3], "motion")


def draw_rotation(scene: Scene) -> None:
    """Pictures turn, and the vectors of their flow with them."""
    config = replace(NOTHING, rotation=40.0)
    seeds: Sequence[int | None] = (None, 0, 1, 4)
    figure, axes = plt.subplots(2, len(seeds), figsize=(8.2, 4.35))
    for seed, top, bottom in zip(seeds, *axes, strict=True):
        picture = scene.window("rgb", config, seed)[0]
        angle = 0.0 if seed is None else drawn(config, seed).rotation
        title = "before" if seed is None else f"{angle:+.0f} degrees"
        show(top, picture, title, "bold" if seed is None else "normal")
        show(bottom, 255 - (255 - picture) // 3)
        flow = dequantize(scene.window("flow", config, seed)[2], BOUND)
        step = 9
        u, v = flow[step // 2 :: step, step // 2 :: step].transpose(2, 0, 1)
        y, x = np.mgrid[step // 2 : SIZE : step, step // 2 : SIZE : step]
        moving = np.hypot(u, v) > 1.0
        bottom.quiver(
            x[moving], y[moving], u[moving], v[moving], color=BLUE, angles="xy",
            scale_units="xy", scale=0.55, width=0.008, headwidth=3.5,
        )  # fmt: skip
    axes[0, 0].set_ylabel("picture", fontsize=9)
    axes[1, 0].set_ylabel("flow", fontsize=9)
    figure.subplots_adjust(wspace=0.04, hspace=0.04)
    save(figure, "rotation")


def draw_speed(scene: Scene) -> None:
    """A film strip of what one snippet of RGB differences reads at three speeds."""
    reader = scene.reader("rgbdiff", NOTHING, "center")
    figure, axes = plt.subplots(3, 6, figsize=(8.2, 4.7))
    samples = np.arange(MOMENT, MOMENT + 6)
    for factor, row in zip((0.6, 1.0, 1.6), axes, strict=True):
        clock = Stretch.about(MOMENT, 6, MOMENT + 2.5, factor, (0.0, len(scene.frames) - 1.0))
        rng = np.random.default_rng(0)
        window = reader.read_changed(scene.clip, [MOMENT], Augmentation(), rng, [clock])
        pictures = window[0].numpy()
        read = clock.frames(samples, len(scene.frames))
        for index, (place, picture) in enumerate(zip(row, pictures, strict=True)):
            repeated = index > 0 and read[index] == read[index - 1]
            title = f"{read[index] / FPS:.1f} s" + (" again" if repeated else "")
            show(place, picture, title, "bold" if repeated else "normal")
        row[0].set_ylabel("before" if factor == 1.0 else f"x {factor:g}", fontsize=9)
    figure.subplots_adjust(wspace=0.04, hspace=0.16)
    save(figure, "speed")


def main() -> None:
    """Draw all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder))
        draw_crops(scene)
        draw_rows(scene)
        draw_rotation(scene)
        draw_speed(scene)


if __name__ == "__main__":
    main()
