"""``detect --html``: one page about all videos, and what the page finds beside it.

In: runs with a stand-in detector. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from results import FakeDetector, make_result
from slipdetect.sinks.page import common_folder, path_below, video_address
from slipdetect.video import VideoInfo, open_video
from synth import make_video

pytestmark = pytest.mark.usefixtures("fake", "wishes")


def page(file: str = "report.html") -> str:
    return Path(file).read_text(encoding="utf-8")


def test_one_page_about_all_videos_failures_too(run) -> None:
    result = run("detect", "none.mp4", "fall.mp4", "missing.mp4", "--html", "report.html")
    assert result.exit_code == 5
    assert result.stderr.endswith("wrote 'report.html'\n")
    assert "1 with a slip, 1 without, 1 failed" in result.stdout
    assert re.findall(r"<h2>([^<]+)</h2>", page())[:3] == ["fall.mp4", "none.mp4", "missing.mp4"]
    assert 'src="./fall.mp4"' in page()
    assert "Model fake; an event begins at" in page()


def test_a_page_that_exists_is_kept(run) -> None:
    """R03: before the work begins."""
    Path("report.html").write_text("mine")
    result = run("detect", "fall.mp4", "--html", "report.html")
    assert (result.exit_code, result.stdout) == (6, "")
    assert page() == "mine"
    assert run("detect", "fall.mp4", "--html", "report.html", "--overwrite").exit_code == 0
    assert "<h1>1 event in 1 video</h1>" in page()


def test_only_html(run) -> None:
    result = run("detect", "fall.mp4", "--html", "report.pdf")
    assert result.exit_code == 2
    assert "name one, such as report.html" in result.stderr


def test_json_stays_pure_beside_a_page(run) -> None:
    result = run("detect", "fall.mp4", "--html", "report.html", "--format", "json")
    assert json.loads(result.stdout)["events"][0]["start"] == 3.2


def test_an_interrupted_run_keeps_the_page_of_what_is_done(run) -> None:
    assert run("detect", "fall.mp4", "stop.mp4", "--html", "report.html").exit_code == 130
    assert "<h1>1 event in 1 video</h1>" in page()


@pytest.mark.parametrize(
    ("source", "target", "address"),
    [
        ("videos/a b#1.mp4", "report.html", "./videos/a%20b%231.mp4"),
        ("a:b.mp4", "report.html", "./a%3Ab.mp4"),
        ("videos/a.mp4", "out/report.html", "../videos/a.mp4"),
        ("/videos/a.mp4", "/out/report.html", "../videos/a.mp4"),
    ],
)
def test_the_player_finds_the_video_from_the_page(source: str, target: str, address: str) -> None:
    assert video_address(source, Path(target)) == address


def test_paths_of_the_review_count_from_the_common_folder() -> None:
    root = common_folder(["/v/a/x.mp4", "/v/b/y.mp4"])
    assert root == Path("/v")
    assert path_below("/v/b/y.mp4", root) == "b/y.mp4"
    assert path_below("/else/y.mp4", root) == ""
    assert path_below("/v/\udcff.mp4", root) == ""
    assert common_folder(["/v/a/x.mp4"]) == Path("/v/a")


def test_a_video_that_browsers_do_not_play_gets_a_copy(run, monkeypatch) -> None:
    make_video(Path("clip.avi"), count=10, codec="mpeg4")
    info = VideoInfo("clip.avi", 128, 96, 25.0, 0.4, "mpeg4", 0, 1)
    looked = make_result("clip.avi", info=info)
    monkeypatch.setattr(FakeDetector, "detect", lambda self, source, **rest: looked)
    result = run("detect", "clip.avi", "--html", "report.html")
    assert result.exit_code == 0
    assert 'src="./report_files/clip.mp4"' in page()
    with open_video("report_files/clip.mp4") as copy:
        assert copy.info.codec == "h264"
        assert len(list(copy.frames())) == 10
    assert "wrote 'report_files/clip.mp4'" in result.stderr


def test_a_copy_that_cannot_be_made_costs_the_copy_alone(run, monkeypatch) -> None:
    info = VideoInfo("fall.mp4", 128, 96, 25.0, 0.4, "mpeg4", 0, 1)
    looked = make_result("fall.mp4", info=info)
    monkeypatch.setattr(FakeDetector, "detect", lambda self, source, **rest: looked)
    result = run("detect", "fall.mp4", "--html", "report.html")
    assert result.exit_code == 0
    assert "no copy that browsers play" in result.stderr
    assert 'src="./fall.mp4"' in page()


def test_the_page_knows_where_what_it_plays_begins(run, monkeypatch) -> None:
    """A copy begins with the first picture; of the file itself browsers show the stamps."""
    make_video(Path("clip.avi"), count=10, codec="mpeg4")
    begins = {}
    for name, codec in (("clip.avi", "mpeg4"), ("fall.mp4", "h264")):
        info = VideoInfo(name, 128, 96, 25.0, 0.4, codec, 0, 1, start=6.0, zero=1.5)
        looked = make_result(name, info=info)
        monkeypatch.setattr(FakeDetector, "detect", lambda self, source, looked=looked, **_: looked)
        assert run("detect", name, "--html", f"{codec}.html").exit_code == 0
        begins[codec] = re.findall(r'data-begins="([^"]+)"', page(f"{codec}.html"))
    assert begins == {"mpeg4": ["6"], "h264": ["-1.5"]}
