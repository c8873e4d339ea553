"""A result for every clip of a test, in order, whoever has done it and when.

In: clips named after what shall happen to them. Out: nothing but assertions.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from crew_tasks import ClipWords
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.each_clip import each_clip
from slipdetect.workers import open_backend
from slipdetect.workers.manifest import Manifest


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_done_is_not_done_again_and_what_cannot_be_read_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, jobs: int
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[1])]))
    monkeypatch.setattr(logging.getLogger("slipdetect"), "propagate", True)
    clips = [Clip(tmp_path / name, False) for name in ("late", "bad", "a", "b")]
    for clip in clips:
        clip.path.touch()
    seen: list[tuple[int, int]] = []
    make = ClipWords()
    for _ in range(2):
        with Manifest[str](tmp_path / "done.jsonl", {}, str, str) as kept:
            found = each_clip(
                clips,
                lambda clip: make()(clip, None),
                lambda *step: seen.append(step),
                backend=open_backend(None, jobs, len(clips)),
                make=make,
                kept=kept,
            )
        assert found == ["LATE", None, "A", "B"]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4), (4, 4)]
    assert caplog.text.count("left out: 'bad' is damaged") == 2
    # a mark for each time
    marks = [clip.path.with_suffix(".mark").read_text() for clip in clips]
    assert marks == [".", "..", ".", "."]


def test_what_is_wrong_with_no_video_ends_the_run(tmp_path: Path) -> None:
    clips = [Clip(tmp_path / "wrong", False)]
    with pytest.raises(ValueError, match="wrong"):
        each_clip(clips, lambda clip: ClipWords()()(clip, None), lambda *_: None)
