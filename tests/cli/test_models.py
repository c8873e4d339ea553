"""``models``, ``backbones`` and ``doctor``: what they tell, and their exit codes.

In: a tiny model package, registered backbones. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slipdetect.cli import checks
from slipdetect.cli.model_page import input_shape
from slipdetect.models import StreamConfig


@pytest.mark.parametrize(
    ("modality", "length", "channels", "words"),
    [
        ("rgb", 1, "9", "9 = 3 segments x 1 picture x 3 channels"),
        ("flow", 5, "30", "30 = 3 segments x 5 flow fields x 2 channels"),
        ("rgbdiff", 5, "54", "54 = 3 segments x 6 neighbouring frames x 3 channels"),
    ],
)
def test_input_shapes_are_explained(modality: str, length: int, channels: str, words: str) -> None:
    flow = {"method": "dis", "bound": 15.0} if modality == "flow" else None
    stream = StreamConfig(modality=modality, backbone="b", snippet_length=length, flow=flow)
    shape, reason = input_shape(stream)
    assert shape == ["N", channels, "224", "224"]
    assert words in reason
    assert ("differencing leaves 3 x 15" in reason) == (modality == "rgbdiff")


def test_show_tells_what_the_model_is(run, tiny_package: Path) -> None:
    result = run("models", "show", tiny_package)
    assert result.exit_code == 0, result.output
    for words in ("[N, 9, 32, 32]", "11.18 M parameters", "noise: 3 clips", "5 frames/s"):
        assert words in result.stdout


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


def test_doctor_prints_json_and_fails_when_something_needed_is_missing(run, monkeypatch) -> None:
    healthy = run("doctor", "--quick", "--json")
    assert json.loads(healthy.stdout)["ok"] is (healthy.exit_code == 0)
    monkeypatch.setattr(checks, "NEEDED", (*checks.NEEDED, "no-such-package-here"))
    result = run("doctor", "--quick")
    assert result.exit_code == 1
    assert "pip install no-such-package-here" in result.stdout


def test_doctor_survives_a_check_that_breaks(run, monkeypatch) -> None:
    def broken() -> list[checks.Check]:
        raise OSError("libGL.so.1 is missing")

    monkeypatch.setattr(checks, "_opencv", broken)
    result = run("doctor", "--quick")
    assert result.exit_code == 1
    assert "libGL.so.1" in result.stdout
