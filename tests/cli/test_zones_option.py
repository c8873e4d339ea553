"""``--zones`` of ``detect`` and ``watch``: a file of zones, and what is wrong with it.

In: drawn films and files of zones. Out: nothing but assertions.
"""

from __future__ import annotations

import os
from pathlib import Path

import av
import jsonschema
import numpy as np
import pytest

from live_driver import lamp, lines
from slipdetect.reports.formats import detect_schema
from stream_server import camera_server
from synth import make_video

# the lamp of the film moves everywhere, so its foot is the middle of the lower side
HERE = "[zone.lamp]\nexclude = [[0.3, 0.8], [0.7, 0.8], [0.7, 1.0], [0.3, 1.0]]\n"
ELSEWHERE = "[zone.corner]\nexclude = [[0.0, 0.0], [0.2, 0.0], [0.2, 0.2], [0.0, 0.2]]\n"
ONLY_ELSEWHERE = ELSEWHERE.replace("exclude", "include")
CROSSED = "\n[zone.lamp]\nexclude = [[0, 0], [1, 1], [1, 0], [0, 1]]\n"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return make_video(tmp_path / "film.mp4", [lamp(k / 25) for k in range(50)], rate=25.0).path


def found(result, name: str = "events") -> list[dict[str, object]]:
    (line,) = lines(result.stdout)
    jsonschema.validate(line, detect_schema())
    return line.get(name, [])


def test_a_fall_counts_by_the_zones_of_a_file(run, model: Path, film: Path, tmp_path: Path) -> None:
    for name, text in (("here", HERE), ("away", ELSEWHERE), ("only", ONLY_ELSEWHERE)):
        (tmp_path / f"{name}.toml").write_text(text)
    call = ("detect", film, "--model", model, "--format", "json", "--windows")
    plain = run(*call)
    assert len(found(plain)) == 1
    away = run(*call, "--zones", "away.toml")
    assert found(away) == found(plain)
    assert found(away, "windows") == found(plain, "windows")
    for name, zone in (("here", "lamp"), ("only", "outside")):
        result = run(*call, "--zones", f"{name}.toml")
        assert found(result) == []
        left_out = [each.pop("zone", None) for each in found(result, "windows")]
        assert zone in left_out
        assert len(found(result, "zones")) == 1
        probabilities = [each["probability"] for each in found(result, "windows")]
        assert probabilities == [each["probability"] for each in found(plain, "windows")]
    table = run("detect", film, "--model", model, "--windows", "--zones", "here.toml").stdout
    assert "in zone 'lamp'" in table.splitlines()[0]
    assert sum(line.endswith("in zone 'lamp'") for line in table.splitlines()[2:]) > 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CROSSED, "zones.toml, line 3: zone 'lamp' crosses itself: its sides 1 and 3 meet"),
        ("[zone.lamp]\nexlude = []\n", "line 2: 'exlude' is not known"),
        ("[camera.a]\nsource = 0\n", "line 1: 'camera' is not known; a zone is a table"),
        (None, "cannot read 'zones.toml'"),
    ],
)
@pytest.mark.parametrize("command", ["detect", "watch"])
def test_a_wrong_file_ends_the_run_before_anything_starts(
    run, model: Path, film: Path, tmp_path: Path, command: str, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / "zones.toml").write_text(text)
    source = film if command == "detect" else "http://127.0.0.1:9/x"
    result = run(command, source, "--model", model, "--zones", "zones.toml")
    assert result.exit_code == 3
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert words in line


def test_zones_of_a_live_source_and_of_cameras_without_their_own(
    run, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "here.toml").write_text(HERE)
    more = ("--model", model, "--max-duration", "2", "--zones", "here.toml")
    with camera_server(lamp) as camera:
        single = run("watch", f"http://{camera.place}/ts", *more)
    assert single.exit_code == 0, single.output
    assert [line["type"] for line in lines(single.stdout)] == ["started", "summary"]
    with camera_server(lamp) as camera:
        source = f'source = "http://{camera.place}/ts"'
        (tmp_path / "cameras.toml").write_text(
            f"[camera.a]\n{source}\n"
            f"[camera.b]\n{source}\n{ELSEWHERE.replace('zone.', 'camera.b.zone.')}"
        )
        two = run("watch", "cameras.toml", *more)
    assert two.exit_code == 0, two.output
    events = [(line["camera"], line["type"]) for line in lines(two.stdout)]
    assert ("b", "event") in events
    assert not {("a", "event"), ("a", "onset")} & set(events)


def test_zones_are_drawn_on_overlays_and_shown_on_pages(
    run, model: Path, film: Path, tmp_path: Path
) -> None:
    (tmp_path / "here.toml").write_text(HERE)
    outputs = ("--overlay", "seen.mp4", "--html", "page.html")
    call = ("detect", film, "--model", model, *outputs, "--overwrite")

    def first_picture() -> np.ndarray:
        with av.open(os.fspath(tmp_path / "seen.mp4")) as video:
            return next(video.decode(video=0)).to_ndarray(format="rgb24").astype(int)

    assert run(*call).exit_code == 0
    plain, without = first_picture(), (tmp_path / "page.html").read_text()
    assert run(*call, "--zones", "here.toml").exit_code == 0
    drawn, page = first_picture(), (tmp_path / "page.html").read_text()
    changed = np.abs(drawn - plain).max(2) > 30
    # the upper side of the zone at four fifths of the 48 rows; nothing above it but the name
    assert changed[37:40, 20:45].any(0).mean() > 0.9
    assert not changed[:30].any()
    assert 'class="leftout"' in page
    assert "lamp (left out)" in page
    assert 'alt="the zones in the first picture"' in page
    assert 'class="leftout"' not in without
    assert "<figure" not in without
