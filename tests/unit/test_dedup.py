"""De-duplication: which frames stay, and at what times.

In: videos whose frames repeat. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slipdetect.errors import OutputError, UsageError, VideoError
from slipdetect.lab.prepare.dedup import deduplicate, new_frames, ssim
from slipdetect.video import Frame, open_video
from synth import bars, make_video, read_code, scene

# number of the picture shown, 25 frames a second
SHOWN = [0, 0, 0, 1, 1, 0, 0, 2, 2, 2]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return make_video(tmp_path / "in.mp4", [bars(37 * n) for n in SHOWN], rate=25.0).path


def read(path: Path) -> list[tuple[float, int]]:
    with open_video(path) as opened:
        return [(frame.time, read_code(frame.image)) for frame in opened.frames()]


def test_frames_keep_their_times_and_the_last_one_stays(video: Path, tmp_path: Path) -> None:
    done = deduplicate(video, tmp_path / "out.mp4")
    found = read(tmp_path / "out.mp4")
    assert [code for _, code in found] == [0, 37, 0, 74, 74]
    assert [time for time, _ in found] == pytest.approx([0, 3 / 25, 5 / 25, 7 / 25, 9 / 25])
    assert (done.read, done.written, done.start) == (10, 5, 0.0)
    assert done.end == pytest.approx(10 / 25)


def test_renumbering_is_what_the_report_did(video: Path, tmp_path: Path) -> None:
    done = deduplicate(video, tmp_path / "out.mp4", renumber=True)
    found = read(tmp_path / "out.mp4")
    assert [code for _, code in found] == [0, 37, 0, 74]
    assert [time for time, _ in found] == pytest.approx([0, 1 / 25, 2 / 25, 3 / 25])
    assert done.written == 4


def test_the_comparison_is_with_the_last_frame_kept() -> None:
    """A slow change is dropped while it is small and kept when it adds up."""
    images = [scene("walk", time, 256, 256) for time in np.arange(0, 2, 0.02)]
    grays = [image.mean(axis=2).astype(np.uint8) for image in images]
    frames = [Frame(i / 50, image) for i, image in enumerate(images)]
    kept = [round(frame.time * 50) for frame in new_frames(frames, 0.97)]
    expected, last = [0], 0
    for index in range(1, len(images)):
        if ssim(grays[last], grays[index]) <= 0.97:
            expected.append(index)
            last = index
    assert kept == expected
    assert 1 < len(kept) < len(images)


def test_threshold_one_drops_only_equal_frames(video: Path, tmp_path: Path) -> None:
    frames = [Frame(float(i), bars(n)) for i, n in enumerate(SHOWN)]
    assert len(list(new_frames(frames, 1.0))) == len(SHOWN)
    with pytest.raises(UsageError, match="0 to 1"):
        deduplicate(video, tmp_path / "out.mp4", 1.5)


def test_nothing_is_written_over(video: Path, tmp_path: Path) -> None:
    before = video.read_bytes()
    (tmp_path / "out.mp4").write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        deduplicate(video, tmp_path / "out.mp4")
    with pytest.raises(OutputError, match="over itself"):
        deduplicate(video, video, overwrite=True)
    with pytest.raises(VideoError):
        deduplicate(tmp_path / "out.mp4", tmp_path / "new.mp4")
    assert video.read_bytes() == before
    assert (tmp_path / "out.mp4").read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]
