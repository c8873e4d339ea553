"""The HTML report in a real browser: clicks move the player, a review is saved, and it trains.

In: a page about three small videos. Out: nothing but assertions. Needs Chromium and Playwright.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from media.making import with_sound, write_marked
from media.marker import read_marker
from results import make_result
from slipdetect.detection import Event, EventConfig
from slipdetect.lab.data import read_annotations
from slipdetect.models import load_package
from slipdetect.reports.page import About, html_page, video_section
from slipdetect.sinks.page import video_address
from slipdetect.video import Recording, VideoInfo, open_video, show
from synth import make_video

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

EVENTS = EventConfig(onset=0.7, offset=0.3)
NAMES = ('a "fall", then.mp4', "=b.mp4", "c.mp4")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page beside its videos, of 4 s each; the first has two events, the second one."""
    folder = tmp_path_factory.mktemp("videos")
    found = (
        (Event(1.0, 1.6, 1.3, 0.95), Event(2.5, 3.0, 2.7, 0.8)),
        (Event(2.0, 2.6, 2.3, 0.9),),
        (),
    )
    sections = []
    for index, (name, events) in enumerate(zip(NAMES, found, strict=True)):
        make_video(
            folder / name, ("slip", "walk", "still")[index], count=100 + index, size=(64, 48)
        )
        result = make_result(name, *events, duration=4.0)
        address = video_address(str(folder / name), folder / "report.html")
        sections.append(video_section(result, EVENTS, {}, address, name))
    about = About("tiny", {}, EVENTS, "# Card", "0.1", "now", str(folder))
    (folder / "report.html").write_text(html_page(sections, about), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, videos: Path) -> Iterator[Any]:
    """The page, which may neither fail nor reach for anything but its videos."""
    context = browser.new_context()
    shown, troubles = context.new_page(), []
    shown.on("pageerror", lambda error: troubles.append(str(error)))
    shown.on("console", lambda line: troubles.append(line.text) if line.type == "error" else None)
    shown.on("request", lambda r: None if r.url.startswith("file:") else troubles.append(r.url))
    shown.goto((videos / "report.html").as_uri())
    yield shown
    context.close()
    assert [line for line in troubles if not line.startswith("blob:")] == []


def section(page: Any, index: int) -> Any:
    return page.locator(".video").nth(index)


def time_of(page: Any, index: int, seconds: float) -> None:
    """Wait until a player is at ``seconds``, or a little later as it plays."""
    page.wait_for_function(
        "([index, time]) => { const at = document.querySelectorAll('video')[index].currentTime;"
        " return at >= time && at < time + 0.9; }",
        arg=[index, seconds],
        timeout=10_000,
    )


def test_a_click_on_an_event_moves_the_player_there(page: Any) -> None:
    section(page, 0).locator(".mark").nth(1).click()
    time_of(page, 0, 2.5)
    section(page, 1).locator(".jump").click()
    time_of(page, 1, 2.0)
    # a quarter of the timeline of 4 s
    box = section(page, 2).locator(".timeline").bounding_box()
    section(page, 2).locator(".timeline").click(position={"x": box["width"] / 4, "y": 20})
    time_of(page, 2, 1.0)
    cursor = section(page, 2).locator(".cursor")
    assert cursor.is_visible()
    assert page.locator(".unplayable:visible").count() == 0


def test_events_are_reached_by_keyboard(page: Any) -> None:
    section(page, 0).locator(".mark").first.focus()
    page.keyboard.press("Enter")
    time_of(page, 0, 1.0)


def test_nothing_is_saved_before_it_is_judged_and_watched(page: Any) -> None:
    page.locator("#save").click()
    assert "Nothing to save yet" in page.locator(".trouble").inner_text()
    section(page, 1).get_by_role("button", name="Right").click()
    assert "1 of 3 events judged, 0 of 3 videos complete" in page.locator("#bar").inner_text()


def test_edges_that_make_no_sense_are_marked_and_not_saved(page: Any) -> None:
    section(page, 1).get_by_role("button", name="Right").click()
    section(page, 1).get_by_role("checkbox").check()
    end = section(page, 1).get_by_label("end in seconds")
    end.fill("1.5")
    end.blur()
    assert end.get_attribute("aria-invalid") == "true"
    assert "ends before it begins" in page.locator(".trouble").inner_text()
    end.fill("2.9")
    end.blur()
    assert "1 of 3 videos complete" in page.locator("#bar").inner_text()


def review(page: Any, target: Path) -> None:
    """Judge all, move an edge, add a fall that was missed, and save."""
    first, second, third = (section(page, index) for index in range(3))
    first.get_by_role("button", name="Right").nth(0).click()
    first.get_by_role("button", name="Wrong").nth(1).click()
    start = first.get_by_label("start in seconds").nth(0)
    start.fill("0.8")
    start.blur()
    second.get_by_role("button", name="Wrong").click()
    box = second.locator(".timeline").bounding_box()
    second.locator(".timeline").click(position={"x": box["width"] / 8, "y": 20})
    time_of(page, 1, 0.5)
    second.locator("video").evaluate("player => { player.pause(); player.currentTime = 0.5; }")
    second.get_by_role("button", name="Add a missed fall").click()
    for each in (first, second, third):
        each.get_by_role("checkbox").check()
    with page.expect_download() as waiting:
        page.locator("#save").click()
    waiting.value.save_as(target)
    assert "Saved 3 of 3 videos." in page.locator("#bar").inner_text()


def test_the_review_is_annotations_as_it_is(page: Any, videos: Path, run: Any) -> None:
    review(page, videos / "review.csv")
    with (videos / "review.csv").open(newline="", encoding="utf-8") as stream:
        rows = [tuple(row.values()) for row in csv.DictReader(stream)]
    assert rows == [
        (NAMES[0], "0.8", "1.6", "right", NAMES[0], "0.95"),
        (NAMES[0], "2.5", "3", "wrong", NAMES[0], "0.8"),
        ("./=b.mp4", "0.5", "1.5", "missed", "./=b.mp4", ""),
        ("./=b.mp4", "2", "2.6", "wrong", "./=b.mp4", "0.9"),
        ("c.mp4", "", "", "other", "c.mp4", ""),
    ]
    first, second, third = read_annotations(videos / "review.csv")
    assert (first.events, first.lookalikes) == (((0.8, 1.6),), ((2.5, 3.0),))
    assert (second.events, second.lookalikes) == (((0.5, 1.5),), ((2.0, 2.6),))
    assert not third.positive
    done = run("prepare", "intervals", videos / "review.csv", "--out", videos / "clips.csv")
    assert done.exit_code == 0, done.output


def test_the_review_trains(page: Any, videos: Path, run: Any, tmp_path: Path) -> None:
    """False alarms become hard negatives, of the share that mined ones have."""
    review(page, tmp_path / "review.csv")
    tiny = (
        "--modality rgb --backbone resnet18 --epochs 1 --batch-size 4 --device cpu "
        "--set input_size=32 --set short_side=48 --set sample_fps=5 --set window=0.6 "
        "--set snippet_step=1 --set windows_per_epoch=8 --set validation=0"
    )
    out = tmp_path / "run"
    review_of = ("--data", tmp_path / "review.csv", "--root", videos)
    done = run("train", *review_of, "--out", out, *tiny.split())
    assert done.exit_code == 0, done.output
    training = load_package(out / "last").config.training
    assert training["config"]["hard_negative_fraction"] == 0.25
    assert [part["clips"] for part in training["training_data"]] == [3]


_READY = "() => document.querySelector('video').readyState > 1"
_STILL = """async player => {
  if (player.seeking) await new Promise(r => player.addEventListener("seeked", r, { once: true }));
  player.controls = false;
  player.style.cssText = `width: ${player.videoWidth}px; height: ${player.videoHeight}px`;
  await new Promise(r => setTimeout(r, 300));
  return player.currentTime;
}"""


@pytest.mark.parametrize(
    ("kind", "meant"),
    # Chromium takes 8 s for the whole of a delayed recording, and cannot seek behind that
    [
        ("sound-first", 150),
        ("delayed", 40),
        ("gap", 150),
        pytest.param("copy", 150, marks=pytest.mark.slow),
    ],
)
def test_the_page_seeks_to_the_picture_that_was_meant(
    browser: Any, tmp_path: Path, kind: str, meant: int
) -> None:
    """Picture n of a marked recording is the one that the event at its time shows."""
    times = {n: 6 + n / 25 for n in range(200)}
    if kind == "gap":
        times = {n: n / 25 + (4000 if n >= 100 else 0) for n in range(200)}
    path = tmp_path / "a.mp4"
    if kind in ("sound-first", "copy"):
        with_sound(path, times, 14.0)
    else:
        write_marked(path, times)
    with open_video(path) as video:
        wanted = next(f for f in video.frames() if read_marker(f.image) == meant)
        info = video.info
    begins, played = -max(info.zero, 0.0), path
    if kind == "copy":
        copy = Recording(tmp_path / "copy.mp4", None)
        show(str(path), [copy])
        begins, played = info.start, copy.target
    event = Event(wanted.time, wanted.time + 0.2, wanted.time + 0.1, 0.9)
    result = make_result(path.name, event, duration=video_end(info), info=info)
    address = video_address(str(played), tmp_path / "r.html")
    about = About("tiny", {}, EVENTS, "# Card", "0.1", "now", str(tmp_path))
    section = video_section(result, EVENTS, {}, address, path.name, begins)
    (tmp_path / "r.html").write_text(html_page([section], about), encoding="utf-8")
    context = browser.new_context()
    shown = context.new_page()
    shown.goto((tmp_path / "r.html").as_uri())
    shown.evaluate("document.querySelector('video').play = async () => {}")
    shown.locator(".jump").first.click()
    shown.wait_for_function(_READY, timeout=10_000)
    at = shown.locator("video").evaluate(_STILL)
    data = np.frombuffer(shown.locator("video").screenshot(), np.uint8)
    context.close()
    assert at == pytest.approx(wanted.time - begins, abs=0.01)
    number = read_marker(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
    assert number == pytest.approx(meant, abs=1)


def video_end(info: VideoInfo) -> float:
    assert info.end is not None
    return info.end
