"""Times of events that an importer gives: compared with each other and with the videos.

In: rows, a video of 5 s. Out: nothing but assertions.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from slipdetect.cli.main import cli
from slipdetect.errors import DataError, VideoError
from slipdetect.lab.data import read_annotations
from slipdetect.lab.data.times import Late
from slipdetect.lab.prepare.command import IMPORTERS
from slipdetect.lab.prepare.rows import Row
from slipdetect.lab.prepare.times import check_rows
from synth import make_video

IMPORTER = """
from dataclasses import dataclass
from slipdetect.cli.typed_options import option
from slipdetect.lab.prepare.importer import Importer
from slipdetect.lab.prepare.rows import Prepared, Row


@dataclass(frozen=True, kw_only=True)
class Timed(Importer):
    '''Import a video with times.'''

    times: str = option()

    def read(self, source, job):
        spans = [map(float, span.split("-")) for span in self.times.split(",")]
        return Prepared([Row(source / "a.mp4", "slip", start=a, end=b) for a, b in spans])
"""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("timed") / "a.mp4"
    return make_video(path, count=50, rate=10.0, size=(64, 48)).path


def rows(video: Path, *spans: tuple[float | None, float | None]) -> list[Row]:
    return [Row(video, "slip", start=start, end=end) for start, end in spans]


@pytest.mark.parametrize(
    ("spans", "words"),
    [
        ([(1.0, None)], "has a start and no end"),
        ([(None, 1.0)], "has an end and no start"),
        ([(2.0, 2.0)], "from 2 s to 2 s makes no sense"),
        ([(3.0, 2.0)], "makes no sense"),
        ([(-1.0, 2.0)], "makes no sense"),
        ([(math.nan, 2.0)], "makes no sense"),
        ([(1.0, math.inf)], "makes no sense"),
        ([(3.0, 4.0), (1.0, 3.5)], "the event from 3 s to 4 s overlaps that from 1 s to 3.5 s"),
        ([(1.0, 2.0), (1.0, 2.0)], "overlaps"),
    ],
)
def test_impossible_times_are_refused(
    video: Path, spans: list[tuple[float | None, float | None]], words: str
) -> None:
    for compare in (True, False):
        with pytest.raises(DataError, match=words) as caught:
            check_rows(rows(video, *spans), Late(), compare=compare)
        assert "a.mp4" in str(caught.value)


def test_events_stay_in_their_video(video: Path, tmp_path: Path) -> None:
    other = Row(tmp_path / "gone.mp4", "other")  # without times it is not looked into
    late = Late()
    seen: list[tuple[int, int]] = []
    given = [*rows(video, (4.0, 5.3)), other, *rows(video, (0.0, 1.0), (2.0, 4.0))]
    found = check_rows(given, late, on_video=lambda index, total, path: seen.append((index, total)))
    assert [(row.start, row.end) for row in found] == [
        (4.0, pytest.approx(5.0)),
        (None, None),
        (0.0, 1.0),
        (2.0, 4.0),
    ]
    assert (late.warnings(), seen) == ([], [(0, 1)])
    assert check_rows(rows(video, (4.9, 5.4)), late)[0].end == pytest.approx(5.0)
    assert late.warnings() == []
    assert check_rows(rows(video, (4.0, 5.6)), late)[0].end == pytest.approx(5.0)
    assert "1 time ends after its video" in late.warnings()[0]
    assert check_rows(rows(video, (4.0, 99.0)), late, compare=False)[0].end == 99.0
    with pytest.raises(DataError, match=r"event: 4 s to 99 s of '.*a\.mp4', which ends at 5\.00"):
        check_rows(rows(video, (4.0, 99.0)), late)
    with pytest.raises(VideoError, match="was not found"):
        check_rows(rows(other.path, (1.0, 2.0)), late)


def test_every_importer_has_its_times_checked(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = video.parent
    (folder / "timed_importer.py").write_text(IMPORTER)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setitem(IMPORTERS, "timed", "timed_importer:Timed")
    out = folder / "clips.csv"
    for times, words in (("1-3,2-4", "overlaps"), ("6-7", "which ends at 5.00 s")):
        refused = CliRunner().invoke(
            cli, ["prepare", "timed", str(folder), "--times", times, "--out", str(out)]
        )
        assert refused.exit_code == 3
        assert words in refused.stderr
        assert not out.exists()
    done = CliRunner().invoke(
        cli, ["prepare", "timed", str(folder), "--times", "1-2,3-6", "--out", str(out)]
    )
    assert done.exit_code == 0, done.stderr
    assert "Warning: 1 time ends after its video" in done.stderr
    (clip,) = read_annotations(out)
    assert clip.events == ((1.0, 2.0), (3.0, 5.0))
