"""Videos of 10 s and 8 s, and running ``prepare labels`` over label files about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from label_texts import MAP
from slipdetect.cli.main import cli
from synth import make_video


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video of 10 s, one of 8 s and one that nobody labels; 10 frames a second."""
    folder = tmp_path_factory.mktemp("videos")
    (folder / "cam").mkdir()
    for name, count in (("cam/a.mp4", 100), ("cam/b.mp4", 80), ("c.mp4", 20)):
        make_video(folder / name, count=count, rate=10.0, size=(64, 48))
    return folder


@pytest.fixture
def labels(videos: Path, tmp_path: Path) -> Any:
    """Run ``prepare labels`` over texts by the name of their file, or files that are there."""

    def call(*given: Path | tuple[str, str], options: tuple[object, ...] = MAP) -> Result:
        files = []
        for each in given:
            file = each if isinstance(each, Path) else tmp_path / each[0]
            if not isinstance(each, Path):
                file.write_text(each[1], encoding="utf-8")
            files.append(file)
        args = ["labels", *files, "--root", videos, "--out", tmp_path / "out.csv", "--overwrite"]
        line = [str(each) for each in ("prepare", *args, *options)]
        return CliRunner().invoke(cli, line, catch_exceptions=False)

    return call
