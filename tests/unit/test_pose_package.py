"""Model packages that look at people: saved, loaded, copied; damaged and strange ones refused.

In: packages of a small network and random weights of a pose network. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file, save_file

from slipdetect._io import file_sha256
from slipdetect.detection import Detector
from slipdetect.errors import ModelError, PackageError, UsageError
from slipdetect.lab.models.packages import copy_package, with_pose
from slipdetect.models import ModelPackage
from slipdetect.models.package import load_package, pose_facts
from slipdetect.models.stream import PoseConfig
from slipdetect.models.weights_file import FACTS
from slipdetect.people.features import FEATURES
from slipdetect.people.network import shapes
from slipdetect.types import EventConfig

POSE = PoseConfig(rate=5.0, pictures=7)
Weights = dict[str, npt.NDArray[np.float32]]


def drawn(members: int = 2, channels: int = 4) -> Weights:
    rng = np.random.default_rng(0)
    return {
        f"{member}.{name}": rng.normal(0, 0.1, shape).astype(np.float32)
        for member in range(members)
        for name, shape in shapes(channels).items()
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    from tiny_package import write_tiny_package

    return load_package(write_tiny_package(tmp_path_factory.mktemp("plain") / "tiny"))


@pytest.fixture(scope="module")
def made(plain: ModelPackage, tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    config = replace(plain.config, pose=POSE)
    return with_pose(plain, tmp_path_factory.mktemp("pose") / "tiny", config, drawn())


@pytest.fixture
def folder(made: ModelPackage, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    return Path(shutil.copytree(made.folder, tmp_path / "copy"))


def test_it_comes_back_with_its_network(made: ModelPackage) -> None:
    loaded = load_package(made.folder)
    assert loaded.config == made.config
    assert loaded.config.pose == replace(POSE, sha256=file_sha256(made.folder / POSE.file))
    data = json.loads((made.folder / "model.json").read_text())
    assert data["format_version"] == 2
    assert data["pose"]["file"] == "pose.safetensors"
    network = loaded.pose_network()
    assert network is not None
    features = np.random.default_rng(1).normal(size=(3, FEATURES, 7)).astype(np.float32)
    from slipdetect.people.network import PoseNetwork

    # stored as float16
    halves = {name: array.astype(np.float16) for name, array in drawn().items()}
    wanted = PoseNetwork(halves, "drawn").log_odds(features)
    assert network.log_odds(features) == pytest.approx(wanted, abs=1e-6)


def test_the_streams_and_the_card_stay_byte_for_byte(
    plain: ModelPackage, made: ModelPackage
) -> None:
    for name in ("rgb.safetensors", "README.md"):
        assert (made.folder / name).read_bytes() == (plain.folder / name).read_bytes()
    assert made.config.streams == plain.config.streams


def test_a_package_without_pose_stays_of_the_first_format(plain: ModelPackage) -> None:
    data = json.loads((plain.folder / "model.json").read_text())
    assert data["format_version"] == 1
    assert "pose" not in data
    assert plain.pose_network() is None


def test_a_copy_keeps_the_network_and_may_change_how_it_speaks(
    made: ModelPackage, tmp_path: Path
) -> None:
    assert made.config.pose is not None
    config = replace(made.config, name="other", pose=replace(made.config.pose, weight=0.25))
    copy_package(made, tmp_path / "copy", config)
    loaded = load_package(tmp_path / "copy")
    assert (loaded.config.name, loaded.config.pose) == ("other", config.pose)
    before = (made.folder / POSE.file).read_bytes()
    assert (tmp_path / "copy" / POSE.file).read_bytes() == before
    with pytest.raises(UsageError, match="keeps its streams"):
        copy_package(made, tmp_path / "lost", replace(made.config, pose=None))
    assert not (tmp_path / "lost" / "model.json").exists()


def test_a_new_network_takes_the_place_of_an_old_one(
    plain: ModelPackage, made: ModelPackage, tmp_path: Path
) -> None:
    target = tmp_path / "copy"
    copy_package(made, target, made.config)
    config = replace(plain.config, pose=POSE)
    new = with_pose(plain, target, config, drawn(members=1), overwrite=True)
    assert new.config.pose is not None
    assert new.config.pose.sha256 != made.config.pose.sha256  # type: ignore[union-attr]
    assert load_package(target).config == new.config
    # a network that is there already is replaced too
    again = with_pose(new, tmp_path / "again", new.config, drawn(members=2))
    assert again.config.pose == made.config.pose


def test_a_package_needs_a_table_for_its_network(plain: ModelPackage, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a pose table"):
        with_pose(plain, tmp_path / "x", plain.config, drawn())
    assert not (tmp_path / "x").exists()


def lacks(weights: Weights) -> None:
    del weights["1.blocks.1.conv.bias"]


def other_shape(weights: Weights) -> None:
    weights["0.head.weight"] = np.zeros((1, 9), np.float32)


def one_more(weights: Weights) -> None:
    weights["5.stem.weight"] = np.zeros((1,), np.float32)


def nothing(weights: Weights) -> None:
    weights.clear()


WRONG: dict[Callable[[Weights], None], str] = {
    lacks: r"1\.blocks\.1\.conv\.bias is missing",
    other_shape: r"0\.head\.weight is of shape \(1, 9\), not \(1, 8\)",
    one_more: r"is no pose network; it holds 5\.stem\.weight",
    nothing: "is no pose network; it holds nothing",
}


@pytest.mark.parametrize("change", list(WRONG), ids=lambda change: change.__name__)
def test_weights_of_another_network_are_refused_by_name(
    plain: ModelPackage, folder: Path, tmp_path: Path, change: Callable[[Weights], None]
) -> None:
    weights = drawn()
    change(weights)
    config = replace(plain.config, pose=POSE)
    with pytest.raises(PackageError, match=WRONG[change]):
        with_pose(plain, tmp_path / "x", config, weights)
    assert not (tmp_path / "x").exists()
    # the same in a file whose digest and facts are right
    file = folder / POSE.file
    facts = json.dumps(pose_facts(POSE))
    save_file({**weights, **({} if weights else {"a": np.zeros(1)})}, file, metadata={FACTS: facts})
    rewrite(folder, sha256=file_sha256(file))
    with pytest.raises(PackageError, match=r"pose\.safetensors"):
        load_package(folder).pose_network()


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / "model.json"
    data = json.loads(path.read_text())
    data["pose"].update(changes)
    path.write_text(json.dumps(data))


def test_a_damaged_or_missing_file_is_refused_by_name(folder: Path) -> None:
    file = folder / POSE.file
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(PackageError, match=r"pose\.safetensors"):
        load_package(folder)
    file.unlink()
    with pytest.raises(PackageError, match=r"pose\.safetensors"):
        load_package(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate": 2.5}, "weights are for rate 5; model.json asks for rate 2.5"),
        ({"pictures": 9}, "weights are for pictures 7; model.json asks for pictures 9"),
        ({"estimator": "other"}, "weights are for estimator movenet"),
        ({"rate": 10.0}, r"sample_fps \(5\) must be a multiple of pose.rate \(10\)"),
        ({"rate": 2.0}, r"sample_fps \(5\) must be a multiple of pose.rate \(2\)"),
        ({"file": "rgb.safetensors"}, "pose must not share a weights file"),
        ({"gate": 2.0}, r"pose\.gate must be a finite number"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    folder: Path, changes: dict[str, object], message: str
) -> None:
    rewrite(folder, **changes)
    with pytest.raises(PackageError, match=message):
        load_package(folder)


def test_values_that_are_not_finite_are_refused(folder: Path) -> None:
    file = folder / POSE.file
    weights = load_file(file)
    weights["0.stem.bias"][0] = np.nan
    save_file(weights, file, metadata={FACTS: json.dumps(pose_facts(POSE))})
    rewrite(folder, sha256=file_sha256(file))
    with pytest.raises(PackageError, match=r"0\.stem\.bias"):
        load_package(folder).pose_network()


def test_an_estimator_that_is_not_there_is_named(plain: ModelPackage, tmp_path: Path) -> None:
    config = replace(plain.config, pose=replace(POSE, estimator="nobody"))
    package = with_pose(plain, tmp_path / "x", config, drawn())
    with pytest.raises(ModelError, match="unknown pose estimator 'nobody'; there are"):
        Detector.from_package(package, "cpu")


def test_only_a_model_that_looks_at_people_can_confirm(
    plain: ModelPackage, made: ModelPackage
) -> None:
    events = EventConfig(confirm_down=5.0)
    with pytest.raises(UsageError, match="'tiny' looks at no people, so nobody is seen to get up"):
        Detector.from_package(plain, "cpu", events)
    assert Detector.from_package(made, "cpu", events).event_config.confirm_down == 5.0
    weights = Detector.from_package(made, "cpu").scorer.weights
    assert list(weights) == ["rgb", "pose"]
