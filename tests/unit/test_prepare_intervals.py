"""Times in long videos: tables of them, their check against the video, clips cut of it.

In: tables and synthetic videos whose every frame can be told apart. Out: rows and clips.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prepare_files import touch
from slipdetect.errors import DataError, OutputError, UsageError, VideoError
from slipdetect.lab.data import read_annotations
from slipdetect.lab.data.annotations import AnnotationLine
from slipdetect.lab.data.times import Late, parse_time
from slipdetect.lab.prepare.cut_plan import CutRule, PlannedClip, plan_cuts, spread_cuts
from slipdetect.lab.prepare.cutting import (
    LACKING,
    TOO_NEAR,
    cut_rows,
    cut_video,
    row_of,
)
from slipdetect.lab.prepare.intervals import read_intervals
from slipdetect.lab.prepare.rows import write_rows
from slipdetect.lab.prepare.times import check_times
from slipdetect.video import open_video
from synth import cut as truncate
from synth import make_video, read_code


@pytest.mark.parametrize(
    ("text", "time"),
    [
        *[
            ("0", 0.0),
            ("12", 12.0),
            (" 12.5 ", 12.5),
            (".5", 0.5),
            ("1e-05", 1e-5),
            ("3601", 3601.0),
        ],
        *[
            ("1:02", 62.0),
            ("90:00", 5400.0),
            ("1e-05", 1e-5),
            ("0:01:02.250", 62.25),
            ("1:00:00,5", 3600.5),
        ],
    ],
)
def test_times_as_people_write_them(text: str, time: float) -> None:
    assert parse_time(text) == time


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *[("-1", "before the video begins"), ("-0:01", "before the video begins")],
        *[("1:60", "more than 59"), ("1:60:00", "more than 59"), ("0:00:60", "more than 59")],
        *[(text, "neither seconds") for text in ("", "nan", "inf", "1e999", "12,5", "1 s", "1_0")],
        *[(text, "neither seconds") for text in ("1:2:3:4", "0x1", "1::2", "\u0661", "1:\u0661")],
    ],
)
def test_what_is_no_time(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_time(text)


@given(st.floats(0, 1e5))
def test_timecodes_mean_their_seconds(time: float) -> None:
    milli = round(time * 1000)
    hours, rest = divmod(milli, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    text = f"{hours}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
    assert math.isclose(parse_time(text), milli / 1000, abs_tol=1e-9)
    assert parse_time(f"{milli / 1000:.3f}") == milli / 1000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return touch(tmp_path / "videos", "a.mp4", "sub/b.mp4", "c.mp4")


def spans(lines: Sequence[AnnotationLine], positive: bool = True) -> list[tuple[float, float]]:
    """The times of a video's rows of a label."""
    times = [line.span for line in lines if line.span and line.positive == positive]
    return [(span.start, span.end) for span in times]


def table(root: Path, text: str) -> Path:
    file = root.parent / "times.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_table(root: Path) -> None:
    text = (
        "path,start,end,note\n"
        "a.mp4,0:10,12.5,x\n"
        "sub/b.mp4,,,\n"
        '# c,1,2\n\n'
        "a.mp4,3,4,\n"
    )  # fmt: skip
    first, second = read_intervals(table(root, text), root)
    assert {(line.path, line.name, line.group) for line in first} == {
        (root / "a.mp4", "a.mp4", "a.mp4")
    }
    assert spans(first, positive=True) == [(3.0, 4.0), (10.0, 12.5)]
    (line,) = second
    assert (line.name, line.positive, line.span) == ("sub/b.mp4", False, None)


def test_what_a_review_says_of_a_detector(root: Path) -> None:
    """``source`` and verdicts: wrong and other times are negatives, right and missed are events."""
    text = (
        "source,start,end,label,split,group,dataset\n"
        "a.mp4,1,2,right,train,Anna,own\n"
        "a.mp4,5,6,wrong,train,Anna,own\n"
        "a.mp4,8,9,Missed,train,Anna,own\n"
        "sub/b.mp4,1,2,other,TEST,,\n"
        "c.mp4,,,slip,,,\n"
    )
    first, second, third = read_intervals(table(root, text), root)
    assert spans(first, positive=True) == [(1.0, 2.0), (8.0, 9.0)]
    assert spans(first, positive=False) == [(5.0, 6.0)]
    assert (first[1].group, first[1].split, first[1].dataset) == ("Anna", "train", "own")
    assert (second[0].positive, second[0].split, len(second)) == (False, "test", 1)
    assert (third[0].positive, third[0].span) == (True, None)


def test_the_detectors_own_csv(root: Path) -> None:
    text = (
        "source,id,start_s,end_s,start_timecode,end_timecode,duration_s,score,label\n"
        "a.mp4,1,1.5,2.25,00:00:01.500,00:00:02.250,0.75,0.91,slip\n"
    )
    (video,) = read_intervals(table(root, text), root)
    assert spans(video, positive=True) == [(1.5, 2.25)]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("a.mp4,2,1,", "line 2: it ends at 1, not after 2; correct the times"),
        ("a.mp4,,2,", "line 2: it has an end and no start; give both or neither"),
        ("a.mp4,2,2,", "line 2: it ends at 2, not after 2"),
        ("a.mp4,nan,2,", "line 2: time 'nan' is neither seconds"),
        ("a.mp4,-1,2,", "line 2: time '-1' is before"),
        ("a.mp4,1,,", "line 2: it has a start and no end; give both or neither"),
        ("a.mp4,1,2,unsure", "line 2: label 'unsure' is neither a slip"),
        ("d.mp4,1,2,", "line 2: 'd.mp4' was not found below"),
        (",1,2,", "line 2: the path is empty"),
        (f"{'a' * 300},1,2,", "line 2: 'a{80}' was not found below"),
        ("a.mp4,1,3,\na.mp4,2,4,", "line 3: 2 s to 4 s overlaps 1 s to 3 s of .* line 2"),
        ("a.mp4,2,4,\na.mp4,1,3,", "line 2: 2 s to 4 s overlaps 1 s to 3 s of .* line 3"),
        ("a.mp4,1,3,\na.mp4,1,3,", "line 3: .* overlaps .* line 2"),
        ("a.mp4,1,3,slip\na.mp4,2,4,wrong", "line 3: .* overlaps"),
        ("a.mp4,1,3,\na.mp4,,,", "line 3: 'a.mp4' is also in .* line 2, and one of them has no"),
        ("a.mp4,,,\na.mp4,,,", "line 3: 'a.mp4' is also in .* line 2"),
        ("a.mp4,1,3,,train\na.mp4,4,5,,test", "line 3: another split than in .* line 2"),
        ("a.mp4,1,3,,dev", "line 2: split 'dev' is none of train, val and test"),
    ],
)
def test_mistakes_are_named_with_their_line(root: Path, rows: str, words: str) -> None:
    file = table(root, f"path,start,end,label,split\n{rows}\n")
    with pytest.raises(DataError, match=words):
        read_intervals(file, root)


def test_times_may_touch(root: Path) -> None:
    (video,) = read_intervals(table(root, "path,start,end\na.mp4,1,2\na.mp4,2,3\n"), root)
    assert len(video) == 2


def test_a_header_is_needed(root: Path) -> None:
    (video,) = read_intervals(table(root, "path;start;end\na.mp4;1,5;2\n"), root)
    assert spans(video, positive=True) == [(1.5, 2.0)]
    with pytest.raises(DataError, match="lacks the column path, start, end"):
        read_intervals(table(root, "a.mp4,1,2\n"), root)
    with pytest.raises(DataError, match="has no row"):
        read_intervals(table(root, "path,start,end\n"), root)


# seconds of the synthetic videos, 10 frames a second
LONG, RATE = 20.0, 10.0


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 200 numbered frames."""
    path = tmp_path_factory.mktemp("long") / "a.mp4"
    return make_video(path, count=round(LONG * RATE), rate=RATE, size=(64, 48)).path


def timed(video: Path, *rows: str) -> list[AnnotationLine]:
    file = video.parent / "times.csv"
    file.write_text("path,start,end,label\n" + "".join(f"{video.name},{row}\n" for row in rows))
    return read_intervals(file, video.parent)[0]


def test_times_are_checked_against_the_video(long_video: Path) -> None:
    late = Late()
    video, duration = check_times(timed(long_video, "1,2,", "19,20.4,"), late)
    assert duration == pytest.approx(LONG, abs=0.01)
    assert (spans(video)[1][1], late.warnings()) == (duration, [])
    video, _ = check_times(timed(long_video, "19,20.6,"), late)
    assert spans(video) == [(19.0, duration)]
    (warning,) = late.warnings()
    assert warning.startswith(
        "1 time ends after its video, and is taken to end there: annotations "
    )
    assert warning.endswith("line 2: 19 s to 20.6 s of 'a.mp4', which ends at 20.00 s")
    assert spans(check_times(timed(long_video, "18,22,"), Late())[0]) == [(18.0, duration)]
    with pytest.raises(DataError, match=r"line 2: 18 s to 22\.1 s of 'a.mp4', which ends at"):
        check_times(timed(long_video, "18,22.1,"), late)
    with pytest.raises(DataError, match=r"line 2: 20\.1 s to 20\.3 s of 'a.mp4', which ends at"):
        check_times(timed(long_video, "20.1,20.3,"), late)


def test_a_header_that_lies_is_not_believed(long_video: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    make_video(path, count=200, rate=RATE, size=(64, 48))
    truncate(path, 0.5)
    _, duration = check_times(timed(path, "1,2,"), Late())
    assert 2.0 < duration < 19.0
    with pytest.raises(DataError, match="line 2: 18 s to 19 s of"):
        check_times(timed(path, "18,19,"), Late())
    path.write_bytes(b"nothing")
    with pytest.raises(VideoError):
        check_times(timed(path, "1,2,"), Late())


RULE = CutRule()


def test_cuts_of_one_event() -> None:
    """Worked out by hand: the event's clip is 8 to 12 s, negatives keep 1 s from the event."""
    plan = plan_cuts(20.0, [(9.0, 11.0)], [], RULE)
    assert plan.cuts == (
        PlannedClip(4.0, 8.0),
        PlannedClip(8.0, 12.0, (9.0, 11.0)),
        PlannedClip(12.0, 16.0),
    )
    assert (plan.lacking, plan.too_near) == (0, 0)
    far = plan_cuts(20.0, [(9.0, 11.0)], [], CutRule(clearance=3.0))
    assert far.cuts == (
        PlannedClip(2.0, 6.0),
        PlannedClip(8.0, 12.0, (9.0, 11.0)),
        PlannedClip(14.0, 18.0),
    )


def test_neighbors_share_the_gap_between_them() -> None:
    plan = plan_cuts(20.0, [(2.0, 3.0), (4.0, 5.0)], [], CutRule(negatives=0))
    assert plan.cuts == (PlannedClip(1.0, 3.5, (2.0, 3.0)), PlannedClip(3.5, 6.0, (4.0, 5.0)))


def test_marked_negatives_come_first_and_need_place() -> None:
    plan = plan_cuts(30.0, [(10.0, 11.0)], [(7.0, 8.0), (11.2, 11.6), (20.0, 22.0)], RULE)
    assert PlannedClip(6.0, 9.0) in plan.cuts
    assert PlannedClip(19.0, 23.0) in plan.cuts
    assert plan.too_near == 1
    negatives = [cut for cut in plan.cuts if cut.event is None]
    assert len(negatives) == 2 + 2
    assert PlannedClip(12.0, 15.0) in negatives


def test_negatives_without_place_are_counted() -> None:
    plan = plan_cuts(6.0, [(1.0, 4.0)], [], CutRule(negatives=3))
    assert plan.cuts == (PlannedClip(0.0, 5.0, (1.0, 4.0)),)
    assert plan.lacking == 3


@st.composite
def scenes(draw: st.DrawFn) -> tuple[float, list[tuple[float, float]], list[tuple[float, float]]]:
    """A duration, and events and marked negatives that do not overlap."""
    steps = draw(st.lists(st.floats(0.1, 20.0), min_size=2, max_size=14))
    spans, time = [], 0.0
    for gap, length in zip(steps[::2], steps[1::2], strict=False):
        spans.append((time + gap, time + gap + length))
        time = spans[-1][1]
    kinds = draw(st.lists(st.booleans(), min_size=len(spans), max_size=len(spans)))
    events = [span for span, kind in zip(spans, kinds, strict=True) if kind]
    marked = [span for span, kind in zip(spans, kinds, strict=True) if not kind]
    return time + draw(st.floats(0.0, 20.0)), events, marked


@settings(max_examples=300)
@given(scenes(), st.floats(0, 5), st.floats(0, 5), st.floats(0, 5), st.integers(0, 4))
def test_cuts_never_overlap_and_negatives_keep_their_distance(
    scene: tuple[float, list[tuple[float, float]], list[tuple[float, float]]],
    before: float,
    after: float,
    clearance: float,
    negatives: int,
) -> None:
    duration, events, marked = scene
    plan = plan_cuts(duration, events, marked, CutRule(before, after, clearance, negatives))
    assert [cut.event for cut in plan.cuts if cut.event] == events
    previous = 0.0
    for cut in plan.cuts:
        assert previous - 1e-9 <= cut.start < cut.end <= duration + 1e-9
        previous = cut.end
        for start, end in events:
            if cut.event == (start, end):
                assert cut.start <= start < end <= cut.end
            elif cut.event:
                assert cut.end <= start or cut.start >= end
            else:
                assert cut.end <= start - clearance + 1e-9 or cut.start >= end + clearance - 1e-9
    count = sum(cut.event is None for cut in plan.cuts)
    assert count == len(marked) - plan.too_near + len(events) * negatives - plan.lacking


def test_a_video_without_events_is_cut_evenly() -> None:
    assert spread_cuts(10.0, 2.0, 2) == [PlannedClip(2.0, 4.0), PlannedClip(6.0, 8.0)]
    third = pytest.approx(1 / 3)
    first, second = spread_cuts(5.0, 2.0, 4)
    assert (first.start, second.start - first.end, 5.0 - second.end) == (third, third, third)
    assert spread_cuts(3.0, 4.0, 2) == [PlannedClip(0.0, 3.0)]
    assert spread_cuts(3.0, 4.0, 0) == []


def codes(path: Path) -> list[int]:
    with open_video(path) as video:
        return [read_code(frame.image) for frame in video.frames()]


def test_clips_hold_the_very_frames(long_video: Path, tmp_path: Path) -> None:
    """Frame k of the video is shown at k / 10 s."""
    plan = [
        (PlannedClip(0.0, 1.0), tmp_path / "first.mp4"),
        (PlannedClip(1.0, 3.05, (1.55, 2.0)), tmp_path / "event.mp4"),
        (PlannedClip(18.0, 20.0), tmp_path / "last.mp4"),
    ]
    made, _ = zip(*cut_video(long_video, plan), strict=True)
    assert codes(tmp_path / "first.mp4") == list(range(10))
    assert codes(tmp_path / "event.mp4") == list(range(10, 31))
    assert codes(tmp_path / "last.mp4") == list(range(180, 200))
    assert (made[1].start, made[1].end) == (1.0, pytest.approx(3.1))
    assert made[1].event == (1.55, 2.0)
    assert made[0].event is None
    with pytest.raises(OutputError, match="exists already"):
        cut_video(long_video, plan)
    cut_video(long_video, plan[:1], overwrite=True)


def test_a_video_that_ends_early_leaves_no_clip(long_video: Path, tmp_path: Path) -> None:
    for cut in (PlannedClip(19.0, 22.0, (20.5, 21.0)), PlannedClip(25.0, 26.0)):
        with pytest.raises(DataError, match="ends before"):
            cut_video(long_video, [(cut, tmp_path / "x.mp4")])
        assert list(tmp_path.iterdir()) == []


def test_an_old_clip_stays_where_no_new_one_can_be_cut(long_video: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.mp4"
    target.write_bytes(b"old")
    for cut in (PlannedClip(19.0, 22.0), PlannedClip(25.0, 26.0)):
        with pytest.raises(DataError, match="ends before"):
            cut_video(long_video, [(cut, target)], overwrite=True)
        assert target.read_bytes() == b"old"


def test_whole_videos_are_rows_of_events(long_video: Path, tmp_path: Path) -> None:
    video, _ = check_times(timed(long_video, "5,6,slip", "9,10,wrong", "12,13.5,"), Late())
    other, _ = check_times(timed(long_video, "2,3,wrong"), Late())
    rows = [row_of(line) for line in video]
    assert [(row.start, row.end, row.label) for row in rows] == [
        (5.0, 6.0, "slip"),
        (9.0, 10.0, "other"),
        (12.0, 13.5, "slip"),
    ]
    out = long_video.parent / "clips.csv"
    write_rows(rows, out, overwrite=True)
    (clip,) = read_annotations(out)
    assert clip.events == ((5.0, 6.0), (12.0, 13.5))
    assert clip.lookalikes == ((9.0, 10.0),)
    write_rows([row_of(line) for line in other], out, overwrite=True)
    (clip,) = read_annotations(out)
    assert (clip.positive, clip.events, clip.lookalikes) == (False, (), ((2.0, 3.0),))


def test_cut_rows_are_read_back_with_their_source(long_video: Path, tmp_path: Path) -> None:
    events = check_times(timed(long_video, "9,11,", "15,15.5,wrong"), Late())
    rule = CutRule(before=0.5, after=0.5, negatives=2)
    prepared = cut_rows([events], tmp_path / "cuts", long_video.parent, rule)
    write_rows(prepared.rows, tmp_path / "clips.csv")
    clips = read_annotations(tmp_path / "clips.csv")
    found = [
        (clip.positive, clip.columns["source_start"], clip.columns["source_end"]) for clip in clips
    ]
    assert found == [
        (False, "2", "5"),
        (False, "5", "8"),
        (True, "8.5", "11.5"),
        (False, "14.5", "16"),
    ]
    assert {clip.group for clip in clips} == {"a.mp4"}
    for clip in clips:
        begin, end = (float(clip.columns[f"source_{name}"]) for name in ("start", "end"))
        assert codes(clip.path) == [k for k in range(200) if begin - 1e-9 <= k / RATE < end - 1e-9]
        if clip.positive:
            assert clip.events == ((0.5, 2.5),)
    again = [check_times(timed(long_video, "9,11,"), Late())]
    with pytest.raises(OutputError, match="exists already"):
        cut_rows(again, tmp_path / "cuts", long_video.parent, rule)


def test_videos_without_events_and_without_times(long_video: Path, tmp_path: Path) -> None:
    empty = check_times(timed(long_video, ",,"), Late())
    prepared = cut_rows([empty], tmp_path, long_video.parent, CutRule(negatives=3))
    assert [row.label for row in prepared.rows] == ["other"] * 3
    assert {len(codes(row.path)) for row in prepared.rows} == {30}
    untimed = check_times(timed(long_video, ",,slip"), Late())
    with pytest.raises(DataError, match=r"line 2: 'a\.mp4' shows a slip, but not when"):
        cut_rows([untimed], tmp_path, long_video.parent, RULE)
    (row,) = map(row_of, untimed[0])
    assert (row.label, row.start) == ("slip", None)


def test_what_has_no_place_is_counted(long_video: Path, tmp_path: Path) -> None:
    video = check_times(timed(long_video, "2,18,", "18.2,18.6,wrong"), Late())
    prepared = cut_rows([video], tmp_path, long_video.parent, RULE)
    assert prepared.left_out.reasons() == {LACKING: ["a.mp4", "a.mp4"], TOO_NEAR: ["a.mp4"]}


@pytest.mark.parametrize("name", ["before", "after", "clearance", "negatives"])
def test_rules_that_make_no_sense(name: str) -> None:
    for value in (-1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match=f"--{name}"):
            CutRule(**{name: value})
