"""``watch --page``: refused where it makes no sense, and used in a real browser.

In: cameras of this machine. Out: nothing but assertions. The browser's part needs Chromium and
Playwright.
"""

from __future__ import annotations

import csv
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from live_driver import kinds, lamp
from mosquitto import eventually, free_port
from page_driver import STATE, TOKEN, Site, site, watched
from slipdetect.detection import Detector
from slipdetect.lab.data import read_annotations
from slipdetect.types.zones import Zone, Zones
from stream_server import camera_server

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
DEAD = "rtsp://127.0.0.1:1/x"
BED = Zone("bed", ((0.1, 0.1), (0.4, 0.1), (0.4, 0.5)))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--page", "8080"), "--page '8080' is not HOST:PORT; give one such as 127.0.0.1:8080"),
        (("--page", "0.0.0.0:8080"), "so it needs a token; set a variable to one and name it by"),
        (
            ("--page", "0.0.0.0:8080", "--page-token-env", "PAGE_TOKEN"),
            "--page-token-env: there is no variable PAGE_TOKEN, or it is empty; set it",
        ),
        (
            ("--page", "127.0.0.1:8080", "--page-token-env", "SHORT"),
            "the token in SHORT must be at least 16 letters, digits or signs",
        ),
        (("--page-token-env", "SHORT"), "--page-token-env is for --page; give it too"),
    ],
)
def test_what_makes_no_sense_is_exit_2(
    run, model: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str], said: str
) -> None:
    monkeypatch.setenv("SHORT", "s3cr3t")
    result = run("watch", DEAD, "--model", model, *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr
    assert "s3cr3t" not in result.output


def test_a_port_in_use_is_exit_6_and_one_line(run, model: Path) -> None:
    with camera_server(lamp) as taken:
        result = run("watch", DEAD, "--model", model, "--page", taken.place)
    assert result.exit_code == 6
    assert result.stdout == ""
    assert result.stderr == (
        f"Error: --page: cannot listen at http://{taken.place}: the port is in use; choose another "
        "one, or end what listens there\n"
    )


def test_a_review_that_is_none_is_told_before_anything_is_watched(run, model: Path) -> None:
    Path("clips").mkdir()
    Path("clips/review.csv").write_text("my notes")
    place = ("--page", f"127.0.0.1:{free_port()}", "--clips", "clips")
    result = run("watch", DEAD, "--model", model, *place)
    assert result.exit_code == 3
    assert "'clips/review.csv' is not a review with the columns path," in result.stderr
    assert Path("clips/review.csv").read_text() == "my notes"


def test_a_run_is_served_until_it_ends(run, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGE_TOKEN", TOKEN)
    port = free_port()
    served, seen, numbers = Site(port), [], []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            try:
                numbers.append(served.ask("/metrics", Authorization=f"Bearer {TOKEN}")[2])
                answer = served.ask("/state.json", Authorization=f"Bearer {TOKEN}")
            except OSError:
                continue
            seen.append(json.loads(answer[2]))

    with camera_server(lamp) as camera:
        looker = threading.Thread(target=look)
        looker.start()
        place = ("--page", f"127.0.0.1:{port}", "--page-token-env", "PAGE_TOKEN")
        address = f"http://admin:s3cr3t%40@{camera.place}/ts?token=t0k3n"
        more = ("--on-event", "true", "--max-duration", "4", "--debug")
        result = run("watch", address, "--model", model, *place, *more)
        over.set()
        looker.join()
    assert result.exit_code == 0, result.output
    assert kinds(result.stdout) == ["started", "onset", "event", "summary"]
    (camera_then,) = seen[-1]["cameras"]
    assert camera_then["name"] == f"http://{camera.place}/..."
    assert camera_then["frames"] > 20
    assert camera_then["onset"] == 0.5
    event = json.loads(result.stdout.splitlines()[2])["event"]
    (shown,) = seen[-1]["events"]
    assert shown["event"] == event
    assert any(each["picture"] for state in seen for each in state["events"])  # made meanwhile
    assert (shown["clip"], seen[-1]["reviews"]) == (None, False)
    assert b'slipdetect_alerts_total{outcome="sent",sink="on-event"} 1.0' in numbers[-1]
    with pytest.raises(ConnectionRefusedError):
        served.ask("/healthz")
    everything = result.output + json.dumps(seen)
    assert not [secret for secret in ("s3cr3t", "t0k3n", TOKEN) if secret in everything]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_two_cameras_in_a_browser(browser: Any, model: Path, tmp_path: Path) -> None:
    """An event is acknowledged and marked, the review has it, and a zone is drawn."""
    from playwright.sync_api import expect

    light = threading.Event()

    def hall(moment: float) -> np.ndarray:
        return np.full((48, 64, 3), 235 if light.is_set() else 20, np.uint8)

    def dark(moment: float) -> np.ndarray:
        return np.full((48, 64, 3), 20, np.uint8)

    plain = Detector.load(model)
    detectors = {"hall": plain.again(zones=Zones((BED,))), "living room": plain}
    clips, troubles = tmp_path / "clips", []
    with camera_server(hall) as one, camera_server(dark) as two:
        sources = {"hall": f"http://{one.place}/ts", "living room": f"http://{two.place}/ts"}
        with watched(sources, detectors, clips) as served:
            context = browser.new_context()
            page = context.new_page()
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("console", lambda said: troubles.append(said.text))
            page.on(
                "request",
                lambda asked: None if served.host in asked.url else troubles.append(asked.url),
            )
            page.goto(f"http://{served.host}/")
            page.get_by_text("2 of 2 live").wait_for()
            first, second = page.locator(".camera").all()
            assert first.get_by_role("heading").inner_text() == "hall"
            assert second.get_by_role("heading").inner_text() == "living room"
            expect(first.locator("img")).to_have_js_property("naturalWidth", 64)
            assert first.locator("polygon.exclude").count() == 1
            assert second.locator("polygon").count() == 0
            assert page.get_by_text("None since the start.").is_visible()

            light.set()
            page.wait_for_timeout(700)
            light.clear()
            event = page.locator(".event")
            event.wait_for(timeout=15_000)
            assert "hall" in event.inner_text()
            expect(event.locator("img")).to_have_js_property("naturalWidth", 64)
            expect(page).to_have_title("(1) slipdetect")
            clip = event.get_by_role("link", name="Clip")
            clip.wait_for(timeout=15_000)
            event.get_by_role("button", name="Acknowledge").focus()
            page.keyboard.press("Enter")
            event.get_by_role("button", name="Acknowledged").wait_for()
            expect(page).to_have_title("slipdetect")
            event.get_by_role("button", name="Wrong, no fall").click()
            expect(event).to_contain_class("wrong")
            with (clips / "review.csv").open(newline="", encoding="utf-8") as stream:
                (row,) = csv.DictReader(stream)
            assert clip.get_attribute("href") == f"clips/{row['path']}"
            assert (row["label"], row["group"]) == ("wrong", "hall")
            (annotated,) = read_annotations(clips / "review.csv")
            assert annotated.path.is_file()
            assert served.ask(f"/clips/{row['path']}")[2] == annotated.path.read_bytes()
            ((start, end),) = annotated.lookalikes
            assert 0.3 < start < end < 3.0

            draw_a_zone(page)
            page.keyboard.press("Escape")
            assert not page.locator("dialog").is_visible()
            assert served.ask("/healthz")[0] == 200
            eventually(lambda: served.ask("/metrics")[2].count(b"_up{") == 2)
            context.close()
    assert troubles == []


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_zones_are_not_shown_without_a_picture(browser: Any, model: Path, tmp_path: Path) -> None:
    detector = Detector.load(model).again(zones=Zones((BED,)))
    with watched({"dead": "http://127.0.0.1:9/"}, {"dead": detector}, tmp_path / "clips") as served:
        page = browser.new_page()
        page.goto(f"http://{served.host}/")
        page.get_by_text("no picture yet").wait_for()
        zone = page.locator("polygon.exclude")
        zone.wait_for(state="attached")
        assert not zone.is_visible()
        page.close()


def draw_a_zone(page: Any) -> None:
    """Set corners by clicks and one by keyboard; the text is what the file of cameras takes."""
    from playwright.sync_api import expect

    page.get_by_role("button", name="Zones").nth(1).click()
    drawing, text = page.locator("#drawing"), page.locator("#toml")
    expect(page.locator("#still")).to_have_js_property("naturalWidth", 64)
    box = drawing.bounding_box()
    # the upper right corner is set out of order at first
    for x, y in ((0.25, 0.25), (0.75, 0.75), (0.75, 0.25)):
        drawing.click(position={"x": x * box["width"], "y": y * box["height"]})
    page.get_by_label("Name").fill("my sofa")
    assert text.input_value().startswith('[camera."living room".zone."my sofa"]\nexclude = [[')
    drawing.click(position={"x": 0.25 * box["width"], "y": 0.75 * box["height"]})
    page.get_by_text("The zone crosses itself").wait_for()
    assert text.input_value() == ""
    for _ in range(3):
        page.get_by_role("button", name="Remove last corner").click()
    page.get_by_text("1 of at least 3 corners").wait_for()
    drawing.focus()
    for key in ("ArrowRight", "Shift+ArrowUp", "Enter", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.locator("#zone-kind").select_option("include")
    lines = text.input_value().splitlines()
    assert lines[0] == '[camera."living room".zone."my sofa"]'
    assert lines[1].endswith("[0.510, 0.450], [0.510, 0.550]]")
    corner = json.loads(lines[1].removeprefix("include = "))[0]
    assert corner == pytest.approx([0.25, 0.25], abs=0.01)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_camera_that_looks_down_says_so(browser: Any) -> None:
    states = [STATE, replace(STATE, name="stairs", view="above")]
    with site(lambda: states) as served:
        page = browser.new_page()
        page.goto(f"http://{served.host}/")
        page.get_by_text("2 of 2 live").wait_for()
        shown = [
            each.get_by_text("from above").is_visible() for each in page.locator("article").all()
        ]
        assert shown == [False, True]
        page.close()
