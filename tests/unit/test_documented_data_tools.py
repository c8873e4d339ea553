"""The figures of docs/data-tools.md are those in benchmarks/results.

In: the page and the results. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path

from slipdetect.lab.check.near_duplicates import MOVE_ALIKE, SAME_RECORDING
from slipdetect.lab.prepare.dedup import DEFAULT_THRESHOLD

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "data-tools.md").read_text(encoding="utf-8")
RESULTS = json.loads((ROOT / "benchmarks" / "results" / "near_duplicates.json").read_text())


def test_every_kind_of_copy() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and line.endswith("% |")]
    assert rows == [
        f"| {name} | {found['refused']:.1%} | {found['refused_or_warned']:.1%} |"
        for name, found in RESULTS["copies"].items()
    ]


def test_thresholds_and_different_clips() -> None:
    text = " ".join(PAGE.split())
    found, ssim = RESULTS["different_clips"], RESULTS["ssim_dropped"]
    assert RESULTS["thresholds"] == {"refused": SAME_RECORDING, "warned": MOVE_ALIKE}
    assert f"From {SAME_RECORDING} two clips are one recording" in text
    assert f"from {MOVE_ALIKE} they are listed" in text
    assert f"above {DEFAULT_THRESHOLD}, in gray" in text
    assert f"Of {found['pairs']:,} pairs of different clips none is taken" in text
    assert found["refused"] == 0
    assert f"the highest correlation is {found['highest_correlations'][0]}," in text
    assert f"{found['warned']} are listed to be looked at" in text
    assert f"{found['warned_in_other_groups']} of these in different groups" in text
    assert f"{ssim['clips']} clips of the real data ({ssim['frames']} frames)" in text
    assert f"the paper's drops {ssim['gaussian']:.1%} of the" in text
    assert f"the uniform one {ssim['uniform']:.1%}" in text


def test_every_confound() -> None:
    report = json.loads((ROOT / "benchmarks" / "results" / "confounds.json").read_text())
    assert report["clips"] == {"slip": 240, "other": 582}
    for found in report["confounds"]:
        auc, within = (
            "-" if x is None else f"{x['value']:.2f} ({x['low']:.2f} to {x['high']:.2f})"
            for x in (found["auc"], found["within"])
        )
        assert f"| {found['name']} | {auc} | {within} |" in PAGE
    telling = [found["name"] for found in report["confounds"] if found["telling"]]
    assert telling == ["picture size"]
    assert "Picture size tells" in PAGE
