"""Writing recordings of marked pictures, and putting what was encoded into other containers.

In: numbers and times. Out: ``Media``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.bitstream import BitStreamFilterContext

from media.marker import marked
from synth import add_video, encode

SIZE = (128, 96)
SOUND_RATE = 48_000


@dataclass(frozen=True)
class Media:
    """A recording and its truth.

    Attributes:
        path: The file.
        times: Seconds at which each marked picture is shown, by its number, on the file's clock:
            0 is where a player's bar begins.
        tolerance: How far a time may be off, seconds: half a frame.
        reading: Options that ``open_video`` and ``LiveSettings`` need.
        warns: What the report must say, a regular expression each; nothing else may be said.
        missing: Packets that give no picture.
        gaps: (start, end) seconds of stretches without pictures.
    """

    path: Path
    times: Mapping[int, float]
    tolerance: float = 0.02
    reading: Mapping[str, Any] = field(default_factory=dict)
    warns: Sequence[str] = ()
    missing: int = 0
    gaps: Sequence[tuple[float, float]] = ()


def evenly(count: int, rate: float = 25.0, start: float = 0.0) -> dict[int, float]:
    """Return the times of pictures 0 to ``count`` - 1 at a rate."""
    return {number: start + number / rate for number in range(count)}


def write_marked(
    path: Path,
    times: Mapping[int, float],
    *,
    rate: float | None = None,
    grain: int = 0,
    gop: int = 12,
    size: tuple[int, int] = SIZE,
    codec: str = "libx264",
    form: str | None = None,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Encode marked pictures, as H.264 with B-frames if nothing else is said.

    Args:
        path: Target; its suffix chooses the container where ``form`` does not.
        times: Seconds of every picture by its number, in order.
        rate: Frames per second that the stream itself names; None: it names none that helps.
        gop: Pictures from one key frame to the next.
        grain: Strength of noise, levels, without which pictures take but a few bytes.
        size: (width, height), pixels.
        codec: Name of the encoder.
        form: Name of FFmpeg's muxer.
        options: Of the encoder.
    """
    noise = np.random.default_rng(0)
    images = [_grained(marked(number, *size), grain, noise) for number in times]
    with av.open(str(path), "w", format=form, options=_muxing(path)) as container:
        form_of_pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        usual = 25.0 if rate is None else rate
        stream = add_video(container, images[0], codec, form_of_pixels, usual, gop)
        stream.options = {**stream.options, **(options or {})}
        if rate is not None:
            stream.codec_context.time_base = 1 / Fraction(rate).limit_denominator(1001)
        encode(container, stream, images, list(times.values()))
    return path


def _muxing(path: Path) -> dict[str, str]:
    # with its index behind the pictures an MP4 cannot be read as it comes
    return {"movflags": "faststart"} if path.suffix == ".mp4" else {}


def _grained(image: np.ndarray, grain: int, noise: np.random.Generator) -> np.ndarray:
    levels = noise.integers(-grain, grain + 1, image.shape) if grain else 0
    return np.clip(image + levels, 0, 255).astype(np.uint8)


def first_stamps(path: Path) -> tuple[float, float]:
    """Return the stamps of the first packets of the pictures, and of whatever comes first, seconds.

    A player's bar begins at the latter.
    """
    with av.open(str(path)) as container:
        found: dict[str, float] = {}
        for packet in container.demux():
            if packet.pts is not None:
                found.setdefault(packet.stream.type, float(packet.pts * packet.time_base))
    return found["video"], min(found.values())


Change = Callable[[av.Packet], av.Packet | None]


def remux(
    source: Path,
    target: Path,
    *,
    form: str | None = None,
    bitstream: str | None = None,
    change: Change = lambda packet: packet,
    rate: int | None = None,
) -> Path:
    """Copy the video packets of a file into another container.

    Args:
        source: A file with one video stream.
        target: The new file.
        form: Name of FFmpeg's muxer; None: by suffix.
        bitstream: Name of a bitstream filter that packets pass.
        change: Gives every packet back, changed, or None to leave it out.
        rate: Frames per second, for containers that count frames; None: times as they are.
    """
    with (
        av.open(str(source)) as read,
        av.open(str(target), "w", format=form, options=_muxing(target)) as write,
    ):
        stream = read.streams.video[0]
        copied = write.add_stream_from_template(stream)
        if rate is not None:
            copied.time_base = Fraction(1, rate)
        for packet in _filtered(read.demux(stream), stream, bitstream):
            kept = change(packet) if packet.size else None
            if kept is not None:
                kept.stream = copied
                write.mux(kept)
    return target


def _filtered(packets: Iterable[Any], stream: Any, name: str | None) -> Iterator[Any]:
    if name is None:
        yield from packets
        return
    through = BitStreamFilterContext(name, stream)
    for packet in packets:
        if packet.size:
            yield from through.filter(packet)
    yield from through.filter(None)


def with_sound(
    path: Path,
    times: Mapping[int, float],
    seconds: float,
    codec: str = "aac",
    draw: Callable[[int], np.ndarray] = marked,
) -> Path:
    """Write marked pictures and a tone that begins at 0 s, as ``write_marked``.

    Args:
        path: Target.
        times: Seconds of every picture by its number.
        seconds: Length of the tone.
        codec: Of the tone.
        draw: Draws a picture by its number; marked ones where nothing else is said.
    """
    base = Fraction(1, 90_000)
    with av.open(str(path), "w", options=_muxing(path)) as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        height, width = draw(next(iter(times))).shape[:2]
        video.width, video.height = width, height
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = base
        sound = container.add_stream(codec, rate=SOUND_RATE)
        packets = []
        for number, time in times.items():
            frame = av.VideoFrame.from_ndarray(draw(number), format="rgb24")
            frame.time_base, frame.pts = base, round(time / base)
            packets += video.encode(frame)
        packets += video.encode()
        for start in range(0, round(seconds * SOUND_RATE), 1024):
            wave = np.sin(np.arange(start, start + 1024) * 0.05)[None] * 0.1
            tone = _tone(wave, "s16" if codec.startswith("pcm") else "fltp")
            # this encoder begins a packet earlier, to warm up
            tone.sample_rate, tone.pts = SOUND_RATE, start + 1024 * (codec == "aac")
            tone.time_base = Fraction(1, SOUND_RATE)
            packets += sound.encode(tone)
        packets += sound.encode()
        for packet in sorted(packets, key=lambda each: each.dts * each.time_base):
            container.mux(packet)
    return path


def _tone(wave: np.ndarray, form: str) -> av.AudioFrame:
    levels = (wave * 32_767).astype(np.int16) if form == "s16" else wave.astype(np.float32)
    return av.AudioFrame.from_ndarray(levels, format=form, layout="mono")


_VOP = b"\x00\x00\x01\xb6"
_NOT_CODED = _VOP + b"\x51\x3f"  # a P-VOP that holds nothing: what packers put in a freed place


def packed_xvid(path: Path, times: Mapping[int, float], rate: int = 25) -> Path:
    """Write MPEG-4 with B-frames in AVI as Xvid and DivX pack it.

    A B-frame shares the chunk of the picture that it refers to, and an empty one takes its place,
    so that there are as many chunks as pictures.

    Args:
        path: Target.
        times: Of the pictures; only how many there are counts.
        rate: Frames per second.
    """
    plain = write_marked(path.with_suffix(".m4v"), times, rate=rate, codec="mpeg4", options=_B)
    with av.open(str(plain)) as read:
        stream = read.streams.video[0]
        pictures = [bytes(packet) for packet in read.demux(stream) if packet.size]
        chunks: list[bytes] = []
        for picture in pictures:
            if _is_b(picture):
                chunks[-1] += picture
                chunks.append(_NOT_CODED)
            else:
                chunks.append(picture)
        chunks[0] = chunks[0].replace(_VOP, b"\x00\x00\x01\xb2DivX503b1393p" + _VOP, 1)
        with av.open(str(path), "w") as write:
            copied = write.add_stream_from_template(stream)
            copied.codec_context.codec_tag = "XVID"
            copied.time_base = Fraction(1, rate)
            for index, chunk in enumerate(chunks):
                packet = av.Packet(chunk)
                packet.stream, packet.time_base = copied, Fraction(1, rate)
                packet.pts = packet.dts = index
                packet.is_keyframe = not index
                write.mux(packet)
    return path


_B = {"bf": "1"}


def _is_b(picture: bytes) -> bool:
    # the two bits behind the start code of a picture say how it is coded
    return picture[picture.index(_VOP) + len(_VOP)] >> 6 == 2


def write_multipart(
    path: Path,
    times: Mapping[int, float],
    stamped: bool,
    began: float = 1_700_000_000.0,
    *,
    unit: int = 1,
    unstamped: int = 0,
    before: bytes = b"",
) -> Path:
    """Write marked JPEGs between boundaries, as what a camera sends by HTTP is saved.

    Args:
        path: Target.
        times: Seconds of every picture by its number.
        stamped: Each header says when its picture was taken, and the last part is cut off.
        began: When that is for 0 s, seconds since 1970.
        unit: How many of what headers count are a second.
        unstamped: Pictures at the beginning whose headers tell no time.
        before: What comes before the first boundary.
    """
    with path.open("wb") as file:
        file.write(before)
        for number, time in times.items():
            data = _jpeg(marked(number, *SIZE))
            file.write(b"--frame\r\nContent-Type: image/jpeg\r\n")
            file.write(f"Content-Length: {len(data)}\r\n".encode())
            if stamped and number >= unstamped:
                file.write(f"X-Timestamp: {(began + time) * unit:.6f}\r\n".encode())
            file.write(b"\r\n" + data + b"\r\n")
        if stamped:  # the camera was still sending
            file.write(
                b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 5000\r\n\r\n\xff\xd8"
            )
        else:
            file.write(b"--frame--\r\n")
    return path


def write_jpegs(path: Path, times: Mapping[int, float]) -> Path:
    """Write marked JPEGs one after the other."""
    path.write_bytes(b"".join(_jpeg(marked(number, *SIZE)) for number in times))
    return path


def _jpeg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", image[..., ::-1])[1].tobytes()
