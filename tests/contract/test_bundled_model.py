"""The model inside the package: it is whole, small, documented, and finds falls."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slipdetect.detection import DetectionResult, Detector, model_folder
from slipdetect.models import load_package

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load("default", device="cpu")


@pytest.fixture(scope="module")
def example(detector: Detector) -> DetectionResult:
    return detector.detect(EXAMPLES / "slip.mp4")


def overlaps(result: DetectionResult, start: float, end: float) -> bool:
    return any(event.start < end and event.end > start for event in result.events)


def test_example_fall_is_found_and_nothing_else(example: DetectionResult) -> None:
    truth = json.loads((EXAMPLES / "slip.json").read_text())["events"][0]
    assert overlaps(example, truth["start"], truth["end"])
    assert len(example.events) == 1
    assert not example.report.truncated
    assert not example.padded


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_engines_find_the_same(detector: Detector, example: DetectionResult, engine: str) -> None:
    if engine == "openvino":
        pytest.importorskip("openvino")
    assert detector.engine == "onnx"
    other = Detector.load("default", "cpu", engine=engine).detect(EXAMPLES / "slip.mp4")
    times = [(event.start, event.peak, event.end) for event in example.events]
    assert times == [(event.start, event.peak, event.end) for event in other.events]
    wanted = [window.probability for window in other.windows]
    assert [window.probability for window in example.windows] == pytest.approx(wanted, abs=2e-4)


def test_real_fall_is_found(detector: Detector, clips: Path) -> None:
    result = detector.detect(clips / "urfd" / "fall-01-cam0.mp4")
    assert overlaps(result, 2.73, 3.73)


def test_package_is_small_and_documented() -> None:
    package = load_package(model_folder("default"))
    size = sum(file.stat().st_size for file in package.folder.iterdir())
    assert size < 20 * 2**20
    card = (package.folder / "README.md").read_text(encoding="utf-8")
    for part in package.config.training["training_data"]:
        assert part["source"] in card
        for license in part["licenses"]:
            assert license in card


def test_no_research_only_clip_took_part_in_training() -> None:
    training = load_package(model_folder("default")).config.training
    sources = {
        part["source"] for key in ("training_data", "validation_data") for part in training[key]
    }
    assert sources == {"hmdb51", "gmdcsa24", "intel", "rendered", "mosaic"}
