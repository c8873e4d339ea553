#!/usr/bin/env bash
# imageio-ffmpeg 0.8.1: of a video with a variable frame rate read_frames gives more pictures than there are, repeating some so
# that they come evenly, but at another rate than the "fps" it tells: it fills up to the highest rate and tells the mean one.
# Number over fps, the only time that its pictures have, is therefore wrong, and count_frames_and_secs counts others.
# Seen: 80 counted, 120 read, fps 20 and duration 4.0: a last picture at 5.95 s of a video of 4 s.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - 2>/dev/null <<'PY'
from fractions import Fraction

import av
import imageio_ffmpeg
import numpy as np

assert imageio_ffmpeg.__version__ == "0.8.1"
# two seconds of 10 pictures a second, as at night, and two of 30; a picture's gray tells its number
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

counted, length = imageio_ffmpeg.count_frames_and_secs("night.mp4")
pictures = imageio_ffmpeg.read_frames("night.mp4")
told = next(pictures)
numbers = [round(np.frombuffer(picture, np.uint8).mean() / 3) for picture in pictures]
last = (len(numbers) - 1) / told["fps"]
print(f"counted {counted} in {length} s; read {len(numbers)}, of which {len(set(numbers))} differ")
print(f"fps {told['fps']}, duration {told['duration']}: the last picture is at {last:.2f} s")
assert counted == len(times) == len(set(numbers))
assert len(numbers) == 120, "as many are read as are counted"
assert last > told["duration"] + 1, "pictures come at the rate that is told"
PY
