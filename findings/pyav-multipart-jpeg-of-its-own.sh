#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1): motion JPEG between boundaries, as network cameras send it, can be written by the
# muxer "mpjpeg" and is read by the demuxer of that name; a whole file of it gives all its pictures and then ends
# in InvalidDataError in place of the end of the file, so that it cannot be told from a damaged one.
# Seen: average_rate None, 10 pictures of 10, then InvalidDataError.
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
with av.open("camera.mjpeg", "w", format="mpjpeg") as file:
    stream = file.add_stream("mjpeg", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
    for index in range(10):
        image = np.full((48, 64, 3), 20 * index, np.uint8)
        file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
    file.mux(stream.encode(None))
count, end = 0, "end of file"
with av.open("camera.mjpeg", format="mpjpeg") as file:
    stream = file.streams.video[0]
    print("average_rate", stream.average_rate)
    try:
        for _ in file.decode(video=0):
            count += 1
    except av.error.InvalidDataError as error:
        end = f"InvalidDataError ({error.strerror})"
print(count, "pictures, then", end)
assert count == 10 and end.startswith("InvalidDataError"), "a whole file ends as files do"
PY
