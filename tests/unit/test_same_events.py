"""The benchmark that compares builds tells of whatever differs, and of nothing else.

In: made-up rows as the benchmark stores them. Out: nothing but assertions.
"""

from __future__ import annotations

import argparse
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KEY = ("drawn/slip.mp4", "exact")


@pytest.fixture(autouse=True)
def _beside_the_benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


@pytest.fixture
def row() -> dict[str, Any]:
    event = {"start": 3.7, "end": 6.5, "peak": 4.8, "score": 0.99, "label": "slip"}
    window = {"start": 0.0, "end": 2.4, "probability": 0.5, "streams": {"rgb": 0.4, "flow": 0.6}}
    return {
        "sha256": "0" * 64,
        "source": {"duration": 9.9, "truncated": False},
        "events": [event, {**event, "start": 7.7, "end": 8.5, "peak": 8.0}],
        "windows": [window, {**window, "start": 0.2, "end": 2.6}],
    }


def lines(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    from same_events_compared import differences

    return list(differences({KEY: old}, {KEY: new}))


def test_the_same_and_less_than_the_tolerance_is_no_difference(row: dict[str, Any]) -> None:
    near = deepcopy(row)
    near["events"][1]["score"] += 0.9e-5
    near["windows"][0]["probability"] -= 0.9e-5
    near["windows"][1]["streams"]["flow"] += 0.9e-5
    assert lines(row, deepcopy(row)) == lines(row, near) == lines(near, row) == []


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("events", 1, "score"), 0.99002, "event 2: score is 0.99002, was 0.99"),
        (("events", 0, "start"), 3.700001, "event 1: start is 3.700001, was 3.7"),
        (("events", 0, "end"), 6.4, "event 1: end is 6.4, was 6.5"),
        (("events", 0, "peak"), 4.6, "event 1: peak is 4.6, was 4.8"),
        (("events", 0, "label"), "fall", "event 1: label is 'fall', was 'slip'"),
        (("events", 0, "interrupted"), True, "event 1: interrupted is True, was None"),
        (("source", "duration"), 9.8, "duration is 9.8, was 9.9"),
        (("source", "truncated"), True, "truncated is True, was False"),
        (("windows", 1, "start"), 0.200001, "1 of 2 windows differ, first that of 0.2 s: start"),
        (("windows", 0, "probability"), 0.50002, "probability is 0.50002, was 0.5"),
        (("windows", 0, "streams"), {"rgb": 0.4, "flow": 0.60002}, "streams is"),
        (("windows", 0, "streams"), {"rgb": 0.4}, "streams is"),
        (("windows", 0, "corrupt"), True, "corrupt is True, was None"),
        (("events",), [], "events are none, were 3.7 to 6.5 s (0.990), 7.7 to 8.5 s (0.990)"),
        (("windows",), [], "has 0 windows, had 2"),
        (("sha256",), "1" * 64, "is another file"),
        (("error",), "VideoError: no", "fails (VideoError: no), was read before"),
    ],
)
def test_whatever_differs_is_said(
    row: dict[str, Any], where: tuple[Any, ...], value: Any, said: str
) -> None:
    other = deepcopy(row)
    place: Any = other
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    (first, *rest) = lines(row, other)
    assert said in first
    assert first.startswith("drawn/slip.mp4 exact: ")
    assert lines(other, row)
    moved = where[0] == "windows" and len(where) > 1
    assert [": its probabilities differ by " in line for line in rest] == [True] * moved


def test_what_fails_as_before_or_is_gone(row: dict[str, Any]) -> None:
    from same_events_compared import differences

    failed = {"sha256": row["sha256"], "error": "VideoError: no"}
    assert lines(failed, {**failed, "error": "OtherError: in other words"}) == []
    assert lines(failed, row) == [f"{KEY[0]} exact: is read, failed before (VideoError: no)"]
    assert list(differences({KEY: row}, {})) == [f"{KEY[0]} exact: is not here any more"]
    assert list(differences({}, {KEY: row})) == []


def test_a_stopped_run_goes_on_where_its_last_whole_line_ends(
    row: dict[str, Any], tmp_path: Path
) -> None:
    from same_events_store import Store

    path, build = tmp_path / "found.jsonl", {"version": 1, "commit": "abc"}
    Store.begin(path, build).add(KEY, row)
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole + '{"video": "drawn/wa', encoding="utf-8")
    store = Store.begin(path, build)
    assert store.found == {KEY: row}
    store.add(("drawn/walk.mp4", "usual"), row)
    assert Store.read(path).found == {KEY: row, ("drawn/walk.mp4", "usual"): row}
    assert path.read_text(encoding="utf-8").startswith(whole)


def test_another_build_does_not_go_on_and_other_files_are_refused(tmp_path: Path) -> None:
    from same_events_store import Store

    path, build = tmp_path / "found.jsonl", {"version": 1, "commit": "abc"}
    Store.begin(path, build)
    with pytest.raises(SystemExit, match="commit was 'abc', is 'def'; name another file"):
        Store.begin(path, {**build, "commit": "def"})
    assert list(Store.read(path).told_apart({**build, "torch": "3"})) == ["torch was None, is '3'"]
    for text in ("", "[]\n", "no JSON\n", '{"version": 0}\n'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit, match="found"):
            Store.read(path)
    with pytest.raises(SystemExit, match="cannot read"):
        Store.read(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("count", "expected"), [(None, "abcdefg"), (1, "a"), (2, "ag"), (3, "adg"), (9, "abcdefg")]
)
def test_a_sample_reaches_from_the_first_to_the_last(count: int | None, expected: str) -> None:
    from same_events import sampled

    names = dict.fromkeys("gfedcba", Path())
    assert "".join(sampled(names, argparse.Namespace(sample=count))) == expected


@pytest.mark.slow
def test_a_build_finds_the_same_twice_and_a_difference_is_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from same_events import main

    path, data = tmp_path / "found.jsonl", ["--data", str(tmp_path), "--sample", "4"]
    assert main(["--write", str(path), *data]) == 0
    assert "stored 4 videos looked at 8 times: " in capsys.readouterr().out
    assert main(["--against", str(path), *data]) == 0
    assert capsys.readouterr().out.startswith("no difference in 4 videos looked at 8 times: ")
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    row = json.loads(rows[-1])
    assert row["video"] == "example/slip.mp4"
    row["events"][0]["end"] -= 0.2
    rows[-1] = json.dumps(row)
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    assert main(["--against", str(path), *data]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"example/slip.mp4 {row['way']}: event 1: end is ")
    assert said[-1].startswith("1 difference in ")


def test_how_far_probabilities_may_be_apart_is_a_choice(row: dict[str, Any]) -> None:
    from same_events_compared import differences

    moved = [{**each, "probability": each["probability"] + 5e-5} for each in row["windows"]]
    new = {**row, "windows": moved}
    assert list(differences({KEY: row}, {KEY: new}))
    assert list(differences({KEY: row}, {KEY: new}, within=1e-4)) == []
