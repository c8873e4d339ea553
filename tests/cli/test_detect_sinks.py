"""Everything that ``detect`` can write at once: how often a video is read for it.

In: runs with a tiny model. Out: nothing but assertions.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from slipdetect.video import containers, open_video
from synth import make_video

ALWAYS = ("--onset", 0, "--offset", 0)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was opened to be decoded."""
    counts: Counter[str] = Counter()
    real = containers.open_container

    def counted(path: Path, max_pixels: int) -> object:
        counts[path.name] += 1
        return real(path, max_pixels)

    monkeypatch.setattr(containers, "open_container", counted)
    return counts


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A video that browsers play and one that they do not, in the working folder."""
    monkeypatch.chdir(tmp_path)
    make_video(tmp_path / "a.mp4", "slip", count=30)
    make_video(tmp_path / "b.avi", "slip", count=30, codec="mpeg4")
    return tmp_path


def test_a_video_is_read_twice_for_everything(
    run, clips: Path, opened: Counter[str], tiny_package: Path
) -> None:
    wanted = ["--html", "p.html", "--overlay", "o/", "--clips", "c", "--timeline", "t/"]
    result = run("detect", "a.mp4", "b.avi", *wanted, *ALWAYS, "--model", tiny_package)
    assert result.exit_code == 0, result.output
    assert opened == {"a.mp4": 2, "b.avi": 2}
    written = sorted(str(path.relative_to(clips)) for path in clips.rglob("*") if path.is_file())
    assert written == [
        "a.mp4",
        "b.avi",
        "c/a-00-00-00.000.mp4",
        "c/b-00-00-00.000.mp4",
        "o/a.overlay.mp4",
        "o/b.overlay.mp4",
        "p.html",
        "t/a.timeline.png",
        "t/b.timeline.png",
    ]
    for name in ("o/a.overlay.mp4", "c/b-00-00-00.000.mp4"):
        with open_video(name) as video:
            assert len(list(video.frames())) == 30
    assert (clips / "p.html").read_text(encoding="utf-8").count("data:image/jpeg") == 2


def test_the_copy_for_browsers_comes_from_the_same_pass(
    run, clips: Path, opened: Counter[str], tiny_package: Path
) -> None:
    wanted = ["--html", "p.html", "--clips", "c"]
    result = run("detect", "a.mp4", "b.avi", *wanted, *ALWAYS, "--model", tiny_package)
    assert result.exit_code == 0, result.output
    assert opened == {"a.mp4": 2, "b.avi": 2}
    assert [path.name for path in (clips / "p_files").iterdir()] == ["b.mp4"]


def test_what_needs_no_frames_reads_nothing_again(
    run, clips: Path, opened: Counter[str], tiny_package: Path
) -> None:
    wanted = ["--html", "p.html", "--timeline", "t.png", "--clips", "c", "--out", "e.json"]
    result = run("detect", "a.mp4", *wanted, "--onset", 1, "--model", tiny_package)
    assert result.exit_code == 0, result.output
    assert opened == {"a.mp4": 1}
