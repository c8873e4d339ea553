"""``calibrate``: what is fitted is written, everything else stays, and impossible wishes say why.

In: a tiny package, made-up predictions, one run over real videos. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipdetect.errors import VideoError
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.models import load_package
from slipdetect.types import Calibration
from synth import make_video

HOUR = 3600.0
# of every video whose name says nothing else
PEAKS = (0.1, 0.93, 0.1)


def windows(probabilities: Sequence[float]) -> tuple[tuple[float, float, float], ...]:
    return tuple((2.0 * i, 2.0 * i + 0.6, p) for i, p in enumerate(probabilities))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let a video be an hour with one moment, or a clip whose log-odds are three times too sure."""
    asked: list[Any] = []

    def detector(package: Any, device: str, *, exact: bool, view: str) -> Any:
        assert exact
        asked.append(package.config)
        return package

    def predict(
        package: Any,
        clips: Sequence[Clip],
        root: Path,
        on_clip: Callable[[int, int], None],
        *,
        sizes: bool,
    ) -> Iterator[ClipPrediction]:
        for index, clip in enumerate(clips):
            on_clip(index + 1, len(clips))
            if "damaged" in clip.path.name:
                continue
            if not clip.path.is_file():
                raise VideoError(f"{clip.path} was not found")
            found, seconds = windows(PEAKS), HOUR
            if clip.group.startswith("g"):
                rng = np.random.default_rng(index)
                odds = rng.normal(1 if clip.positive else -1, 1.4, 20) * 2 / 1.4**2
                found, seconds = windows((1 / (1 + np.exp(-3 * odds))).tolist()), 40.0
            yield ClipPrediction(
                clip.path.name,
                clip.dataset,
                clip.positive,
                clip.events,
                seconds,
                max(w[2] for w in found),
                (),
                group=clip.group,
                windows=found,
            )

    monkeypatch.setattr("slipdetect.detection.Detector.from_package", detector)
    monkeypatch.setattr(
        "slipdetect.lab.evaluate.predictions.predict",
        lambda *args, **more: [*predict(*args, **more)],
    )
    return asked


@pytest.fixture
def normal(tmp_path: Path) -> Path:
    folder = tmp_path / "quiet"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_text("x")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twelve clips of twelve groups; in half of them every window sits on a fall."""
    rows = ["path,label,start,end,group,dataset,split"]
    for index in range(12):
        fall = index % 2 == 0
        (tmp_path / f"{index}.mp4").write_text("x")
        falls = [f"{2 * i}.0,{2 * i}.6" for i in range(20)] if fall else [","]
        label = "slip" if fall else "other"
        rows += [f"{index}.mp4,{label},{times},g{index},own," for times in falls]
    (tmp_path / "clips.csv").write_text("\n".join(rows) + "\n")
    return tmp_path / "clips.csv"


def calibrate(run: Any, model: Path, out: Path, *args: object) -> Any:
    return run("calibrate", model, "--out", out, "--device", "cpu", *args)


def test_the_threshold_keeps_the_budget_and_the_rest_of_the_model_stays(
    run: Any, fake: list[Any], tiny_package: Path, normal: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new"
    result = calibrate(run, tiny_package, out, "--negatives", normal)
    assert result.exit_code == 0, result.output
    was, new = load_package(tiny_package).config, load_package(out).config
    assert new.events == replace(was.events, onset=0.9301)
    assert new.calibration == was.calibration
    assert new.sensitivity == {}
    assert [s.sha256 for s in new.streams] == [s.sha256 for s in was.streams]
    assert new.training["calibrated"]["footage"]["hours"] == 2.0
    assert "0.9 -> 0.9301" in result.stdout
    assert "2 before, 0 now" in result.stdout
    assert result.stdout.count("0.9300         no") == 2
    assert f"slipdetect detect VIDEO --model {out}" in result.stdout
    assert "2.0 h of footage cannot show a budget of 1 a day: that takes 71.9 h" in result.stderr


def test_what_is_said_to_be_run_next_can_be_pasted(
    run: Any, fake: list[Any], tiny_package: Path, normal: Path, tmp_path: Path
) -> None:
    result = calibrate(run, tiny_package, tmp_path / "my kitchen", "--negatives", normal)
    assert result.exit_code == 0, result.output
    assert f"--model '{tmp_path / 'my kitchen'}'\n" in result.stdout


def test_a_video_that_is_named_twice_counts_once(
    run: Any, fake: list[Any], tiny_package: Path, normal: Path, tmp_path: Path
) -> None:
    twice = (
        "--negatives",
        normal,
        "--negatives",
        normal / "a.mp4",
        "--negatives",
        normal / "." / "?.mp4",
    )
    result = calibrate(run, tiny_package, tmp_path / "new", *twice)
    assert result.exit_code == 0, result.output
    assert "2 videos, 2.0 h" in result.stdout


def test_a_model_that_waits_for_people_to_stay_down_keeps_that(
    run: Any, fake: list[Any], tiny_package: Path, normal: Path, data: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(tiny_package, tmp_path / "model"))
    content = json.loads((model / "model.json").read_text())
    content["events"]["confirm_down"] = 5.0
    (model / "model.json").write_text(json.dumps(content))
    both = ("--negatives", normal, "--data", data)
    result = calibrate(run, model, tmp_path / "x", *both)
    assert result.exit_code == 0, result.output
    assert "whether or not who falls stays down" in result.stderr
    plain = calibrate(run, tiny_package, tmp_path / "y", *both)
    assert "stays down" not in plain.stderr
    waits, at_once = (load_package(tmp_path / name).config for name in "xy")
    assert waits.events == replace(at_once.events, confirm_down=5.0)
    assert waits.sensitivity == at_once.sensitivity


def test_a_budget_an_hour(
    run: Any, fake: list[Any], tiny_package: Path, normal: Path, tmp_path: Path
) -> None:
    result = calibrate(run, tiny_package, tmp_path / "x", "--negatives", normal, "--per-hour", "2")
    assert result.exit_code == 0, result.output
    assert "Warning" not in result.stderr
    assert load_package(tmp_path / "x").config.events.onset == 0.8  # the offset: all is allowed
    once = calibrate(run, tiny_package, tmp_path / "y", "--negatives", normal, "--per-day", "24")
    assert once.exit_code == 0, once.output
    assert load_package(tmp_path / "y").config.events.onset == 0.9


def test_labeled_clips_mend_the_probabilities(
    run: Any, fake: list[Any], tiny_package: Path, data: Path, tmp_path: Path
) -> None:
    out, picture = tmp_path / "new", tmp_path / "x.png"
    result = calibrate(run, tiny_package, out, "--data", data, "--reliability", picture)
    assert result.exit_code == 0, result.output
    new = load_package(out).config
    assert new.calibration.temperature == pytest.approx(3.0, rel=0.6)
    assert new.events == load_package(tiny_package).config.events
    # the network is asked without the calibration that it had
    assert fake[0].calibration == Calibration()
    words = {line.split("  ")[0]: line.split()[-2:] for line in result.stdout.splitlines()}
    before, after = map(float, words["calibration error"])
    assert before > after
    assert new.training["calibrated"]["data"]["error_before"] == pytest.approx(before, abs=1e-4)
    assert "of 12 groups" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "fitting on 'clips.csv', all its clips" in result.stderr


def test_clips_come_first_and_footage_sees_the_new_probabilities(
    run: Any, fake: list[Any], tiny_package: Path, data: Path, normal: Path, tmp_path: Path
) -> None:
    result = calibrate(run, tiny_package, tmp_path / "x", "--data", data, "--negatives", normal)
    assert result.exit_code == 0, result.output
    new = load_package(tmp_path / "x").config
    assert fake[1].calibration == new.calibration != fake[0].calibration
    assert set(new.training["calibrated"]) == {"data", "footage"}
    assert "again with --negatives" not in result.stderr
    refitted = calibrate(run, tmp_path / "x", tmp_path / "y", "--data", data)
    assert "again with --negatives" in refitted.stderr
    assert set(load_package(tmp_path / "y").config.training["calibrated"]) == {"data", "footage"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "--negatives FOLDER, --data CLIPS.csv, or both"),
        (["--negatives", "quiet", "--per-day", "1", "--per-hour", "1"], "give one"),
        (["--data", "clips.csv", "--per-day", "1"], "--per-day has no effect without --negatives"),
        (["--negatives", "quiet", "--reliability", "x.png"], "--reliability has no effect"),
        (["--negatives", "quiet", "--bins", "mass"], "--bins has no effect"),
        (["--negatives", "quiet", "--per-day", "0"], "--per-day"),
        (["--negatives", "quiet", "--per-day", "nan"], "'nan' is not a finite number"),
        (["--negatives", "quiet", "--per-hour", "inf"], "'inf' is not a finite number"),
        (["--data", "clips.csv", "--out", "x", "--reliability", "x"], "name one place"),
    ],
)
def test_options_that_do_not_go_together_are_2(
    run: Any, tiny_package: Path, tmp_path: Path, args: list[str], message: str
) -> None:
    result = calibrate(run, tiny_package, tmp_path / "x", *args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "x").exists()


def test_nothing_is_replaced_unasked(
    run: Any, fake: list[Any], tiny_package: Path, normal: Path, tmp_path: Path
) -> None:
    out = tmp_path / "x"
    assert calibrate(run, tiny_package, out, "--negatives", normal).exit_code == 0
    again = calibrate(run, tiny_package, out, "--negatives", normal)
    assert again.exit_code == 6
    assert len(fake) == 1  # refused before the work
    assert calibrate(run, tiny_package, out, "--negatives", normal, "--overwrite").exit_code == 0


def test_a_folder_that_cannot_take_the_model_is_refused_before_the_work(
    run: Any, fake: list[Any], tiny_package: Path, normal: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(tiny_package, tmp_path / "model"))
    (model / "README.md").write_text("the card\n")
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "README.md").write_text("mine\n")
    (tmp_path / "file").write_text("")
    for out, reason in ((notes, "exists already"), (tmp_path / "file" / "x", "is a file")):
        result = calibrate(run, model, out, "--negatives", normal)
        assert result.exit_code == 6, result.output
        assert reason in result.stderr
    assert fake == []
    assert (notes / "README.md").read_text() == "mine\n"
    (notes / "README.md").write_text("the card\n")
    assert calibrate(run, model, notes, "--negatives", normal).exit_code == 0


def test_footage_that_is_not_there_or_cannot_be_read(
    run: Any, fake: list[Any], tiny_package: Path, normal: Path, tmp_path: Path
) -> None:
    missing = calibrate(run, tiny_package, tmp_path / "x", "--negatives", tmp_path / "no*.mp4")
    assert missing.exit_code == 3
    (normal / "damaged.mp4").write_text("x")
    some = calibrate(run, tiny_package, tmp_path / "x", "--negatives", normal)
    assert some.exit_code == 5
    assert load_package(tmp_path / "x").config.training["calibrated"]["footage"]["videos"] == 2


def test_a_model_is_warned_of_that_has_learned_from_the_clips(
    run: Any, fake: list[Any], tiny_package: Path, data: Path, tmp_path: Path
) -> None:
    data.write_text(data.read_text().replace(",own,", ",noise,"))
    result = calibrate(run, tiny_package, tmp_path / "x", "--data", data)
    assert "the model was trained on clips of noise" in result.stderr


def test_a_data_set_without_a_name_is_warned_of_as_such(
    run: Any, fake: list[Any], tiny_package: Path, data: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(tiny_package, tmp_path / "model"))
    content = json.loads((model / "model.json").read_text())
    content["training"]["training_data"] = [{"clips": 3}]
    (model / "model.json").write_text(json.dumps(content))
    data.write_text(data.read_text().replace(",own,", ",,"))
    result = calibrate(run, model, tmp_path / "x", "--data", data)
    assert "trained on clips of a data set without a name; on clips" in result.stderr


def test_real_videos_and_the_sensitivity_they_give(
    run: Any, tiny_package: Path, tmp_path: Path
) -> None:
    for index in range(2):
        make_video(tmp_path / f"{index}.mp4", "walk", count=40, size=(64, 48))
    out = tmp_path / "new"
    result = calibrate(run, tiny_package, out, "--negatives", tmp_path / "?.mp4")
    assert result.exit_code == 0, result.output
    data = json.loads((out / "model.json").read_text())
    data["sensitivity"] = {"high": {"onset": 0.0, "offset": 0.0}}
    (out / "model.json").write_text(json.dumps(data))
    video = tmp_path / "0.mp4"
    all_of_it = run("detect", video, "--model", out, "--sensitivity", "high", "--device", "cpu")
    assert all_of_it.exit_code == 0
    assert "no event" not in all_of_it.stdout
    given = run(
        *("detect", video, "--model", out, "--sensitivity", "high", "--device", "cpu"),
        *("--onset", "1", "--offset", "1"),
    )
    assert "no event" in given.stdout
    without = run("detect", video, "--model", out, "--sensitivity", "low", "--device", "cpu")
    assert without.exit_code == 4
    assert "slipdetect calibrate" in without.stderr


def test_what_was_calibrated_from_above_knows_it_and_says_how_to_use_it(
    run: Any, fake: list[Any], tiny_package: Path, normal: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new"
    result = calibrate(run, tiny_package, out, "--negatives", normal, "--view", "above")
    assert result.exit_code == 0, result.output
    assert f"slipdetect detect VIDEO --model {out} --view above\n" in result.stdout
    assert load_package(out).config.training["calibrated"]["footage"]["view"] == "above"
    level = tmp_path / "level"
    result = calibrate(run, tiny_package, level, "--data", data)
    assert result.exit_code == 0, result.output
    assert f"slipdetect detect VIDEO --model {level}\n" in result.stdout
    assert load_package(level).config.training["calibrated"]["data"]["view"] == "level"
    # thresholds stay those of the footage, whatever the probabilities are made to hold for
    result = calibrate(run, out, tmp_path / "refit", "--data", data)
    assert result.exit_code == 0, result.output
    assert "were chosen on footage from above" in result.stderr
    assert f"slipdetect detect VIDEO --model {tmp_path / 'refit'} --view above\n" in result.stdout
