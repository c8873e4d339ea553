"""What every reader of videos keeps: order, times, sizes, sampling, report, memory.

In: synthetic videos of many kinds, and real clips where they are. Out: frames against truth.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from slipdetect.errors import UsageError, VideoError
from slipdetect.video import DecodeReport, open_video
from slipdetect.video.decoder import Rescaler
from synth import VideoTruth, make_video, read_code

KINDS = {
    "plain.mp4": {},
    "plain.mkv": {},
    "plain.ts": {},
    "plain.mov": {},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mpeg4.mp4": {"codec": "mpeg4", "rate": 30.0},
    "hevc.mp4": {"codec": "libx265"},
    "ntsc.mp4": {"rate": 30000 / 1001},
    "late.mkv": {"shift": 2.5},
    "variable.mp4": {"times": [i / 5 for i in range(10)] + [2 + i / 50 for i in range(30)]},
    "odd.mp4": {"size": (161, 121), "pix_fmt": "yuv444p"},
    "upright.mp4": {"size": (96, 128)},
    "intra.mp4": {"gop": 1},
}


@pytest.fixture(scope="module", params=sorted(KINDS))
def truth(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> VideoTruth:
    path = tmp_path_factory.mktemp("kinds") / request.param
    made = make_video(path, **KINDS[request.param])
    assert path.stat().st_size < 200_000
    return made


def test_every_frame_comes_once_in_order_at_its_time(truth: VideoTruth) -> None:
    with open_video(truth.path) as video:
        frames = list(video.frames())
        assert video.report == DecodeReport(frames=len(truth.times))
        assert (video.info.width, video.info.height) == (truth.width, truth.height)
        assert video.info.source == str(truth.path)
    assert tuple(read_code(frame.image) for frame in frames) == truth.codes
    assert [frame.time for frame in frames] == pytest.approx(truth.times, abs=0.001)
    assert frames[0].image.shape == (truth.height, truth.width, 3)
    assert not any(frame.corrupt for frame in frames)


@pytest.mark.parametrize("rate", [2.0, 10.0, 70.0])
def test_sampling_takes_the_nearest_frame_on_a_regular_grid(truth: VideoTruth, rate: float) -> None:
    with open_video(truth.path) as video:
        samples = list(video.frames(rate=rate, short_side=64))
        assert video.report.frames == len(truth.times)
    assert [sample.time for sample in samples] == [k / rate for k in range(len(samples))]
    assert abs(len(samples) - 1 - truth.times[-1] * rate) < 1.01
    for sample in samples:
        # Container clocks of a millisecond may move a frame across a tie.
        away = [abs(time - sample.time) for time in truth.times]
        assert away[truth.codes.index(read_code(sample.image))] <= min(away) + 0.0021


def test_short_side_is_even_and_never_enlarges(truth: VideoTruth) -> None:
    short = min(truth.width, truth.height)
    for wanted in (48, 49, 96, 4000):
        with open_video(truth.path) as video:
            height, width = next(video.frames(short_side=wanted)).image.shape[:2]
        expected = min(wanted, short)
        assert min(width, height) == expected - expected % 2
        assert width % 2 == 0
        assert height % 2 == 0
        assert width / height == pytest.approx(truth.width / truth.height, rel=0.05)


@pytest.fixture
def plain(tmp_path: Path) -> VideoTruth:
    return make_video(tmp_path / "plain.mp4")


@pytest.mark.parametrize(("rate", "conversions"), [(10.0, 20), (100.0, 50), (None, 50)])
def test_only_chosen_frames_are_converted_and_each_once(
    plain: VideoTruth, monkeypatch: pytest.MonkeyPatch, rate: float | None, conversions: int
) -> None:
    converted = []
    original = Rescaler.__call__

    def counted(self, frame):
        converted.append(frame.pts)
        return original(self, frame)

    monkeypatch.setattr(Rescaler, "__call__", counted)
    with open_video(plain.path) as video:
        list(video.frames(rate=rate))
    assert len(converted) == len(set(converted)) == conversions


def test_shrinking_averages_pixels(tmp_path: Path) -> None:
    checkers = np.indices((96, 128)).sum(axis=0) % 2 * 200 + 20
    image = np.repeat(checkers.astype(np.uint8)[..., None], 3, axis=2)
    truth = make_video(tmp_path / "fine.mov", [image] * 2, codec="png", pix_fmt="rgb24")
    with open_video(truth.path) as video:
        small = next(video.frames(short_side=32)).image.astype(float)
    assert np.abs(small - 120).max() < 15


def test_max_duration_ends_early_without_calling_it_truncated(plain: VideoTruth) -> None:
    with open_video(plain.path, max_duration=1.0) as video:
        frames = list(video.frames())
        assert len(frames) == 25
        assert not video.report.truncated
        assert any("stopped after 1 seconds" in line for line in video.report.warnings)
    with open_video(plain.path, max_duration=1.0) as video:
        assert [f.time for f in video.frames(rate=10)] == [k / 10 for k in range(10)]


def test_frames_survive_the_end_of_the_file(plain: VideoTruth) -> None:
    with open_video(plain.path) as video:
        kept = [frame for _, frame in zip(range(5), video.frames(), strict=False)]
    assert [read_code(frame.image) for frame in kept] == [0, 1, 2, 3, 4]


def test_wrong_use_is_refused(plain: VideoTruth) -> None:
    for options in ({"frame_rate": 0.0}, {"max_duration": 0.0}, {"stream": -1}):
        with pytest.raises(UsageError):
            open_video(plain.path, **options)
    with open_video(plain.path) as video:
        with pytest.raises(UsageError, match="short side"):
            video.frames(short_side=0)
        with pytest.raises(UsageError, match="per second"):
            list(video.frames(rate=0.0))
        with pytest.raises(UsageError, match="read already"):
            video.frames()


def test_addresses_are_refused_without_repeating_secrets() -> None:
    with pytest.raises(VideoError) as caught:
        open_video("rtsp://user:p%40ss@camera.example/stream?token=abc")
    for secret in ("user", "p%40ss", "abc"):
        assert secret not in str(caught.value)


_MEASURE = r"""
import re, sys
from pathlib import Path
from slipdetect.video import open_video
with open_video(sys.argv[1]) as video:
    count = sum(1 for _ in video.frames(rate=float(sys.argv[2]), short_side=120))
print(count, re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_does_not_grow_with_duration(tmp_path: Path) -> None:
    peaks = {}
    for seconds in (5, 60):
        path = tmp_path / f"{seconds}.mp4"
        make_video(path, "still", count=25 * seconds, size=(320, 240))
        run = subprocess.run(
            [sys.executable, "-c", _MEASURE, str(path), "25"],
            check=True,
            capture_output=True,
            text=True,
        )
        count, peaks[seconds] = map(int, run.stdout.split())
        assert count == 25 * seconds
    # 1500 kept pictures would be 86 MB. (ru_maxrss would be inherited from this process.)
    assert peaks[60] - peaks[5] < 12 * 1024


@pytest.mark.clips
def test_ten_real_clips_read_as_their_list_says(clips: Path) -> None:
    with (clips / "clips.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows[:: len(rows) // 10][:10]:
        with open_video(clips / row["path"]) as video:
            times = [frame.time for frame in video.frames()]
            assert video.report == DecodeReport(frames=len(times))
            assert video.info.frame_rate == pytest.approx(float(row["fps"]), rel=0.01)
        assert abs(len(times) - int(row["frames"])) <= 1
        assert times == sorted(times)
        assert times[-1] == pytest.approx(float(row["seconds"]), abs=0.15)


@pytest.mark.clips
@pytest.mark.parametrize(
    "name", ["urfd/fall-01-cam0.mp4", "upfall/subject1_activity01_trial1_cam1.mp4"]
)
def test_frames_equal_those_of_opencv(clips: Path, name: str) -> None:
    capture = cv2.VideoCapture(str(clips / name))
    count = 0
    with open_video(clips / name) as video:
        for frame in video.frames():
            read, bgr = capture.read()
            assert read
            np.testing.assert_array_equal(frame.image, bgr[..., ::-1])
            count += 1
    assert count > 100
    assert not capture.read()[0]
