#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1): seek looks backwards from a time for a key picture, says PyAV, and in MP4 it does. In an MPEG
# transport stream with B-frames the time is compared with decoding times, which lie a picture or two ahead: seeking the time
# that a key picture is shown at, be it the stream's own start_time, lands at the next key picture. Readers that begin by going
# to the start lose the first group of pictures: decord 0.6.0 gives picture 12 for index 0, and the last one again and again at
# the end.
# Seen of 60 pictures with a key picture every 12: MP4 0 and 12, transport stream 12 and 24; decord 12 for 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q av==18.1.0 decord==0.6.0 numpy==2.4.6
cd "$folder"
venv/bin/python - 2>/dev/null <<'PY'
from fractions import Fraction
from importlib.metadata import version

import av
import decord
import numpy as np

assert (av.__version__, version("decord")) == ("18.1.0", "0.6.0")
for name in ("fall.ts", "fall.mp4"):
    with av.open(name, "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"bf": "2", "g": "12", "qp": "10", "sc_threshold": "0"}
        for number in range(60):  # a picture's gray tells its number
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 4 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def number_of(picture) -> int:
    """Return which picture this is."""
    return round(float(picture.mean()) / 4)


landed = {}
for name in ("fall.mp4", "fall.ts"):
    with av.open(name) as file:
        video = file.streams.video[0]
        shown = [(number_of(each.to_ndarray(format="rgb24")), each.pts, each.key_frame) for each in file.decode(video)]
        assert [number for number, *_ in shown] == list(range(60)) and shown[0][1] == video.start_time
        keys = [(number, stamp) for number, stamp, is_key in shown if is_key]
        assert [number for number, _ in keys] == [0, 12, 24, 36, 48]
        landed[name] = []
        for _, stamp in keys[:2]:
            file.seek(stamp, stream=video)
            landed[name].append(number_of(next(file.decode(video)).to_ndarray(format="rgb24")))
    reader = decord.VideoReader(name)
    read = [number_of(reader[index].asnumpy()) for index in range(len(reader))]
    print(f"{name}: seeking the times of {[keys[0][0], keys[1][0]]} lands at {landed[name]}; decord {read[:2]} ... {read[-2:]}")
    assert len(read) == 60
    if name == "fall.mp4":
        assert landed[name] == [0, 12] and read == list(range(60))
    else:
        assert landed[name] == [12, 24], "seeking lands at or before the time"
        assert read[0] == 12 and read[-2:] == [59, 59], "index 0 is the first picture"
PY
