#!/usr/bin/env bash
# sleap-io 0.9.5 (av 18.1.0): whether a video is gray is decided by its first picture alone. One that begins black, by infra-red
# or with a test picture without color is gray to its end: of every picture one channel comes, red, and not its brightness,
# so that who wears blue is as dark as the floor. Nothing is said; load_video(file, grayscale=False) reads it as it is.
# Seen of 20 pictures, blue (30, 60, 220) from the third on: (48, 64, 1) with 30 where two black ones come first, else (48, 64, 3).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q sleap-io==0.9.5 av==18.1.0
cd "$folder"
venv/bin/python - <<'PY'
from fractions import Fraction
from importlib.metadata import version

import av
import numpy as np
import sleap_io

assert (version("sleap-io"), av.__version__) == ("0.9.5", "18.1.0")
blue = (30, 60, 220)
for name, first in (("day.mp4", blue), ("night.mp4", (0, 0, 0))):
    with av.open(name, "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        stream.options = {"qp": "2"}
        for number in range(20):
            picture = np.full((48, 64, 3), first if number < 2 else blue, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())

found = {}
for name, options in (("day.mp4", {}), ("night.mp4", {}), ("night.mp4", {"grayscale": False})):
    picture = sleap_io.load_video(name, **options)[10]
    mean = picture.reshape(-1, picture.shape[-1]).mean(0)
    print(name, options, picture.shape, mean.round(1))
    assert np.abs(mean - blue[: len(mean)]).max() < 8
    found[name, bool(options)] = picture.shape[-1]
assert found == {("day.mp4", False): 3, ("night.mp4", False): 1, ("night.mp4", True): 3}
PY
