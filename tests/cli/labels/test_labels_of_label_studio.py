"""Label files of Label Studio: each gives the CSV that was computed by hand.

In: files that the tools' own code wrote (``label_files``), or texts as the tools document them, and
videos of 10 s and 8 s. Out: rows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from label_texts import AUDACITY, MAP, rows

TIMELINE = [
    {
        "id": 1,
        "data": {"video": "/data/upload/3/8a1b2c3d-a.mp4"},
        "annotations": [
            {
                "was_cancelled": False,
                "result": [
                    {
                        "type": "timelinelabels",
                        "value": {
                            "ranges": [{"start": 96, "end": 126}],
                            "timelinelabels": ["falls"],
                        },
                    },
                    {
                        "type": "labels",
                        "value": {"start": 8.5, "end": 9.25, "labels": ["trips"], "channel": 0},
                    },
                ],
            },
            {
                "was_cancelled": True,
                "result": [
                    {"value": {"ranges": [{"start": 1, "end": 2}], "timelinelabels": ["falls"]}}
                ],
            },
        ],
    },
    {"id": 2, "data": {"video": "s3://bucket/b.mp4"}, "annotations": [{"result": []}]},
]


def test_label_studio_counts_by_the_rate_of_its_configuration(labels: Any, tmp_path: Path) -> None:
    """96 / 24 and 126 / 24, although the video has 10 frames a second."""
    text = json.dumps(TIMELINE)
    result = labels(("x.json", text), options=(*MAP, "--frame-rate", 24))
    assert result.exit_code == 0, result.stderr
    expected = [
        ("cam/a.mp4", "other", "8.5", "9.25"),
        ("cam/a.mp4", "slip", "4", "5.25"),
        ("cam/b.mp4", "other", "", ""),
    ]
    assert rows(tmp_path) == expected
    unknown = labels(("x.json", text))
    assert unknown.exit_code == 3
    assert "task 1: Label Studio writes frame numbers and not the frame rate" in unknown.stderr
    idle = labels(("a.txt", AUDACITY), options=(*MAP, "--frame-rate", 24))
    assert idle.exit_code == 2
    assert "--frame-rate has no effect: no file is of Label Studio" in idle.stderr
    small = [
        {
            "id": 1,
            "video": "a.mp4",
            "f": [{"ranges": [{"start": 96, "end": 126}], "timelinelabels": ["falls"]}],
        }
    ]
    options = ("--map", "falls=slip", "--frame-rate", 24)
    assert labels(("x.json", json.dumps(small)), options=options).exit_code == 0
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "4", "5.25")]


def test_what_nobody_looked_at_shows_no_falls_and_no_lack_of_them(
    labels: Any, tmp_path: Path
) -> None:
    """A task without annotations, and one that was skipped, say nothing of their video."""
    skipped = {"was_cancelled": True, "result": []}
    unseen = [
        {"id": 8, "data": {"video": "b.mp4"}, "annotations": [], "predictions": [{"result": []}]},
        {"id": 9, "data": {"video": "c.mp4"}, "annotations": [skipped]},
    ]
    options = (*MAP, "--frame-rate", 24)
    result = labels(("x.json", json.dumps([TIMELINE[0], *unseen])), options=options)
    assert result.exit_code == 0, result.stderr
    assert {row[0] for row in rows(tmp_path)} == {"cam/a.mp4"}
    assert "x.json': passed by 2 tasks that nobody has labeled" in result.stderr
    none = labels(("x.json", json.dumps(unseen)))
    assert none.exit_code == 3
    assert "nobody has labeled any of its tasks" in none.stderr


def choice(name: str, video: str, **more: Any) -> dict[str, Any]:
    value = {"choices": [name], **more}
    return {"data": {"video": video}, "annotations": [{"result": [{"value": value}]}]}


def test_choices_of_label_studio_are_of_the_whole_video(labels: Any, tmp_path: Path) -> None:
    text = json.dumps([choice("falls", "a.mp4"), choice("trips", "b.mp4")])
    assert labels(("x.json", text)).exit_code == 0
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "", ""), ("cam/b.mp4", "other", "", "")]
    # of a stretch: how it is, not what is to be found
    text = json.dumps(
        [choice("falls", "a.mp4"), choice("badly", "c.mp4", ranges=[{"start": 1, "end": 2}])]
    )
    assert labels(("x.json", text), options=("--map", "falls=slip")).exit_code == 0
    assert rows(tmp_path) == [("c.mp4", "other", "", ""), ("cam/a.mp4", "slip", "", "")]


ABOUT = {"annotator": 1, "annotation_id": 2, "created_at": "x", "updated_at": "y", "lead_time": 2.5}


def minimal(number: int, video: str, **results: Any) -> dict[str, Any]:
    """A task as the converter of label-studio-sdk 2.1.2 writes it."""
    return {"title": "falls", "video": video, "id": number, **results, **ABOUT}


def test_choices_of_label_studio_are_read_without_its_annotations(
    labels: Any, tmp_path: Path
) -> None:
    """JSON_MIN: one choice is a text, several are a list in an object, data are texts as well."""
    timeline = [{"ranges": [{"start": 96, "end": 126}], "timelinelabels": ["falls"]}]
    tasks = [
        minimal(1, "a.mp4", what="trips", when=timeline),
        minimal(2, "b.mp4", what={"choices": ["trips", "falls"]}, note="dark"),
        minimal(3, "c.mp4"),
    ]
    options = (*MAP, "--frame-rate", 24, "--track", "what", "--track", "when")
    result = labels(("x.json", json.dumps(tasks)), options=(*options, "--map", "dark=other"))
    assert "there is no class 'dark'" in result.stderr  # --track leaves notes out
    result = labels(("x.json", json.dumps(tasks)), options=options)
    assert result.exit_code == 0, result.stderr
    assert rows(tmp_path) == [
        ("c.mp4", "other", "", ""),
        ("cam/a.mp4", "slip", "4", "5.25"),
        ("cam/b.mp4", "slip", "", ""),
    ]
    full = [dict(choice("falls", "a.mp4"))]
    full[0]["annotations"][0]["result"][0]["from_name"] = "what"
    for each in (full, [minimal(1, "a.mp4", what="falls")]):
        options = ("--map", "falls=slip", "--track", "what")
        assert labels(("x.json", json.dumps(each)), options=options).exit_code == 0
        assert rows(tmp_path) == [("cam/a.mp4", "slip", "", "")]


def test_a_choice_that_cannot_be_told_from_data_is_refused(labels: Any, tmp_path: Path) -> None:
    """With its keys in another order a task does not say where its data end."""
    task = {"id": 1, "video": "a.mp4", "what": "falls", **ABOUT}
    assert labels(("x.json", json.dumps([task])), options=("--map", "falls=slip")).exit_code == 0
    assert rows(tmp_path) == [("cam/a.mp4", "slip", "", "")]
    result = labels(("x.json", json.dumps([{"id": 1, "title": "Monday", **task}])))
    assert result.exit_code == 3
    assert "task 1 does not tell which of title, what is data and which a choice" in result.stderr


def test_boxes_over_time_of_label_studio_are_refused(labels: Any, tmp_path: Path) -> None:
    sequence = [{"frame": 5, "enabled": True, "x": 1, "y": 1, "width": 9, "height": 9}]
    value = {"sequence": sequence, "labels": ["falls"]}
    task = {"id": 7, "data": {"video": "a.mp4"}, "annotations": [{"result": [{"value": value}]}]}
    result = labels(("x.json", json.dumps([task])), options=("--map", "falls=slip"))
    assert result.exit_code == 3
    assert "task 7 ('falls') has no time of its own; set its borders" in result.stderr
