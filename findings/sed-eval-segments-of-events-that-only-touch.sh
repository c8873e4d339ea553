#!/usr/bin/env bash
# sed_eval 0.2.1: segments of an event are counted by dividing its seconds by the resolution, rounded down and up, without
# allowing for binary fractions. At a resolution of 0.1 s an event from 0.3 s to 0.6 s has four segments, not three, and
# one that is found from 0.6 s to 0.9 s, after the true one has ended, gets a true positive for the fourth. It hangs on
# the place in the file: the same pair a second later has three segments each and shares none.
# Seen: 4 and 4 segments, 1 true positive; a second later 3 and 3, 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q sed_eval==0.2.1 "setuptools<81"
cd "$folder"
venv/bin/python -W ignore - <<'PY'
from importlib.metadata import version

import dcase_util
import sed_eval

assert version("sed_eval") == "0.2.1"


def counts(shift: float) -> tuple[int, int, int]:
    """Return the segments that are true, found, and both."""
    metrics = sed_eval.sound_event.SegmentBasedMetrics(event_label_list=["fall"], time_resolution=0.1)
    true, found = (
        dcase_util.containers.MetaDataContainer(
            [{"file": "a", "event_label": "fall", "onset": round(start + shift, 1), "offset": round(end + shift, 1)}]
        )
        for start, end in ((0.3, 0.6), (0.6, 0.9))
    )
    metrics.evaluate(true, found)
    return tuple(int(metrics.overall[name]) for name in ("Nref", "Nsys", "Ntp"))


for shift in (0, 1, 2, 3, 5, 10):
    print(f"{0.3 + shift:.1f} s to {0.6 + shift:.1f} s: true, found, both:", counts(shift))
assert counts(0)[2] == 1, "events that only touch share no segment"
assert counts(1)[2] == 0
PY
