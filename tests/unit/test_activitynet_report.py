"""The detections file of ActivityNet has the keys that its evaluation code asks for.

In: results made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import json

import pytest

from results import FALL, activitynet_report, make_result
from slipdetect.detection import Event


def test_every_key_and_number() -> None:
    results = [
        ("kitchen", make_result("kitchen.mp4", FALL, Event(7.0, 8.1234567, 7.5, 0.5, "trip"))),
        ("hall", make_result("hall.mp4")),
    ]
    assert json.loads(activitynet_report(results)) == {
        "version": "VERSION 1.3",
        "external_data": {},
        "results": {
            "kitchen": [
                {"label": "slip", "score": 0.97, "segment": [3.2, 4.9]},
                {"label": "trip", "score": 0.5, "segment": [7.0, 8.123457]},
            ],
            "hall": [],
        },
    }


def test_no_video_at_all_is_still_json() -> None:
    assert json.loads(activitynet_report([]))["results"] == {}


def test_names_of_any_letters_and_labels_with_quotes() -> None:
    result = make_result("x.mp4", Event(0.0, 1.0, 0.5, 0.5, 'a "b"\n'))
    text = activitynet_report([('K\u00fcche "1"\n', result)])
    assert text.isascii()
    assert json.loads(text)["results"]['K\u00fcche "1"\n'][0]["label"] == 'a "b"\n'


def test_no_number_that_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        activitynet_report([("a", make_result("a.mp4", Event(0.0, 1.0, 0.5, float("nan"))))])
