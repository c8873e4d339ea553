"""Cameras that look straight down, from the command line.

In: the rendered example, models without people. Out: pass or fail.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from slipdetect.cli.worker_options import result_facts
from slipdetect.detection import Detector, model_folder
from slipdetect.errors import UsageError
from slipdetect.models import load_package
from synth import make_video

EXAMPLE = Path(__file__).parents[2] / "examples" / "slip.mp4"


def test_from_above_results_are_by_people_alone_and_say_so(run) -> None:
    options = ("--format", "json", "--windows", "--max-duration", "6")
    done = run("detect", EXAMPLE, "--view", "above", *options)
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["view"] == "above"
    # people are looked for, and heard, where the other streams are sure that nothing happens
    assert all("people" in window for window in result["windows"])
    assert len(result["events"]) == 1


def test_a_model_that_looks_at_no_people_cannot(run, model: Path, tmp_path: Path) -> None:
    done = run("detect", EXAMPLE, "--model", model, "--view", "above")
    assert done.exit_code == 2
    assert "looks at no people" in done.stderr
    assert "--view above" in done.stderr
    cameras = tmp_path / "cameras.toml"
    cameras.write_text('[camera.hall]\nsource = "rtsp://127.0.0.1:1/x"\nview = "above"\n')
    done = run("watch", cameras, "--model", model)
    assert done.exit_code == 2
    assert "camera 'hall': the model" in done.stderr


def test_only_known_views_can_be_set() -> None:
    detector = Detector.load()
    detector.view = "above"
    assert detector.again().view == "above"
    assert detector.again(view="level").view == "level"
    with pytest.raises(UsageError, match="view must be one of level, above, not 'top'"):
        detector.view = "top"  # type: ignore[assignment]


@pytest.fixture
def calibrated(tmp_path: Path) -> Callable[..., Path]:
    """Return what makes a calibration of the bundled model, with what it was made of."""

    def make(**facts: dict[str, str]) -> Path:
        bundled, folder = model_folder("default"), tmp_path / "-".join(facts)
        folder.mkdir()
        for file in bundled.iterdir():
            (folder / file.name).symlink_to(file)
        config = json.loads((bundled / "model.json").read_text(encoding="utf-8"))
        config["training"]["calibrated"] = facts
        (folder / "model.json").unlink()
        (folder / "model.json").write_text(json.dumps(config), encoding="utf-8")
        return folder

    return make


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was warned of since the last time."""
    found = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return found


def test_thresholds_chosen_for_another_view_are_warned_of(
    calibrated: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    above = calibrated(data={"view": "level"}, footage={"view": "above"})
    level = calibrated(footage={"videos": "2"})  # as versions wrote it that knew no view
    advice = "give view='above', or calibrate it again"
    chosen = f"the thresholds of the model {str(above)!r} were chosen on footage from above; "
    detector = Detector.load(above)
    assert warned(caplog) == [chosen + advice]
    assert detector.again(view="above").view == "above"
    Detector.load(above, view="above")
    Detector.load(level)
    bundled = Detector.load(view="above")
    assert warned(caplog) == []
    bundled.again(calibration=level)
    (said,) = warned(caplog)
    assert "were not chosen on footage from above; calibrate it with --view above" in said
    bundled.again(calibration=above)
    assert warned(caplog) == []
    bundled.again(calibration=above, view="level")
    assert warned(caplog) == [chosen + advice]


def test_cameras_that_all_look_down_share_a_model_made_for_that(
    run, calibrated: Callable[..., Path], tmp_path: Path
) -> None:
    above = calibrated(footage={"view": "above"})
    cameras, dead = tmp_path / "cameras.toml", 'source = "rtsp://127.0.0.1:1/x"\n'
    tables = [f'[camera.{name}]\n{dead}view = "above"\n' for name in ("hall", "stairs")]
    watch = ("watch", cameras, "--model", above, "--retries", "0")
    cameras.write_text("".join(tables))
    assert "from above" not in run(*watch).stderr
    cameras.write_text(f"{tables[0]}[camera.door]\n{dead}")
    assert "chosen on footage from above" in run(*watch).stderr


def test_a_model_that_waits_for_people_to_stay_down_does_not_from_above(
    calibrated: Callable[..., Path],
) -> None:
    waits = calibrated(footage={"view": "above"})
    config = json.loads((waits / "model.json").read_text(encoding="utf-8"))
    config["events"]["confirm_down"] = 5.0
    (waits / "model.json").write_text(json.dumps(config), encoding="utf-8")
    assert Detector.load(waits).event_config.confirm_down == 5.0
    above = Detector.load(waits, view="above")
    assert above.event_config.confirm_down == 0.0
    assert Detector.from_package(load_package(waits), view="above").view == "above"
    assert Detector.load(waits).again(view="above").event_config.confirm_down == 0.0


def test_nobody_is_awaited_to_get_up_from_above(run, tmp_path: Path) -> None:
    done = run("detect", EXAMPLE, "--view", "above", "--confirm-down", "5")
    assert done.exit_code == 2
    assert "so --confirm-down and --view above do not go together" in done.stderr
    cameras = tmp_path / "cameras.toml"
    camera = '[camera.hall]\nsource = "rtsp://127.0.0.1:1/x"\nview = "above"\n'
    cameras.write_text(camera + "confirm_down = 5\n")
    done = run("watch", cameras)
    assert done.exit_code == 2
    assert "camera 'hall': from above nobody is seen to get up" in done.stderr
    detector = Detector.load(events={"confirm_down": 5.0})
    with pytest.raises(UsageError, match="do not go together"):
        detector.view = "above"
    above = detector.again(view="above")  # the settings are other ones, too
    assert above.view == "above"
    with pytest.raises(UsageError, match="do not go together"):
        above.event_config = detector.event_config
    assert above.event_config.confirm_down == 0.0
    assert above.again({"confirm_down": 5.0}, view="level").event_config.confirm_down == 5.0


def test_a_wrong_view_in_a_file_of_cameras_is_a_wrong_value(run, tmp_path: Path) -> None:
    for key, value in (("view", "top"), ("sensitivity", "odd"), ("onset", "2")):
        cameras = tmp_path / "cameras.toml"
        cameras.write_text(f'[camera.hall]\nsource = "rtsp://127.0.0.1:1/x"\n{key} = "{value}"\n')
        done = run("watch", cameras)
        assert done.exit_code == 3
        assert f"cameras.toml, line 3: {key}: {value!r} is not" in done.stderr.replace("2.0", "'2'")


def test_a_live_source_from_above_says_so_in_its_first_line(run, tmp_path: Path) -> None:
    film = tmp_path / "film.ts"
    make_video(film, "walk", count=30, rate=10.0, size=(64, 48))
    done = run("watch", film, "--follow", "--read-timeout", "0.5", "--view", "above")
    assert done.exit_code == 0, done.output
    first, *others = map(json.loads, done.stdout.splitlines())
    assert (first["type"], first["view"]) == ("started", "above")
    assert not any("view" in line for line in others)


def test_what_was_evaluated_from_above_knows_it(run, tmp_path: Path) -> None:
    make_video(tmp_path / "a.mp4", "walk", count=20, rate=10.0, size=(64, 48))
    clips, kept, done = (tmp_path / name for name in ("clips.csv", "kept.jsonl", "done.jsonl"))
    clips.write_text("path,label\na.mp4,other\n")
    test = ("evaluate", "events", "default", clips, "--resume", done)
    above = run(*test, "--view", "above", "--predictions", kept)
    assert above.exit_code == 0, above.output
    assert "view above" in above.stdout.splitlines()[0]
    again = run("evaluate", "events", kept, "--format", "json")
    assert json.loads(again.stdout)["facts"]["view"] == "above"
    level = run(*test)
    assert level.exit_code == 6
    assert "with other view" in level.stderr


def test_what_was_stressed_from_above_knows_it(
    run, calibrated: Callable[..., Path], tmp_path: Path
) -> None:
    make_video(tmp_path / "a.mp4", "walk", count=20, rate=10.0, size=(64, 48))
    (tmp_path / "clips.csv").write_text("path,label\na.mp4,fall\n")
    model = calibrated(footage={"view": "above"})
    test = ("stress", model, tmp_path / "clips.csv", "--conditions", "mirror")
    out = ("--out", tmp_path / "out")
    above = run(*test, *out, "--view", "above")
    assert above.exit_code == 0, above.output
    assert "view above: 1 clips" in " ".join(above.stdout.split())
    assert "chosen on footage" not in above.stderr
    kept = (tmp_path / "out" / "undisturbed.jsonl").read_text(encoding="utf-8")
    assert json.loads(kept)["view"] == "above"
    level = run(*test, *out)
    assert level.exit_code == 6
    assert 'view "above" instead of nothing' in level.stderr
    assert "chosen on footage from above" in level.stderr


def test_a_run_is_not_gone_on_with_by_another_pose_stream() -> None:
    detector = Detector.load()
    facts = result_facts(detector)
    detector.scorer.weights["pose"] = "0" * 64
    assert result_facts(detector) != facts


@pytest.mark.parametrize(
    "command",
    [
        ("detect", "{videos}/a.mp4", "--model", "{model}"),
        ("evaluate", "events", "{model}", "{videos}/clips.csv"),
        ("evaluate", "clips", "{model}", "{videos}/clips.csv"),
    ],
)
def test_a_run_is_not_gone_on_with_by_an_edited_package(
    run, tiny_package: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    model, done = tmp_path / "model", tmp_path / "done.jsonl"
    shutil.copytree(tiny_package, model)
    make_video(tmp_path / "a.mp4", "walk", count=20, rate=10.0, size=(64, 48))
    (tmp_path / "clips.csv").write_text("path,label\na.mp4,other\n")
    args = [word.format(videos=tmp_path, model=model) for word in command]
    assert run(*args, "--resume", done).exit_code == 0
    config = json.loads((model / "model.json").read_text(encoding="utf-8"))
    config["training"]["note"] = "says nothing of how it works"
    (model / "model.json").write_text(json.dumps(config), encoding="utf-8")
    assert run(*args, "--resume", done).exit_code == 0
    config["stride"] /= 2
    (model / "model.json").write_text(json.dumps(config), encoding="utf-8")
    other = run(*args, "--resume", done)
    assert other.exit_code == 6
    assert "with other stride; give the same options" in other.stderr
