"""JSON on stdout is nothing but JSON, whatever else goes on.

In: runs of the real detector with a tiny model. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slipdetect.cli.main import cli
from synth import cut, make_video


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good, a short, a damaged and a broken video."""
    folder = tmp_path_factory.mktemp("videos")
    make_video(folder / "a.mp4", "slip", count=50, size=(64, 48))
    make_video(folder / "b.mp4", "walk", count=3, size=(64, 48))
    make_video(folder / "c.mp4", "bars", count=100, options={"movflags": "faststart"})
    cut(folder / "c.mp4", 0.5)
    (folder / "d.mp4").write_bytes(b"no video" * 1000)
    return folder


def test_json_is_pure_with_warnings_and_failures(
    videos: Path, tiny_package: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # what libraries of C write counts too, so the streams are those of the process
    command = ["detect", str(videos), "--windows", "--model", str(tiny_package)]
    with pytest.raises(SystemExit) as ended:
        cli([*command, "--format", "json", "-v", "--out", "-"])
    written, errors = capfd.readouterr()
    assert ended.value.code == 5, errors
    lines = [json.loads(line) for line in written.encode("ascii").splitlines()]
    names = [Path(line["source"]["name"]).name for line in lines]
    assert names == ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]
    assert all(line["version"] == 2 for line in lines)
    good, short, damaged, broken = lines
    assert good["source"]["frames_read"] == 50
    assert good["model"]["name"] == "tiny"
    assert good["windows"][0]["start"] == 0.0
    assert short["source"]["padded"] is True
    assert damaged["source"]["truncated"] is True
    assert set(broken) == {"version", "source", "error"}
    assert "Warning: " in errors
    assert "Traceback" not in errors


def test_csv_and_table_of_the_real_detector(run, videos: Path, tiny_package: Path) -> None:
    events = ["--onset", "0", "--offset", "0", "--model", tiny_package]
    table = run("detect", videos / "a.mp4", *events)
    assert table.exit_code == 0
    assert "00:00:00.000" in table.stdout
    rows = run("detect", videos / "a.mp4", *events, "--format", "csv").stdout.splitlines()
    assert len(rows) == 2
    assert float(rows[1].split(",")[2]) == 0.0
