"""The file of cameras, and that of zones: what they say, and what is wrong in which line.

In: TOML. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipdetect import Zone, Zones
from slipdetect.cli.camera_file import CameraEntry, read_cameras, read_zones
from slipdetect.cli.watch import watch
from slipdetect.errors import DataError

BED = ((0.6, 0.5), (0.95, 0.5), (0.95, 0.9), (0.6, 0.9))
WHOLE = """\
# all of it
[camera.kitchen]
source = "rtsp://kitchen.example/stream"
sensitivity = "high"
min-duration = 0.5   # as the option is written
max_lag = 2

[camera.kitchen.zone.bed]
exclude = [
  [0.6, 0.5],
  [0.95, 0.5],
  [0.95, 0.9],
  [0.6, 0.9]
]

[camera."back door"]
source_env = "BACK_DOOR"

[camera.hall]
source_file = "secrets/hall"
calibration = "models/hall"
zone.floor.include = [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]

[camera.desk]
source = 0
view = "above"
"""


def cameras(folder: Path, text: str | bytes) -> list[CameraEntry]:
    path = folder / "cameras.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_cameras(path, watch)


def test_a_file_of_cameras_says_this(tmp_path: Path) -> None:
    kitchen, door, hall, desk = cameras(tmp_path, WHOLE)
    assert kitchen == CameraEntry(
        "kitchen",
        ("source", "rtsp://kitchen.example/stream"),
        (("sensitivity", "high"), ("min_duration", 0.5), ("max_lag", 2.0)),
        None,
        Zones((Zone("bed", BED),)),
    )
    assert door == CameraEntry("back door", ("source_env", "BACK_DOOR"))
    floor = Zone("floor", ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)), include=True)
    assert hall == CameraEntry(
        "hall",
        ("source_file", str(tmp_path / "secrets" / "hall")),  # beside the file
        (),
        str(tmp_path / "models" / "hall"),
        Zones((floor,)),
    )
    assert desk == CameraEntry("desk", ("source", "0"), (("view", "above"),))
    # as Windows writes files
    assert cameras(tmp_path, b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode()) == [
        *(kitchen, door, hall, desk)
    ]


def test_absolute_paths_stay(tmp_path: Path) -> None:
    (hall,) = cameras(
        tmp_path, '[camera.hall]\nsource_file = "/run/hall"\ncalibration = "/models/hall"\n'
    )
    assert (hall.address, hall.calibration) == (("source_file", "/run/hall"), "/models/hall")


ONE = '[camera.a]\nsource = "0"\n'
ZONE = ONE + "\n[camera.a.zone.bed]\n"
# text, the line that is told, words of the message
WRONG: dict[str, tuple[str | bytes, int | None, str]] = {
    "key": (ONE + "sensitivty = 'high'\n", 3, "'sensitivty' is not known; did you mean 'sensit"),
    "key like none": (ONE + "zzz = 1\n", 3, "'zzz' is not known; there is source, source_env"),
    "key of another option": (ONE + "webhook = 'http://x'\n", 3, "'webhook' is not known"),
    "table": (ONE + "[cameras.b]\n", 3, "'cameras' is not known; a camera is a table [camera.NAME"),
    "key outside": ('\nsource = "0"\n' + ONE, 2, "'source' is not known"),
    "two of one name": (ONE + "[camera.a]\nsource = 1\n", 3, "there twice; rename one"),
    "key twice": (ONE + "source = 1\n", 3, "there twice"),
    "alike": (ONE + '[camera.A]\nsource = "1"\n', 3, "'A' is too much like 'a'; rename one"),
    "name": (ONE + '[camera."../b"]\nsource = 1\n', 3, "the name '../b' must be letters, digits"),
    "long name": (f"[camera.{'a' * 61}]\nsource = 1\n", 1, "at most 60"),
    "no source": ("\n[camera.a]\nretries = 3\n", 2, "give one of source, source_env, source_file"),
    "two sources": (
        ONE + 'source_env = "A"\n',
        1,
        "it has source and source_env; give one of source",
    ),
    "empty source": ('[camera.a]\nsource = ""\n', 2, "source is empty"),
    "source of a kind": ("[camera.a]\nsource = 1.5\n", 2, "source must be text"),
    "type": (ONE + "onset = [0.5]\n", 3, "onset is one value, not [0.5]"),
    "boolean": (ONE + "retries = true\n", 3, "retries is one value, not True"),
    "no number": (ONE + "\nonset = 'high'\n", 4, "onset: 'high' is not a valid float"),
    "range": (ONE + "onset = 1.5\n", 3, "onset: 1.5 is not in the range 0.0<=x<=1.0"),
    "choice": (ONE + "sensitivity = 'most'\n", 3, "sensitivity: 'most' is not one of"),
    "whole": (ONE + "retries = 1.5\n", 3, "retries: '1.5' is not a valid int"),
    "calibration": (ONE + "calibration = 3\n", 3, "calibration must be text"),
    "no table": ("[camera]\na = 3\n", 2, "'a' must be a table [camera.a]"),
    "list of tables": ('[[camera]]\nsource = "0"\n', 1, "it names no camera"),
    "empty": ("", None, "it names no camera; begin a table [camera.NAME]"),
    "comments": ("# [camera.a]\n", None, "it names no camera"),
    "empty table": ("[camera]\n", 1, "it names no camera"),
    "not UTF-8": (b'[camera.a]\nsource = "\xe4"\n', None, "is not UTF-8 text; save it as such"),
    "not TOML": (ONE + "onset 0.5\n", 3, "not valid TOML: Expected '=' after a key"),
    "name with a space": (
        '[camera.living room]\nsource = "0"\n',
        1,
        'a name with spaces stands between quotes, as [camera."living room"]',
    ),
    "no end": (ONE + "onset =", None, "not valid TOML: Invalid value (at end of document)"),
    "zone that crosses itself": (
        ZONE + "exclude = [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]\n",
        5,
        "zone 'bed' crosses itself: its sides 1 and 3 meet",
    ),
    "view": (ONE + "view = 'top'\n", 3, "view: 'top' is not one of 'level', 'above'"),
    "zone out of the picture": (
        ZONE + "exclude = [\n  [60, 50],\n  [95, 50],\n  [95, 90]\n]\n",
        5,
        "zone 'bed': the corner (60, 50) is not in the picture; give shares",
    ),
    "zone of two": (ZONE + "exclude = [[0.1, 0.1], [0.9, 0.9]]\n", 5, "has 2 corners; it needs 3"),
    "zone without": (ZONE, 4, "zone 'bed' has include or exclude, not neither"),
    "zone with both": (ZONE + "include = []\nexclude = []\n", 4, "include or exclude, not both"),
    "key of a zone": (ZONE + "\nexlude = []\n", 6, "'exlude' is not known; a zone has include or"),
    "zone as value": (ONE + "zone = 3\n", 3, "zones are tables such as [camera.NAME.zone.bed]"),
    "zone as a list": (ONE + "zone.bed = []\n", 3, "zone 'bed' must be a table of its own"),
    "corners as text": (ZONE + "exclude = 'all'\n", 5, "exclude is a list of corners such as [0.1"),
    "corner as text": (ZONE + "exclude = ['00', '01', '11']\n", 5, "is a list of corners"),
    "numbers as text": (ZONE + "exclude = [['0', '1'], [1, 1], [1, 0]]\n", 5, "list of corners"),
    "booleans": (ZONE + "exclude = [[true, 1], [1, 1], [1, 0]]\n", 5, "is a list of corners"),
    "corner of three": (ZONE + "exclude = [[0, 0, 0], [1, 1], [1, 0]]\n", 5, "list of corners"),
    "corners as a table": (ZONE + "exclude = {}\n", 5, "has 0 corners; it needs 3"),
    "zone of a word": (
        ONE + "[camera.a.zone.outside]\nexclude = [[0,0], [0,1], [1,1]]\n",
        4,
        "name",
    ),
    "key behind a zone over several lines": (
        ZONE + "exclude = [\n [0.1, 0.1], [0.9, 0.1],\n [0.9, 0.9]\n]\nincline = 3\n",
        9,
        "'incline' is not known; a zone has include",
    ),
}


@pytest.mark.parametrize(("text", "line", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, text: str | bytes, line: int | None, words: str
) -> None:
    with pytest.raises(DataError) as caught:
        cameras(tmp_path, text)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    assert "cameras.toml" in message
    assert (f", line {line}: " in message) if line is not None else (", line " not in message)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*nowhere.toml'.*; check it"):
        read_cameras(tmp_path / "nowhere.toml", watch)
    with pytest.raises(DataError, match=r"cannot read"):
        read_zones(tmp_path)


def zones(folder: Path, text: str) -> Zones:
    path = folder / "zones.toml"
    path.write_text(text, encoding="utf-8")
    return read_zones(path)


def test_a_file_of_zones(tmp_path: Path) -> None:
    text = "[zone.bed]\nexclude = [[0.6, 0.5], [0.95, 0.5], [0.95, 0.9], [0.6, 0.9]]\n"
    more = '[zone."the floor"]\ninclude = [[0, 0.5], [1, 0.5], [1, 1]]\n'
    floor = Zone("the floor", ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0)), include=True)
    assert zones(tmp_path, text) == Zones((Zone("bed", BED),))
    assert zones(tmp_path, text + more) == Zones((Zone("bed", BED), floor))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "zones.toml: it names no zone; begin a table [zone.NAME]"),
        ("[zone]\n", "line 1: it names no zone"),
        ("\n[camera.a]\n", "line 2: 'camera' is not known; a zone is a table [zone.NAME]"),
        ("[zone.a]\nexclude = [[0, 0], [1, 1], [1, 0], [0, 1]]\n", "line 2: zone 'a' crosses"),
        ("[zone.a\n", "line 1: not valid TOML"),
        ("zone = 1\n", "line 1: it names no zone"),
    ],
)
def test_a_wrong_file_of_zones(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        zones(tmp_path, text)
    assert words in str(caught.value)
