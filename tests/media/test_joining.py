"""A recording in pieces is one: by names, by pattern, by folder, by playlist.

In: a marked recording, cut into files. Out: nothing but assertions.
"""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from media.making import write_marked
from media.marker import read_marker
from results import make_result
from slipdetect.cli.detect_options import DetectSettings
from slipdetect.cli.pieces import expand_joined
from slipdetect.cli.sources import expand
from slipdetect.errors import UsageError, VideoError
from slipdetect.reports.formats import csv_report
from slipdetect.sinks.registry import choose_destination
from slipdetect.types import Event
from slipdetect.video import Gap, Piece, Recording, find_videos, open_video, show

COUNT, EACH, RATE = 33, 10, 25.0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four files of ten pictures each, the last one of three: ``cam1-8`` to ``cam1-11``."""
    folder = tmp_path_factory.mktemp("made")
    for start in range(0, COUNT, EACH):
        numbers = range(start, min(start + EACH, COUNT))
        path = folder / f"cam1-{8 + start // EACH}.mp4"
        write_marked(path, {number: (number - start) / RATE for number in numbers})
    return folder


@pytest.fixture
def camera(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same in the working folder, in ``rec``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rec").mkdir()
    for path in made.iterdir():
        os.link(path, tmp_path / "rec" / path.name)
    return tmp_path / "rec"


def pieces_of(folder: Path) -> list[str]:
    return [str(folder / f"cam1-{number}.mp4") for number in range(8, 12)]


def check(source: str, **reading: object) -> list[Piece]:
    """Check that all pictures come once, in order, evenly in time."""
    with open_video(source, **reading) as video:  # type: ignore[arg-type]
        seen = [(frame.time, read_marker(frame.image)) for frame in video.frames()]
        assert video.info.source == source
        assert video.report.frames == COUNT
        assert video.report.warnings == []
        assert not video.report.truncated
    assert [number for _, number in seen] == list(range(COUNT))
    assert [time for time, _ in seen] == pytest.approx([i / RATE for i in range(COUNT)])
    return video.report.pieces


def test_pieces_are_one_time_line(camera: Path) -> None:
    files = pieces_of(camera)
    found = check("cam1", pieces={"cam1": files, "cam2": ["none.mp4"]})
    assert found == [
        Piece(file, pytest.approx(i * EACH / RATE), 0.0)  # type: ignore[arg-type]
        for i, file in enumerate(files)
    ]


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["rec/cam1-*.mp4"], ["rec/cam1"]),
        (["rec"], ["rec"]),
        (["rec/"], ["rec"]),
        (["*/*.mp4"], [None]),
        (["rec/cam1-10.mp4", "rec/cam1-8.mp4", "rec/cam1-11.mp4", "rec/cam1-9.mp4"], ["rec/cam1"]),
        (["@list.txt"], ["list"]),
    ],
)
def test_what_the_user_names_is_ordered_by_the_numbers_in_names(
    camera: Path, sources: list[str], names: list[str | None]
) -> None:
    Path("list.txt").write_text("rec/cam1-11.mp4\nrec/cam1-9.mp4\nrec/cam1-8.mp4\nrec/cam1-10.mp4")
    jobs, pieces = expand_joined(sources)
    assert [job.source for job in jobs] == [name or camera.parent.name for name in names]
    (files,) = pieces.values()
    assert files == [f"rec/cam1-{number}.mp4" for number in range(8, 12)]
    check(jobs[0].source, pieces=pieces)


def test_or_by_their_last_change(camera: Path) -> None:
    for age, number in enumerate((9, 11, 8, 10)):
        os.utime(camera / f"cam1-{number}.mp4", (1e9 + age, 1e9 + age))
    _, pieces = expand_joined(["rec"], "time")
    assert pieces == {"rec": [f"rec/cam1-{number}.mp4" for number in (9, 11, 8, 10)]}


def test_cameras_stay_apart_and_single_files_are_themselves(camera: Path) -> None:
    (camera / "cam1-8.mp4").rename(camera / "cam2-1.mp4")
    (camera / "cam1-9.mp4").rename(camera / "cam2-2.mp4")
    jobs, pieces = expand_joined(["rec/cam1-*.mp4", "rec/cam2-*.mp4", "rec/cam2-[12].mp4"])
    assert [job.source for job in jobs] == ["rec/cam1", "rec/cam2", "rec/cam2-2"]
    assert pieces["rec/cam2"] == pieces["rec/cam2-2"]
    assert expand_joined(["rec/cam2-1.mp4"]) == (expand(["rec/cam2-1.mp4"]), {})
    jobs, pieces = expand_joined(["*.none", "rec/cam1-*.mp4"])
    assert "matches no file" in str(jobs[0].error)
    assert list(pieces) == ["rec/cam1"]


@pytest.mark.parametrize("name", ["day.ffconcat", "day.m3u8", "day.m3u"])
def test_a_playlist_that_is_named_is_read(camera: Path, name: str) -> None:
    (camera / "cam1-9.mp4").rename(camera / "a b'c.mp4")
    files = ["cam1-8.mp4", "a b'c.mp4", "cam1-10.mp4", "cam1-11.mp4"]
    if name.endswith("ffconcat"):
        quoted = [f"file '{file}'".replace("b'c", r"b'\''c") for file in files]
        lines = ["ffconcat version 1.0", "# of camera 1", *quoted, "duration 0.4", ""]
    else:
        files[1] = "a%20b'c.mp4"
        spans = [line for file in files for line in ("#EXTINF:0.4,", file)]
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", *spans, "#EXT-X-ENDLIST"]
    (camera / name).write_text("\n".join(lines))
    found = check(f"rec/{name}")
    assert [Path(piece.source).name for piece in found][1] == "a b'c.mp4"
    assert len(find_videos(camera)) == 4  # of a folder it is none
    jobs, pieces = expand_joined([f"rec/{name}"])
    assert ([job.source for job in jobs], pieces) == ([f"rec/{name}"], {})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.ffconcat", "file http://camera.example/a.mp4", "line 1: an address is no file"),
        ("x.m3u8", "#EXTM3U\nhttps://u:secret@camera.example/a.ts", "line 2: an address is no"),
        ("x.m3u8", "#EXTM3U\nconcat:rec/cam1-8.mp4", "line 2: an address is no file"),
        ("x.ffconcat", "file ../cam1-8.mp4", "line 1: '../cam1-8.mp4' is not in the folder"),
        ("x.ffconcat", "file /etc/hostname", "line 1: '/etc/hostname' is not in the folder"),
        ("x.m3u8", "link.mp4", "line 1: 'link.mp4' is not in the folder"),
        ("x.m3u8", "%2e%2e/cam1-8.mp4", "line 1: '%2e%2e/cam1-8.mp4' is not in the folder"),
        ("x.m3u8", "gone.mp4", "line 1: 'gone.mp4' was not found"),
        ("x.ffconcat", "file 'a.mp4", "line 1: a quote is not closed"),
        ("x.ffconcat", "file a.mp4\ninpoint 3", "line 1: 'a.mp4' was not found"),
        ("x.ffconcat", "ffconcat version 1.0\ninpoint 3", "line 2: 'inpoint' is not supported"),
        ("x.m3u8", '#EXT-X-MAP:URI="init.mp4"', "line 1 names pieces that cannot be read without"),
        ("x.m3u8", "#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8", "line 1 names other playlists"),
        ("x.m3u8", "#EXT-X-KEY:METHOD=AES-128,URI=k", "line 1 names encrypted files"),
        ("x.m3u8", "#EXT-X-BYTERANGE:10@0\na.ts", "line 1 names parts of files"),
        ("x.m3u8", "#EXTM3U\n", "names no file"),
        ("x.m3u8", "\0" * 500, r"line 1: '\x00\x00"),
        ("x.m3u8", "a" * 300 + ".mp4", "line 1: 'aaa"),
        ("x.ffconcat", "file 'a\0.mp4'", r"line 1: 'a\x00.mp4' is no name of a file"),
        ("x.txt", "ffconcat version 1.0\nfile a.mp4", "is a playlist that points to other files"),
        ("x.mp4", "#EXTM3U\na.mp4", "is a playlist that points to other files"),
    ],
)
def test_a_playlist_leads_nowhere_else(camera: Path, name: str, text: str, said: str) -> None:
    folder = camera / "lists"
    folder.mkdir()
    (folder / "link.mp4").symlink_to(camera / "cam1-8.mp4")
    (folder / name).write_text(text)
    with pytest.raises(VideoError) as caught:
        open_video(folder / name)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_playlist_that_is_no_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "x.m3u8").write_bytes(b"\xff\xfe\0a")
    with pytest.raises(VideoError, match="not UTF-8"):
        open_video(tmp_path / "x.m3u8")
    with pytest.raises(VideoError, match="not found"):
        open_video(tmp_path / "y.m3u8")


def test_an_address_of_a_playlist_is_an_address() -> None:
    with pytest.raises(VideoError, match="a http:// address is a live source") as caught:
        open_video("http://user:secret@camera.example/live.m3u8")
    assert "secret" not in str(caught.value)
    with pytest.raises(VideoError, match="holds a NUL"):
        open_video("a\0.m3u8")
    found = choose_destination(
        None, "elan", ["http://user:secret@camera.example/live.m3u8"], overwrite=False
    )
    assert found.kind == "elan"  # that it is no recording is told of the source


def test_a_bad_piece_is_left_out_and_told(camera: Path) -> None:
    (camera / "cam1-9.mp4").unlink()
    (camera / "cam1-9.mp4").write_bytes(bytes(1000))
    with open_video("cam1", pieces={"cam1": pieces_of(camera)}) as video:
        numbers = [read_marker(frame.image) for frame in video.frames()]
    assert numbers == [*range(10), *range(20, COUNT)]
    report = video.report
    assert (report.failures, report.truncated, len(report.pieces)) == (1, True, 3)
    (warning,) = report.warnings
    assert warning.startswith(f"a piece is left out: '{camera / 'cam1-9.mp4'}' is not a video")


def test_where_no_piece_can_be_read_the_first_one_says_why() -> None:
    with pytest.raises(VideoError, match=r"'none-1\.mp4' was not found"):
        open_video("cam", pieces={"cam": ["none-1.mp4", "none-2.mp4"]})
    with pytest.raises(VideoError, match="has no files"):
        open_video("cam", pieces={"cam": []})


def test_pieces_of_another_size_are_fitted_into_the_first(camera: Path) -> None:
    write_marked(camera / "cam1-12.mp4", {40: 0.0, 41: 0.04}, size=(256, 192))
    files = [*pieces_of(camera), str(camera / "cam1-12.mp4")]
    with open_video("cam1", pieces={"cam1": files}) as video:
        images = [frame.image for frame in video.frames()]
    assert {image.shape for image in images} == {(96, 128, 3)}
    assert read_marker(images[-1]) == 41
    assert video.report.warnings == [
        "the frame size changes: later frames are fitted into the first"
    ]


def test_what_is_said_of_many_pieces_is_said_once(camera: Path) -> None:
    files = []
    for number in range(3):
        path = write_marked(camera / f"raw{number}.h264", {number: 0.0, number + 1: 0.04})
        files.append(str(path))
    with open_video("raw", pieces={"raw": files}) as video:
        assert len(list(video.frames())) == 6
    (warning,) = video.report.warnings
    assert warning.startswith(f"{files[0]!r} and 2 more: no timestamps")


def test_the_options_of_reading_hold_for_the_whole(camera: Path) -> None:
    pieces = {"cam1": pieces_of(camera)}
    with open_video("cam1", pieces=pieces, max_duration=0.5) as video:
        assert len(list(video.frames())) == 13
    assert video.report.warnings == ["stopped after 0.5 seconds as asked"]
    with open_video("cam1", pieces=pieces, frame_rate=10) as video:
        times = [frame.time for frame in video.frames()]
    assert times == pytest.approx([i / 10 for i in range(COUNT)])
    with open_video("cam1", pieces=pieces) as video:
        sampled = [read_marker(frame.image) for frame in video.frames(5.0, 48)]
    assert sampled == list(range(0, COUNT, 5))


def test_a_gap_in_a_piece_is_where_the_whole_has_it(tmp_path: Path) -> None:
    files = [tmp_path / "a.mkv", tmp_path / "b.mkv"]
    for file in files:
        write_marked(file, {0: 0.0, 1: 0.04, 2: 20.0, 3: 20.04})
    with open_video("x", pieces={"x": [str(file) for file in files]}) as video:
        last = [frame.time for frame in video.frames()][-1]
    assert last == pytest.approx(2 * 20.08 - 0.04, abs=0.002)
    begins = [0.04, 20.08 + 0.04]
    assert video.report.gaps == [
        Gap(pytest.approx(begin, abs=0.002), pytest.approx(begin + 19.96, abs=0.002))  # type: ignore[arg-type]
        for begin in begins
    ]


def test_a_last_picture_behind_a_gap_makes_the_next_piece_no_later(tmp_path: Path) -> None:
    times = {number: number / RATE for number in range(EACH)}
    first = write_marked(tmp_path / "a.mkv", {**times, EACH: times[EACH - 1] + 30.0})
    second = write_marked(tmp_path / "b.mkv", times)
    with open_video("x", pieces={"x": [str(first), str(second)]}) as video:
        seen = [frame.time for frame in video.frames()]
    begin = times[EACH - 1] + 30.0 + 1 / RATE
    assert seen[EACH + 1 :] == pytest.approx([begin + time for time in times.values()], abs=0.002)
    assert video.report.pieces[1].start == pytest.approx(begin, abs=0.002)


def test_joins_of_a_piece_are_known_while_it_is_read(tmp_path: Path) -> None:
    times = {number: number / RATE for number in range(2 * EACH)}
    part = write_marked(tmp_path / "part.ts", times).read_bytes()
    (tmp_path / "twice.ts").write_bytes(2 * part)
    files = [str(tmp_path / "part.ts"), str(tmp_path / "twice.ts")]
    with open_video("x", pieces={"x": files}) as video:
        known = [len(video.report.joins) for _ in video.frames()]
    assert (known[0], known[-1]) == (0, 1)
    (join,) = video.report.joins
    assert join.at == pytest.approx(4 * EACH / RATE, abs=0.05)


def test_sinks_see_the_whole(camera: Path, tmp_path: Path) -> None:
    copy = Recording(tmp_path / "copy.mp4", None)
    show("cam1", [copy], pieces={"cam1": pieces_of(camera)})
    assert copy.error is None
    with open_video(tmp_path / "copy.mp4") as video:
        assert [read_marker(frame.image) for frame in video.frames()] == list(range(COUNT))


def test_events_tell_their_file() -> None:
    pieces = [Piece("rec/a.mp4", 0.5, 0.5), Piece("rec/b.mp4", 60.0, 0.25)]
    event = Event(61.5, 64.0, 62.0, 0.9)
    assert event.placed([], None) is event
    assert event.placed(pieces, None) == replace(event, file="rec/b.mp4", file_start=1.75)
    early = Event(0.0, 2.0, 1.0, 0.9).placed(pieces, None)
    assert (early.file, early.file_start) == ("rec/a.mp4", 0.0)
    result = make_result("rec/cam", event.placed(pieces, None))
    result.report.pieces.extend(pieces)
    data = result.to_dict()
    assert data["source"]["pieces"] == [
        {"name": "rec/a.mp4", "start": 0.5},
        {"name": "rec/b.mp4", "start": 60.0},
    ]
    assert (data["events"][0]["file"], data["events"][0]["file_start"]) == ("rec/b.mp4", 1.75)
    head, row = csv_report([result]).splitlines()
    assert head.endswith(",file,file_start_s,time_of_day")
    assert row.endswith(",rec/b.mp4,1.75,")
    assert list(result.to_dataframe()["file"]) == ["rec/b.mp4"]
    found = result.at(onset=0.01).events
    assert {each.file for each in found} <= {"rec/a.mp4", "rec/b.mp4"}


def test_workers_know_the_pieces_too(camera: Path) -> None:
    given = {"sources": ("rec/cam1-*.mp4",), "join": True, "order": "name"}
    jobs, settings = DetectSettings.of({**given, "format": None}).recordings()
    there = pickle.loads(pickle.dumps(settings))
    assert [job.source for job in jobs] == ["rec/cam1"]
    check("rec/cam1", pieces=there.reading()["pieces"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"join": True, "store": "x"}, "--store knows files"),
        ({"join": True, "resume": "x"}, "--resume knows files"),
        ({"order": "time"}, "--order is that of pieces"),
    ],
)
def test_what_goes_with_no_pieces_is_refused(options: dict[str, object], said: str) -> None:
    settings = DetectSettings.of({"sources": ("a.mp4",), **options})
    with pytest.raises(UsageError, match=said):
        settings.recordings()


def test_pictures_of_pieces_are_those_of_the_files(camera: Path) -> None:
    alone = []
    for file in pieces_of(camera):
        with open_video(file) as video:
            alone += [frame.image for frame in video.frames(None, 48)]
    with open_video("cam1", pieces={"cam1": pieces_of(camera)}) as video:
        for frame, image in zip(video.frames(None, 48), alone, strict=True):
            assert np.array_equal(frame.image, image)
