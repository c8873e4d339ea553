"""Fault cases of files and containers, one test per ID.

In: tiny damaged or unusual videos. Out: the promised frames, times, reports and one-line errors.
"""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from slipdetect.errors import VideoError
from slipdetect.video import DecodeReport, Frame, open_video
from synth import add_video, bars, cut, encode, flip_bytes, make_video, read_code, set_rotation


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def noisy() -> list[np.ndarray]:
    """Fifty numbered pictures with grain, so that every frame takes a few hundred bytes."""
    rng = np.random.default_rng(0)
    grain = rng.integers(-20, 20, (50, 96, 128, 3))
    return [np.clip(bars(i) + grain[i], 0, 255).astype(np.uint8) for i in range(50)]


def read(path: Path, **options: float) -> tuple[list[Frame], DecodeReport]:
    with open_video(path, **options) as video:
        return list(video.frames()), video.report


def codes(frames: list[Frame]) -> list[int]:
    return [read_code(frame.image) for frame in frames]


def refusal(path: Path | str, **options: int) -> str:
    """Return the message with which a source is refused, checked to be one line that names it."""
    with pytest.raises(VideoError) as caught:
        open_video(path, **options)
    message = str(caught.value)
    assert caught.value.exit_code == 3
    assert "\n" not in message
    if str(path):
        assert repr(str(path)) in message
    return message


def assert_sane(frames: list[Frame]) -> None:
    times = [frame.time for frame in frames]
    assert times[0] == 0.0
    assert times == sorted(times)
    assert len({frame.image.shape for frame in frames}) == 1
    assert all(frame.image.dtype == np.uint8 for frame in frames)


def test_F01_missing_directory_empty_name_and_text(folder: Path) -> None:
    assert "not found" in refusal(folder / "missing.mp4")
    assert "directory" in refusal(folder)
    assert "empty" in refusal("")
    for name in ("text.mp4", "text.txt"):
        (folder / name).write_text("no video in here\n" * 30)
        assert "not a video" in refusal(folder / name)


def test_F02_empty_file(folder: Path) -> None:
    (folder / "empty.mp4").touch()
    assert "empty file" in refusal(folder / "empty.mp4")


def test_F03_random_bytes(folder: Path) -> None:
    (folder / "random.mp4").write_bytes(np.random.default_rng(3).bytes(20_000))
    assert "not a video" in refusal(folder / "random.mp4")


def test_F04_half_an_mp4_without_its_index(folder: Path, noisy: list[np.ndarray]) -> None:
    path = cut(make_video(folder / "no_index.mp4", noisy).path, 0.5)
    message = refusal(path)
    assert "incomplete" in message
    assert "index" in message


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_F05_half_an_mp4_with_its_index_is_read_and_called_truncated(
    folder: Path, noisy: list[np.ndarray], share: float
) -> None:
    whole = make_video(folder / f"index_{share}.mp4", noisy, options={"movflags": "faststart"})
    frames, report = read(cut(whole.path, share))
    assert_sane(frames)
    assert 50 * share - 6 <= len(frames) <= 50 * share + 2
    assert codes(frames) == list(range(len(frames)))
    assert report.frames == len(frames)
    assert report.truncated
    assert report.failures >= 1
    assert any("truncated" in warning for warning in report.warnings)


@pytest.mark.parametrize("share", [0.5, 0.7])
def test_F06_half_a_fragmented_mp4(folder: Path, noisy: list[np.ndarray], share: float) -> None:
    options = {"movflags": "frag_keyframe+empty_moov"}
    path = make_video(folder / f"fragments_{share}.mp4", noisy, options=options).path
    assert not read(path)[1].truncated
    frames, report = read(cut(path, share))
    assert_sane(frames)
    assert 12 <= len(frames) < 50
    assert report.truncated


@pytest.mark.parametrize("suffix", ["mkv", "avi"])
def test_F06_other_containers_cut_without_an_error(folder: Path, suffix: str) -> None:
    codec = {"mkv": "libx264", "avi": "mpeg4"}[suffix]
    path = make_video(folder / f"cut.{suffix}", codec=codec, count=100).path
    assert not read(path)[1].truncated
    frames, report = read(cut(path, 0.8))
    assert_sane(frames)
    assert report.truncated


def test_F07_flipped_bytes_are_survived_counted_and_marked(
    folder: Path, noisy: list[np.ndarray]
) -> None:
    path = flip_bytes(make_video(folder / "flipped.mp4", noisy).path, 60, 0.45, 0.55)
    frames, report = read(path)
    assert_sane(frames)
    assert len(frames) >= 40
    assert report.failures > 0
    assert sum(frame.corrupt for frame in frames) > 0
    assert codes(frames)[-10:] == list(range(40, 50))
    assert len(report.warnings) == len(set(report.warnings))


def test_F08_damaged_transport_stream_begins_at_zero(folder: Path, noisy: list[np.ndarray]) -> None:
    path = flip_bytes(make_video(folder / "damaged.ts", noisy).path, 200, 0.3, 0.8)
    frames, report = read(path)
    assert_sane(frames)
    assert len(frames) >= 40
    assert report.failures > 0
    assert abs(frames[-1].time - 49 / 25) < 0.1


@pytest.mark.parametrize("suffix", ["mp4", "avi"])
def test_F09_no_frame_at_all(folder: Path, suffix: str) -> None:
    path = folder / f"none.{suffix}"
    with av.open(str(path), "w") as container:
        add_video(container, bars(0))
        container.start_encoding()
    assert "no video frames" in refusal(path)


@pytest.mark.parametrize("count", [1, 2])
def test_F10_one_and_two_frames(folder: Path, count: int) -> None:
    frames, report = read(make_video(folder / f"{count}.mp4", count=count).path)
    assert codes(frames) == list(range(count))
    assert report == DecodeReport(frames=count)


def test_F11_shorter_than_one_sampling_step_gives_one_sample(folder: Path) -> None:
    with open_video(make_video(folder / "short.mp4", count=3).path) as video:
        assert [frame.time for frame in video.frames(rate=5)] == [0.0]


def test_F12_audio_only(folder: Path) -> None:
    path = folder / "audio.m4a"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", "mono")
        sound.sample_rate = 16000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    assert "audio only" in refusal(path)


def test_F13_cover_picture_is_no_video_stream(folder: Path) -> None:
    path = folder / "cover.mp4"
    with av.open(str(path), "w") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 64
        cover.pix_fmt = "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        stream = add_video(container, bars(0))
        picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux(cover.encode(picture))
        container.mux(cover.encode())
        encode(container, stream, [bars(i) for i in range(5)], [i / 25 for i in range(5)])
    with open_video(path) as video:
        assert video.info.streams == 1
        assert codes(list(video.frames())) == [0, 1, 2, 3, 4]
    assert "no video stream 1" in refusal(path, stream=1)


def test_F13_second_video_stream_on_request(folder: Path) -> None:
    path = folder / "two.mp4"
    with av.open(str(path), "w") as container:
        streams = [add_video(container, bars(0)) for _ in range(2)]
        for number, stream in enumerate(streams):
            images = [bars(100 * number + i) for i in range(5)]
            encode(container, stream, images, [i / 25 for i in range(5)])
    for number in range(2):
        with open_video(path, stream=number) as video:
            assert video.info.streams == 2
            assert codes(list(video.frames())) == [100 * number + i for i in range(5)]


def test_F15_no_timestamps(folder: Path) -> None:
    path = make_video(folder / "raw.h264", count=20).path
    frames, report = read(path)
    assert [frame.time for frame in frames] == [i / 25 for i in range(20)]
    assert any("no timestamps" in warning and "25" in warning for warning in report.warnings)
    frames, report = read(path, frame_rate=10)
    assert [frame.time for frame in frames] == [i / 10 for i in range(20)]
    assert report.warnings == []


def test_F15_avi_with_reordered_frames_has_only_decoding_times(folder: Path) -> None:
    path = folder / "reordered.avi"
    with av.open(str(path), "w") as container:
        stream = add_video(container, bars(0))
        stream.codec_context.time_base = Fraction(1, 25)
        encode(container, stream, [bars(i) for i in range(30)], [i / 25 for i in range(30)])
    frames, report = read(path)
    assert codes(frames) == list(range(30))
    assert [frame.time for frame in frames] == pytest.approx([i / 25 for i in range(30)])
    assert report.warnings == []


@pytest.mark.parametrize("name", ["late.mp4", "late.mkv", "late.ts"])
def test_F16_delayed_start_begins_at_zero(folder: Path, name: str) -> None:
    truth = make_video(folder / name, shift=1.075)
    frames, _ = read(truth.path)
    assert [frame.time for frame in frames] == pytest.approx(truth.times, abs=0.001)


def test_F16_negative_times_cut_away_by_an_edit_list(folder: Path) -> None:
    frames, report = read(make_video(folder / "early.mp4", shift=-0.5).path)
    assert_sane(frames)
    assert codes(frames) == list(range(13, 50))
    assert not report.truncated


def test_F17_variable_frame_rate_is_sampled_by_time(folder: Path) -> None:
    times = [i / 5 for i in range(10)] + [2 + i / 50 for i in range(50)]
    truth = make_video(folder / "variable.mp4", times=times)
    frames, _ = read(truth.path)
    assert [frame.time for frame in frames] == pytest.approx(times)
    with open_video(truth.path) as video:
        for frame in video.frames(rate=10):
            nearest = min(range(60), key=lambda i: (round(abs(times[i] - frame.time), 6), i))
            assert read_code(frame.image) == nearest


@pytest.mark.parametrize("rate", [0.5, 1000.0])
def test_F18_absurd_frame_rate_in_the_header_is_ignored(folder: Path, rate: float) -> None:
    truth = make_video(folder / f"rate_{rate}.mp4", count=10, rate=rate)
    with open_video(truth.path) as video:
        assert video.info.frame_rate is None
        assert [f.time for f in video.frames()] == pytest.approx(truth.times)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_F19_rotation_is_applied_as_opencv_does(folder: Path, degrees: int) -> None:
    truth = make_video(folder / f"turned_{degrees}.mp4", count=3)
    upright, _ = read(truth.path)
    set_rotation(truth.path, degrees)
    with open_video(truth.path) as video:
        assert video.info.rotation == degrees
        frames = list(video.frames())
        assert (video.info.height, video.info.width) == frames[0].image.shape[:2]
    expected = np.rot90(upright[2].image, degrees // 90)
    assert np.array_equal(frames[2].image, expected)
    assert frames[2].image.flags.c_contiguous
    capture = cv2.VideoCapture(str(truth.path))
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    _, picture = capture.read()
    assert np.abs(picture[..., ::-1].astype(int) - frames[0].image).mean() < 3


def test_F20_pixel_aspect_is_applied_when_resizing(folder: Path) -> None:
    path = make_video(folder / "aspect.mp4", count=3, aspect=Fraction(4, 3)).path
    with open_video(path) as video:
        assert (video.info.width, video.info.height) == (171, 96)
        assert next(video.frames(short_side=48)).image.shape == (48, 86, 3)
    assert read(path)[0][0].image.shape == (96, 128, 3)


@pytest.mark.parametrize("size", [(161, 121), (16, 16)])
def test_F20_odd_and_tiny_sizes(folder: Path, size: tuple[int, int]) -> None:
    path = make_video(folder / f"{size[0]}.mp4", count=3, size=size, pix_fmt="yuv444p").path
    width, height = size
    assert read(path)[0][0].image.shape == (height, width, 3)
    with open_video(path) as video:
        shape = next(video.frames(short_side=500)).image.shape
    assert shape == (height - height % 2, width - width % 2, 3)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "tolerance"),
    [
        ("ten_bit.mp4", "libx265", "yuv420p10le", 10.0),
        ("full_chroma.mp4", "libx264", "yuv444p", 10.0),
        ("gray16.mov", "png", "gray16be", 1.0),
        ("alpha.mov", "png", "rgba", 1.0),
    ],
)
def test_F21_unusual_pixel_formats(
    folder: Path, name: str, codec: str, pix_fmt: str, tolerance: float
) -> None:
    frames, _ = read(make_video(folder / name, codec=codec, pix_fmt=pix_fmt, count=8).path)
    assert codes(frames) == list(range(8))
    wanted = bars(5).astype(float)
    if pix_fmt.startswith("gray"):
        wanted = np.repeat((wanted @ (0.299, 0.587, 0.114))[..., None], 3, axis=2)
    assert np.abs(frames[5].image - wanted).mean() < tolerance


def test_F23_size_changes_and_time_jumps_back(folder: Path) -> None:
    small = make_video(folder / "small.ts", count=25).path
    large = make_video(folder / "large.ts", count=25, size=(256, 160)).path
    path = folder / "joined.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    frames, report = read(path)
    assert_sane(frames)
    assert [frame.time for frame in frames] == pytest.approx([i / 25 for i in range(50)])
    assert codes(frames) == list(range(25)) * 2
    picture = frames[40].image
    assert picture[:7].max() < 10  # 256x160 fits into 128x96 as 128x80, between black borders
    assert picture[-7:].max() < 10
    assert sum("size changes" in warning for warning in report.warnings) == 1
    assert sum("jump" in warning for warning in report.warnings) == 1


def test_F24_bomb_is_refused_by_its_header(folder: Path) -> None:
    path = folder / "bomb.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 8448, 7680, "gray"
        frame = av.VideoFrame(8448, 7680, "gray")
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert path.stat().st_size < 200_000
    message = refusal(path)
    assert "8448x7680" in message
    assert "max_pixels=..." in message


def test_F24_bomb_that_hides_its_size(folder: Path) -> None:
    path = folder / "hidden.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 12288, 12288, "monob"
        frame = av.VideoFrame(12288, 12288, "monob")
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert "max_pixels=..." in refusal(path)


def test_F24_limit_holds_in_the_middle_of_a_stream(folder: Path) -> None:
    small = make_video(folder / "first.ts", count=25).path
    large = make_video(folder / "second.ts", count=25, size=(512, 384)).path
    path = folder / "growing.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    frames, report = read(path, max_pixels=20_000)
    assert codes(frames)[:20] == list(range(20))
    assert len(frames) <= 25
    assert report.failures >= 20
    assert "128x96" in refusal(small, max_pixels=128 * 96 - 1)


@pytest.mark.parametrize(
    "text", ["#EXTM3U\n{}\n", "ffconcat version 1.0\nfile {}\n", "\ufeff\n#EXTM3U\n{}\n"]
)
def test_F26_playlist_named_like_a_video(folder: Path, text: str) -> None:
    make_video(folder / "secret.mp4", count=3)
    (folder / "list.mp4").write_text(text.format("secret.mp4"), encoding="utf-8")
    assert "playlist" in refusal(folder / "list.mp4")


@pytest.mark.parametrize(
    "name",
    [
        "größe 中.mp4",
        "a#b%20c.mp4",
        "shot%03d.mp4",
        "-v.mp4",
        "concat:a.mp4",
        "two\nlines.mp4",
        "x" * 251 + ".mp4",
    ],
)
def test_F27_unusual_names(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make_video(folder / "plain.mp4", count=3).path
    (folder / name).write_bytes(whole.read_bytes())
    monkeypatch.chdir(folder)
    assert codes(read(Path(name))[0]) == [0, 1, 2]
    (folder / name).write_bytes(b"")
    refusal(folder / name)


def test_F28_pipes_devices_and_link_loops(folder: Path) -> None:
    os.mkfifo(folder / "pipe.mp4")
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    assert "not a regular file" in refusal(folder / "pipe.mp4")
    assert "not a regular file" in refusal("/dev/zero")
    assert "cannot be read" in refusal(folder / "loop.mp4")
