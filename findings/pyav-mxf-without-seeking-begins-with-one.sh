#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1): of MPEG-2 in MXF, read without seeking (a pipe, HTTP without ranges), the first picture has the
# stamp 1 while Stream.start_time is 0; of the same file by name stamps begin at 0, so that the
# times of a pipe are a picture late.
# Seen: file 0 to 9, pipe 1 to 10, start_time 0 in both.
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
with av.open("some.mxf", "w") as file:
    stream = file.add_stream("mpeg2video", rate=25)
    stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
    for index in range(10):
        image = np.full((96, 128, 3), 20 * index, np.uint8)
        file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
    file.mux(stream.encode(None))


class Pipe:
    def __init__(self, file):
        self.read = file.read


seen = {}
for name, what in (("file", "some.mxf"), ("pipe", Pipe(open("some.mxf", "rb")))):
    with av.open(what) as file:
        stamps = [frame.pts for frame in file.decode(video=0)]
        seen[name] = (file.streams.video[0].start_time, stamps[0], stamps[-1])
print(seen)
assert seen["file"] == (0, 0, 9)
assert seen["pipe"][:2] == (0, 1), "both begin alike now"
PY
