#!/usr/bin/env bash
# OpenTimelineIO 0.18.1: the string that to_time_string makes of a time is wrong by up to a second where the time lies less
# than a tenth of a millisecond off a whole second: 6.66667e-05, as C++ prints the rest, becomes .666667. At the rate
# 30000/1001 picture 8002 is at 267.000067 s and its string 00:04:27.666667. Picture 24000 at 24000/1001, at 1001 s, gets
# 00:16:40.0. from_time_string reads what is written, so events of a time line that was kept as such strings are at other
# times.
# Seen: 8002 at 30000/1001 is 0.667 s late, 24000 at 24000/1001 1 s early; none of 100,000 pictures at 24, 25 and 30 is wrong.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q OpenTimelineIO==0.18.1
cd "$folder"
venv/bin/python - <<'PY'
from importlib.metadata import version

from opentimelineio.opentime import RationalTime, from_time_string, to_time_string

assert version("OpenTimelineIO") == "0.18.1"


def error(picture: int, rate: float) -> float:
    """Return by how many seconds the string of a picture's time is wrong."""
    text = to_time_string(RationalTime(picture, rate))
    hours, minutes, seconds = text.split(":")
    told = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    assert abs(from_time_string(text, 24).to_seconds() - told) < 0.001
    return told - picture / rate


for picture, rate, expected in ((8002, 30000 / 1001, 0.6666), (24000, 24000 / 1001, -1.0)):
    print(f"{picture} / {rate:.4f} = {picture / rate:.6f} s:", to_time_string(RationalTime(picture, rate)))
    assert abs(error(picture, rate) - expected) < 0.01, "the string is the time"
for rate in (24, 25, 30, 30000 / 1001):
    wrong = [picture for picture in range(100_000) if abs(error(picture, rate)) > 0.01]
    print(f"{rate:.4f}: {len(wrong)} of 100,000 pictures are wrong", wrong)
    assert bool(wrong) == (rate not in (24, 25, 30))
PY
