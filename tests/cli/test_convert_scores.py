"""``convert-scores``: files of older programs become ours and ours theirs; what is refused.

In: scores as older programs write them. Out: exit codes, files, messages.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from slipdetect.cli.main import cli
from slipdetect.lab.evaluate.scores import read_scores

LOGITS = {str(i): np.array([1.5 - i, i - 1.5], np.float32) for i in range(4)}

Convert = Callable[..., Result]


@pytest.fixture
def convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Convert:
    """Run the command in a folder with scores of two streams and the list of their clips."""
    monkeypatch.chdir(tmp_path)
    sums = {name: 19 * row for name, row in LOGITS.items()}
    Path("spatial.pickle").write_bytes(pickle.dumps(sums, 2))
    Path("motion.pickle").write_bytes(pickle.dumps({k: -v for k, v in sums.items()}))
    rows = [
        f"{i}.mp4,{'slip' if i < 2 else 'other'},g{i},{'test' if i else 'val'}" for i in range(4)
    ]
    Path("clips.csv").write_text("\n".join(["path,label,group,split", *rows]) + "\n")
    for name in LOGITS:
        Path(f"{name}.mp4").touch()

    def run(*args: object) -> Result:
        return CliRunner().invoke(cli, ["convert-scores", *map(str, args)])

    return run


def test_S37_two_streams_become_one_file_that_evaluate_reads(convert: Convert) -> None:
    args = ("rgb=spatial.pickle", "flow=motion.pickle", "--data", "clips.csv", "--out", "new.npz")
    warned = convert(*args)
    assert warned.exit_code == 0, warned.output
    assert warned.stderr.count("pass --frames 19") == 2
    assert convert(*args, "--frames", 19).exit_code == 6
    result = convert(*args, "--frames", 19, "--overwrite")
    assert result.exit_code == 0, result.output
    assert result.stderr == "wrote 'new.npz': rgb, flow of 4 clips\n"
    scores = read_scores(Path("new.npz"))
    np.testing.assert_allclose(scores.logits["rgb"], list(LOGITS.values()))
    np.testing.assert_allclose(scores.logits["flow"], [-row for row in LOGITS.values()])
    assert scores.clips == ("0.mp4", "1.mp4", "2.mp4", "3.mp4")
    assert scores.groups == ("g0", "g1", "g2", "g3")
    assert scores.facts["data"] == "clips.csv"


def test_S37_and_back(convert: Convert) -> None:
    args = ("spatial.pickle", "--data", "clips.csv", "--split", "test", "--frames", 19)
    made = convert(*args, "--out", "new.npz")
    assert made.exit_code == 0, made.output
    assert "1 scores belong to no clip" in made.stderr
    assert read_scores(Path("new.npz")).facts["split"] == "test"
    back = convert("new.npz", "--out", "old")
    assert back.exit_code == 0, back.output
    found = pickle.loads(Path("old", "scores.pickle").read_bytes())
    assert list(found) == ["1", "2", "3"]
    np.testing.assert_array_equal(found["2"], LOGITS["2"])
    again = convert("new.npz", "--out", "old")
    assert again.exit_code == 6
    assert "--overwrite" in again.stderr


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        (["spatial.pickle", "--out", "x.npz"], 3, "name its clips too: --data CSV"),
        (
            ["spatial.pickle", "--data", "clips.csv", "--split", "train", "--out", "x.npz"],
            3,
            "no rows of the split 'train', it has test, val",
        ),
        (
            ["spatial.pickle", "motion.pickle", "--data", "clips.csv", "--out", "x.npz"],
            3,
            "two of the scores are of the stream 'scores'; name each stream once",
        ),
        (["spatial.pickle", "--out", "preds"], 3, "cannot read scores 'spatial.pickle'"),
        (["a.npz", "b.npz", "--out", "preds"], 2, "name it alone"),
        (["a.npz", "--out", "preds", "--data", "x.csv"], 2, "--data has no effect: the .npz"),
        (["none.npz", "--out", "x.npz"], 3, "cannot read scores 'none.npz'"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_told(
    convert: Convert, args: list[str], code: int, text: str
) -> None:
    result = convert(*args)
    assert result.exit_code == code
    assert text in result.stderr
    assert not Path("x.npz").exists()


class Runs:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.marker}",)


def test_W01_a_malicious_pickle_is_3_and_runs_nothing(convert: Convert, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    Path("old.pkl").write_bytes(pickle.dumps({"0": Runs(marker)}))
    result = convert("old.pkl", "--data", "clips.csv", "--out", "x.npz")
    assert result.exit_code == 3
    assert "system, which numbers do not need" in result.stderr
    assert result.stderr.count("Error") == 1
    assert not marker.exists()
