"""``detect --exact``: every snippet is computed; without it some far from any event are not.

In: the rendered example. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "slip.mp4"


def looked(result) -> tuple[int, int, list[dict], list[dict]]:
    """Return snippets computed and snippets in all, events, windows."""
    assert result.exit_code == 0, result.output
    found = re.search(r"(\d+) of (\d+) snippets computed", result.stderr)
    assert found is not None
    data = json.loads(result.stdout)
    return int(found[1]), int(found[2]), data["events"], data["windows"]


def test_exact_computes_what_is_far_from_any_event_too(run) -> None:
    args = ("detect", EXAMPLE, "--device", "cpu", "--profile", "--format", "json", "--windows")
    args += ("--max-duration", "6")  # a second after the fall
    computed, snippets, events, windows = looked(run(*args))
    every, count, wanted, exact = looked(run(*args, "--exact"))
    assert count == snippets == every > computed
    assert len(events) == 1
    assert events == wanted
    pairs = list(zip(windows, exact, strict=True))
    assert [window["start"] for window, _ in pairs] == [window["start"] for _, window in pairs]
    apart = [abs(window["probability"] - one["probability"]) for window, one in pairs]
    assert 0 < max(apart) < 0.02


@pytest.mark.parametrize(
    ("args", "exact"),
    [(("detect",), False), (("detect", "--exact"), True), (("replay",), True)],
)
def test_presets_of_other_programs_are_exact(
    run, args: tuple[str, ...], exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipdetect.detection import Detector

    given = []

    def load(*args, **options):
        given.append(options["exact"])
        raise KeyboardInterrupt

    monkeypatch.setattr(Detector, "load", load)
    run(*args, EXAMPLE)
    assert given == [exact]
