"""What the page of ``watch`` shows, and the review that its marks become.

In: events and states made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import csv
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from page_driver import BEGAN, STATE, SUMMARY, found, site
from slipdetect.detection.cameras import _Run
from slipdetect.errors import DataError, SlipdetectError, UsageError
from slipdetect.lab.data import read_annotations
from slipdetect.sinks.live_page import LivePage
from slipdetect.sinks.sink import Setup
from slipdetect.types import Event, EventConfig
from slipdetect.types.zones import Zone, Zones
from slipdetect.video.live import LiveSettings
from slipdetect.web import board as board_module
from slipdetect.web.board import Board, camera_data, health
from slipdetect.web.review import COLUMNS, Review, Verdict


class Clips:
    """A folder of clips that come when they are told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spans: dict[Path, tuple[float, float]] = {}
        self.board = Board(list, self.spans.get, Review(folder / "review.csv"))

    def event(self, id: str, start: float, **changes: Any) -> None:
        self.board.add(found(id, start, clip=self.folder / f"{id}.mp4", **changes))

    def come(self, id: str, first: float, last: float) -> None:
        (self.folder / f"{id}.mp4").write_bytes(b"film")
        self.spans[self.folder / f"{id}.mp4"] = first, last

    def rows(self) -> list[list[str]]:
        path = self.folder / "review.csv"
        if not path.exists():
            return []
        header, *rows = csv.reader(path.open(newline="", encoding="utf-8"))
        assert tuple(header) == COLUMNS
        return rows


@pytest.fixture
def clips(tmp_path: Path) -> Clips:
    return Clips(tmp_path)


def test_verdicts_are_annotations_of_clips(clips: Clips) -> None:
    clips.event("a", 10.0)
    clips.event("b", 40.0)
    clips.come("a", 7.2, 15.1)
    clips.come("b", 36.96, 45.0)
    clips.board.mark("a", None, "right")
    told = clips.board.mark("b", None, "wrong")
    assert (told["verdict"], told["seen"], told["waits"]) == ("wrong", True, "")
    assert clips.rows() == [
        ["a.mp4", "2.800", "4.800", "right", "kitchen", "0.9"],
        ["b.mp4", "3.040", "5.040", "wrong", "kitchen", "0.9"],
    ]
    first, second = read_annotations(clips.folder / "review.csv")
    assert (first.positive, first.events) == (True, ((2.8, 4.8),))
    assert (second.positive, second.lookalikes) == (False, ((3.04, 5.04),))
    clips.board.mark("a", None, "")
    assert [row[0] for row in clips.rows()] == ["b.mp4"]
    assert clips.board.close() == 0


def test_to_acknowledge_says_nothing_of_what_it_was(clips: Clips) -> None:
    clips.event("a", 10.0)
    clips.come("a", 7.0, 15.0)
    assert clips.board.mark("a", True, None)["seen"]
    assert not clips.board.mark("a", False, None)["seen"]
    assert clips.rows() == []


def test_a_clip_is_annotated_when_it_is_there_and_all_of_it_is_judged(clips: Clips) -> None:
    """Whatever is not marked in a clip would teach that nobody falls there."""
    clips.event("a", 10.0)
    clips.event("b", 13.0)
    clips.event("other", 13.0, camera="yard")
    assert clips.board.mark("a", None, "right")["waits"] == "its clip is not there yet"
    assert clips.board.close() == 1
    clips.come("a", 8.0, 14.0)
    clips.come("b", 11.0, 17.0)
    told = clips.board.state()["events"][2]
    assert told["waits"] == "its clip shows another event, which is not judged"
    assert clips.rows() == []
    assert clips.board.close() == 1
    clips.board.mark("b", None, "wrong")
    assert clips.rows() == [
        ["a.mp4", "2.000", "4.000", "right", "kitchen", "0.9"],
        ["a.mp4", "5.000", "6.000", "wrong", "kitchen", "0.9"],
        ["b.mp4", "0.000", "1.000", "right", "kitchen", "0.9"],
        ["b.mp4", "2.000", "4.000", "wrong", "kitchen", "0.9"],
    ]
    clips.board.mark("a", None, "")
    assert clips.rows() == []


def test_a_clip_that_comes_later_is_annotated_then(clips: Clips) -> None:
    clips.event("a", 10.0)
    clips.board.mark("a", None, "wrong")
    clips.come("a", 7.0, 15.0)
    clips.board.state()
    assert [row[3] for row in clips.rows()] == ["wrong"]


def test_seconds_of_another_connection_are_not_confused(clips: Clips) -> None:
    clips.event("a", 10.0)
    clips.event("b", 11.0, began=BEGAN.replace(hour=11))
    clips.come("a", 7.0, 15.0)
    clips.board.mark("a", None, "right")
    assert [row[0] for row in clips.rows()] == ["a.mp4"]


def test_rows_of_earlier_runs_and_of_other_programs_stay(clips: Clips) -> None:
    path = clips.folder / "review.csv"
    path.write_text("path,start,end,label,group,score\r\nold.mp4,1,2,right,hall,0.5\r\n", "utf-8")
    clips.event("a", 10.0)
    clips.come("a", 7.0, 15.0)
    clips.board.mark("a", None, "wrong")
    assert [row[0] for row in clips.rows()] == ["old.mp4", "a.mp4"]

    def mark(name: str) -> None:
        own = Review(path)
        for index in range(20):
            own.put({f"{name}-{index}.mp4": [Verdict(1, 2, "right", name, 0.5)]})

    threads = [threading.Thread(target=mark, args=(name,)) for name in ("x", "y")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(clips.rows()) == 42


@pytest.mark.parametrize("text", ["name,age\n", "path,start,end,label,group,score\na,b\n", "\0"])
def test_a_file_that_is_no_review_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "review.csv"
    path.write_text(text)
    with pytest.raises(DataError, match="is not a review with the columns path,"):
        Review(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="is not a review"):
        Review(path)


def test_a_review_that_cannot_be_written_is_told_and_tried_again(clips: Clips) -> None:
    clips.event("a", 10.0)
    clips.come("a", 7.0, 15.0)
    path = clips.folder / "review.csv"
    path.write_text("somebody's notes")
    with pytest.raises(SlipdetectError, match="is not a review"):
        clips.board.mark("a", None, "wrong")
    assert "is not a review" in clips.board.state()["trouble"]
    assert path.read_text() == "somebody's notes"
    path.unlink()
    assert clips.board.state()["trouble"] == ""
    assert [row[0] for row in clips.rows()] == ["a.mp4"]


def test_trouble_is_over_when_there_is_nothing_left_to_write(clips: Clips) -> None:
    clips.event("a", 10.0)
    clips.come("a", 7.0, 15.0)
    (clips.folder / "review.csv").write_text("somebody's notes")
    with pytest.raises(SlipdetectError, match="is not a review"):
        clips.board.mark("a", None, "wrong")
    assert clips.board.mark("a", None, "")["verdict"] == ""
    assert clips.board.state()["trouble"] == ""


def test_a_last_write_that_fails_is_told(clips: Clips) -> None:
    page = LivePage("127.0.0.1:1", None, Setup(sources=["kitchen"]))
    page._board, page._cameras = clips.board, cast("Any", SimpleNamespace())
    clips.event("a", 10.0)
    clips.board.mark("a", None, "right")
    clips.come("a", 7.0, 15.0)  # only at the end
    (clips.folder / "review.csv").write_text("somebody's notes")
    with page:
        pass
    (told,) = page.missing
    assert "verdicts are lost" in str(told)
    assert "is not a review" in str(told)


def test_marks_are_checked(clips: Clips) -> None:
    clips.event("a", 10.0)
    with pytest.raises(UsageError, match="verdict is one of right, wrong"):
        clips.board.mark("a", None, "missed")
    with pytest.raises(KeyError):
        clips.board.mark("b", True, None)
    without = Board(list, {}.get, None)
    without.add(found("a", clip=None))
    with pytest.raises(UsageError, match="give --clips"):
        without.mark("a", None, "wrong")


def test_events_are_bounded_and_the_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "_MOST_EVENTS", 3)
    board = Board(list, {}.get, None)
    for index in range(5):
        board.add(found(str(index), 10.0 + index))
        board.show(str(index), b"jpeg")
    told = board.state()["events"]
    assert [each["id"] for each in told] == ["4", "3", "2"]
    assert told[0]["at"] == "2025-03-01T09:15:41.000Z"
    assert board.picture("2") == b"jpeg"
    assert board.picture("1") is None
    board.show("1", b"late")
    later = "2025-03-01T09:15:43.500Z"  # its camera's timestamps run slow
    board.update("4", Event(14.0, 16.0, 15.0, 0.9, down_for=30.0, time_of_day=later))
    assert board.state()["events"][0]["at"] == later
    assert board.state()["events"][0]["event"]["down_for"] == 30.0


@pytest.mark.parametrize("judged", [True, False])
def test_what_is_not_shown_any_more_is_still_in_the_clips_of_others(
    clips: Clips, monkeypatch: pytest.MonkeyPatch, judged: bool
) -> None:
    monkeypatch.setattr(board_module, "_MOST_EVENTS", 2)
    clips.event("a", 10.0)
    clips.event("b", 13.0)  # each clip shows both
    clips.come("a", 7.0, 15.0)
    clips.come("b", 10.0, 18.0)
    if judged:
        clips.board.mark("a", None, "right")
    clips.event("c", 100.0)
    clips.come("c", 97.0, 105.0)
    assert [each["id"] for each in clips.board.state()["events"]] == ["c", "b"]
    clips.board.mark("b", None, "wrong")
    clips.board.mark("c", None, "wrong")
    both = [["a.mp4", "3.000", "right"], ["a.mp4", "6.000", "wrong"]]
    both += [["b.mp4", "0.000", "right"], ["b.mp4", "3.000", "wrong"]]
    rows = [[row[0], row[1], row[3]] for row in clips.rows()]
    assert rows == [*(both if judged else []), ["c.mp4", "3.000", "wrong"]]
    assert clips.board.close() == (0 if judged else 1)


def test_what_is_told_of_a_camera() -> None:
    zone = Zone("bed", ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5)))
    told = camera_data(replace(STATE, zones=Zones((zone,))))
    # ages 2, 1.8 and 0.6 s, in steps of half a second
    assert told["curve"] == [(2.0, 0.1), (1.5, 0.9), (0.5, 0.4)]
    assert (told["probability"], told["dropped"], told["reconnects"]) == (0.4, 7, 3)
    assert told["zones"] == [{"name": "bed", "include": False, "points": zone.points}]
    before = camera_data(replace(STATE, windows=(), newest=None, silent_for=None))
    assert (before["curve"], before["probability"], before["silent_for"]) == ([], None, None)


def test_health_needs_one_camera_that_is_looked_at() -> None:
    broken, stuck = replace(STATE, name="hall", state="broken off"), replace(STATE, stuck=True)
    assert health([STATE, broken]) == (True, {"kitchen": "live", "hall": "broken off"})
    assert health([stuck, broken]) == (False, {"kitchen": "stuck", "hall": "broken off"})
    assert health([]) == (False, {})


def test_health_is_a_status() -> None:
    states = [STATE]
    with site(lambda: states) as served:
        assert served.ask("/healthz")[0] == 200
        states[0] = replace(STATE, stuck=True)
        status, _, body = served.ask("/healthz")
    assert status == 503
    assert body == b'{"status": "no camera is watched", "cameras": {"kitchen": "stuck"}}'


@pytest.mark.parametrize(("unread_for", "stuck"), [(14.0, False), (16.0, True)])
def test_detection_is_stuck_when_frames_come_and_are_not_looked_at(
    unread_for: float, stuck: bool
) -> None:
    """5 s may wait, and 10 more are patience."""
    detector: Any = SimpleNamespace(event_config=EventConfig(), zones=Zones(), view="level")
    camera: Any = SimpleNamespace(name="hall", detector=detector, settings=LiveSettings())
    video: Any = SimpleNamespace(
        newest=STATE.newest, connected=True, tries=0, fps=1.0, unread_for=unread_for
    )
    video.silent_for, video.lag = 0.1, 0.2
    live: Any = SimpleNamespace(summary=lambda: SUMMARY, recent=())
    state = _Run(camera, video, live).state()
    assert (state.stuck, state.healthy) == (stuck, not stuck)


def test_many_who_ask_make_no_more_work_than_one(clips: Clips) -> None:
    asked = []
    board, state = clips.board, clips.board.state

    def counted() -> dict[str, Any]:
        asked.append(1)
        return state()

    board.state = counted  # type: ignore[method-assign]
    clips.event("a", 10.0)
    with site(board=board) as served:
        for _ in range(20):
            assert served.ask("/state.json")[0] == 200
        assert len(asked) < 10
        assert served.post("/mark", {"id": "a", "seen": True})[0] == 200
        assert b'"seen": true' in served.ask("/state.json")[2]
