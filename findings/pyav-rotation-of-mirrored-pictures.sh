#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1): VideoFrame.rotation is made from an angle, so it cannot tell a mirrored picture.
# A display matrix that only mirrors left and right reads as -180, the one that only mirrors top and bottom
# as 0; turning the picture by `rotation` stands the first on its head and leaves the second upside down.
# Seen: mirrored left-right -180, mirrored top-bottom 0, half a turn -180, plain 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
import struct

import av
import numpy as np

assert av.__version__ == "18.1.0"
with av.open("plain.mp4", "w") as file:
    stream = file.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for _ in range(3):
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, np.uint8), format="rgb24")
        file.mux(stream.encode(frame))
    file.mux(stream.encode(None))
plain = open("plain.mp4", "rb").read()
one, unit = 1 << 16, 1 << 30
# the matrix of the track header: (a, b, u, c, d, v, x, y, w), found by its identity
identity = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, unit)
# the first is the movie's, the track's lies behind the word tkhd
place = plain.index(identity, plain.index(b"tkhd"))
matrices = {
    "plain": (1, 0, 0, 1),
    "mirrored left-right": (-1, 0, 0, 1),
    "mirrored top-bottom": (1, 0, 0, -1),
    "half a turn": (-1, 0, 0, -1),
}
seen = {}
for name, (a, b, c, d) in matrices.items():
    matrix = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, unit)
    open("turned.mp4", "wb").write(plain[:place] + matrix + plain[place + 36 :])
    with av.open("turned.mp4") as file:
        seen[name] = next(file.decode(video=0)).rotation
print(seen)
assert seen["plain"] == 0 and abs(seen["half a turn"]) == 180
assert seen["mirrored left-right"] == seen["half a turn"], "mirroring is told from turning"
assert seen["mirrored top-bottom"] == seen["plain"], "mirroring is told from nothing"
PY
