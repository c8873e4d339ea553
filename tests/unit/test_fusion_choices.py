"""Which rows a backbone gets, by the streams and the validation scores it has.

In: made-up scores. Out: nothing but assertions.
"""

from __future__ import annotations

import pytest

from scored import drawn, scored
from slipdetect.lab.compare.fusions import fusion_choices, fusion_name
from slipdetect.lab.compare.runs import StreamSet

SKILL = {"rgb": 1.0, "flow": 0.8, "rgbdiff": 0.6}


def _set(*streams: str, validation: bool = True) -> StreamSet:
    skill = {name: SKILL[name] for name in streams}
    known = drawn(60, skill, 1, "val") if validation else None
    return StreamSet("resnet18", drawn(40, skill), known)


def _names(streams: StreamSet, *own: dict[str, float]) -> list[str]:
    return [choice.name for choice in fusion_choices(streams, own)]


def test_three_streams_have_eight_rows() -> None:
    assert _names(_set("flow", "rgbdiff", "rgb")) == [
        "rgb",
        "flow",
        "rgbdiff",
        "rgb+flow 1:1",
        "rgb+flow 1:1.5",
        "rgb+flow+rgbdiff 1:1:1",
        "rgb+flow+rgbdiff 1:1.5:1",
        "rgb+flow+rgbdiff fitted",
    ]


@pytest.mark.parametrize(
    ("streams", "fusions"),
    [
        (["rgb"], []),
        (["rgb", "flow"], ["rgb+flow 1:1", "rgb+flow 1:1.5"]),
        (["flow", "rgbdiff"], ["flow+rgbdiff 1:1"]),
    ],
)
def test_without_validation_nothing_is_fitted(streams: list[str], fusions: list[str]) -> None:
    assert _names(_set(*streams, validation=False)) == [*streams, *fusions]


def test_own_weights_come_after_the_usual_ones_and_only_once() -> None:
    names = _names(_set("rgb", "flow"), {"flow": 2, "rgb": 1}, {"rgb": 1, "flow": 1}, {"x": 1})
    assert names == [
        "rgb",
        "flow",
        "rgb+flow 1:1",
        "rgb+flow 1:1.5",
        "rgb+flow 1:2",
        "rgb+flow fitted",
    ]


def test_weights_are_fitted_on_validation_and_never_on_test() -> None:
    # flow is right on validation only, rgb on test only
    truth = [i % 2 for i in range(40)]
    good = [1.0 - 2 * label for label in truth]
    bad = [-x for x in good]
    streams = StreamSet(
        "resnet18",
        scored(truth, {"rgb": good, "flow": bad}),
        scored(truth, {"rgb": bad, "flow": good}, prefix="val"),
    )
    fitted = fusion_choices(streams)[-1]
    assert fitted.name == "rgb+flow fitted"
    assert fitted.weights == {"rgb": 0.0, "flow": 1.0}


def test_too_few_validation_clips_are_said() -> None:
    skill = {"rgb": 1.0, "flow": 1.0}
    streams = StreamSet("resnet18", drawn(40, skill), drawn(10, skill, 1, "val"))
    fitted = fusion_choices(streams)[-1]
    assert fitted.weights == {"rgb": 0.5, "flow": 0.5}
    assert "validation has 5 clips of a label" in fitted.note


@pytest.mark.parametrize(("margin", "alone"), [(9.0, "flow"), (-9.0, "rgb"), (0.5, None)])
def test_a_saturated_stream_leaves_or_stays_alone(margin: float, alone: str | None) -> None:
    truth = [0, 1] * 10
    rgb = [margin] * 19 + [0.0]
    streams = StreamSet("a", scored(truth, {"rgb": rgb, "flow": [1.0] * 20}), None)
    plain = fusion_choices(streams)
    choices = fusion_choices(streams, saturated_fallback=True)
    assert [c.name for c in choices] == ["rgb", "flow", "rgb+flow 1:1", "rgb+flow 1:1.5"]
    assert choices[:2] == plain[:2]
    if alone is None:
        assert choices == plain
    else:
        assert [c.weights for c in choices[2:]] == [{alone: 1.0}] * 2
        assert choices[2].note == f"rgb is saturated: {alone} alone"


def test_three_streams_know_no_fallback() -> None:
    truth = [0, 1] * 10
    margins = {"rgb": [9.0] * 20, "flow": [1.0] * 20, "rgbdiff": [1.0] * 20}
    choices = fusion_choices(StreamSet("a", scored(truth, margins), None), saturated_fallback=True)
    assert {c.name: c.note for c in choices if "rgbdiff" in c.name} == {
        "rgbdiff": "",
        "rgb+flow+rgbdiff 1:1:1": "",
        "rgb+flow+rgbdiff 1:1.5:1": "",
    }


def test_names() -> None:
    assert fusion_name({"flow": 1.5, "rgb": 1.0}) == "rgb+flow 1:1.5"
    assert fusion_name({"flow": 2.0}) == "flow"
