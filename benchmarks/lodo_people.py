"""The pose stream of ``leave_one_dataset_out.py``: trained without a data set, then asked about it.

For every fold a pose stream of three networks, each of draws of its own, is trained as ``slipdetect
train pose`` does, on the clips that the fold trains on and on simulated skeletons. What it says of
the windows of the clips that it has not seen is stored beside the predictions of the other streams,
which judged the same windows, so that ways to combine the two need no second run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from lodo_folds import EXAMPLES, RESULTS, predictions_file

from slipdetect.lab.calibrate.threshold_selection import threshold_for_budget
from slipdetect.lab.data import Clip, Sampling, read_annotations
from slipdetect.lab.evaluate.predictions import ClipPrediction, read_predictions
from slipdetect.lab.pose.run import PoseRun
from slipdetect.lab.pose.settings import PoseSettings
from slipdetect.lab.pose.skeleton_cache import SkeletonCache
from slipdetect.models import ModelPackage, load_package
from slipdetect.models.package import CONFIG_FILE
from slipdetect.models.stream import PoseConfig
from slipdetect.models.weights_file import read_arrays
from slipdetect.people.crowd import Crowd, surest
from slipdetect.people.estimators import make_pose_estimator
from slipdetect.people.network import PoseNetwork
from slipdetect.people.skeletons import Skeletons
from slipdetect.types import EventConfig
from slipdetect.types.events import log_odds, sigmoid

SIMULATED = "simulated"
# what is learned from: everything, and more of common falls, daily life and exercise
LEARNED = {
    "falls": (
        *("--seed", "5", "--count", "260", "--views", "4", "--falls", "1", "--actions"),
        *("slip", "trip", "faint", "slide", "tumble", "collapse", "backward", "sideways", "knees"),
        *("off-chair", "off-chair", "off-chair", "rising", "rising"),
    ),
    "daily": (
        *("--seed", "6", "--count", "260", "--views", "4", "--falls", "0", "--actions"),
        *("sit", "sit-fast", "sit-hard", "lie-bed", "lie-fast", "nap", "lie", "get-up"),
        *("stand-up", "pick-up", "crouch", "squat", "kneel", "sit-floor", "mat", "shoes"),
    ),
    "all": ("--seed", "2026", "--count", "900", "--views", "4"),
    "floor": (
        *("--seed", "4", "--count", "240", "--views", "4", "--falls", "0", "--actions"),
        *("planks", "burpees", "sit-ups", "crunches", "leg-work", "yoga", "cleaning", "mat"),
        "bows",
    ),
    "push-ups": (
        *("--seed", "3", "--count", "120", "--views", "4", "--falls", "0"),
        *("--actions", "push-ups"),
    ),
}
JUDGED = ("--seed", "12", "--count", "160", "--views", "4")
SETTINGS = PoseSettings()
PER_HOUR = {"low": 2.0, "balanced": 10.0, "high": 40.0}  # false events on ordinary footage
SIMULATED_PER_HOUR = 10.0  # of ``low`` on simulated exercise and daily living
# weight of pose, most log-odds of the other streams that count, gate, taken off who was never up
CANDIDATES = (
    *((0.4, 4.0, 0.2, 4.0), (0.5, 4.0, 0.2, 4.0), (0.6, 4.0, 0.2, 4.0), (0.7, 4.0, 0.2, 4.0)),
    *((0.6, 2.0, 0.2, 4.0), (0.6, 3.0, 0.2, 4.0), (0.6, 9.0, 0.2, 4.0)),
    *((0.6, 4.0, 0.1, 4.0), (0.6, 4.0, 0.3, 4.0), (0.6, 4.0, 0.5, 4.0)),
    *((0.6, 4.0, 0.2, 0.0), (0.6, 4.0, 0.2, 2.0), (0.6, 4.0, 0.2, 9.0)),
)
# chosen among them on the folds' clips and ordinary footage, see docs/experiments.md
COMBINATION = PoseConfig(weight=0.6, limits=(-4.0, 4.0), unseen=2.0, never_up=4.0, gate=0.2)
EVENTS = {"offset": 0.3, "narrow": 0.4}

Odds = list[float | None]


@dataclass(frozen=True)
class Said:
    """What a pose network says of the windows of a clip.

    Attributes:
        all: Log-odds of the surest person in each window; None where nobody is found.
        up: Those of the surest one of those who were up in the window or shortly before.
    """

    all: Odds
    up: Odds

    def odds(self, never_up: float) -> Odds:
        """Return the log-odds with so much taken off those of people who were never up."""
        return [
            None if most is None else max(most - never_up, -np.inf if up is None else up)
            for most, up in zip(self.all, self.up, strict=True)
        ]


@dataclass(frozen=True)
class People:
    """What the pose streams of a fold say.

    Attributes:
        clips: By clip, what the mean of all networks says, then each of them alone.
    """

    clips: Mapping[str, Sequence[Said]]

    @classmethod
    def read(cls, name: str) -> People:
        """Read what a fold's run stored."""
        found = json.loads(people_file(name).read_text(encoding="utf-8"))
        return cls({clip: [Said(*each) for each in rows] for clip, rows in found.items()})

    def write(self, name: str) -> None:
        """Store it, a line a clip."""
        rows = [
            f"{json.dumps(clip)}: {json.dumps([[each.all, each.up] for each in said])}"
            for clip, said in self.clips.items()
        ]
        text = "{\n" + ",\n".join(rows) + "\n}\n"
        people_file(name).write_text(text, encoding="utf-8")


def people_file(name: str) -> Path:
    """Return where what the pose streams of a fold say is stored."""
    return RESULTS / f"lodo-people-{name}.json"


def simulated_clips(folder: Path, arguments: Sequence[str]) -> list[Clip]:
    """Return simulated skeletons, made where they are missing."""
    if not (folder / "clips.csv").exists():
        script = EXAMPLES / "simulate_skeletons.py"
        subprocess.run([sys.executable, script, folder, *arguments], check=True)
    return read_annotations(folder / "clips.csv")


def train(name: str, clips: Sequence[Clip], out: Path) -> ModelPackage:
    """Train the pose stream of a fold, unless it is there; a run that was stopped goes on."""
    if (out / name / "pose" / "last" / CONFIG_FILE).exists():
        return load_package(out / name / "pose" / "last")
    learned = [
        clip
        for part, arguments in LEARNED.items()
        for clip in simulated_clips(out / "skeletons" / part, arguments)
    ]
    return PoseRun(
        [*clips, *learned],
        out / name / "pose",
        SETTINGS,
        cache=out / "people-cache",
        name=f"slipdetect-{name}",
        resume=True,
        on_progress=lambda progress: (
            print(
                f"{name} pose: {progress.stage} {progress.done}/{progress.total}",
                file=sys.stderr,
                flush=True,
            )
            if progress.done % 100 == 0
            else None
        ),
    ).run()


def judge(
    package: ModelPackage, predictions: Iterable[ClipPrediction], data: Path, out: Path
) -> People:
    """Return what a pose stream says of the windows of predictions.

    Args:
        package: With the pose stream.
        predictions: Of the other streams.
        data: Folder of the clips.
        out: Where the people of clips are kept.
    """
    config = package.config
    pose = config.pose
    assert pose is not None
    sampling = Sampling(config.sample_fps, config.frame_short_side)
    cache = SkeletonCache(
        out / "people-cache", sampling, pose.rate, make_pose_estimator(pose.estimator)
    )
    networks = members(package)
    clips = {}
    for item in predictions:
        centers = [(start + end) / 2 for start, end, _ in item.windows]
        skeletons = cache.people(data / item.clip)
        clips[item.clip] = [say(skeletons, centers, network, pose) for network in networks]
    return People(clips)


def members(package: ModelPackage) -> list[PoseNetwork]:
    """Return the pose network of a package, then each of its members alone."""
    assert package.config.pose is not None
    path = package.folder / package.config.pose.file
    arrays = read_arrays(path)
    names = sorted({name.split(".")[0] for name in arrays})
    alone = [
        {
            f"0.{name.partition('.')[2]}": array
            for name, array in arrays.items()
            if name.startswith(f"{number}.")
        }
        for number in names
    ]
    return [PoseNetwork(each, str(path)) for each in (arrays, *alone)]


def simulated_predictions(package: ModelPackage, out: Path) -> list[ClipPrediction]:
    """Return predictions of simulated exercise and daily living that nothing learned from.

    There are no pictures of it: the other streams are taken to be as sure of a fall as counts.
    """
    pose, network = package.config.pose, package.pose_network()
    assert pose is not None
    assert network is not None
    found = []
    for clip in simulated_clips(out / "skeletons" / "judged", JUDGED):
        skeletons = Skeletons.load(clip.path)
        if clip.positive or not skeletons.times:
            continue
        length = skeletons.times[-1]
        centers = np.arange(0, length + 1e-9, package.config.stride).tolist()
        half = package.config.window / 2
        sure = float(sigmoid(pose.limits[1]))
        windows = tuple((max(c - half, 0.0), min(c + half, length), sure) for c in centers)
        item = ClipPrediction(
            clip.path.name,
            SIMULATED,
            False,
            (),
            length,
            sure,
            (),
            windows=windows,
            action=clip.columns.get("action", ""),
            group=clip.group,
        )
        found.append(combined(item, say(skeletons, centers, network, pose), pose))
    return found


def say(
    skeletons: Skeletons, centers: Sequence[float], network: PoseNetwork, pose: PoseConfig
) -> Said:
    """Return what a network says of the windows around each of ``centers`` seconds."""
    crowd = Crowd(pose.rate)
    for number, people in enumerate(skeletons.people):
        crowd.push(number, people)
    said = Said([], [])
    for center in centers:
        first = round((center - (pose.pictures - 1) / pose.rate / 2) * pose.rate)
        people = crowd.judged(first, pose.pictures, network)
        for odds, counted in ((said.all, people), (said.up, [p for p in people if p.up])):
            most, _ = surest(counted, 0.0)
            odds.append(None if most is None else round(most, 3))
    return said


def combined(item: ClipPrediction, said: Said, pose: PoseConfig) -> ClipPrediction:
    """Return the prediction of a model whose streams and pose stream said these.

    Args:
        item: Of the other streams.
        said: By the pose stream, of the same windows.
        pose: How the two are combined.
    """
    windows = []
    odds = said.odds(pose.never_up)
    for (start, end, probability), each in zip(item.windows, odds, strict=True):
        gated = probability < pose.gate
        both = pose.combined(float(log_odds([probability])[0]), None if gated else each)
        windows.append((start, end, round(both, 5)))
    return replace(item, windows=tuple(windows), score=round(max(w[2] for w in windows), 4))


def pose_alone(item: ClipPrediction, said: Said, never_up: float) -> ClipPrediction:
    """Return the prediction of the pose stream without the others."""
    odds = said.odds(never_up)
    alone = [1 / (1 + np.exp(-(-9.0 if each is None else each))) for each in odds]
    windows = [(w[0], w[1], round(float(p), 5)) for w, p in zip(item.windows, alone, strict=True)]
    return replace(item, windows=tuple(windows), score=round(max(w[2] for w in windows), 4))


def stored(name: str) -> list[tuple[ClipPrediction, Sequence[Said]]]:
    """Return the predictions of a fold, each with what its pose stream says."""
    people = People.read(name).clips
    return [(item, people[item.clip]) for item in read_predictions(predictions_file(name))]


def loosest(
    sources: Iterable[Sequence[ClipPrediction]],
    events: EventConfig,
    per_hour: float = PER_HOUR["balanced"],
) -> EventConfig:
    """Return the smallest onset that keeps the budget in each source, the worst one included.

    Args:
        sources: Predictions of footage without falls, by where it is from.
        events: The other settings.
        per_hour: The budget, false events an hour.
    """
    onsets = []
    for part in sources:
        point = threshold_for_budget(part, per_hour, events)
        assert point is not None, "even an onset of 1 breaks the budget"
        onsets.append(point.config.onset)
    return replace(events, onset=max(onsets))
