#!/usr/bin/env bash
# imageio 2.38.1 with av 18.1.0: imread(file, index=n, plugin="pyav") makes a time of n and the rate and goes there, without
# adding the time at which the video begins. An MPEG transport stream that the ffmpeg command writes begins at 1.4 s, a piece
# of a longer recording anywhere; what comes is the picture of that much earlier, or always the first one, and nothing is said.
# Read in order the same file is right, and so is the index in an MP4 of the same pictures.
# Seen of 100 pictures, 25 a second, from 1.4 s on: asked for 20, 40 and 90, got 0, 6 and 56.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q imageio==2.38.1 av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
from fractions import Fraction

import av
import imageio
import imageio.v3 as iio
import numpy as np

assert (imageio.__version__, av.__version__) == ("2.38.1", "18.1.0")
pictures = 100


def gray(number: int) -> int:
    """Return the gray that tells a picture's number."""
    return 20 + 2 * number


for name, first in (("fall.ts", 35), ("fall.mp4", 0)):
    with av.open(name, "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"bf": "0", "g": "5", "qp": "5"}
        for number in range(pictures):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), gray(number), np.uint8), format="rgb24")
            frame.pts, frame.time_base = first + number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())

wanted = [20, 40, 90]
found = {}
for name in ("fall.mp4", "fall.ts"):
    with av.open(name) as file:
        begins = float(file.streams.video[0].start_time * file.streams.video[0].time_base)
    means = [float(picture.mean()) for picture in iio.imiter(name, plugin="pyav")]
    assert len(means) == pictures and all(abs(mean - gray(number)) < 2 for number, mean in enumerate(means))
    found[name] = [means.index(float(iio.imread(name, index=index, plugin="pyav").mean())) for index in wanted]
    print(f"{name} begins at {begins} s: asked for {wanted}, got {found[name]}")
assert found["fall.mp4"] == wanted
assert all(got < index - 15 for got, index in zip(found["fall.ts"], wanted)), "the index counts pictures"
PY
