#!/usr/bin/env bash
# label-studio-sdk 2.1.2: the JSON_MIN export of a choice that was made of one range of a video (perRegion) has no range any
# more: "how": "badly" reads like a choice of the whole video, and like a text that somebody wrote (TextArea), for the kind of
# the control is lost too. One choice is a string, two of the whole video are {"choices": [...]}, two of ranges a list.
# The full JSON export has all of it.
# Seen: what "falls", how "badly", note "bad light", three strings; with two: {"choices": ["falls", "trips"]} and a list.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q label-studio-sdk==2.1.2
cd "$folder"
venv/bin/python -W ignore - <<'PY'
import json
from importlib.metadata import version
from pathlib import Path

from label_studio_sdk.converter import Converter

assert version("label-studio-sdk") == "2.1.2"
controls = """<View><Video name="v" value="$video"/>
<TimelineLabels name="when" toName="v"><Label value="falls"/></TimelineLabels>
<Choices name="what" toName="v" choice="multiple"><Choice value="falls"/><Choice value="trips"/></Choices>
<Choices name="how" toName="v" perRegion="true"><Choice value="badly"/><Choice value="lightly"/></Choices>
<TextArea name="note" toName="v"/></View>"""


def result(kind, name, **value):
    return {"id": f"{name}{value}", "type": kind, "from_name": name, "to_name": "v", "value": value}


first, second = [{"start": 96, "end": 126}], [{"start": 200, "end": 210}]
whole = [
    [
        result("choices", "what", choices=["falls"]),
        result("choices", "how", choices=["badly"], ranges=first),
        result("textarea", "note", text=["bad light"]),
    ],
    [
        result("choices", "what", choices=["falls", "trips"]),
        result("choices", "how", choices=["badly"], ranges=first),
        result("choices", "how", choices=["lightly"], ranges=second),
    ],
]
tasks = [
    {"id": number, "data": {"video": f"{number}.mp4"}, "annotations": [{"id": number, "completed_by": 1, "result": each}]}
    for number, each in enumerate(whole, 1)
]
Path("full.json").write_text(json.dumps(tasks))
Converter(controls, ".", download_resources=False).convert_to_json_min("full.json", "out", is_dir=False)
short = [
    {name: task.get(name) for name in ("what", "how", "note")} for task in json.loads(Path("out/result.json").read_text())
]
for task in short:
    print(json.dumps(task))
assert short[0] == {"what": "falls", "how": "badly", "note": "bad light"}, "they are told apart now"
assert short[1] == {"what": {"choices": ["falls", "trips"]}, "how": ["badly", "lightly"], "note": None}
PY
