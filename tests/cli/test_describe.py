"""``describe``: the 2020 report's words, networks and models; hints where such a word is typed.

In: the table of words. Out: nothing but assertions.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from slipdetect import backbones
from slipdetect.cli.main import cli
from slipdetect.cli.words import Word, all_words, find_words, plain
from slipdetect.flow.registry import available_methods
from slipdetect.lab.models.describe_command import words_markdown
from slipdetect.lab.train.recipes import load_recipe

DOCS = Path(__file__).parents[2] / "docs"
WORDS = [word for words in all_words().values() for word in words]
LINES = sorted({line for word in WORDS for line in word.here})
# what the report and its code are full of
ASKED = (
    *("describe", "config show", "test", "--pretrained", "main.py", "opts.py", "test_models.py"),
    *("win_test.py", "win-test.py", "test.sh", "draw_fig", "extract_opt.py", "delete_similar.py"),
    *("average_fusion.py", "create_txt_new.py", "--arch", "--modality", "--num_segments"),
    *("--consensus_type", "--dropout", "--lr_steps", "--clip-gradient", "--no_partialbn"),
    *("--resume", "--evaluate", "--snapshot_pref", "--flow_prefix", "Table 4", "Table 5"),
)


def parsed(line: str) -> click.Context:
    """Return the context of the command that a line names; fail as the command line does."""
    program, *args = shlex.split(line)
    assert program == "slipdetect"
    command: click.Command = cli
    context = command.make_context(program, args)
    while isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
        context = command.make_context(name, rest, parent=context)
    return context


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_of_the_table_is_taken(line: str) -> None:
    params = parsed(line).params
    if "recipe" in params:
        assert load_recipe(params["recipe"]).modalities
    for option in ("flow", "flow_method"):
        if isinstance(method := params.get(option), str):
            assert method in available_methods()
    assert params.get("backbone") in (None, *backbones.list_backbones())


@pytest.mark.parametrize(
    "line",
    [
        "slipdetect test x",
        "slipdetect train --data clips.csv --pretrained",
        "slipdetect train --data clips.csv --set consensus=mean",
        "slipdetect reproduce table4 --data clips.csv",
        "slipdetect prepare dedup videos/",
    ],
)
def test_a_command_line_that_rotted_would_be_noticed(line: str) -> None:
    with pytest.raises(click.UsageError):
        parsed(line)


def test_the_page_of_the_documentation_has_this_table() -> None:
    page = (DOCS / "report-words.md").read_text(encoding="utf-8")
    tables = page[page.index("## ") :]
    assert tables.strip() == words_markdown().strip(), "paste words_markdown() into the page"


@pytest.mark.parametrize("name", ASKED)
def test_every_word_that_is_asked_for_is_there(run, name: str) -> None:
    ((_, word),) = find_words(name)
    result = run("describe", name)
    assert result.exit_code == 0, result.output
    for line in word.here:
        assert f"  {line}\n" in result.stdout


def test_a_word_has_one_place_and_is_no_backbone() -> None:
    names = [plain(name) for word in WORDS for name in word.names]
    assert sorted(names) == sorted(set(names))
    assert not set(names) & set(backbones.list_backbones())


def test_without_a_name_all_words_are_listed_with_what_to_type(run) -> None:
    result = run("describe")
    assert result.exit_code == 0
    for word in WORDS:
        assert any(
            line.startswith(f"  {word.names[0]}") and line.endswith(f"  {word.first}")
            for line in result.stdout.splitlines()
        ), word


def test_S50_S54_a_backbone_is_described_by_shapes_and_cost(run) -> None:
    result = run("describe", "efficientnet_lite0")
    assert result.exit_code == 0, result.output
    for title in ("parameters", "work", "latency"):
        assert f"\n  {title} " in result.stdout
    shapes = [line.split("[N")[1:] for line in result.stdout.splitlines() if "TSN" in line]
    assert [(taken.split("]")[0], given) for taken, given in shapes] == [
        (", 9, 224, 224", ", 2]"),
        (", 30, 224, 224", ", 2]"),
        (", 54, 224, 224", ", 2]"),
    ]


def test_a_model_is_described_as_by_models_show(run) -> None:
    shown, described = (run(*verb, "default").stdout for verb in (("models", "show"), ["describe"]))
    assert described
    # the time is measured anew
    assert [line for line in described.splitlines() if "latency" not in line] == [
        line for line in shown.splitlines() if "latency" not in line
    ]


def test_a_program_is_found_without_its_suffix() -> None:
    assert find_words("win_test") == find_words("win_test.py") != []


@pytest.mark.parametrize("name", ["nonsense", "no/folder", "--verbosely", ""])
def test_what_nobody_knows_is_2_and_says_where_to_look(run, name: str) -> None:
    result = run("describe", name)
    assert result.exit_code == 2
    assert (
        f"{name!r} is not a word of the 2020 course report, a backbone or a model" in result.stderr
    )
    assert "slipdetect backbones list" in result.stderr


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["test", "x"], "'test'. Here that is: slipdetect evaluate"),
        (["config", "show"], "'config'. Here that is: slipdetect train"),
        (["train", "x", "--pretrained"], "Here that is: slipdetect train .*--weights"),
        (["train", "x", "--lr_steps", "9"], "Here that is: slipdetect train .*--set lr_steps"),
        (["evaluate", "clips", "x", "--test_crops", "9"], "Here that is: slipdetect .*--protocol"),
    ],
)
def test_S23_S45_S51_a_word_of_the_report_is_answered_with_ours(
    run, args: list[str], told: str
) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert re.search(told, result.stderr)
    assert "Did you mean" not in result.stderr


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["bench"], "python benchmarks/flow_bench.py --run DIR in a clone"),
        (["bench", "flow"], "python benchmarks/flow_bench.py --run DIR in a clone"),
        (["prepare", "seed", "x.zip"], "slipdetect prepare course2020 .*"),
        (["detect", "x.mp4", "--time-label", "d"], "slipdetect replay .* --time-label labels/"),
        (["detect", "rtsp://x", "--stall", "3"], "slipdetect watch .* --read-timeout 3"),
        (["train", "x", "--only", "a"], "slipdetect train .* --dataset NAME"),
        (["calibrate", "x", "--only", "a"], "slipdetect calibrate .* --dataset NAME .*"),
        (["evaluate", "events", "x", "--only", "a"], "slipdetect evaluate events .*--dataset NAME"),
        (["train", "--normal", "a"], "slipdetect train .* --negatives quiet/"),
        (["train", "--from", "a"], "slipdetect train .* --init-from default"),
        (["extract", "--from", "a"], "slipdetect extract --url .*"),
        (["models", "import", "--from", "a"], "slipdetect models import --url .*"),
        (["prepare", "export-lists", "--seed-split", "4"], "slipdetect prepare export-lists .*"),
    ],
)
def test_a_name_of_before_is_answered_with_that_of_now(run, args: list[str], told: str) -> None:
    """Where several commands had it, with that of the one that was typed."""
    result = run(*args)
    assert result.exit_code == 2
    assert re.search(rf"Here that is: {told}\.\n", result.stderr), result.stderr


def test_other_mistakes_are_answered_with_what_is_like_them(run) -> None:
    assert "'detect'" in run("detct").stderr
    assert "'hmdb51'" in run("prepare", "hmdb").stderr
    assert "'--epochs'" in run("train", "--epoch", "3").stderr
    assert "Here that is" not in run("detct").stderr


def test_a_hint_comes_from_the_table(run, monkeypatch: pytest.MonkeyPatch) -> None:
    words = Word(("foo_bar",), ("slipdetect doctor",)), Word(("bar",), (), "a script")
    monkeypatch.setattr("slipdetect.cli.words.all_words", lambda: {"x": words})
    assert "'foo-bar'. Here that is: slipdetect doctor." in run("foo-bar").stderr
    assert "'bar'. Here that is: a script." in run("bar").stderr
