"""What tests of label files share: texts as tools write them, and the rows that came of them."""

from __future__ import annotations

import csv
from pathlib import Path

FILES = Path(__file__).parent / "label_files"
MAP = ("--map", "falls=slip", "--map", "trips=other")
AUDACITY = "4.000000\t5.250000\tfalls\n\\\t100.0\t2000.0\n9.500000\t9.980000\ttrips\n"
CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task><id>7</id><size>100</size><mode>interpolation</mode>
<source>a.mp4</source></task></meta>
<track id="0" label="falls">
<box frame="20" outside="0" xtl="1" ytl="1" xbr="10" ybr="20"/>
<box frame="21" outside="0" xtl="1" ytl="1" xbr="10" ybr="20"/>
<box frame="35" outside="1" xtl="1" ytl="1" xbr="10" ybr="20"/>
<box frame="60" outside="0" xtl="1" ytl="1" xbr="10" ybr="20"/>
<box frame="64" outside="0" xtl="1" ytl="1" xbr="10" ybr="20"/>
</track>
<track id="1" label="trips"><polygon frame="99" outside="0" points="1,1;2,2;3,1"/></track>
</annotations>
"""
VIA = {
    "project": {"pid": "__VIA_PROJECT_ID__", "data_format_version": "3.1.1"},
    "attribute": {
        "1": {"aname": "action", "type": 4, "options": {"0": "falls", "1": "trips"}},
        "2": {"aname": "note", "type": 1, "options": {}},
    },
    "file": {
        "1": {"fid": "1", "fname": "a.mp4", "type": 4},
        "2": {"fid": "2", "fname": "b.mp4", "type": 4},
    },
    "view": {"1": {"fid_list": ["1"]}, "2": {"fid_list": ["2"]}},
    "metadata": {
        "1_x": {"vid": "1", "flg": 0, "z": [4, 5.25], "xy": [], "av": {"1": "0"}},
        "1_y": {"vid": "1", "flg": 0, "z": [9.5], "xy": [], "av": {"1": "1"}},
        "1_z": {"vid": "1", "flg": 0, "z": [1, 2], "xy": [], "av": {"2": "bad light"}},
    },
}


def rows(tmp_path: Path) -> list[tuple[str, str, str, str]]:
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        return sorted(
            (row["path"], row["label"], row["start"], row["end"]) for row in csv.DictReader(stream)
        )
