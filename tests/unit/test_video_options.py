"""The options that editors know are those that sources take.

In: signatures. Out: nothing but assertions.
"""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import get_type_hints

import pytest

from slipdetect import Detector, detect
from slipdetect.errors import UsageError
from slipdetect.video import SourceOptions, Video, VideoOptions, open_video
from slipdetect.video.frame import file_options
from slipdetect.video.live import LiveSettings


def test_a_file_takes_what_open_video_takes() -> None:
    known = inspect.signature(open_video).parameters
    taken = {name for name, each in known.items() if each.kind is each.KEYWORD_ONLY}
    hints = get_type_hints(open_video, localns={"Video": Video})
    assert get_type_hints(VideoOptions) == {name: hints[name] for name in taken}


def test_a_live_source_takes_the_fields_of_its_settings() -> None:
    settings = get_type_hints(LiveSettings)
    wanted = {item.name: settings[item.name] for item in fields(LiveSettings)}
    of_files = {name: get_type_hints(VideoOptions)[name] for name in ("pieces", "time_from_name")}
    assert get_type_hints(SourceOptions) == {**wanted, **of_files}


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (Detector.detect, VideoOptions),
        (Detector.iter_events, SourceOptions),
        (detect, VideoOptions),
    ],
)
def test_what_detection_takes_is_typed(function: object, options: type) -> None:
    (reading,) = (
        each
        for each in inspect.signature(function).parameters.values()  # type: ignore[arg-type]
        if each.kind is each.VAR_KEYWORD
    )
    assert reading.annotation == f"Unpack[{options.__name__}]"


def test_what_only_live_sources_have_is_refused_for_files() -> None:
    given: SourceOptions = {"stream": 1, "frame_rate": 25.0, "max_duration": None}
    assert file_options(given) == given
    with pytest.raises(UsageError, match="a file takes no read_timeout, retries; leave it out"):
        file_options({"read_timeout": 1.0, "retries": 2, "stream": 0})
