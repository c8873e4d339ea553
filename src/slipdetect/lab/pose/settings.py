"""Every number of the training of a pose stream, with its meaning, its unit and its limits.

In: keyword arguments. Out: a validated, frozen ``PoseSettings`` that is stored with the model.
"""

from __future__ import annotations

from dataclasses import dataclass

from slipdetect._settings import check_settings, setting, with_documented_fields

SIMULATED = "simulated"  # the data set that ``PoseSettings.simulated`` speaks of


@with_documented_fields
@dataclass(frozen=True)
class PoseSettings:
    """Settings of a run."""

    init_from: str = setting(
        "default", "Model whose other streams go into the package: 'default' or a folder."
    )
    estimator: str = setting("movenet", "What finds people and their keypoints.")
    rate: float = setting(5.0, "Pictures of a second in which people are looked for.", "/s", 0.5)
    pictures: int = setting(13, "Pictures of a window.", least=5)
    channels: int = setting(96, "Channels of every layer.", least=1)
    dropout: float = setting(0.3, "Share of values that training sets to 0.", least=0.0, most=0.99)
    members: int = setting(3, "Networks of other draws whose log-odds are averaged.", least=1)
    epochs: int = setting(24, "Rounds; figures and a checkpoint are written after each.", least=1)
    steps: int = setting(50, "Steps of each network in an epoch.", least=1)
    lr: float = setting(2e-3, "Highest learning rate.", least=0.0)
    warm_up: float = setting(
        0.15, "Share of the steps in which the learning rate rises; then it falls to 0.", "", 0, 1
    )
    weight_decay: float = setting(0.02, "Weight decay of AdamW.", least=0.0)
    clip_gradient: float = setting(2.0, "Largest norm of the gradient.", least=1e-6)
    mean_from: float = setting(
        0.6, "Share of the steps after which the running mean of the weights begins.", "", 0, 0.99
    )
    mean_share: float = setting(
        0.02, "Share of a step's weights in their running mean, which is the model.", "", 1e-6, 1
    )
    positives: int = setting(14, "Clips with a fall in a step.", least=1)
    negatives: int = setting(18, "Clips without one in a step.", least=1)
    windows_of_positive: int = setting(5, "Windows of a fall that are drawn in a step.", least=1)
    windows_of_negative: int = setting(4, "Windows of another clip that are drawn.", least=1)
    simulated: float = setting(
        0.6, f"Share of the clips of a step that are of data set '{SIMULATED}'.", "", 0, 1
    )
    simulated_of_positive: int = setting(2, "Windows of a simulated fall.", least=1)
    simulated_of_negative: int = setting(4, "Windows of another simulated clip.", least=1)
    smoothing: float = setting(
        0.02,
        "Probability of a fall that clips without one are to have; clips with one are to have 1 "
        "minus 1.5 times as much.",
        least=0.0,
        most=0.3,
    )
    instance_weight: float = setting(
        0.3, "Weight of every window of clips without a fall beside their surest ones.", least=0.0
    )
    speed: float = setting(1.25, "Augmentation: largest factor of speed.", least=1.0)
    scale: float = setting(0.08, "Augmentation: spread of the log of either side.", least=0.0)
    roll: float = setting(6.0, "Augmentation: spread of the camera's roll.", "degrees", 0)
    jitter: float = setting(
        0.02, "Augmentation: most that keypoints scatter, of the body's size.", least=0.0
    )
    point_scores: float = setting(
        0.15, "Augmentation: spread of the log of the keypoints' scores.", least=0.0
    )
    person_scores: float = setting(
        0.25, "Augmentation: spread of the log of the person's score.", least=0.0
    )
    hidden: float = setting(
        0.4, "Augmentation: share of windows some of whose limbs are hidden for a while.", "", 0, 1
    )
    missed: float = setting(
        0.4, "Augmentation: share of windows in some of whose pictures nobody is found.", "", 0, 1
    )
    cut: float = setting(
        0.25, "Augmentation: share of windows that the person comes into late or leaves.", "", 0, 1
    )
    validation: float = setting(
        0.15,
        "Share of the clips held out, whole groups at a time, where no split is given; 0: none.",
        least=0.0,
        most=0.99,
    )
    seed: int = setting(0, "Seed of every draw.", least=0)

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def total(self) -> int:
        """Steps of each network in all."""
        return self.epochs * self.steps
