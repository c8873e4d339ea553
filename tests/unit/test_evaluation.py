"""Metrics by hand: pairs counted in plain loops, events and minutes on paper.

In: labels, scores and predictions. Out: figures.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from slipdetect.detection import Detector, Event, EventConfig, Window
from slipdetect.errors import DataError, VideoError
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.event_matching import hits, onset_errors
from slipdetect.lab.evaluate.predictions import (
    ClipPrediction,
    predict,
    read_predictions,
    write_predictions,
)


def prediction(
    positive: bool,
    score: float = 0.5,
    events: tuple[tuple[float, float, float], ...] = (),
    truth: tuple[tuple[float, float], ...] = (),
    seconds: float = 30.0,
) -> ClipPrediction:
    return ClipPrediction("a.mp4", "x", positive, truth, seconds, score, events)


@pytest.mark.parametrize(
    ("events", "truth", "wanted"),
    [
        ([(2.0, 3.0)], [(2.5, 4.0)], [True]),
        ([(0.0, 1.5)], [(2.0, 3.0)], [True]),  # ends half a second before
        ([(0.0, 1.4)], [(2.0, 3.0)], [False]),
        ([(3.5, 4.0)], [(2.0, 3.0)], [True]),
        ([(3.6, 4.0)], [(2.0, 3.0)], [False]),
        ([(0.0, 9.0)], [(2.0, 3.0), (6.0, 7.0), (20.0, 21.0)], [True, True, False]),
        ([], [(2.0, 3.0)], [False]),
        ([], [], [False]),  # a fall at an unknown time: any event finds it
        ([(1.0, 2.0)], [], [True]),
    ],
)
def test_hits(
    events: list[tuple[float, float]], truth: list[tuple[float, float]], wanted: list[bool]
) -> None:
    found = tuple((start, end, 0.9) for start, end in events)
    assert hits(prediction(True, events=found, truth=tuple(truth))) == wanted


def test_onset_errors_are_of_the_first_match_of_every_event_found() -> None:
    two = prediction(
        True, events=((1.5, 3.0, 0.9), (9.75, 10.5, 0.9)), truth=((1.0, 2.0), (10.0, 11.0))
    )
    assert onset_errors(two) == [0.5, -0.25]
    assert onset_errors(prediction(True, events=((30.0, 31.0, 0.9),), truth=((4.0, 5.0),))) == []
    assert onset_errors(prediction(True, events=((30.0, 31.0, 0.9),))) == []


class FakeDetector:
    """Finds one event in every clip but those called missing."""

    event_config = EventConfig(onset=0.6)

    def detect(self, path: Path) -> object:
        if path.stem == "missing":
            raise VideoError("cannot read it")

        class Found:
            watched, view = 4.00049, "above"
            windows = (
                Window(0.0, 1.0, 0.2, {"rgb": 0.3}),
                Window(0.5, 1.5, 0.98765, {"rgb": 0.97}),
            )
            events = (Event(0.12345, 1.0, 0.7, 0.98765),)

        return Found()


def detector() -> Detector:
    return FakeDetector()  # type: ignore[return-value]


def test_predicting_rounds_and_leaves_unreadable_clips_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clips = [
        Clip(tmp_path / "sub" / "a.mp4", True, ((1.0, 2.0),), group="sub", dataset="urfd"),
        Clip(tmp_path / "missing.mp4", False),
    ]
    done: list[tuple[int, int]] = []
    (row,) = predict(detector(), clips, tmp_path, lambda *step: done.append(step))
    assert row == ClipPrediction(
        "sub/a.mp4",
        "urfd",
        True,
        ((1.0, 2.0),),
        4.0,
        0.9877,
        ((0.123, 1.0, 0.9877),),
        group="sub",
        windows=((0.0, 1.0, 0.2), (0.5, 1.5, 0.98765)),
        streams={"rgb": (0.3, 0.97)},
        size=None,  # there is no video to look at again
        thresholds=EventConfig(onset=0.6).to_json(),
        view="above",
    )
    assert row.config == EventConfig(onset=0.6)
    assert done == [(1, 2), (2, 2)]
    assert "left out: cannot read it" in caplog.text


@pytest.mark.parametrize("sizes", [True, False])
def test_a_video_is_looked_at_again_for_its_size_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: bool
) -> None:
    looked: list[tuple[float, float]] = []

    def moving_size(path: Path, start: float, end: float) -> float:
        looked.append((start, end))
        return 0.5

    monkeypatch.setattr("slipdetect.lab.evaluate.predictions.moving_size", moving_size)
    clips = [Clip(tmp_path / "a.mp4", True, ((1.0, 2.0),)), Clip(tmp_path / "b.mp4", False)]
    rows = list(predict(detector(), clips, tmp_path, sizes=sizes))
    # at the fall; without one at the surest window
    assert looked == ([(1.0, 2.0), (0.5, 1.5)] if sizes else [])
    assert [row.size for row in rows] == [0.5 if sizes else None] * 2


def test_clips_outside_the_data_folder_keep_their_whole_path(tmp_path: Path) -> None:
    (row,) = predict(detector(), [Clip(Path("/elsewhere/a.mp4"), False)], tmp_path)
    assert row.clip == "/elsewhere/a.mp4"


def test_predictions_survive_the_file(tmp_path: Path) -> None:
    rows = [
        prediction(True, 0.25, ((0.1, 0.2, 0.3),), ((1.0, 2.0), (3.0, 4.0))),
        ClipPrediction("ä\u2028b.mp4", "", False, (), 1.5, 0.0, ()),
        ClipPrediction(
            "c.mp4", "", False, (), 1.5, 0.2, (), "sit", "p1", ((0.0, 1.0, 0.2),), {"flow": (0.1,)}
        ),
        replace(prediction(True), size=0.25, thresholds=EventConfig(onset=0.4).to_json()),
    ]
    file = tmp_path / "predictions.jsonl"
    write_predictions(iter(rows), file)
    assert read_predictions(file) == rows
    write_predictions([], file)
    assert read_predictions(file) == []


def test_files_of_older_versions_are_read(tmp_path: Path) -> None:
    file = tmp_path / "predictions.jsonl"
    old = {"clip": "a.mp4", "source": "x", "positive": True, "truth": [[1, 2]], "seconds": 3.0}
    file.write_text(json.dumps({**old, "score": 0.5, "events": [[1, 2, 0.5]]}) + "\n")
    (row,) = read_predictions(file)
    assert row == ClipPrediction("a.mp4", "x", True, ((1, 2),), 3.0, 0.5, ((1, 2, 0.5),))
    assert (row.config, row.size, row.windows, row.group) == (None, None, (), "")
    assert row.top_window == (0.0, 3.0, 0.5)


def test_events_are_found_again_at_other_thresholds() -> None:
    windows = tuple((i * 0.5, i * 0.5 + 1.0, p) for i, p in enumerate((0.1, 0.6, 0.9, 0.4, 0.1)))
    row = ClipPrediction("a.mp4", "", True, (), 3.0, 0.9, (), windows=windows)
    # borders lie midway between the centers 0.5, 1.0, 1.5, 2.0, 2.5
    assert row.at(EventConfig(onset=0.5, offset=0.3)).events == ((0.75, 2.25, 0.9),)
    assert row.at(EventConfig(onset=0.7)).config == EventConfig(onset=0.7)
    assert row.at(EventConfig(onset=0.7, offset=0.5)).events == ((1.25, 1.75, 0.9),)
    assert row.at(EventConfig(onset=0.95, offset=0.3)).events == ()
    with pytest.raises(DataError, match="run the model once more"):
        prediction(True).at(EventConfig())


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]\n",
        '{"clip": "a"}\n',
        '{"truth": [[1]], "events": []}\n',
        '{"truth": [], "events": [], "streams": []}\n',
        '{"clip": "a", "source": "", "positive": true, "truth": [], "seconds": 1, "score": 0.5, '
        '"events": [], "thresholds": {"onset": 2.0}}\n',
        '{"clip": "a", "source": "", "positive": "no", "truth": [], "seconds": 1, "score": 0.5, '
        '"events": []}\n',
        '{"clip": "a", "source": "", "positive": true, "truth": [], "seconds": "long", '
        '"score": 0.5, "events": []}\n',
        '{"clip": "a", "source": "", "positive": true, "truth": [], "seconds": 1, "score": NaN, '
        '"events": []}\n',
        "\xff",
    ],
)
def test_malformed_predictions_are_data_errors(tmp_path: Path, text: str) -> None:
    file = tmp_path / "predictions.jsonl"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match="cannot read predictions"):
        read_predictions(file)
    with pytest.raises(DataError):
        read_predictions(tmp_path / "missing")


def test_a_failure_while_predicting_keeps_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "predictions.jsonl"
    write_predictions([prediction(True)], file)

    def failing() -> object:
        yield prediction(False)
        raise KeyError("x")

    with pytest.raises(KeyError):
        write_predictions(failing(), file)  # type: ignore[arg-type]
    assert read_predictions(file) == [prediction(True)]
