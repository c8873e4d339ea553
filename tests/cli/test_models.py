"""``models``, ``backbones`` and ``doctor``: what they tell, and their exit codes.

In: a tiny model package, registered backbones. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from slipdetect.backbones import BackboneSpec, get_spec
from slipdetect.cli import doctor
from slipdetect.errors import BackboneUnavailable
from slipdetect.lab.models.backbones_command import Row, backbone_table
from slipdetect.lab.models.measure import Cost
from slipdetect.lab.models.models_command import input_shape
from slipdetect.modalities.normalize import Normalization
from slipdetect.models import StreamConfig, load_package


@pytest.mark.parametrize(
    ("modality", "length", "channels", "words"),
    [
        ("rgb", 1, "9", "9 = 3 segments x 1 picture x 3 channels"),
        ("flow", 5, "30", "30 = 3 segments x 5 flow fields x 2 channels"),
        ("rgbdiff", 5, "54", "54 = 3 segments x 6 neighboring frames x 3 channels"),
    ],
)
def test_input_shapes_are_explained(modality: str, length: int, channels: str, words: str) -> None:
    flow = {"method": "dis", "bound": 15.0} if modality == "flow" else None
    stream = StreamConfig(modality=modality, backbone="b", snippet_length=length, flow=flow)
    shape, reason = input_shape(stream)
    assert shape == ["1", channels, "224", "224"]
    assert words in reason
    assert ("differencing leaves 3 x 15" in reason) == (modality == "rgbdiff")
    assert ("48, as in the 2020 course report, cannot be" in reason) == (modality == "rgbdiff")


def test_show_tells_what_the_model_is(run, tiny_package: Path) -> None:
    result = run("models", "show", tiny_package)
    assert result.exit_code == 0, result.output
    words = ("[1, 9, 32, 32]", "[1, 2]", "11.18 M parameters", "noise: 3 clips", "5 frames/s")
    for part in words:
        assert part in result.stdout
    # 32 px are a forty-ninth of the 224 px that take 3.63 GFLOP
    assert "0.07 GFLOP a snippet" in result.stdout
    assert re.search(r"latency +\d+ ms a snippet, measured now on \d+ CPU thread", result.stdout)


def test_show_tells_of_scaled_differences_and_tempered_streams(
    run, tiny_package: Path, tmp_path: Path
) -> None:
    plain = run("models", "show", tiny_package).stdout
    assert "differences" not in plain
    assert "before fusion" not in plain
    shutil.copytree(tiny_package, tmp_path / "m")
    data = json.loads((tmp_path / "m" / "model.json").read_text())
    data["streams"][0]["normalization"]["contrast"] = 0.25
    data["calibration"]["streams"] = {"rgb": 2.0}
    (tmp_path / "m" / "model.json").write_text(json.dumps(data))
    page = run("models", "show", tmp_path / "m").stdout
    assert re.search(r"differences +scaled to 0\.25\n", page)
    assert re.search(r"temperature +2 before fusion\n", page)


def test_show_prints_the_card(run, tiny_package: Path) -> None:
    assert run("models", "show", tiny_package, "--card").stdout.startswith("# Tiny\n")


def test_show_of_no_model_is_4(run, tmp_path: Path) -> None:
    result = run("models", "show", tmp_path)
    assert result.exit_code == 4
    assert result.stderr.count("\n") == 1


def test_backbones_are_listed_by_pattern(run) -> None:
    assert run("backbones", "list", "resnet1?").stdout.splitlines() == ["resnet18"]
    nothing = run("backbones", "list", "zzz*")
    assert (nothing.exit_code, nothing.stdout) == (0, "")


def test_details_of_backbones_are_a_sorted_table(run) -> None:
    result = run("backbones", "list", "resnet[13][84]", "--sort", "parameters")
    assert result.exit_code == 0, result.output
    heading, first, second = result.stdout.splitlines()[:3]
    assert " ".join(heading.split()) == "name features input parameters GFLOP CPU ms license"
    assert first.split()[:6] == ["resnet18", "512", "224", "px", "11.18", "M"]
    assert second.split()[:6] == ["resnet34", "512", "224", "px", "21.28", "M"]
    assert (first.split()[6], first.split()[-1]) == ("3.63", "BSD-3-Clause")
    assert len({len(line) for line in (first, second)}) == 1
    assert "CPU thread" in result.stdout


def test_details_tell_what_does_not_work(run, monkeypatch) -> None:
    def broken(name: str, *rest: object, **options: object) -> None:
        raise BackboneUnavailable(f"backbone {name!r} is unavailable: broken")

    monkeypatch.setattr("slipdetect.backbones.create_backbone", broken)
    result = run("backbones", "list", "resnet18", "--details")
    assert result.exit_code == 0
    assert "resnet18" not in result.stdout
    assert "resnet18' is unavailable: broken" in result.stderr


def test_names_alone_load_no_network() -> None:
    script = (
        "import sys; from slipdetect.cli.main import cli\n"
        "try: cli(['backbones', 'list'], prog_name='slipdetect')\n"
        "except SystemExit: print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"
    assert "resnet101" in done.stdout.splitlines()


def row(name: str, parameters: int, flops: int, seconds: float) -> Row:
    spec = BackboneSpec(name, 8, 224, Normalization(), "conv", "MIT")
    return Row(spec, Cost(parameters, flops, seconds, 1, (1, 8)))


@pytest.mark.parametrize(
    ("column", "order"),
    [("name", "a b c"), ("parameters", "c b a"), ("gflop", "b c a"), ("ms", "a c b")],
)
def test_table_is_sorted_by_any_column(column: str, order: str) -> None:
    rows = [row("b", 2, 10**9, 0.3), row("a", 3, 3 * 10**9, 0.1), row("c", 1, 2 * 10**9, 0.2)]
    lines = backbone_table(rows, column).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == order.split()
    assert lines[-1].endswith("on 1 CPU thread.")


def test_checking_a_backbone_runs_it(run) -> None:
    result = run("backbones", "check", "resnet18", "resnet19")
    assert result.exit_code == 4
    assert "512" in result.stdout
    # 1.82 G multiply-adds at 224 px, as published; Table 4's channels with 54 explained
    assert "3.63 GFLOP" in result.stdout
    for row in ("rgb        [N, 9, 224, 224]", "flow       [N, 30, 224, 224]"):
        assert f"TSN {row}" in result.stdout
    assert "TSN rgbdiff    [N, 54, 224, 224] = 3 snippets of 18, differenced" in result.stdout
    assert "resnet19  unavailable" in result.stdout
    assert "did you mean" in result.stderr


def test_a_backbone_that_breaks_in_any_way_is_told_of(run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(torch.nn.Module):
        spec = get_spec("resnet18")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise ValueError("needs two pictures")

    monkeypatch.setattr("slipdetect.backbones.create_backbone", lambda name: Broken())
    result = run("backbones", "check", "resnet18")
    assert result.exit_code == 4
    assert "'resnet18' fails on a picture of 224 x 224: needs two pictures" in result.stderr


def test_doctor_prints_json_and_fails_when_something_needed_is_missing(run, monkeypatch) -> None:
    healthy = run("doctor", "--quick", "--json")
    assert json.loads(healthy.stdout)["ok"] is (healthy.exit_code == 0)
    named = [
        *doctor.requires("slipdetect"),
        "no-such-package-here>=1",
        "nor-this; extra == 'train'",
    ]
    monkeypatch.setattr(doctor, "requires", lambda _: named)
    result = run("doctor", "--quick")
    assert result.exit_code == 1
    assert re.search(r"FAIL +no-such-package-here +not installed\n +-> pip install", result.stdout)
    assert re.search(r"- +nor-this +not installed\n.*'slipdetect\[train\]'", result.stdout)


def test_doctor_survives_a_check_that_breaks(run, monkeypatch) -> None:
    def broken() -> list[doctor.Check]:
        raise OSError("libGL.so.1 is missing")

    monkeypatch.setattr(doctor, "_opencv", broken)
    result = run("doctor", "--quick")
    assert result.exit_code == 1
    assert "libGL.so.1" in result.stdout


def test_the_folder_of_a_run_leads_to_its_models(run, tiny_package: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_package, tmp_path / "run" / "best")
    result = run("models", "show", tmp_path / "run")
    assert result.exit_code == 4
    assert f"give '{tmp_path / 'run' / 'best'}'" in result.stderr


def test_the_average_of_a_model_and_itself_is_that_model(
    run, tiny_package: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mean"
    result = run("models", "average", tiny_package, tiny_package, "--out", out)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{out}: mean of 2 models, mean\n"
    kept = load_package(tiny_package).build_stream("rgb").state_dict()
    for key, value in load_package(out).build_stream("rgb").state_dict().items():
        assert torch.equal(value, kept[key])
    assert "pose" not in result.stderr
    result = run("models", "average", tiny_package, "--out", tmp_path / "c")
    assert result.exit_code == 2
    assert "at least two models" in result.stderr


def test_the_average_tells_that_people_are_not_looked_at_any_more(run, tmp_path: Path) -> None:
    out = tmp_path / "mean"
    result = run("models", "average", "default", "default", "--out", out)
    assert result.exit_code == 0, result.output
    assert load_package(out).config.pose is None
    assert f"slipdetect train pose --init-from {out}" in result.stderr
