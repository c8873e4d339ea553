#!/usr/bin/env bash
# decord 0.6.0: in video with open groups of pictures, which is what x265 makes unless told otherwise, an index that is not the
# next one may give a later picture. Pictures that are shown before a key picture but need it lie behind it in the file; decord
# takes the key picture's place in the file for its place in the video and counts from there. get_frame_timestamp tells the
# time of the picture that was asked for. Reading in order is right, and so is every index where groups are closed.
# Seen of 60 pictures by x265's defaults, asked backwards: 6 others, such as 37 for 36, which get_key_indices calls a key
# picture.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q decord==0.6.0 av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - 2>/dev/null <<'PY'
from fractions import Fraction
from importlib.metadata import version

import av
import decord
import numpy as np

assert (av.__version__, version("decord")) == ("18.1.0", "0.6.0")


def number_of(picture) -> int:
    """Return which picture this is; its gray tells."""
    return round(float(picture.mean()) / 4)


wrong = {}
for name, more in {"open.mp4": "", "closed.mp4": ":open-gop=0"}.items():
    with av.open(name, "w") as file:
        stream = file.add_stream("libx265", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"x265-params": f"keyint=12:log-level=none{more}"}
        for number in range(60):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 4 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    with av.open(name) as file:
        assert [number_of(each.to_ndarray(format="rgb24")) for each in file.decode(video=0)] == list(range(60))
    reader = decord.VideoReader(name)
    assert len(reader) == 60
    assert [number_of(reader[index].asnumpy()) for index in range(60)] == list(range(60))
    reader = decord.VideoReader(name)
    got = {index: number_of(reader[index].asnumpy()) for index in reversed(range(60))}
    wrong[name] = {index: number for index, number in got.items() if index != number}
    told = [round(float(reader.get_frame_timestamp(index)[0]) * 25) for index in range(60)]
    assert told == list(range(60))
    print(f"{name}: {len(wrong[name])} of 60 are others", wrong[name])
assert not wrong["closed.mp4"]
assert wrong["open.mp4"], "an index gives its picture"
PY
