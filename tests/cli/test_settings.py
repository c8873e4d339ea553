"""``--config`` and ``SLIPDETECT_*``: which value is in force, and what is refused.

In: TOML files and environments, a stand-in detector. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from results import FakeDetector

pytestmark = pytest.mark.usefixtures("fake", "wishes")


@pytest.fixture
def onsets(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """The onset that each run of ``detect`` was started with."""
    seen: list[float | None] = []

    class Seeing(FakeDetector):
        @classmethod
        def load(cls, model, device, events, sensitivity="balanced", **options):
            seen.append(events["onset"])
            return super().load(model, device, events, sensitivity)

    monkeypatch.setattr("slipdetect.detection.Detector", Seeing)
    return seen


def write(text: str, name: str = "s.toml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_option_before_environment_before_file_before_default(run, onsets) -> None:
    file, env = write("[detect]\nonset = 0.4\n"), {"SLIPDETECT_DETECT_ONSET": "0.45"}
    run("detect", "none.mp4")
    run("detect", "none.mp4", "--config", file)
    run("detect", "none.mp4", "--config", file, env=env)
    run("detect", "none.mp4", "--config", file, "--onset", "0.48", env=env)
    assert onsets == [None, 0.4, 0.45, 0.48]


def test_the_file_is_named_before_or_behind_the_verb_or_by_the_environment(run, onsets) -> None:
    one, two = write("[detect]\nonset = 0.4\n"), write("[detect]\nonset = 0.45\n", "two.toml")
    env = {"SLIPDETECT_CONFIG": two}
    run("--config", one, "detect", "none.mp4")
    run("detect", "none.mp4", env=env)
    run("--config", one, "detect", "none.mp4", env=env)
    run("detect", "none.mp4", "--config", one, env=env)
    run("--config", two, "detect", "none.mp4", "--config", one)
    assert onsets == [0.4, 0.45, 0.4, 0.4, 0.4]


def test_a_file_that_nobody_named_is_not_read(run, onsets) -> None:
    write("[detect]\nonset = 0.4\n", "slipdetect.toml")
    run("detect", "none.mp4")
    assert onsets == [None]


def test_every_kind_of_value(run) -> None:
    file = write('[detect]\nformat = "csv"\nwindows = true\nmax_pixels = 100\nmin-gap = 1\n')
    result = run("detect", "fall.mp4", "--config", file)
    assert result.exit_code == 0, result.output
    assert result.stdout == run("detect", "fall.mp4", "--format", "csv").stdout
    assert (
        run("detect", "fall.mp4", "--config", write("[detect]\nfail-on-event = true\n")).exit_code
        == 10
    )


@pytest.mark.parametrize("before", [True, False])
def test_what_stands_above_the_tables_is_for_all_commands(run, before: bool) -> None:
    file = write("quiet = true\n")
    verb, config = ["detect", "cut.mp4"], ["--config", file]
    assert "truncated" in run(*verb).stderr
    assert run(*config, *verb).stderr == run(*verb, *config).stderr == ""


@pytest.mark.parametrize(
    ("value", "options"),
    [("['rgb', 'flow']", ["--modality", "rgb", "--modality", "flow"]), ("'rgb'", "--modality=rgb")],
)
def test_several_values_are_a_list_or_one(run, value: str, options: list[str] | str) -> None:
    shown = run("train", "--show", "--config", write(f"[train]\nmodality = {value}\n")).stdout
    typed = [options] if isinstance(options, str) else options
    assert shown == run("train", "--show", *typed).stdout
    assert shown != run("train", "--show").stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[detect]\nmodel = 'x'\nonst = 0.4\n",
            "s.toml: 'onst' in [detect] is not known; did you mean 'onset'?",
        ),
        ("[detekt]\nonset = 0.4\n", "s.toml: 'detekt' is not known; did you mean 'detect'?"),
        (
            "onset = 0.4\n",
            "s.toml: 'onset' is not known; slipdetect --help lists all options; those of a command",
        ),
        ("[detect]\nconfig = 'x'\n", "s.toml: 'config' in [detect] is not known"),
        ("[detect]\nsources = ['x']\n", "s.toml: 'sources' in [detect] is not known"),
        ("detect = 3\n", "s.toml: 'detect' is a command; write a table [detect]"),
        ("[detect]\nwindows = 'yes'\n", "'windows' in [detect] is true or false, not 'yes'"),
        ("[detect]\nonset = [0.4]\n", "s.toml: 'onset' in [detect] is one value, not [0.4]"),
        ("[detect]\nout = true\n", "s.toml: 'out' in [detect] is one value, not True"),
        ("[detect.onset]\nx = 1\n", "s.toml: 'onset' in [detect] is one value, not {'x': 1}"),
        ("[detect]\nout = 2026-01-01\n", "s.toml: 'out' in [detect] is one value, not datetime"),
        ("verbose = 'much'\n", "s.toml: 'verbose' is a whole number, not 'much'"),
        ("verbose = -1\n", "-1 is not in the range x>=0 (set by s.toml)."),
        ("[detect]\nmin-gap = 1\n\nmin_gap = 2\n", "s.toml: 'min_gap' in [detect] sets the same"),
        ("[detect]\nonset = 2\n", "2.0 is not in the range 0.0<=x<=1.0 (set by s.toml)."),
        ("[detect]\nstream = 1.5\n", "'1.5' is not a valid integer range (set by s.toml)."),
        ("[detect]\n\nformat = 'pdf'\n", "'labelstudio' (set by s.toml)."),
        ("[detect\n", "'s.toml' is not valid TOML: "),
    ],
)
def test_what_is_wrong_in_a_file_is_said_by_file_and_key(run, text: str, words: str) -> None:
    for args in (["--config", write(text), "detect"], ["detect", "--config", "s.toml"]):
        result = run(*args, "none.mp4")
        assert result.exit_code == 2, result.output
        assert words in result.stderr
        assert result.stdout == ""


def test_tables_of_other_commands_are_not_looked_at(run) -> None:
    assert run("detect", "none.mp4", "--config", write("[train]\nnonsense = 1\n")).exit_code == 0


def test_a_file_that_cannot_be_read(run) -> None:
    result = run("detect", "none.mp4", "--config", "gone.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot read 'gone.toml': No such file" in result.stderr
    Path("latin.toml").write_bytes(b"name = '\xe4'")
    assert "is not UTF-8" in run("--config", "latin.toml", "doctor").stderr


def test_a_wrong_value_of_the_environment_names_its_variable(run) -> None:
    result = run("detect", "none.mp4", env={"SLIPDETECT_DETECT_ONSET": "2"})
    assert result.exit_code == 2
    assert "range 0.0<=x<=1.0 (set by SLIPDETECT_DETECT_ONSET)." in result.stderr


def test_a_wrong_value_of_an_option_of_all_commands_names_its_variable(run) -> None:
    result = run("detect", "none.mp4", env={"SLIPDETECT_VERBOSE": "much"})
    assert result.exit_code == 2
    assert "(set by SLIPDETECT_VERBOSE)." in result.stderr


def test_a_misspelled_variable_is_told_of(run) -> None:
    env = {"SLIPDETECT_DETECT_ONST": "0.4", "SLIPDETECT_DETECT_FORMAT": "csv", "SLIPDETECT_X": "1"}
    result = run("detect", "none.mp4", env={**env, "SLIPDETECT_WATCH_FOO": "1"})
    assert result.exit_code == 0
    warning = (
        "the variable SLIPDETECT_DETECT_ONST sets nothing; did you mean SLIPDETECT_DETECT_ONSET?"
    )
    assert result.stderr == f"Warning: {warning}\n"
    other = run("models", "list", env={"SLIPDETECT_MODELS_LIST_ZZZZ": "1"})
    assert "SLIPDETECT_MODELS_LIST_ZZZZ sets nothing; no option is called so" in other.stderr


def test_variables_are_named_after_options_not_after_parameters(run) -> None:
    shown = run("train", "--show", env={"SLIPDETECT_TRAIN_MODALITY": "rgb flow"}).stdout
    assert shown == run("train", "--show", "--modality", "rgb", "--modality", "flow").stdout
    assert shown != run("train", "--show").stdout


def test_help_comes_though_the_file_is_bad(run) -> None:
    env = {"SLIPDETECT_CONFIG": "gone.toml"}
    assert run("--help", env=env).exit_code == 0
