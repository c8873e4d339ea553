"""The videos of the detection benchmark: H.264 of 1280 x 720 from the rendered example.

In: what is to be in them, and how many seconds. Out: files, the longer ones without encoding again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

EXAMPLE = Path(__file__).parents[1] / "examples" / "slip.mp4"
WIDTH, HEIGHT, RATE = 1280, 720, 30.0
BIT_RATE = 2_000_000  # of a camera
SENSOR_NOISE = 3.0  # levels
CONTENTS = ("camera", "clean", "still")


def make_video(target: Path, content: str, seconds: float) -> None:
    """Encode one of ``CONTENTS``, so many seconds of it."""
    import av

    shown = _pictures(moving=content != "still")
    noise = np.zeros((1, HEIGHT, WIDTH, 3), np.int16)
    if content != "clean":
        drawn = np.random.default_rng(0).normal(0.0, SENSOR_NOISE, (16, HEIGHT, WIDTH, 3))
        noise = np.rint(drawn).astype(np.int16)
    with av.open(str(target), "w") as output:
        stream = output.add_stream("libx264", rate=int(RATE))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if content != "clean":
            stream.bit_rate = BIT_RATE
            # no frame waits for a later one
            most = {"maxrate": str(BIT_RATE), "bufsize": str(2 * BIT_RATE)}
            stream.options = {"preset": "veryfast", "tune": "zerolatency", **most}
        for index, picture in enumerate(islice(shown, round(seconds * RATE))):
            seen = np.clip(picture + noise[index % len(noise)], 0, 255).astype(np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(seen, format="rgb24")))
        output.mux(stream.encode())


def _pictures(moving: bool) -> Iterator[npt.NDArray[np.uint8]]:
    from slipdetect.video import open_video

    for _ in count():
        with open_video(EXAMPLE) as video:
            for frame in video.frames():
                large = cv2.resize(frame.image, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
                yield np.asarray(large, np.uint8)
                while not moving:
                    yield np.asarray(large, np.uint8)


def repeated(video: Path, times: int) -> Path:
    """Write a video ``times`` over without encoding it again; return the new file."""
    import av

    target = video.with_name(f"{video.stem}-{times}-times.mp4")
    with av.open(str(target), "w") as output:
        copied, shift = None, 0
        for _ in range(times):
            with av.open(str(video)) as source:
                stream = source.streams.video[0]
                copied = output.add_stream_from_template(stream) if copied is None else copied
                last = 0
                for packet in source.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    last = max(last, packet.pts + (packet.duration or 0))
                    packet.pts, packet.dts, packet.stream = (
                        packet.pts + shift,
                        packet.dts + shift,
                        copied,
                    )
                    output.mux(packet)
                shift += last
    return target
