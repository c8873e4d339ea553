#!/usr/bin/env bash
# av 18.1.0 (FFmpeg 8.1): in an MPEG program stream that FFmpeg wrote itself, now and then two pictures in a row have the
# same pts when they are read back. The first of the two has the stamp of the second: the first bytes of its start
# code are the last ones of a pack, and it gets the stamp of the pack behind it. At 25 pictures a second it is 40 ms late; who
# takes every stamp for the truth has a picture twice as long as the others and one without any length.
# Seen: 2,000 pictures, 46 with a stamp, 9 of these that of the next picture, which has it too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q av==18.1.0 numpy==2.3.5
cd "$folder"
venv/bin/python - <<'PY'
from fractions import Fraction

import av
import numpy as np

assert av.__version__ == "18.1.0"
count = 2000
with av.open("a.mpg", "w", format="vob") as target:
    stream = target.add_stream("libx264", rate=25, options={"bf": "0", "crf": "30", "preset": "veryfast"})
    stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
    for index in range(count):
        # the picture says which one it is: eleven bars
        picture = np.zeros((96, 128, 3), np.uint8)
        for bit in range(11):
            picture[:, bit * 11 : bit * 11 + 11] = 235 if index >> bit & 1 else 20
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = index, Fraction(1, 25)
        target.mux(stream.encode(frame))
    target.mux(stream.encode())

stamps = []
with av.open("a.mpg") as source:
    for frame in source.decode(video=0):
        row = frame.to_ndarray(format="rgb24").mean(axis=(0, 2))
        number = sum(1 << bit for bit in range(11) if row[bit * 11 + 2 : bit * 11 + 9].mean() > 128)
        stamps.append((number, frame.pts))
assert [number for number, _ in stamps] == list(range(count))
begin = stamps[0][1]
late = [(n, (pts - begin) / 3600 - n) for n, pts in stamps if pts is not None and pts - begin != 3600 * n]
same = [n for (n, a), (_, b) in zip(stamps, stamps[1:]) if a is not None and a == b]
print(len(stamps), "pictures,", sum(pts is not None for _, pts in stamps), "with a stamp")
print("late by pictures:", late)
print("with the stamp of the next one:", same)
assert late, "every stamp is that of its own picture"
assert same == [number for number, _ in late] and {by for _, by in late} == {1.0}
PY
