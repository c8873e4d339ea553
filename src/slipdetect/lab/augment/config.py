"""How strongly training windows are changed before a network sees them.

In: keyword arguments. Out: a validated, frozen ``AugmentConfig``.
"""

from __future__ import annotations

from dataclasses import dataclass

from slipdetect._settings import check_settings, setting
from slipdetect.errors import UsageError


@dataclass(frozen=True)
class AugmentConfig:
    """Strength of each change; all are drawn once a window and done alike to all its pictures.

    The defaults are those of the bundled model. Meaning, unit and limits are in the metadata.
    """

    train_crop: str = setting(
        "jitter",
        "Training crop. jitter: the test crop, moved and scaled; mixed: so around what moves or "
        "the middle, by chance, whatever the test crop is; multiscale, corners: one of TSN's "
        "13 or 5 places in the whole picture, at the crop scales; random: any place in the whole "
        "picture; fixed: the test crop itself.",
        choices=("jitter", "mixed", "multiscale", "corners", "random", "fixed"),
    )
    crop_scales: tuple[float, ...] = setting(
        (1.0, 0.875, 0.75, 0.66),
        "Crop sides of multiscale and corners, as shares of the shorter side.",
        least=0.05,
        most=1.0,
    )
    scale_jitter: float = setting(
        0.3,
        "Crop of jitter and mixed: natural logarithm of its largest scaling.",
        least=0.0,
        most=1.5,
    )
    shift_jitter: float = setting(
        0.15,
        "Crop of jitter and mixed: largest shift, as a share of its side.",
        least=0.0,
        most=1.0,
    )
    flip: float = setting(
        0.5, "Probability of mirroring; flow's u changes sign.", least=0.0, most=1.0
    )
    rotation: float = setting(
        0.0, "Largest rotation to either side; flow vectors turn too.", "degrees", 0.0, 180.0
    )
    speed: float = setting(
        1.0, "Largest factor by which a window is played faster or slower.", "", 1.0, 4.0
    )
    erase: float = setting(
        0.0, "Probability of erasing a rectangle, the same in all pictures.", least=0.0, most=1.0
    )
    contrast: float = setting(
        0.4, "Largest change of contrast, a share of it.", least=0.0, most=1.0
    )
    brightness: float = setting(30.0, "Largest change of brightness.", "levels", 0.0, 255.0)
    tint: float = setting(
        0.1, "Largest change of contrast of one color, a share of it.", least=0.0, most=1.0
    )
    saturation: float = setting(
        0.0, "Largest change of saturation, a share of it.", least=0.0, most=1.0
    )
    gray: float = setting(0.2, "Probability of dropping the colors.", least=0.0, most=1.0)
    noise: float = setting(
        5.0, "Largest standard deviation of pixel noise, in 30% of windows.", "levels", 0.0, 255.0
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if not self.crop_scales:
            raise UsageError("crop_scales is empty; give at least one, such as 1.0")
