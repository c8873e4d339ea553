#!/usr/bin/env bash
# timecode 1.5.1: drop-frame timecode leaves numbers out so that it keeps up with the clock at 29.97 pictures a second. A
# Timecode that is made of seconds at that rate does not: it takes 30 pictures for a second and then leaves out numbers all the
# same, so that an hour is 01:00:03;17, and its own to_realtime says 3603.6 s. Who writes the times of events as timecode is
# 3.6 s late after an hour. The same hour given as a text with milliseconds, or as a number of pictures, is right.
# Seen: start_seconds=3600 gives 01:00:03;17, picture 108000; "01:00:00.000" and the pictures of an hour give 107893.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q timecode==1.5.1
cd "$folder"
venv/bin/python - <<'PY'
from importlib.metadata import version

from timecode import Timecode

assert version("timecode") == "1.5.1"
hour = 3600
made = {
    "seconds": Timecode("29.97", start_seconds=hour),
    "text": Timecode("29.97", "01:00:00.000"),
    "pictures": Timecode("29.97", frames=round(hour * 30000 / 1001) + 1),
}
for name, code in made.items():
    print(f"an hour by {name}: {code}, picture {code.frames}, {code.to_realtime(True):.2f} s")
assert made["seconds"].drop_frame
for name in ("text", "pictures"):
    assert abs(made[name].to_realtime(True) - hour) < 0.05
assert str(made["pictures"]) == "01:00:00;00"
assert str(made["seconds"]) == "01:00:03;17", "seconds are those of the clock"
assert abs(made["seconds"].to_realtime(True) - hour - 3.6) < 0.05
PY
