#!/usr/bin/env bash
# opencv-contrib-python 5.1.0.95: of a video with a variable frame rate VideoCapture tells the time of every picture that is
# read rightly, yet set(CAP_PROP_POS_MSEC, t) does not go there: it goes to picture number t times the mean rate. What comes
# is from another time, get(CAP_PROP_POS_MSEC) then says from which, and set says True. Who cuts a clip around an
# event by its time gets another scene.
# Seen: every time told is right when the file is read through; asked for 0.5, 1 and 1.5 s: pictures of 1, 2 and 2.333 s.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q opencv-contrib-python==5.1.0.95 av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - 2>/dev/null <<'PY'
from fractions import Fraction
from importlib.metadata import version

import av
import cv2
import numpy as np

assert version("opencv-contrib-python") == "5.1.0.95"
# two seconds of 10 pictures a second, as at night, and two of 30; a picture's gray tells its number
times = [index / 10 for index in range(20)] + [2 + index / 30 for index in range(60)]
with av.open("night.mp4", "w") as file:
    stream = file.add_stream("libx264", rate=30)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    stream.codec_context.time_base = Fraction(1, 90000)
    stream.options = {"bf": "0", "g": "10"}
    for number, seconds in enumerate(times):
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 3, np.uint8), format="rgb24")
        frame.pts, frame.time_base = round(seconds * 90000), Fraction(1, 90000)
        file.mux(stream.encode(frame))
    file.mux(stream.encode())

video = cv2.VideoCapture("night.mp4")
assert video.getBackendName() == "FFMPEG"


def next_picture() -> tuple[float, float] | None:
    """Return the true time and the told one of the picture that comes next, in seconds."""
    there, picture = video.read()
    return (times[round(picture.mean() / 3)], video.get(cv2.CAP_PROP_POS_MSEC) / 1000) if there else None


through = list(iter(next_picture, None))
assert len(through) == len(times) and all(abs(true - told) < 0.005 for true, told in through)
print(f"read through: {len(through)} times, all right")
missed = []
for asked in (0.5, 1.0, 1.5):
    accepted = video.set(cv2.CAP_PROP_POS_MSEC, asked * 1000)
    true, told = next_picture()
    print(f"asked for {asked} s: set says {accepted}, picture of {true:.3f} s, told {told:.3f} s")
    assert accepted and abs(true - told) < 0.005
    missed.append(true - asked)
assert all(miss > 0.4 for miss in missed), "the picture of that time comes"
PY
