"""``extract --stream``: which video track is stored, and what is made of it afterwards.

In: a track of grey and one of numbers. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from media.test_tracks import COUNT, tracks
from slipdetect.detection.loading import stored_flow
from slipdetect.errors import DataError
from slipdetect.store import StoreQuery, VideoStore
from synth import read_code


def test_the_chosen_one_is_extracted_and_no_other_is_taken_for_it(run, tmp_path: Path) -> None:
    path, store = tracks(tmp_path / "two.mkv", 2), tmp_path / "store"
    args = ["extract", path, "--out", store, "--no-flow", "--fps", 25, "--size", "short:96"]
    assert run(*args, "--stream", 1).exit_code == 0
    stored = VideoStore(store).find(path)
    assert stored is not None
    assert [read_code(image) for image in stored.frames(0, COUNT)] == list(range(COUNT))
    other = run(*args)
    assert other.exit_code == 6
    assert "with stream 1 instead of 0" in other.stderr
    assert StoreQuery(VideoStore(store), 25.0, 96, None, stream=1).find(path) is not None
    with pytest.raises(DataError, match="stream 1 instead of 0"):
        StoreQuery(VideoStore(store), 25.0, 96, None).find(path)


def test_the_first_one_stands_in_stores_as_it_always_did(run, tmp_path: Path) -> None:
    path, store = tracks(tmp_path / "two.mkv", 2), tmp_path / "store"
    result = run("extract", path, "--out", store, "--no-flow")
    assert result.exit_code == 0
    assert "2 video streams: only the first, 0, is looked at" in result.stderr
    (manifest,) = store.glob("*.json")
    assert "stream" not in json.loads(manifest.read_text())["recipe"]
    assert run("extract", path, "--out", tmp_path / "other", "--stream", 2).exit_code == 3


def test_stored_flow_is_that_of_the_stream_that_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def find(self: StoreQuery, path: Path) -> None:
        asked.append(self.stream)

    monkeypatch.setattr(StoreQuery, "find", find)
    config = SimpleNamespace(flow={}, sample_fps=10.0, frame_short_side=48)
    for stream in (None, 0, 1):
        assert stored_flow(VideoStore(tmp_path), tmp_path / "two.mkv", config, stream) is None
    assert asked == [0, 0, 1]
