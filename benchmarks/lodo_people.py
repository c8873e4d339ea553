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
from slipdetect.models import ModelPackage
from slipdetect.models.pose import PoseConfig
from slipdetect.models.weights_file import read_arrays
from slipdetect.people.estimators import make_pose_estimator
from slipdetect.people.features import features
from slipdetect.people.network import PoseNetwork
from slipdetect.people.skeletons import Skeletons
from slipdetect.people.tracks import Tracker, track_window
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
# chosen on the folds' clips and ordinary footage, see docs/experiments.md
COMBINATION = PoseConfig(weight=0.7, limits=(-4.0, 2.0), unseen=2.0, gate=0.2)
EVENTS = {"offset": 0.3, "narrow": 0.3}

Odds = list[float | None]


@dataclass(frozen=True)
class People:
    """What the pose streams of a fold say.

    Attributes:
        clips: By clip, the log-odds of the surest person in each window by the mean of all
            networks, then by each of them alone; None where nobody is found.
    """

    clips: Mapping[str, Sequence[Odds]]

    @classmethod
    def read(cls, name: str) -> People:
        """Read what a fold's run stored."""
        return cls(json.loads(people_file(name).read_text(encoding="utf-8")))

    def write(self, name: str) -> None:
        """Store it, a line a clip."""
        rows = [f"{json.dumps(clip)}: {json.dumps(odds)}" for clip, odds in self.clips.items()]
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
    """Train the pose stream of a fold; a run that was stopped goes on."""
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
        clips[item.clip] = [surest(skeletons, centers, network, pose) for network in networks]
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
        found.append(combined(item, surest(skeletons, centers, network, pose), pose))
    return found


def surest(
    skeletons: Skeletons, centers: Sequence[float], network: PoseNetwork, pose: PoseConfig
) -> Odds:
    """Return the log-odds of the surest person around each of ``centers`` seconds."""
    tracker = Tracker(pose.rate)
    for time, people in zip(skeletons.times, skeletons.people, strict=True):
        tracker.push(time, people)
    odds: Odds = []
    for center in centers:
        first = round((center - (pose.pictures - 1) / pose.rate / 2) * pose.rate)
        found = [track_window(path, first, pose.pictures) for path in tracker.paths.values()]
        rows = [row for row in found if row is not None]
        most = network.log_odds(features(np.stack(rows), pose.rate)).max() if rows else None
        odds.append(None if most is None else round(float(most), 3))
    return odds


def combined(item: ClipPrediction, odds: Odds, pose: PoseConfig) -> ClipPrediction:
    """Return the prediction of a model whose streams and pose stream said these.

    Args:
        item: Of the other streams.
        odds: Of the pose stream, for the same windows.
        pose: How the two are combined.
    """
    windows = []
    for (start, end, probability), each in zip(item.windows, odds, strict=True):
        gated = probability < pose.gate
        both = pose.combined(float(log_odds([probability])[0]), None if gated else each)
        windows.append((start, end, round(both, 5)))
    return replace(item, windows=tuple(windows), score=round(max(w[2] for w in windows), 4))


def pose_alone(item: ClipPrediction, odds: Odds) -> ClipPrediction:
    """Return the prediction of the pose stream without the others."""
    alone = [1 / (1 + np.exp(-(-9.0 if each is None else each))) for each in odds]
    windows = [(w[0], w[1], round(float(p), 5)) for w, p in zip(item.windows, alone, strict=True)]
    return replace(item, windows=tuple(windows), score=round(max(w[2] for w in windows), 4))


def stored(name: str) -> list[tuple[ClipPrediction, Sequence[Odds]]]:
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
