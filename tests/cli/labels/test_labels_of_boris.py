"""Label files of BORIS: projects and exports, each gives the CSV that was computed by hand.

In: files that the tools' own code wrote (``label_files``), or texts as the tools document them, and
videos of 10 s and 8 s. Out: rows.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from label_texts import FILES, MAP, rows

# 14.0 s of a queue behind 10 s is 4.0 s of the second file; 9.5 to 10.5 s lies over the border
QUEUED = [
    ("cam/a.mp4", "slip", "4", "5.25"),
    ("cam/a.mp4", "slip", "9.5", "10"),
    ("cam/b.mp4", "other", "2", "2.5"),
    ("cam/b.mp4", "slip", "0", "0.5"),
    ("cam/b.mp4", "slip", "4", "5.125"),
]


@pytest.mark.parametrize("name", ["falls.boris", "tabular.tsv", "aggregated.csv"])
def test_boris_counts_over_all_files_of_an_observation(
    labels: Any, tmp_path: Path, name: str
) -> None:
    result = labels(FILES / name, options=(*MAP, "--moment", 0.5))
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == QUEUED
    assert f"{name} is read as BORIS" in result.stderr
    assert "players" not in result.stderr
    assert "1  video of the folder that no label file names" in result.stdout


def test_what_boris_adds_to_all_times_is_taken_away(labels: Any, tmp_path: Path) -> None:
    project = json.loads((FILES / "falls.boris").read_text())
    observation = project["observations"]["monday"]
    observation["time offset"] = 100.0
    observation["file"]["2"] = ["cam/c.mp4"]
    for event in observation["events"]:
        event[0] += 100.0
    result = labels(("x.json", json.dumps(project)), options=(*MAP, "--moment", 0.5))
    assert result.exit_code == 0, result.stderr
    assert "observation 'monday': of 2 players the first one's files are read" in result.stderr
    assert rows(tmp_path) == QUEUED


def test_boris_counts_from_when_files_began_where_it_was_told_to(
    labels: Any, tmp_path: Path
) -> None:
    """The second file began 40 s after the first one's begin, and stands first in the queue."""
    project = json.loads((FILES / "falls.boris").read_text())
    observation = project["observations"]["monday"]
    first, second = observation["file"]["1"]
    began = 1_796_029_507.0
    observation["media_creation_date_as_offset"] = True
    observation["file"]["1"] = [second, first]
    observation["media_info"]["media_creation_time"] = {first: began, second: began + 40}
    del observation["media_info"]["length"]
    observation["events"] = [
        [began + at, "", "falls", "", "", "NA"] for at in (4.0, 5.25, 41.5, 42.5)
    ]
    options = ("--map", "falls=slip")
    result = labels(("x.boris", json.dumps(project)), options=options)
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [
        ("cam/a.mp4", "slip", "4", "5.25"),
        ("cam/b.mp4", "slip", "1.5", "2.5"),
    ]
    observation["events"] = [[began - at, "", "falls", "", "", "NA"] for at in (3.0, 1.0)]
    early = labels(("x.boris", json.dumps(project)), options=options)
    assert early.exit_code == 3
    assert "falls at 1796029504 s lies 3 s before the first file" in early.stderr
    observation["media_info"]["media_creation_time"] = {first: began}
    unknown = labels(("x.boris", json.dumps(project)), options=options)
    assert "counts from when its files began, and does not tell that" in unknown.stderr
    head, row = "Behavior\tStart (s)\tStop (s)\tMedia file name", f"falls\t{began + 4}\t{began + 5}"
    export = labels(("x.tsv", f"{head}\n{row}\ta.mp4\n"), options=options)
    assert export.exit_code == 3
    assert "'media creation date as offset'), which exports do not tell" in export.stderr


def test_an_event_before_a_queue_begins_is_not_lost(labels: Any) -> None:
    project = json.loads((FILES / "falls.boris").read_text())
    project["observations"]["monday"]["time offset"] = 500.0
    result = labels(("x.boris", json.dumps(project)), options=(*MAP, "--moment", 0.5))
    assert result.exit_code == 3
    assert "s before the first file; check the time offset of the observation" in result.stderr


def test_boris_counts_whole_milliseconds_of_each_file(labels: Any, tmp_path: Path) -> None:
    """A file of 10.0009 s is 10 s to it."""
    project = json.loads((FILES / "falls.boris").read_text())
    lengths = project["observations"]["monday"]["media_info"]["length"]
    lengths.update({name: seconds + 0.0009 for name, seconds in lengths.items()})
    result = labels(("x.boris", json.dumps(project)), options=(*MAP, "--moment", 0.5))
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == QUEUED


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda o: o["media_info"]["length"].pop("cam/a.mp4"), "does not tell how long each is"),
        (lambda o: o["events"].pop(), "'falls' begins at 14 s and does not end"),
        (lambda o: o.update(type="LIVE"), "is of no video"),
        (lambda o: o.update(file={}), "names no video"),
        (lambda o: o["events"].append(["x", "", "falls"]), "has an event without a time"),
    ],
)
def test_observations_of_boris_that_have_no_place(labels: Any, change: Any, words: str) -> None:
    project = json.loads((FILES / "falls.boris").read_text())
    change(project["observations"]["monday"])
    result = labels(("x.boris", json.dumps(project)))
    assert result.exit_code == 3
    assert words in result.stderr


def aggregated(out: Path, without: tuple[str, ...], source: str | None = None) -> Path:
    """Write the export ``without`` some columns, or of its first event in another queue."""
    with (FILES / "aggregated.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    if source is not None:
        table = [{**table[0], "Source": source}]
    with out.open("w", newline="") as stream:
        names = [name for name in table[0] if name not in without]
        writer = csv.DictWriter(stream, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)
    return out


@pytest.mark.parametrize("source", ["player #1:cam/a.mp4", "player #1:D:\\films\\a.mp4"])
def test_the_only_file_of_an_observation_needs_no_length(
    labels: Any, tmp_path: Path, source: str
) -> None:
    options = ("--map", "falls=slip")
    table = aggregated(tmp_path / "x.csv", ("Media duration (s)",), source)
    result = labels(table, options=options)
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "4", "5.25")]
    other = labels(aggregated(tmp_path / "x.csv", ("Media duration (s)",), "player #1:cam/b.mp4"))
    assert "line 2: nothing tells where" in other.stderr


@pytest.mark.parametrize(
    "without", [("Media duration (s)",), ("Source",), ("Media duration (s)", "Source")]
)
def test_an_export_without_lengths_has_no_place_behind_the_first_file(
    labels: Any, tmp_path: Path, without: tuple[str, ...]
) -> None:
    result = labels(aggregated(tmp_path / "x.csv", without))
    assert result.exit_code == 3
    assert "line 2: nothing tells where in its observation 'cam/a.mp4' begins" in result.stderr
