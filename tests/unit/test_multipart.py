"""JPEGs between boundaries: whole pictures, their times, whatever lengths reads have.

In: bytes by hand. Out: parts by hand.
"""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest

from slipdetect.video import multipart
from slipdetect.video.containers import open_bytes, repacked
from slipdetect.video.multipart import SNIFFED, Ahead, Part, Repacked, is_multipart, parts

HEAD = b"--b\r\nContent-Type: image/jpeg\r\n"


class Dripping:
    """Bytes that come a few at a time."""

    def __init__(self, data: bytes, each: int) -> None:
        self._data = io.BytesIO(data)
        self._each = each

    def read(self, size: int) -> bytes:
        return self._data.read(min(size, self._each))


def sent(data: bytes, *more: bytes) -> bytes:
    lines = b"".join(line + b"\r\n" for line in more)
    return HEAD + lines + b"\r\n" + data + b"\r\n"


@pytest.mark.parametrize("each", [1, 3, 1000])
def test_parts_with_and_without_a_length(each: int) -> None:
    stream = (
        sent(b"one--b", b"Content-Length: 6") + sent(b"two\r\n-") + sent(b"three") + b"--b--\r\n"
    )
    found = list(parts(Dripping(stream, each)))
    assert found == [Part(b"one--b", None), Part(b"two\r\n-", None), Part(b"three", None)]


def test_a_picture_that_is_cut_off_is_left_out() -> None:
    stream = sent(b"one", b"Content-Length: 3") + sent(b"tw", b"Content-Length: 500")
    assert [part.data for part in parts(io.BytesIO(stream))] == [b"one"]


def test_a_length_that_no_picture_has_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "_MOST_PICTURE", 10_000)
    endless = Dripping(sent(b"one", b"Content-Length: 3") + HEAD, 1000)
    for length in (b"9" * 5000, b"9" * 12):
        right = sent(b"one", b"Content-Length: " + length) + sent(b"two") + b"--b--"
        assert [part.data for part in parts(io.BytesIO(right))] == [b"one", b"two"]
        stream = io.BytesIO(sent(b"one") + sent(bytes(10**6), b"Content-Length: " + length))
        assert [part.data for part in parts(stream)] == [b"one"]
        assert stream.tell() < 200_000
    assert [part.data for part in parts(endless)] == [b"one"]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        (b"X-Timestamp: 1700000000.25", 1_700_000_000.25),
        (b"x-timestamp:1.5", 1.5),
        (b"X-Timestamp: soon", None),
        (b"X-Timestamp: nan", None),
        (b"X-Timestamp: -3", None),
    ],
)
def test_times_of_headers(text: bytes, time: float | None) -> None:
    (part,) = parts(io.BytesIO(sent(b"one", b"Content-Length: 3", text)))
    assert part.time == time


def test_with_times_it_is_ivf_that_keeps_them() -> None:
    stream = b"".join(
        sent(b"x" * n, b"Content-Length: %d" % n, b"X-Timestamp: %.1f" % (7 + n / 10))
        for n in (3, 5)
    )
    packed = Repacked(Dripping(stream, 7))
    assert packed.format == "ivf"
    data = b""
    while more := packed.read(4):
        data += more
    assert data[:4] == b"DKIF"
    assert data[32:] == (
        struct.pack("<IQ", 3, 7_300_000) + b"xxx" + struct.pack("<IQ", 5, 7_500_000) + b"xxxxx"
    )


@pytest.mark.parametrize(
    ("told", "microseconds"),
    [
        (["1700000000.5", "1700000000.6"], [1_700_000_000_500_000, 1_700_000_000_600_000]),
        (["1700000000500", "1700000000600"], [1_700_000_000_500_000, 1_700_000_000_600_000]),
        (["1700000000500"], [1_700_000_000_500_000]),  # one alone: by its size
        (["2000", "2040", "2080"], [2_000_000, 2_040_000, 2_080_000]),
        (["2000000", "2040000"], [2_000_000, 2_040_000]),
        (["5", "6", "66", "67"], [5_000_000, 6_000_000, 66_000_000, 67_000_000]),  # a gap of 60 s
        (["", "", "0.2", "0.3"], [0, 100_000, 200_000, 300_000]),
        (["", "0.0", "0.5"], [-500_000, 0, 500_000]),
        (["1.0", "", "1.2"], [1_000_000, 1_000_000, 1_200_000]),
        (["1.0", "1.1", "9e19"], [1_000_000, 1_100_000, 1_100_000]),  # no time at all
    ],
)
def test_the_unit_of_times_and_what_has_none(told: list[str], microseconds: list[int]) -> None:
    lines = [[b"X-Timestamp: " + each.encode()] if each else [] for each in told]
    packed = Repacked(io.BytesIO(b"".join(sent(b"x", b"Content-Length: 1", *m) for m in lines)))
    data = b"".join(iter(lambda: packed.read(4), b""))[32:]
    assert [struct.unpack_from("<Iq", data, at)[1] for at in range(0, len(data), 13)] == (
        microseconds
    )


class OneByOne:
    """A camera: a picture is sent when it is asked for."""

    def __init__(self, pictures: list[bytes]) -> None:
        self.left = list(pictures)

    def read(self, size: int) -> bytes:
        return self.left.pop(0) if self.left else b""


@pytest.mark.parametrize(
    ("first", "waited_for"),
    [
        (1_700_000_000.0, 2),  # a date and a step in seconds: no other unit fits
        (1_700_000_000_000.0, 10),
        (12.5, 10),
    ],
)
def test_a_live_camera_is_kept_waiting_only_while_the_unit_is_not_sure(
    first: float, waited_for: int
) -> None:
    camera = OneByOne(
        [sent(b"x", b"Content-Length: 1", b"X-Timestamp: %.1f" % (first + i)) for i in range(20)]
    )
    Repacked(camera)
    assert 20 - len(camera.left) == waited_for


@pytest.mark.parametrize(("stamped", "waited_for"), [(True, 5), (False, 11)])
def test_the_first_picture_is_decoded_as_soon_as_that_is_known(
    stamped: bool, waited_for: int
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 48, 64, 3), np.uint8)
    pictures = [cv2.imencode(".jpg", image)[1].tobytes() for image in noise]
    assert min(map(len, pictures)) > SNIFFED  # so that looking at the first bytes takes one
    times = [[b"X-Timestamp: %.1f" % (1_700_000_000 + i)] if stamped else [] for i in range(20)]
    camera = OneByOne([sent(each, *time) for each, time in zip(pictures, times, strict=True)])
    with open_bytes(repacked(camera), 10**6) as container:
        assert next(container.decode(video=0)).width == 64
    assert 20 - len(camera.left) <= waited_for


def test_without_times_it_is_a_run_of_pictures() -> None:
    packed = Repacked(io.BytesIO(sent(b"one") + sent(b"two") + b"--b\r\n"))
    assert packed.format == "mjpeg"
    assert packed.read(100) + packed.read(100) + packed.read(100) == b"onetwo"


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (HEAD, True),
        (b"\r\n" + HEAD, True),
        (b"HTTP/1.1 200 OK\r\nDate: now\r\n\r\n" + HEAD + b"\r\n\xff\xd8", True),
        (b"-- no boundary\r\nJPEGs follow\r\n" + HEAD + b"X-Y: 1\r\n\r\n\xff\xd8", True),
        (b"what such a file looks like:\r\n" + HEAD + b"\r\n(a picture)", False),
        (b"archive\0\0\r\n" + HEAD + b"\r\n\xff\xd8", False),
        (HEAD.lower(), True),
        (b"--b\r\nContent-Type: text/plain\r\n", False),
        (b"-- a list of films\nContent.mp4", False),
        (b"\xff\xd8\xff", False),
        (b"", False),
    ],
)
def test_what_is_multipart(first: bytes, expected: bool) -> None:
    assert is_multipart(first) is expected


def test_what_was_looked_at_stays() -> None:
    ahead = Ahead(Dripping(b"0123456789", 3), 5)
    assert ahead.first == b"01234"
    assert b"".join(iter(lambda: ahead.read(4), b"")) == b"0123456789"
