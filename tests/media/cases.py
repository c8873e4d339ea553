"""The torture folder: a case for every way in which recordings tell the time of their pictures.

In: a folder. Out: ``Media``, see ``CASES``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import av

from media.dhav import write_dhav
from media.making import (
    Media,
    evenly,
    first_stamps,
    packed_xvid,
    remux,
    with_sound,
    write_jpegs,
    write_marked,
    write_multipart,
)
from media.ways import WAYS

ASSUMED = r"^no timestamps: 25 frames per second are assumed.*frame_rate="
_MPEG2 = {"codec": "mpeg2video", "rate": 25, "form": "vob"}
_UNITS = {10**3: "milliseconds", 10**6: "microseconds"}
_HTTP_HEAD = (
    b"HTTP/1.0 200 OK\r\nServer: camera\r\nSet-Cookie: session=" + b"0" * 600 + b"\r\n"
    b"Content-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
)
ANNEX_B = "h264_mp4toannexb"
NO_CUTS = {"sc_threshold": "0"}  # no key frames but where they are due


@dataclass(frozen=True)
class Case:
    """A kind of recording.

    Attributes:
        name: Of the case.
        shows: What it is for, in a line; docs list it.
        make: Makes it in a folder.
        ways: Those of ``WAYS`` by which it can be read.
    """

    name: str
    shows: str
    make: Callable[[Path], Media]
    ways: tuple[str, ...] = WAYS


def _program_stream(folder: Path) -> Media:
    times = evenly(150)
    whole = write_marked(folder / "whole.mp4", times, rate=25, grain=12)
    path = remux(whole, folder / "recorder.mp4", form="vob", bitstream=ANNEX_B)
    return Media(path, times)


def _low_bit_rate(folder: Path) -> Media:
    times = evenly(500)
    options = {"crf": "30", "bf": "0"}
    path = write_marked(folder / "low.mpg", times, rate=25, gop=50, form="vob", options=options)
    return Media(path, times)


def _low_bit_rate_gap(folder: Path) -> Media:
    times = {n: n / 25 + (30.0 if n >= 60 else 0.0) for n in range(110)}
    # the recorder begins anew with picture 60; the stamps around it are of 22 and 63
    options = {"crf": "30", "bf": "2", **NO_CUTS}
    path = write_marked(folder / "gap.mpg", times, rate=25, gop=60, form="vob", options=options)
    told = [
        r"the gap up to 32\.4 s is somewhere among 40 pictures .* with a key frame$",
        r"1 gap without pictures: 2\.4 s to 32\.4 s \(30\.0 s\)",
    ]
    return Media(path, times, gaps=[(59 / 25, 32.4)], warns=told)


def _b_frames(folder: Path) -> Media:
    rate = 30000 / 1001
    times = evenly(150, rate)
    whole = write_marked(folder / "whole.mp4", times, rate=rate)
    return Media(remux(whole, folder / "b.mpg", form="vob", bitstream=ANNEX_B), times, 0.017)


def _avi(folder: Path) -> Media:
    times = evenly(250)
    whole = write_marked(folder / "whole.mp4", times, rate=25)
    return Media(remux(whole, folder / "b.avi", rate=25, bitstream=ANNEX_B), times)


def _packed(folder: Path) -> Media:
    times = evenly(100)
    return Media(packed_xvid(folder / "packed.avi", times), times)


def _raw(suffix: str, codec: str) -> Callable[[Path], Media]:
    def make(folder: Path) -> Media:
        times = evenly(60, 10.0)
        path = write_marked(folder / f"raw{suffix}", times, rate=10, codec=codec)
        return Media(
            path, times, 0.05, warns=[r"no timestamps: the stream's own rate of 10 frames"]
        )

    return make


def _raw_named(folder: Path) -> Media:
    path = write_marked(folder / "named.h264", evenly(60, 10.0), rate=10)
    return Media(path, evenly(60, 12.5), reading={"frame_rate": 12.5})


def _without_key_frame(suffix: str) -> Callable[[Path], Media]:
    def make(folder: Path) -> Media:
        whole = write_marked(folder / "whole.mp4", evenly(200), rate=25, gop=75, options=NO_CUTS)
        index = count()
        counted = suffix in (".h264", ".avi")
        path = remux(
            whole,
            folder / f"piece{suffix}",
            change=lambda packet: packet if next(index) >= 20 else None,
            bitstream=ANNEX_B if counted else None,
            rate=25 if suffix == ".avi" else None,
        )
        begin = 20 / 25 if counted else first_stamps(path)[0]
        times = {number: number / 25 - begin for number in range(75, 200)}
        # the MP4's list of edits leaves out the one picture that is shown before the first stamp
        missing = 54 if suffix == ".mp4" else 55
        told = [rf"^{missing} packets \(2\.2 s\) gave no picture"]
        if suffix == ".h264":
            told.insert(0, r"no timestamps: the stream's own rate of 25 frames")
        return Media(path, times, missing=missing, warns=told)

    return make


def _gap(suffix: str, seconds: float) -> Callable[[Path], Media]:
    def make(folder: Path) -> Media:
        times = {n: n / 25 + (seconds if n >= 50 else 0.0) for n in range(100)}
        path = write_marked(folder / f"gap{suffix}", times)
        where = (49 / 25, 50 / 25 + seconds)
        told = (
            rf"1 gap without pictures: 2\.0 s to {where[1]:.1f} s \({where[1] - where[0]:.1f} s\)"
        )
        return Media(path, times, gaps=[where], warns=[told])

    return make


def _sound_first(suffix: str, codec: str) -> Callable[[Path], Media]:
    def make(folder: Path) -> Media:
        path = with_sound(folder / f"sound{suffix}", evenly(100, start=6.0), 10.0, codec)
        first, begin = first_stamps(path)
        assert 5.9 < first - begin < 6.1
        return Media(path, evenly(100, start=first - begin))

    return make


def _multipart(stamped: bool) -> Callable[[Path], Media]:
    def make(folder: Path) -> Media:
        path = folder / "camera.mjpeg"
        if stamped:
            times = {n: n / 10 + (n % 3) / 100 for n in range(60)}  # as uneven as they arrive
            return Media(write_multipart(path, times, True), times, 0.001)
        return Media(write_multipart(path, evenly(60), False), evenly(60), warns=[ASSUMED])

    return make


def _multipart_otherwise(**writing: Any) -> Callable[[Path], Media]:
    def make(folder: Path) -> Media:
        times = evenly(60, 10.0)
        path = write_multipart(folder / "camera.mjpeg", times, True, **writing)
        unit = _UNITS.get(writing.get("unit", 1))
        told = [] if unit is None else [f"^X-Timestamp is taken for {unit}: "]
        return Media(path, times, 0.001, warns=told)

    return make


def _jpegs(folder: Path) -> Media:
    return Media(write_jpegs(folder / "raw.mjpeg", evenly(60)), evenly(60), warns=[ASSUMED])


def _jpegs_named(folder: Path) -> Media:
    times = evenly(60, 10.0)
    return Media(write_jpegs(folder / "raw.mjpeg", times), times, reading={"frame_rate": 10.0})


def _dhav(folder: Path) -> Media:
    times = {n: n / 12.5 for n in range(100)}
    path = write_dhav(folder / "recorder.dav", times, 12, datetime(2026, 3, 1, 9, 15, 27))
    return Media(path, times, 0.04)


def _dhav_gap(folder: Path) -> Media:
    times = {n: n / 12.5 + (60 if n >= 50 else 0) for n in range(100)}
    path = write_dhav(folder / "gap.dav", times, 12, datetime(2026, 3, 1, 23, 59, 27))
    told = r"1 gap without pictures: 3\.9 s to 64\.0 s \(60\.1 s\)"
    return Media(path, times, 0.04, gaps=[(3.92, 64.0)], warns=[told])


def _plain(name: str, **encoding: Any) -> Callable[[Path], Media]:
    def make(folder: Path) -> Media:
        return Media(write_marked(folder / name, evenly(75), **encoding), evenly(75))

    return make


def _hidden(folder: Path) -> Media:
    shown = write_marked(folder / "shown.webm", evenly(75), codec="libvpx")
    index = count()

    def hide(packet: av.Packet) -> av.Packet:
        if next(index) != 30:
            return packet
        data = bytearray(packet)
        data[0] &= ~0x10  # the bit of the header that says whether a picture is shown
        hidden = av.Packet(bytes(data))
        hidden.pts, hidden.dts, hidden.time_base = packet.pts, packet.dts, packet.time_base
        return hidden

    times = {n: time for n, time in evenly(75).items() if n != 30}
    return Media(remux(shown, folder / "hidden.webm", change=hide), times)


def _variable(folder: Path) -> Media:
    times = {n: n / 5 if n < 10 else 2 + (n - 10) / 50 for n in range(60)}
    return Media(write_marked(folder / "variable.mp4", times), times, 0.01)


def _delayed(suffix: str) -> Callable[[Path], Media]:
    def make(folder: Path) -> Media:
        path = write_marked(folder / f"delayed{suffix}", evenly(50, start=1.075))
        return Media(path, evenly(50))

    return make


def _joined(folder: Path) -> Media:
    path = folder / "joined.ts"
    parts = [{n: (n - first) / 25 for n in range(first, first + 50)} for first in (0, 50)]
    made = [write_marked(folder / f"{i}.ts", part) for i, part in enumerate(parts)]
    path.write_bytes(b"".join(part.read_bytes() for part in made))
    return Media(path, evenly(100), warns=[r"timestamps jump: .* at 2\.0 s$"])


CASES = (
    Case("plain-mp4", "H.264 with B-frames in MP4", _plain("a.mp4")),
    Case("plain-mkv", "the same in Matroska", _plain("a.mkv")),
    Case("plain-ts", "the same in MPEG-TS", _plain("a.ts")),
    Case("plain-flv", "the same in FLV", _plain("a.flv")),
    Case("plain-mxf", "MPEG-2 in MXF", _plain("a.mxf", codec="mpeg2video", rate=25)),
    Case("plain-hevc", "HEVC in MP4", _plain("a.mp4", codec="libx265")),
    Case("vp8-hidden", "VP8 in WebM with a picture that is never shown", _hidden),
    Case("mpeg2-program-stream", "MPEG-2 in a program stream", _plain("a.mpg", **_MPEG2)),
    Case("mpeg4-avi", "MPEG-4 without B-frames in AVI", _plain("a.avi", rate=25, codec="mpeg4")),
    Case("variable-rate", "5 pictures a second, then 50", _variable),
    Case("delayed-mp4", "stamps that begin at 1.075 s, MP4", _delayed(".mp4")),
    Case("delayed-mkv", "stamps that begin at 1.075 s, Matroska", _delayed(".mkv")),
    Case("delayed-ts", "stamps that begin at 1.075 s, MPEG-TS", _delayed(".ts")),
    Case("joined-ts", "two MPEG-TS one behind the other, so that stamps begin anew", _joined),
    Case(
        "program-stream-h264",
        "H.264 with B-frames in an MPEG program stream called .mp4: most pictures have no stamp",
        _program_stream,
    ),
    Case(
        "program-stream-low-bit-rate",
        "so few bytes a picture that one pack holds dozens, of which one has a stamp",
        _low_bit_rate,
    ),
    Case(
        "program-stream-low-bit-rate-gap",
        "such a program stream with nothing for 30 s: a key frame without a stamp ends the gap",
        _low_bit_rate_gap,
    ),
    Case(
        "program-stream-b-frames",
        "29.97 pictures a second, shown in another order than stored; few have a stamp, some the"
        " stamp of another one",
        _b_frames,
    ),
    Case(
        "avi-b-frames",
        "H.264 with B-frames in AVI, which numbers pictures and has no stamps",
        _avi,
    ),
    Case(
        "avi-packed-xvid",
        "MPEG-4 with B-frames packed as Xvid and DivX do, in AVI",
        _packed,
    ),
    Case(
        "raw-h264",
        "H.264 as it is, ten pictures a second by its own header",
        _raw(".h264", "libx264"),
    ),
    Case(
        "raw-hevc",
        "HEVC as it is, ten pictures a second by its own header",
        _raw(".hevc", "libx265"),
    ),
    Case("raw-named-rate", "H.264 as it is, with a rate that the user names", _raw_named),
    Case(
        "no-key-frame-mkv",
        "a piece of a recording that begins 55 pictures before a key frame, Matroska",
        _without_key_frame(".mkv"),
    ),
    Case("no-key-frame-mp4", "the same in MP4", _without_key_frame(".mp4")),
    Case("no-key-frame-ts", "the same in MPEG-TS", _without_key_frame(".ts")),
    Case("no-key-frame-raw", "the same as H.264 without a container", _without_key_frame(".h264")),
    Case("no-key-frame-avi", "the same in AVI", _without_key_frame(".avi")),
    Case("gap-mkv", "nothing for 4,000 s in the middle, Matroska", _gap(".mkv", 4000.0)),
    Case("gap-mp4", "nothing for 4,000 s in the middle, MP4", _gap(".mp4", 4000.0)),
    Case("gap-ts", "nothing for 30 s in the middle, MPEG-TS", _gap(".ts", 30.0)),
    Case("gap-flv", "nothing for 30 s in the middle, FLV", _gap(".flv", 30.0)),
    Case(
        "sound-first-mkv",
        "sound begins 6 s before the picture, Matroska",
        _sound_first(".mkv", "pcm_s16le"),
    ),
    Case(
        "sound-first-mp4", "sound begins 6 s before the picture, MP4", _sound_first(".mp4", "aac")
    ),
    Case(
        "sound-first-ts", "sound begins 6 s before the picture, MPEG-TS", _sound_first(".ts", "aac")
    ),
    Case(
        "multipart-stamped",
        "JPEGs between boundaries whose headers say when each was taken; the last one cut off",
        _multipart(True),
    ),
    Case(
        "multipart-http-head",
        "stamped JPEGs behind the head of an HTTP answer, as `curl -i` saves it",
        _multipart_otherwise(before=_HTTP_HEAD),
    ),
    Case(
        "multipart-preamble",
        "stamped JPEGs behind a line of text before the first boundary",
        _multipart_otherwise(before=b"JPEGs follow\r\n"),
    ),
    Case(
        "multipart-first-unstamped",
        "stamped JPEGs of which the first three tell no time",
        _multipart_otherwise(unstamped=3),
    ),
    Case(
        "multipart-milliseconds",
        "JPEGs with stamps that count milliseconds since 1970",
        _multipart_otherwise(unit=1000),
    ),
    Case(
        "multipart-uptime",
        "JPEGs with stamps that count microseconds since the camera was switched on",
        _multipart_otherwise(unit=10**6, began=1.5),
    ),
    Case(
        "multipart",
        "JPEGs between boundaries without times: 25 a second assumed, and the rate asked for",
        _multipart(False),
    ),
    Case("jpegs", "a run of JPEGs, which has no times: the same", _jpegs),
    Case("jpegs-named-rate", "a run of JPEGs at a rate that the user names", _jpegs_named),
    Case("dhav", "Dahua's .dav: stamps that waver by half a step each second, and a date", _dhav),
    Case("dhav-gap", "the same with nothing for 60 s over midnight", _dhav_gap),
)
