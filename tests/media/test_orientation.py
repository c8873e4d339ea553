"""All eight ways in which a recording may lie, by container and by bitstream, read in three ways.

In: a picture that looks like none of its turns or mirrors. Out: nothing but assertions.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from media.making import remux
from media.pictures import MATRICES, WAYS, Matrix, by_ffmpeg, by_file, set_matrix
from slipdetect.video import Frame, open_video
from slipdetect.video.orientation import Orientation, orientation_by_matrix
from synth import bars, make_video

COUNT = 3
WIDTH, HEIGHT = 128, 96

# as the standard has it: mirrored, then turned counterclockwise
_SEI = {
    (0, True): "flip=horizontal",
    (1, False): "rotate=90",
    (1, True): "rotate=90:flip=horizontal",
}
_REFERENCE = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def upright(image: np.ndarray, turns: int, mirrored: bool) -> np.ndarray:
    return np.rot90(np.fliplr(image) if mirrored else image, turns)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video whose pictures FFmpeg and slipdetect turn into the same RGB: it is stored as RGB."""
    path = tmp_path_factory.mktemp("orientation") / "plain.mp4"
    images = [bars(37 + index, WIDTH, HEIGHT) for index in range(COUNT)]
    options = {"movflags": "faststart"}
    return make_video(path, images, codec="libx264rgb", pix_fmt="rgb24", options=options).path


@pytest.fixture(scope="module")
def stored(plain: Path) -> list[np.ndarray]:
    images = [frame.image for frame in by_file(plain)]
    others = [upright(images[0], *key) for key in MATRICES]
    same = [a.shape == b.shape and np.array_equal(a, b) for a in others for b in others]
    assert sum(same) == len(MATRICES)
    return images


def check(frames: list[Frame], stored: list[np.ndarray], turns: int, mirrored: bool) -> None:
    assert len(frames) == COUNT
    for frame, image in zip(frames, stored, strict=True):
        assert frame.image.flags.c_contiguous
        assert np.array_equal(frame.image, upright(image, turns, mirrored))


@pytest.mark.parametrize("read", WAYS)
@pytest.mark.parametrize(("key", "matrix"), MATRICES.items())
def test_a_track_header_turns_and_mirrors(
    plain: Path,
    stored: list[np.ndarray],
    tmp_path: Path,
    key: tuple[int, bool],
    matrix: Matrix,
    read: Callable[[Path], list[Frame]],
) -> None:
    path = Path(shutil.copy(plain, tmp_path / "lying.mp4"))
    set_matrix(path, matrix)
    check(read(path), stored, *key)
    with open_video(path) as video:
        assert (video.info.rotation, video.info.mirrored) == (90 * key[0], key[1])
        assert (video.info.width, video.info.height) == (
            (HEIGHT, WIDTH) if key[0] % 2 else (WIDTH, HEIGHT)
        )


@pytest.mark.parametrize("read", WAYS)
@pytest.mark.parametrize("key", _SEI)
def test_so_does_a_message_in_the_bitstream_of_H264(
    plain: Path,
    stored: list[np.ndarray],
    tmp_path: Path,
    key: tuple[int, bool],
    read: Callable[[Path], list[Frame]],
) -> None:
    change = f"h264_metadata=display_orientation=insert:{_SEI[key]}"
    path = remux(plain, tmp_path / "lying.mkv", bitstream=change)
    # only the first frame has it
    check(read(path), stored, *key)


@pytest.mark.parametrize("read", WAYS)
@pytest.mark.parametrize(
    ("exif", "key"), [(1, (0, False)), (2, (0, True)), (3, (2, False)), (5, (1, True))]
)
def test_so_does_Exif_of_JPEG(
    tmp_path: Path, exif: int, key: tuple[int, bool], read: Callable[[Path], list[Frame]]
) -> None:
    plain, turned = tmp_path / "plain.mjpeg", tmp_path / "turned.mjpeg"
    picture = cv2.imencode(".jpg", bars(37, WIDTH, HEIGHT))[1].tobytes()
    # one entry of TIFF: the tag of orientation, a short number, once
    note = b"Exif\0\0" + struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, 0x0112, 3, 1, exif, 0)
    plain.write_bytes(picture)
    head = b"\xff\xe1" + struct.pack(">H", len(note) + 2)
    turned.write_bytes(picture[:2] + head + note + picture[2:])
    with open_video(turned) as video:
        assert (video.info.rotation, video.info.mirrored) == (90 * key[0], key[1])
    (seen,), (stored,) = read(turned), read(plain)
    assert np.array_equal(seen.image, upright(stored.image, *key))


@_REFERENCE
@pytest.mark.parametrize(("key", "matrix"), MATRICES.items())
def test_pictures_are_those_of_FFmpegs_program(
    plain: Path, tmp_path: Path, key: tuple[int, bool], matrix: Matrix
) -> None:
    path = Path(shutil.copy(plain, tmp_path / "lying.mp4"))
    set_matrix(path, matrix)
    size = (HEIGHT, WIDTH) if key[0] % 2 else (WIDTH, HEIGHT)
    shown = by_ffmpeg(path, *size)
    assert np.array_equal(shown, [frame.image for frame in by_file(path)])


@pytest.mark.parametrize(("key", "matrix"), MATRICES.items())
@pytest.mark.parametrize("size", [1, 0.3, 65536])
def test_neither_scale_nor_a_few_degrees_count(
    key: tuple[int, bool], matrix: Matrix, size: float
) -> None:
    c, s = np.cos(np.radians(20)), np.sin(np.radians(20))
    for turn in (np.array([[c, s], [-s, c]]), np.array([[c, -s], [s, c]]), np.eye(2)):
        a, b, x, y = (size * np.reshape(matrix, (2, 2)) @ turn).ravel()
        assert orientation_by_matrix(a, b, x, y) == Orientation(*key)


@pytest.mark.parametrize("matrix", [(0, 0, 0, 0), (1, 1, 1, 1)])
def test_a_matrix_that_maps_to_nothing_still_gives_a_picture(matrix: Matrix) -> None:
    assert not orientation_by_matrix(*matrix).mirrored


def test_orientations_say_what_they_do() -> None:
    assert str(Orientation()) == "as stored"
    assert str(Orientation(1)) == "turned 90 degrees counterclockwise"
    assert str(Orientation(3, True)) == "mirrored, turned 270 degrees counterclockwise"
