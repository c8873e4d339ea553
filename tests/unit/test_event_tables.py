"""An event test as text: every figure with its n, wherever it comes from."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from predicted import found, predicted
from slipdetect.lab.evaluate.event_report import EventEvaluation, evaluate_events
from slipdetect.lab.evaluate.event_tables import event_data, event_page

RISING = [0.1, 0.4, 0.6, 0.9, 0.4, 0.1, 0.1]


@pytest.fixture(scope="module")
def evaluation() -> EventEvaluation:
    items = [
        predicted(RISING, [(1.4, 2.0)], clip=f"fall{i}", dataset="ab"[i % 2], size=0.6)
        for i in range(6)
    ]
    items += [
        found(
            [(1.0, 2.0, 0.7)] * (i == 0),
            clip=f"sit{i}",
            dataset="ab"[i % 2],
            action="sit|down",
            size=0.3,
        )
        for i in range(5)
    ]
    items.append(found([], None, clip="unknown", dataset="a"))
    return evaluate_events(
        items, {"data": "x.csv", "model": "m", "thresholds": {"onset": 0.5, "offset": 0.3}}
    )


def test_the_table_has_figures_intervals_and_numbers(evaluation: EventEvaluation) -> None:
    text = event_page(evaluation).text()
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith(
        "x.csv, model m, onset 0.5, offset 0.3: 12 clips of 12 groups, 7 with a"
    )
    by_name = {re.split(r"  +", line)[0]: line for line in lines}
    assert "100.0 [54.1, 100.0]*" in by_name["falls found, within 0.5 s, %"]
    assert by_name["falls found, within 0.5 s, %"].endswith("6 of 6")
    # one event in three minutes is 20 an hour
    assert re.search(
        r"20\.0 \[0\.51, 111\]\*\s+1 in 3\.0 min$", by_name["false events an hour without a fall"]
    )
    assert by_name["false events a clip without a fall"].endswith("1 in 5")
    assert "+0.60 [+0.60, +0.60]" in by_name["delay, s"]
    assert "b: sit|down" in by_name
    assert "25 to 50%" in by_name
    assert "1 clips with a fall have no event times" in " ".join(lines)


def test_the_page_is_a_table_too(evaluation: EventEvaluation) -> None:
    page = event_page(evaluation).markdown()
    assert page.startswith("# Event test\n")
    assert "## By data set" in page
    assert "| b: sit\\|down | 2 |" in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert all(re.search(r"(?<!\\)\|$", row) for row in rows)


def test_data_are_not_rounded_and_hold_no_nan(evaluation: EventEvaluation) -> None:
    data = json.loads(json.dumps(event_data(evaluation), allow_nan=False))
    assert (data["version"], data["level"]) == (2, "event")
    figure = data["report"]["figures"]["false_per_hour"]
    assert (figure["value"], figure["count"], figure["method"]) == (pytest.approx(20.0), 1, "exact")
    assert figure["base"] == pytest.approx(0.05)
    assert set(data["by_dataset"]) == {"a", "b"}
    assert data["by_dataset"]["a"]["untimed"] == 1
    assert data["by_action"][0]["action"] == "sit|down"
    assert data["report"]["figures"]["delay"]["value"] == pytest.approx(0.6)


def test_old_predictions_say_why_there_is_no_delay() -> None:
    items = [found([(3.0, 4.0, 0.9)], [(3.0, 4.0)]), found([], clip="b")]
    text = event_page(evaluate_events(items)).text()
    assert "kept without windows or thresholds" in " ".join(text.splitlines())
    assert "By data set" not in text
    assert "action" not in text


def test_a_long_action_is_cut_in_a_terminal_only() -> None:
    action = "walk about the room and look under every chair / table, then sit down again"
    page = event_page(evaluate_events([replace(found([]), action=action)]))
    lines = page.text().splitlines()
    assert max(map(len, lines)) <= 100
    assert any(line.endswith("0 in 1") and "..." in line for line in lines)
    assert action not in page.text()
    assert action in page.markdown()
