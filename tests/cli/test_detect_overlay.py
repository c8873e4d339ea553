"""``detect --overlay``: which file each video gets, and which targets are refused.

In: runs with a stand-in detector. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from results import FALL, FakeDetector, make_result
from synth import make_video

pytestmark = pytest.mark.usefixtures("fake", "wishes")


@pytest.fixture
def clip(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A true video in which the stand-in finds a fall."""
    make_video(Path("clip.mp4"), count=10)

    def detect(self: FakeDetector, source: str, **rest: object) -> object:
        return make_result(source, FALL)

    monkeypatch.setattr(FakeDetector, "detect", detect)
    return Path("clip.mp4")


def test_a_file_for_one_video(run, clip: Path) -> None:
    result = run("detect", clip, "--overlay", "o.mp4")
    assert result.exit_code == 0
    assert result.stderr.endswith("wrote 'o.mp4'\n")
    assert Path("o.mp4").read_bytes()[4:8] == b"ftyp"
    again = run("detect", clip, "--overlay", "o.mp4")
    assert (again.exit_code, again.stdout) == (6, "")  # R03


def test_the_page_plays_the_overlay(run, clip: Path) -> None:
    result = run("detect", clip, "--overlay", "out/", "--html", "out/report.html")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "clip.overlay.mp4",
        "report.html",
    ]
    assert 'src="./clip.overlay.mp4"' in Path("out/report.html").read_text(encoding="utf-8")


def test_a_video_that_cannot_be_read_again_stops_nothing(run) -> None:
    # the stand-in's files are no videos
    result = run("detect", "fall.mp4", "none.mp4", "--overlay", "out/")
    assert result.exit_code == 5
    assert "1 with a slip, 1 without" in result.stdout
    for stem in ("fall", "none"):
        assert result.stderr.count(f"no overlay 'out/{stem}.overlay.mp4': ") == 1
    assert list(Path("out").iterdir()) == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--overlay", "fall.mp4", "--overwrite"], "is one of the videos"),
        (["--html", "x.html", "--out", "x.html", "--format", "csv"], "written twice"),
        (["--overlay", "o.mkv"], "is neither a .mp4 nor a folder"),
    ],
)
def test_targets_that_make_no_sense(run, args: list[str], message: str) -> None:
    before = Path("fall.mp4").read_bytes()
    result = run("detect", "fall.mp4", *args)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert Path("fall.mp4").read_bytes() == before
    two = run("detect", "fall.mp4", "none.mp4", "--overlay", "o.mp4")
    assert two.exit_code == 2
    assert "pass --overlay FOLDER/ for a video each" in two.stderr
