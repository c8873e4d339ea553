"""What old checkpoints do not say: assumed as the 2020 course report had it, or as the user says.

In: checkpoints of small networks. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from old_files import OldNetwork
from slipdetect.errors import ModelError, OutputError, UsageError
from slipdetect.lab.checkpoints import PRESETS, Wishes, import_checkpoints
from slipdetect.types import Calibration


@pytest.fixture(scope="module")
def old() -> OldNetwork:
    return OldNetwork("resnet18", "rgb")


@pytest.fixture(scope="module")
def flow() -> OldNetwork:
    return OldNetwork("resnet18", "flow")


def refusal(path: Path, error: type[Exception] = ModelError, **options: Any) -> str:
    """Import ``path``, which must fail in one line before anything is written."""
    out = path.parent / "out"
    with pytest.raises(error) as caught:
        import_checkpoints([path], out, **options)
    assert "\n" not in str(caught.value)
    assert not out.exists()
    return str(caught.value)


def test_channels_that_tell_nothing_need_the_modality(tmp_path: Path, old: OldNetwork) -> None:
    state = old.state()
    state["base_model.conv1.weight"] = torch.zeros(64, 12, 7, 7)
    path = old.write(tmp_path / "x.pth.tar", state_dict=state)
    assert "12 channels, which no known modality has; give --modality" in refusal(path)
    for index, (modality, length) in enumerate({"flow": 6, "rgbdiff": 4}.items()):
        folder = tmp_path / str(index)
        stream = import_checkpoints([path], folder, modality=modality).package.config.streams[0]
        assert (stream.modality, stream.snippet_length) == (modality, length)
    plain = old.write(tmp_path / "y.pth.tar")
    assert "3 channels, which cannot be flow" in refusal(plain, modality="flow")


def test_classes_need_names(tmp_path: Path) -> None:
    path = OldNetwork("resnet18", "rgb", classes=3).write(tmp_path / "x.pth.tar")
    assert "the network has 3 classes; name them with --labels" in refusal(path, UsageError)
    assert "2 labels" in refusal(path, UsageError, wishes=Wishes(labels=("a", "b")))
    wishes = Wishes(labels=("walk", "slip", "sit"), positive="slip")
    config = import_checkpoints([path], tmp_path / "m", wishes=wishes).package.config
    assert (config.labels, config.positive) == (("walk", "slip", "sit"), "slip")
    assert config.calibration == Calibration()


def test_files_that_do_not_go_together(tmp_path: Path, old: OldNetwork) -> None:
    one, two = (old.write(tmp_path / f"{name}.pth.tar") for name in "ab")
    with pytest.raises(ModelError, match=r"a\.pth.*b\.pth.* are both rgb streams"):
        import_checkpoints([one, two], tmp_path / "m")
    three = OldNetwork("resnet18", "flow", classes=3).write(tmp_path / "c.pth.tar")
    with pytest.raises(ModelError, match="different numbers of classes"):
        import_checkpoints([one, three], tmp_path / "m")
    with pytest.raises(ModelError, match="at least one file"):
        import_checkpoints([], tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("weights", [None, (1.0, 1.5)])
def test_two_files_are_fused_as_the_older_programs_did(
    tmp_path: Path, old: OldNetwork, flow: OldNetwork, weights: tuple[float, float] | None
) -> None:
    files = [old.write(tmp_path / "a.pth.tar"), flow.write(tmp_path / "b.pth.tar")]
    wishes = Wishes(fusion=weights)
    config = import_checkpoints(
        files, tmp_path / "m", name="course2020", wishes=wishes
    ).package.config
    first, second = (1.0, 1.0) if weights is None else weights
    assert config.name == "course2020"
    assert config.fusion["weights"] == {"rgb": first, "flow": second}
    logits = {"rgb": torch.tensor([[0.3, -0.9]]), "flow": torch.tensor([[-1.1, 0.2]])}
    fused = config.late_fusion().probabilities(logits)[0, 0]
    odds = torch.log(fused / (1 - fused)) / config.calibration.temperature
    summed = (first * logits["rgb"] + second * logits["flow"]).softmax(-1)[0, 0]
    assert torch.sigmoid(odds + config.calibration.bias) == pytest.approx(float(summed), rel=1e-5)


def test_wrong_number_of_weights(tmp_path: Path, old: OldNetwork) -> None:
    path = old.write(tmp_path / "x.pth.tar")
    assert "weights: 2, files: 1" in refusal(path, UsageError, wishes=Wishes(fusion=(1.0, 1.0)))
    assert "sum to zero" in refusal(path, UsageError, wishes=Wishes(fusion=(0.0,)))


def test_package_reads_video_as_the_seed_did(tmp_path: Path, flow: OldNetwork) -> None:
    path = flow.write(tmp_path / "x.pth.tar")
    config = import_checkpoints([path], tmp_path / "m").package.config
    assert (config.labels, config.positive) == (("Slipping", "NotSlipping"), "Slipping")
    assert (config.sample_fps, config.frame_short_side) == (30.0, 256)
    assert (config.window * 30, config.stride * 30) == (30, 10)
    stream = config.streams[0]
    assert (stream.crop, stream.consensus, stream.num_segments) == ("center", "avg", 3)
    assert stream.flow is not None
    assert (stream.flow["method"], stream.flow["bound"]) == ("tvl1", 15.0)
    changes = {"sample_fps": 25.0, "flow_bound": 20.0, "flow_method": "dis", "short_side": 240}
    wishes = Wishes("course2020-v0", changes, segments=7)
    config = import_checkpoints([path], tmp_path / "n", wishes=wishes).package.config
    stream = config.streams[0]
    assert (config.sample_fps, config.frame_short_side) == (25.0, 240)
    assert config.window == pytest.approx(40 / 30)
    assert stream.num_segments == 7
    assert stream.flow is not None
    assert (stream.flow["method"], stream.flow["bound"]) == ("dis", 20.0)


@pytest.mark.parametrize(
    ("preset", "frames", "every"),
    [("course2020", 30, 10), ("course2020-v1", 30, 30), ("course2020-v0", 40, 10)],
)
def test_presets_are_windows_of_whole_frames(preset: str, frames: int, every: int) -> None:
    reading = PRESETS[preset]
    assert reading.window * reading.sample_fps == pytest.approx(frames)
    assert reading.stride * reading.sample_fps == pytest.approx(every)
    assert every % reading.snippet_stride == 0


def test_unknown_wishes(tmp_path: Path, old: OldNetwork) -> None:
    path = old.write(tmp_path / "x.pth.tar")
    assert "unknown preset 'v9'" in refusal(path, UsageError, wishes=Wishes("v9"))
    assert "no speed" in refusal(path, UsageError, wishes=Wishes(reading={"speed": 1}))


def test_existing_package_is_refused_before_reading(tmp_path: Path, old: OldNetwork) -> None:
    path = old.write(tmp_path / "x.pth.tar")
    import_checkpoints([path], tmp_path / "m")
    with pytest.raises(OutputError, match="holds a model already"):
        import_checkpoints([tmp_path / "absent"], tmp_path / "m")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="it is a file"):
        import_checkpoints([tmp_path / "absent"], tmp_path / "file")
    import_checkpoints([path], tmp_path / "m", overwrite=True)


def test_weights_on_disk_can_take_half_the_room(tmp_path: Path, old: OldNetwork) -> None:
    path = old.write(tmp_path / "x.pth.tar")
    whole = import_checkpoints([path], tmp_path / "a").package
    half = import_checkpoints([path], tmp_path / "b", dtype=torch.float16).package
    sizes = [(item.folder / "rgb.safetensors").stat().st_size for item in (whole, half)]
    assert sizes[1] < 0.51 * sizes[0]


def test_origin_is_kept(tmp_path: Path, old: OldNetwork) -> None:
    path = old.write(tmp_path / "best.pth.tar")
    config = import_checkpoints([path], tmp_path / "m").package.config
    (origin,) = config.training["imported"]
    assert (origin["file"], origin["arch"], origin["epoch"]) == ("best.pth.tar", "resnet18", 43)
    assert origin["best_prec1"] == pytest.approx(96.2406, abs=1e-4)
    assert len(origin["sha256"]) == 64
