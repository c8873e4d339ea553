"""Frame numbers where seconds belong: refused by every command that reads annotation files.

In: a CSV and a video of 10 s. Out: one line with its place and a guess.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from slipdetect.cli.main import cli
from synth import make_video


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("late")
    for name in ("a", "b"):
        make_video(folder / f"{name}.mp4", count=100, rate=10.0, size=(64, 48))
    file = folder / "clips.csv"
    file.write_text("path,label,start,end\nb.mp4,other,,\na.mp4,slip,41,52\n")
    return file


@pytest.mark.parametrize(
    "command",
    [
        "train --data {} --out run",
        "evaluate clips default {}",
        "evaluate events default {}",
        "stress default {} --quick",
        "calibrate default --data {} --out model",
        "reproduce table6 --data {} --quick",
        "prepare check {} --fast",
        "prepare export-lists {} --out lists",
        "prepare intervals {} --out x.csv",
        "prepare labels {} --out {}/../y.csv",
    ],
)
def test_every_reader_of_annotations_knows_the_length(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    line = [word.replace("{}/..", str(data.parent)).replace("{}", str(data)) for word in
            command.split()]  # fmt: skip
    result = CliRunner().invoke(cli, line)
    assert result.exit_code == 3, result.output
    assert "41 s to 52 s of " in result.stderr
    assert "which ends at 10.00 s; are these frame numbers at 10/s? correct" in result.stderr
    assert "line 3" in result.stderr
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "runs"])
