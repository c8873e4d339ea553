"""``replay``: the 2020 course report's time label, its plots, and what is refused.

In: runs with a model of stub networks. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slipdetect.lab.course2020.replay import SEED_WINDOWS
from slipdetect.lab.course2020.replay_command import PRESETS
from slipdetect.types import EventConfig, Window, find_events
from stub_models import stub_package
from synth import make_video


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of RGB and flow, in the working folder with two videos."""
    monkeypatch.chdir(tmp_path)
    for name, count in (("a.mp4", 75), ("b.mp4", 45)):
        make_video(Path(name), "walk", count=count, size=(64, 48))
    return stub_package(tmp_path / "model", monkeypatch, "rgb", "flow").folder


def test_the_time_label_and_its_plots(run, model: Path) -> None:
    args = ("--model", model, "--time-label", "labels")
    result = run("replay", "a.mp4", "b.mp4", *args, "--format", "json", "--windows")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in Path("labels").iterdir()) == [
        f"{stem}_timelabel{ending}"
        for stem in "ab"
        for ending in (".json", ".png", "_opf.png", "_rgb.png")
    ]
    label = json.loads(Path("labels/a_timelabel.json").read_text())
    # 75 frames at 25 a second: windows of 30 frames every 10, one frame to spare
    assert list(label) == ["0.0", "0.4", "0.8", "1.2", "1.6"]
    windows = json.loads(result.stdout.splitlines()[0])["windows"]
    assert [w["probability"] for w in windows] == pytest.approx(list(label.values()), abs=1e-6)
    assert Path("labels/a_timelabel_rgb.png").read_bytes().startswith(b"\x89PNG")
    again = run("replay", "a.mp4", *args)
    assert again.exit_code == 6  # R03


def test_two_falls_are_two_events_and_a_negative_is_flat() -> None:
    """Figures 7b and 7c: what the step plots hold becomes events by the model's thresholds."""
    config = EventConfig(onset=0.5, offset=0.5)
    heights = [0.0, 0.01, 0.98, 0.99, 0.97, 0.02, 0.0, 0.0, 0.0, 0.95, 0.99, 0.01, 0.0]
    windows = tuple(Window(i / 3, i / 3 + 1, p) for i, p in enumerate(heights))
    first, second = find_events(windows, config)
    assert first.start < 4 / 3 + 0.5 <= first.end
    assert second.start > first.end
    assert second.score == 0.99
    assert not find_events([Window(i / 3, i / 3 + 1, 0.0) for i in range(9)], config)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_of_the_command_is_there(preset: str) -> None:
    assert SEED_WINDOWS[preset].name == preset
    assert set(SEED_WINDOWS) == set(PRESETS)


@pytest.mark.parametrize("args", [("--time-label", "x"), ("--preset", "course2020")])
def test_detect_knows_nothing_of_it(run, model: Path, args: tuple[str, str]) -> None:
    result = run("detect", "a.mp4", *args, "--model", model)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No such option" in result.stderr


def test_a_run_that_was_stopped_goes_on_with_the_same_preset_only(
    run, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ("replay", "a.mp4", "--model", model, "--format", "json", "--resume", "done.jsonl")
    first = run(*args)
    assert first.exit_code == 0, first.output

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the video is done")

    monkeypatch.setattr("slipdetect.lab.course2020.replay.window_scores", never)
    assert run(*args).stdout == first.stdout
    other = run(*args, "--preset", "course2020-v1")
    assert other.exit_code == 6
    assert "with other preset" in other.stderr


def test_a_model_of_other_streams_is_refused(run, model: Path, monkeypatch) -> None:
    stub_package(Path("other"), monkeypatch, "rgbdiff")
    result = run("replay", "a.mp4", "--model", "other", "--preset", "course2020-v0")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "slipdetect models import" in result.stderr


def test_a_short_video_says_so(run, model: Path) -> None:
    make_video(Path("c.mp4"), "walk", count=12, size=(64, 48))
    result = run("replay", "c.mp4", "--model", model)
    assert result.exit_code == 3
    assert "has 12 frames, and 'course2020' needs 31" in result.stderr
