#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1): of H.264 with B-frames in AVI, which has no place for presentation times, decoded
# frames come in the right order with a pts that is never None and yet jumps to and fro; their dts rises evenly.
# Seen: of 49 steps of pts 16 go back, of dts none; the pictures themselves are in order.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
import av
import numpy as np

assert av.__version__ == "18.1.0"
with av.open("b.avi", "w") as file:
    stream = file.add_stream("libx264", rate=25, options={"bf": "2", "b-adapt": "0", "crf": "10"})
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for index in range(50):
        image = np.full((48, 64, 3), 20 + 4 * index, np.uint8)
        file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
    file.mux(stream.encode(None))
with av.open("b.avi") as file:
    frames = [(f.pts, f.dts, float(f.to_ndarray(format="gray").mean())) for f in file.decode(video=0)]
pts, dts, grey = (np.array(column, float) for column in zip(*frames, strict=True))
back = {name: int((np.diff(values) < 0).sum()) for name, values in (("pts", pts), ("dts", dts), ("grey", grey))}
print(len(frames), "frames; steps back:", back)
assert not np.isnan(pts).any()
assert back["grey"] == 0 and back["dts"] == 0
assert back["pts"] > 10, "pts are in order"
PY
