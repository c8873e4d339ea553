"""Running the command line inside the test process, with a detector that costs nothing.

In: arguments. Out: click's result.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from brightness import Brightness, save
from results import FakeDetector
from slipdetect import backbones
from slipdetect.cli.main import cli
from synth import make_video

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Return a function that runs ``slipdetect`` with its arguments."""

    def call(*args: object, **options: object) -> Result:
        return CliRunner().invoke(cli, [str(arg) for arg in args], **options)

    return call


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``detect`` use ``FakeDetector``."""
    monkeypatch.setattr("slipdetect.detection.Detector", FakeDetector)


@pytest.fixture
def wishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file per answer of ``FakeDetector``."""
    monkeypatch.chdir(tmp_path)
    for wish in ("fall", "none", "cut", "bug", "stop"):
        (tmp_path / f"{wish}.mp4").write_text(wish)
    return tmp_path


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four small videos, the first two with a slip."""
    folder = tmp_path_factory.mktemp("videos")
    for index, kind in enumerate(("slip", "slip", "walk", "still")):
        make_video(folder / f"{index}.mp4", kind, count=30 + index, size=(64, 48))
    return folder


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that scores brightness, in a working folder without proxies."""

    def create(name: str, channels: int = 3, weights: object = None) -> Brightness:
        return Brightness(channels)

    monkeypatch.setattr(backbones, "create_backbone", create)
    monkeypatch.chdir(tmp_path)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return save(tmp_path / "model", "rgb", window=0.6)
