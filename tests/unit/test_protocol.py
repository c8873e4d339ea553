"""Protocols of clip tests: how they are written, and which one a model gets.

In: texts and model configurations. Out: nothing but assertions.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.errors import UsageError
from slipdetect.lab.evaluate.protocol import CROPS, WINDOWS, Protocol, default_protocol
from stub_models import stub_config


@given(st.integers(1, 1000), st.sampled_from(CROPS))
def test_what_is_printed_is_read_back(segments: int, crops: int) -> None:
    protocol = Protocol(segments, crops)
    assert Protocol.parse(str(protocol)) == protocol
    assert protocol.views == segments * crops


def test_the_ways_of_writing() -> None:
    assert Protocol.parse("25x10") == Protocol() == Protocol(segments=25, crops=10)
    assert Protocol.parse(" 12X10 ") == Protocol(12, 10)
    assert Protocol.parse("3") == Protocol(3, 1)
    assert Protocol.parse("windows") == WINDOWS
    assert str(WINDOWS) == "windows"
    assert WINDOWS.views is None


@pytest.mark.parametrize(
    "text", ["", "x", "25x", "x10", "25x3", "0x1", "25x10x2", "-1x1", "1001x1"]
)
def test_others_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Protocol.parse(text)


def test_windows_have_no_crops() -> None:
    with pytest.raises(UsageError, match="crops at 1"):
        Protocol(None, 10)


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ({}, WINDOWS),
        ({"config": {"epochs": 4}}, WINDOWS),
        ({"config": {"sampling": "windows"}}, WINDOWS),
        ({"config": {"sampling": "clips"}}, Protocol(25, 1)),
        (
            {"config": {"rgb": {"sampling": "clips"}, "flow": {"sampling": "clips"}}},
            Protocol(25, 1),
        ),
        (
            {"config": {"sampling": "clips"}, "differing": {"rgb": {}, "flow": {"lr": 0.1}}},
            Protocol(25, 1),
        ),
        (
            {"config": {"sampling": "clips"}, "differing": {"flow": {"sampling": "windows"}}},
            WINDOWS,
        ),
        ({"config": "something else"}, WINDOWS),
    ],
)
def test_a_model_is_tested_as_it_was_trained(training: dict[str, Any], expected: Protocol) -> None:
    assert default_protocol(stub_config("rgb", training=training)) == expected
