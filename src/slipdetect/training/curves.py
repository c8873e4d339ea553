"""Learning curves as a picture.

In: the metrics of every epoch by modality. Out: a PNG with loss and accuracy side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from slipdetect._io import atomic_write
from slipdetect.training.loop import EpochMetrics

_PANELS = (("Loss", "loss"), ("Accuracy", "accuracy"))


def draw_curves(
    history: Mapping[str, Sequence[EpochMetrics]], target: Path, *, overwrite: bool = False
) -> None:
    """Write loss and accuracy over epochs, training dashed and validation solid.

    Raises:
        OutputError: The picture cannot be written.
    """
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (title, key) in zip(figure.subplots(1, 2), _PANELS, strict=True):
        for index, (modality, epochs) in enumerate(history.items()):
            colour = f"C{index}"
            for part, style in (("train", "--"), ("val", "-")):
                points = [(m.epoch + 1, getattr(m, f"{part}_{key}")) for m in epochs]
                known = [point for point in points if point[1] is not None]
                if known:
                    label = f"{modality}, {'training' if part == 'train' else 'validation'}"
                    axes.plot(
                        *zip(*known, strict=True), style, color=colour, label=label, marker="."
                    )
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    with atomic_write(target, overwrite=overwrite) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
