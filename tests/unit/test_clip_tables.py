"""Clip tests as text and as a picture say what the report says.

In: made-up scores. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipdetect.lab.evaluate.clip_report import (
    ClipEvaluation,
    clip_data,
    clip_page,
    confusion_figure,
    evaluate_scores,
)
from slipdetect.lab.evaluate.scores import ClipScores, read_scores, write_scores


def made(*modalities: str, count: int = 40, **facts: Any) -> ClipEvaluation:
    rng = np.random.default_rng(0)
    truth = np.arange(count) % 2
    logits = {
        name: np.stack([rng.normal(1 - truth), rng.normal(truth)], axis=1).astype(np.float32)
        for name in modalities
    }
    scores = ClipScores(
        labels=("slip", "other"),
        positive="slip",
        clips=tuple(f"{i}.mp4" for i in range(count)),
        groups=tuple(f"g{i // 2}" for i in range(count)),
        datasets=tuple("xyz"[i % 3] for i in range(count)),
        truth=truth,
        logits=logits,
        facts=facts,
    )
    return evaluate_scores(scores)


FUSED = {
    "model": "best",
    "data": "clips.csv",
    "split": "test",
    "protocol": "windows",
    "fusion": {"weights": {"rgb": 1.0, "flow": 1.5}, "space": "logits"},
    "calibration": {"temperature": 1.2, "bias": 0.1},
}


def test_names_that_are_no_unicode_are_kept(tmp_path: Path) -> None:
    scores = ClipScores(
        labels=("slip", "other"),
        positive="slip",
        clips=("/caf\udce9/a.mp4",),
        groups=("caf\udce9",),
        datasets=("",),
        truth=np.array([0]),
        logits={"rgb": np.zeros((1, 2), np.float32)},
        facts={"data": "caf\udce9.csv"},
    )
    write_scores(scores, tmp_path / "x.npz")
    kept = read_scores(tmp_path / "x.npz")
    assert (kept.clips, kept.groups, kept.facts) == (scores.clips, scores.groups, scores.facts)


def text_of(evaluation: ClipEvaluation) -> str:
    return clip_page(evaluation).text()


def test_every_figure_is_in_the_table() -> None:
    evaluation = made("rgb", "flow", **FUSED)
    text = text_of(evaluation)
    lines = text.splitlines()
    assert lines[0].startswith("clips.csv, split test, model best, protocol windows: 40 clips, 20")
    assert max(map(len, lines)) <= 100
    heads = [line.split() for line in lines if line.split()[-1:] == ["n"]]
    assert heads == [["rgb", "n", "flow", "n"], ["flow", "1.5", "n", "calibrated", "n"]]
    accuracy = evaluation.reports[0].metrics["accuracy"]
    assert accuracy.value is not None
    assert accuracy.interval is not None
    shown = f"{100 * accuracy.value:.1f} [{100 * accuracy.interval.low:.1f}, "
    assert shown in next(line for line in lines if line.startswith("accuracy"))
    for report in evaluation.reports:
        for row in report.confusion:
            assert any(line.split()[-2:] == [str(count) for count in row] for line in lines)
    for source in "xyz":
        assert any(line.startswith(f"{source}  ") for line in lines)
    for note in ("95% interval", "windows: ", "calibrated: "):
        assert note in text


def test_the_table_of_the_documentation_is_of_these_scores() -> None:
    evaluation = made(
        "rgbdiff",
        fusion={"weights": {"rgbdiff": 1.0}, "space": "logits"},
        calibration={"temperature": 1.2, "bias": -0.5},
    )
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    shown = page.split("The figures of made-up scores:\n\n```text\n")[1].split("```")[0]
    assert shown in text_of(evaluation)


def test_notes_are_only_about_what_is_there() -> None:
    text = text_of(made("rgb"))
    assert text.startswith("40 clips")
    assert "Clopper" in text  # 13 clips a data set are right, or have few groups
    assert "calibrated" not in text
    assert "windows" not in text


def test_what_cannot_be_told_is_a_dash() -> None:
    evaluation = made("rgb", count=1)
    lines = text_of(evaluation).splitlines()
    assert next(line for line in lines if line.startswith("area under")).split()[-2:] == ["-", "1"]


def test_the_page_is_a_table_of_markdown() -> None:
    evaluation = made("rgb", "flow", **FUSED)
    page = clip_page(evaluation).markdown()
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in tables[:8]}) == 1
    assert "| accuracy, % |" in page
    assert "\\*" in page  # a star alone would begin italics


def test_the_data_are_those_of_the_reports() -> None:
    evaluation = made("rgb", "flow", **FUSED)
    data = json.loads(json.dumps(clip_data(evaluation), allow_nan=False))
    assert [report["name"] for report in data["reports"]] == [
        "rgb",
        "flow",
        "rgb 1, flow 1.5",
        "calibrated",
    ]
    first = evaluation.reports[0]
    assert data["reports"][0]["confusion"] == [list(row) for row in first.confusion]
    for name, figure in first.metrics.items():
        assert data["reports"][0]["figures"][name]["value"] == figure.value
    assert set(data["by_dataset"]) == {"x", "y", "z"}
    assert data["facts"]["protocol"] == "windows"


def test_the_picture_has_every_count(tmp_path: Path) -> None:
    report = made("rgb").main
    figure = confusion_figure(report, "a model")
    texts = [text.get_text() for text in figure.axes[0].texts]
    shares = [
        f"{count}\n{100 * count / sum(row):.1f}%" for row in report.confusion for count in row
    ]
    assert texts == shares
    confusion_figure(report).savefig(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("count", [1])
def test_a_label_without_clips_has_no_share(count: int) -> None:
    texts = [
        text.get_text() for text in confusion_figure(made("rgb", count=count).main).axes[0].texts
    ]
    assert texts[2:] == ["0", "0"]
