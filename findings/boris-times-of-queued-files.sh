#!/usr/bin/env bash
# boris-behav-obs 8.27.4: an observation may queue several video files. Its exports of events name for every event
# the file that it is in, and a time that counts from the beginning of the first file: "cam/b.mp4" with a start of
# 14.000 is 4 s into cam/b.mp4 where cam/a.mp4 lasts 10 s. An event over the border names the first file alone.
# Seen: rows (cam/b.mp4, 14.000, 15.125) and (cam/a.mp4, 9.500, 10.500) of files of 10 s and 8 s.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "pandas==2.3.3" "tablib==3.8.0" "pyqt5==5.15.11" "exifread==3.5.1"
"$folder/venv/bin/pip" install -q --no-deps "boris-behav-obs==8.27.4"
cd "$folder"
QT_QPA_PLATFORM=offscreen venv/bin/python -W ignore - <<'PY'
import sys
import types
from decimal import Decimal
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

assert version("boris-behav-obs") == "8.27.4"
# the functions that export need no window: the package without its main program, sound and player
place = Path(next(iter(find_spec("boris").submodule_search_locations)))
package = types.ModuleType("boris")
package.__path__ = [str(place)]
sys.modules["boris"] = package
plots = ("matplotlib", "matplotlib.figure", "matplotlib.backends", "matplotlib.backends.backend_qt5agg")
for name in ("PyQt5.QtMultimedia", "boris.mpv", "boris.mpv2", "PIL", "PIL.ImageQt", *plots):
    sys.modules[name] = mock.MagicMock()
sys.argv = ["boris"]

from boris import config as cfg
from boris import export_observation

files = ["cam/a.mp4", "cam/b.mp4"]
state = {"type": "State event", "code": "falls", "category": "", "modifiers": {}, "excluded": ""}
times = ("4.0", "5.25", "9.5", "10.5", "14.0", "15.125")
observation = {
    "type": "MEDIA", "date": "2026-01-01T00:00:00", "description": "", "time offset": Decimal("0.0"),
    "observation time interval": [0, 0], "independent_variables": {}, "file": {"1": files},
    "media_info": {"length": dict(zip(files, (10.0, 8.0))), "fps": dict.fromkeys(files, 25.0)},
    "events": [[Decimal(time), "", "falls", "", "", 0] for time in times],
}
project = {"observations": {"monday": observation}, "behaviors_conf": {"0": state}, "subjects_conf": {},
           "independent_variables": {}, "behavioral_categories": []}
wanted = {
    cfg.SELECTED_SUBJECTS: ["No focal subject"], cfg.SELECTED_BEHAVIORS: ["falls"],
    cfg.INCLUDE_MODIFIERS: False, cfg.EXCLUDE_BEHAVIORS: False, cfg.TIME_INTERVAL: cfg.TIME_FULL_OBS,
    cfg.START_TIME: Decimal("NaN"), cfg.END_TIME: Decimal("NaN"),
}
rows = export_observation.export_aggregated_events(project, wanted, "monday")[0]
found = [(row[17], row[14], row[15]) for row in rows]
print(found)
assert ("cam/b.mp4", "14.000", "15.125") in found, "times count from the beginning of their own file"
assert ("cam/a.mp4", "9.500", "10.500") in found, "an event over the border is parted"
PY
