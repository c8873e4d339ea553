"""``models import`` and ``models export``: what they print, what they write, how they end.

In: checkpoints of small networks as older programs wrote them. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from loopback import Server
from old_files import OldNetwork
from slipdetect.models import load_package
from slipdetect.types import Calibration


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Checkpoints: rgb and flow of a temporal segment network, motion of a two-stream network."""
    folder = tmp_path_factory.mktemp("old")
    motion = OldNetwork("resnet18", "flow", two_stream=True)
    return {
        "rgb": OldNetwork("resnet18", "rgb").write(folder / "rgb.pth.tar", parallel=True),
        "flow": OldNetwork("resnet18", "flow").write(folder / "flow.pth.tar"),
        "motion": motion.write(folder / "motion.pth.tar", arch=..., epoch=..., best_prec1=...),
    }


def rows(page: str) -> list[str]:
    """Return the lines of a page with single blanks."""
    return [re.sub(" +", " ", line).strip() for line in page.splitlines()]


def test_two_files_become_one_model(run, files: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "course2020"
    result = run("models", "import", files["rgb"], files["flow"], "--out", out, "--fusion", "1:1.5")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    found = rows(result.stdout)
    for row in (
        "network temporal segment network, resnet18 (as the file says)",
        "modality rgb, by the 3 channels of its first layer",
        "modality flow, by the 10 channels of its first layer",
        "trained epoch 43, best accuracy 96.24 %",
        "tensors 122",
        "changed 'module.' of DataParallel dropped",
        "base_model.* -> backbone.* (120 tensors)",
        "new_fc.* -> classifier.* (2 tensors)",
        "pictures 224 px, RGB from 0 to 1, mean 0.485 0.456 0.406, std 0.229 0.224 0.225",
        "pictures 224 px, flow from 0 to 1, less 0.5, divided by 0.226",
        "not in such files, and assumed",
        "labels Slipping, NotSlipping; finds Slipping (--labels)",
        "segments 3 (--segments)",
        "windows 1 s every 0.333 s, a snippet every 5 frames (--preset)",
        "flow tvl1, up to 15 px (--flow-method, --flow-bound)",
        "fusion rgb 1, flow 1.5, softmax of the sum of logits (--fusion)",
        f"use it slipdetect detect VIDEO --model {out}",
    ):
        assert row in found
    config = load_package(out).config
    assert config.fusion["weights"] == {"rgb": 1.0, "flow": 1.5}
    assert config.calibration.temperature == pytest.approx(1 / 2.5)
    page = rows(run("models", "show", out).stdout)
    assert "imported rgb.pth.tar (epoch 43, accuracy 96.24 %)" in page
    assert "flow.pth.tar (epoch 43, accuracy 96.24 %)" in page


def test_two_stream_file_is_turned_and_told(run, files: dict[str, Path], tmp_path: Path) -> None:
    result = run("models", "import", files["motion"], "--out", tmp_path / "m")
    found = rows(result.stdout)
    for row in (
        "network two-stream network, resnet18 (recognized by its tensors)",
        "modality flow, by the 20 channels of its first layer",
        "trained epoch not told, accuracy not told",
        "changed conv1_custom.* -> backbone.conv1.* (1 tensor)",
        "others -> backbone.* (119 tensors)",
        "fc_custom.* -> classifier.* (2 tensors)",
        "first layer turned from flow fields 2..10,1 to 1..10",
        "pictures 224 px, flow from 0 to 1, not normalized",
    ):
        assert row in found


def test_every_assumption_can_be_given(run, files: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "m"
    wishes = {
        "name": "kitchen",
        "arch": "resnet18",
        "modality": "flow",
        "preset": "course2020-v1",
        "segments": 7,
        "labels": "fall,rest",
        "positive": "rest",
        "sample-fps": 25,
        "short-side": 240,
        "window": 2,
        "stride": 0.5,
        "snippet-stride": 4,
        "crop": "motion",
        "flow-method": "dis",
        "flow-bound": 20,
        "dtype": "float16",
    }
    options = [f"--{name}={value}" for name, value in wishes.items()]
    result = run("models", "import", files["flow"], "--out", out, *options)
    assert result.exit_code == 0, result.output
    config = load_package(out).config
    stream = config.streams[0]
    assert (config.name, config.labels, config.positive) == ("kitchen", ("fall", "rest"), "rest")
    assert (config.sample_fps, config.frame_short_side) == (25.0, 240)
    assert (config.window, config.stride, config.snippet_stride) == (2.0, 0.5, 4)
    assert (stream.crop, stream.num_segments) == ("motion", 7)
    assert stream.flow is not None
    assert (stream.flow["method"], stream.flow["bound"]) == ("dis", 20.0)
    assert "(as asked for)" in result.stdout
    assert (out / "flow.safetensors").stat().st_size < 30e6


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--fusion", "1:x"], 2, "are not weights such as 1:1.5"),
        (["--fusion", "1:1"], 2, "weights: 2, files: 1"),
        (["--fusion", "nan"], 2, "finite"),
        (["--labels", "a"], 2, "1 labels for a network of 2 classes"),
        (["--positive", "fall"], 2, "positive must be one of"),
        (["--preset", "v9"], 2, "is not one of 'course2020', 'course2020-v1', 'course2020-v0'"),
        (["--stride", "3"], 2, "stride must be"),
        (["--flow-method", "magic"], 2, "magic"),
        (["--arch", "resnet34"], 4, "try --arch resnet18"),
        (["--modality", "rgb"], 4, "10 channels, which cannot be rgb"),
    ],
)
def test_wrong_wishes(
    run, files: dict[str, Path], tmp_path: Path, options: list[str], code: int, words: str
) -> None:
    result = run("models", "import", files["flow"], "--out", tmp_path / "m", *options)
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "m").exists()


def test_files_that_are_none(run, files: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "x.pth.tar").write_text("no checkpoint")
    for name in ("x.pth.tar", "absent.pth.tar"):
        result = run("models", "import", tmp_path / name, "--out", tmp_path / "m")
        assert result.exit_code == 4
        assert result.stderr.count("\n") == 1
        assert name in result.stderr
    assert run("models", "import", "--out", tmp_path / "m").exit_code == 2


def test_model_is_replaced_only_when_told(run, files: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "m"
    assert run("models", "import", files["rgb"], "--out", out).exit_code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    refused = run("models", "import", files["motion"], "--out", out)
    assert refused.exit_code == 6
    assert "--overwrite" in refused.stderr
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert run("models", "import", files["motion"], "--out", out, "--overwrite").exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["flow.safetensors", "model.json"]


def test_export_and_import_again(run, files: dict[str, Path], tmp_path: Path) -> None:
    run("models", "import", files["rgb"], files["motion"], "--out", tmp_path / "m")
    export = ("models", "export", tmp_path / "m")
    which = run(*export, "--out", tmp_path / "x.pth.tar")
    assert which.exit_code == 2
    assert "rgb, flow; choose one with --stream" in which.stderr
    done = run(*export, "--stream", "flow", "--out", tmp_path / "x.pth.tar")
    assert done.exit_code == 0, done.output
    assert "resnet18, 122 tensors, epoch 0" in done.stdout
    assert "other statistics" in done.stderr
    assert run(*export, "--stream", "flow", "--out", tmp_path / "x.pth.tar").exit_code == 6
    back = run("models", "import", tmp_path / "x.pth.tar", "--out", tmp_path / "b")
    assert "noted by slipdetect" in back.stdout
    assert "flow from 0 to 1, not normalized" in back.stdout
    first = load_package(tmp_path / "m").build_stream("flow").state_dict()
    second = load_package(tmp_path / "b").build_stream("flow").state_dict()
    assert all(torch.equal(second[key], first[key]) for key in first)


def test_S36_tempered_streams_go_out_and_come_back(
    run, files: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "m"
    run("models", "import", files["rgb"], files["flow"], "--out", folder, "--name", "run")
    data = json.loads((folder / "model.json").read_text())
    # as training calibrates streams that are fused
    data["calibration"] = {"temperature": 1.2, "bias": 0.1, "streams": {"rgb": 2.0, "flow": 0.5}}
    (folder / "model.json").write_text(json.dumps(data))
    parts = [tmp_path / f"{name}.pth.tar" for name in ("rgb", "flow")]
    for name, path in zip(("rgb", "flow"), parts, strict=True):
        done = run("models", "export", folder, "--stream", name, "--out", path)
        assert done.exit_code == 0, done.output
        assert "export these too" in done.stderr
        assert "older programs do not know calibration" in done.stderr
    whole = run("models", "import", *parts, "--out", tmp_path / "b", "--name", "run")
    assert whole.exit_code == 0, whole.output
    assert whole.stderr == ""
    kept = load_package(tmp_path / "b").config.calibration
    assert kept == Calibration.from_json(data["calibration"])
    alone = run("models", "import", parts[1], "--out", tmp_path / "c")
    assert alone.exit_code == 0, alone.output
    assert "'run' also has the stream rgb; calibration and thresholds" in alone.stderr


def test_stream_that_is_not_there(run, tiny_package: Path, tmp_path: Path) -> None:
    result = run("models", "export", tiny_package, "--stream", "flow", "--out", tmp_path / "x")
    assert result.exit_code == 2
    assert "no 'flow' stream" in result.stderr
    result = run("models", "export", tmp_path / "absent", "--out", tmp_path / "x")
    assert result.exit_code == 4


@pytest.mark.parametrize("motion", ["flow", "motion"])
def test_S55_the_two_files_of_a_model_detect_as_one(
    run, files: dict[str, Path], tmp_path: Path, motion: str
) -> None:
    from synth import make_video

    video = make_video(tmp_path / "slip.mp4", "slip", count=20, size=(64, 48)).path
    out = tmp_path / "m"
    quick = ("--sample-fps", "10", "--short-side", "32", "--flow-method", "dis")
    run("models", "import", files["rgb"], files[motion], "--out", out, *quick)
    result = run(
        *("detect", video, "--model", out, "--device", "cpu", "--format", "json", "--windows")
    )
    assert result.exit_code == 0, result.output
    windows = json.loads(result.stdout)["windows"]
    assert windows
    for window in windows:
        assert set(window["streams"]) == {"rgb", "flow"}
        assert 0.0 <= window["probability"] <= 1.0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = Server()
    made.start()
    yield made
    made.http.shutdown()
    made.http.server_close()


def test_S57_checkpoints_are_fetched_by_their_hash(
    run, server: Server, files: dict[str, Path], tmp_path: Path
) -> None:
    source = server.add("/ok/668_rgb_model_best.pth.tar", files["rgb"].read_bytes())
    out = tmp_path / "m"
    result = run("models", "import", files["flow"], "--url", source, "--out", out)
    assert result.exit_code == 0, result.output
    assert [stream.modality for stream in load_package(out).config.streams] == ["flow", "rgb"]
    assert (tmp_path / "downloads" / "668_rgb_model_best.pth.tar").is_file()
    again = run("models", "import", "--url", source, "--out", out)
    assert again.exit_code == 6
    assert run("models", "import", "--url", source, "--out", out, "--overwrite").exit_code == 0
    assert len(server.asked) == 1


def test_S57_another_hash_makes_no_model(
    run, server: Server, files: dict[str, Path], tmp_path: Path
) -> None:
    address, _, _ = server.add("/ok/x.pth.tar", files["rgb"].read_bytes()).partition("#")
    for source, code in ((f"{address}#sha256={'0' * 64}", 3), (address, 2)):
        result = run("models", "import", "--url", source, "--out", tmp_path / "m")
        assert result.exit_code == code
        assert not (tmp_path / "m").exists()


def test_every_preset_can_be_named() -> None:
    from slipdetect.lab.checkpoints import PRESETS
    from slipdetect.lab.models.import_command import import_files

    (option,) = [item for item in import_files.params if item.name == "preset"]
    assert list(option.type.choices) == list(PRESETS)
