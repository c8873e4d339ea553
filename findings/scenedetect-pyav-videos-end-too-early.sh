#!/usr/bin/env bash
# scenedetect 0.7.2, which knows variable frame rates: with its backend "pyav" a video's duration is the number of pictures
# over the highest rate, though the file states its length. The positions of its pictures are right and so go on long
# after the video's end. The backend "opencv" tells the true duration of the same file.
# Seen: duration 2.667 s by pyav, 4.000 s by opencv; the last picture at 3.967 s by both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q scenedetect==0.7.2 av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - 2>/dev/null <<'PY'
from fractions import Fraction

import av
import numpy as np
import scenedetect

assert scenedetect.__version__ == "0.7.2"
# two seconds of 10 pictures a second, as at night, and two of 30
times = [index / 10 for index in range(20)] + [2 + index / 30 for index in range(60)]
with av.open("night.mp4", "w") as file:
    stream = file.add_stream("libx264", rate=30)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    stream.codec_context.time_base = Fraction(1, 90000)
    stream.options = {"bf": "0"}
    for number, seconds in enumerate(times):
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 3, np.uint8), format="rgb24")
        frame.pts, frame.time_base = round(seconds * 90000), Fraction(1, 90000)
        file.mux(stream.encode(frame))
    file.mux(stream.encode())
with av.open("night.mp4") as file:
    print("the file says", file.duration / av.time_base, "s")
    assert abs(file.duration / av.time_base - 4) < 0.05

found = {}
for backend in ("opencv", "pyav"):
    video = scenedetect.open_video("night.mp4", backend=backend)
    pictures = 0
    while video.read() is not False:
        pictures += 1
        last = video.position_ms / 1000
    found[backend] = video.duration.get_seconds(), last
    print(f"{backend}: {pictures} pictures, duration {found[backend][0]:.3f} s, the last picture at {last:.3f} s")
    assert pictures == len(times) and abs(last - times[-1]) < 0.005
assert abs(found["opencv"][0] - 4) < 0.05
assert found["pyav"][0] < times[-1] - 1, "the last picture lies in the video"
PY
