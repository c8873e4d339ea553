#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1): of raw H.264, as cameras and recorders export it, Stream.average_rate is 25
# whatever rate the bitstream states, and so are the times of its packets; Stream.guessed_rate is the true one.
# Two seconds of 10 frames a second look like 0.8 s.
# Seen: average_rate 25, guessed_rate 10 for a stream whose parameter sets say 10.
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
with av.open("raw.h264", "w", format="h264") as file:
    stream = file.add_stream("libx264", rate=10, options={"bf": "0"})
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for index in range(20):
        image = np.full((48, 64, 3), 10 * index, np.uint8)
        file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
    file.mux(stream.encode(None))
with av.open("raw.h264") as file:
    stream = file.streams.video[0]
    print(f"average_rate {stream.average_rate}, guessed_rate {stream.guessed_rate}")
    assert stream.average_rate == 25, "the stated rate is there"
    assert stream.guessed_rate == 10
    assert len(list(file.decode(video=0))) == 20
PY
