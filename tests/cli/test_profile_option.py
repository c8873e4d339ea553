"""``detect --profile``: a table on stderr, and nothing else is different.

In: runs with a stand-in detector. Out: nothing but assertions.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from results import FakeDetector
from slipdetect.detection import DetectionResult
from slipdetect.types import Profile, Stage

pytestmark = pytest.mark.usefixtures("fake", "wishes")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every result say that it took 0 s, of which 0 s were in two stages."""
    detect = FakeDetector.detect
    stages = (Stage("network rgb", 0.0), Stage("reading and decoding", 0.0, True))

    def told(self: FakeDetector, *args: object, **options: object) -> DetectionResult:
        profile = Profile(0.0, stages, 10.0, 300, 100, 40, 30)
        return replace(detect(self, *args, **options), profile=profile)

    monkeypatch.setattr(FakeDetector, "detect", told)


def test_the_profile_is_of_all_videos_and_on_stderr(run, measured) -> None:
    args = ["detect", "fall.mp4", "none.mp4", "bug.mp4", "--format", "json"]
    plain, result = run(*args), run(*args, "--profile")
    assert result.stdout == plain.stdout
    assert (result.exit_code, plain.exit_code) == (5, 5)
    assert result.stderr.startswith(plain.stderr)
    said = result.stderr.removeprefix(plain.stderr)
    assert "profile: 20.0 s of video looked at in 0.00 s" in said
    assert "600 frames decoded, 200 looked at, 60 of 80 snippets computed; at most " in said
    rows = re.findall(r"^  (\S.*?) +\d+\.\d\d +\d+%$", said, re.MULTILINE)
    assert set(rows) >= {"loading the model", "writing", "network rgb", "everything else", "in all"}
    assert rows[-1] == "reading and decoding"
    assert "videos that failed" in rows
    assert "videos that failed" not in run(*args[:3], "--profile").stderr


def test_nothing_could_be_looked_at(run) -> None:
    result = run("detect", "missing.mp4", "--profile")
    assert result.exit_code == 3
    assert "profile: 0.0 s of video looked at in 0.00 s, 0.0 times real time" in result.stderr


def test_quiet_silences_what_was_not_asked_for(run, measured) -> None:
    result = run("detect", "cut.mp4", "--profile", "--quiet", "--format", "csv")
    assert "truncated" not in result.stderr
    assert "profile: 10.0 s" in result.stderr
