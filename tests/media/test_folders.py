"""Folders as recorders fill them: what is a video is told by content, what is none is named.

In: small videos under odd names, and what lies beside them. Out: nothing but assertions.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from slipdetect.cli.sources import expand
from slipdetect.errors import VideoError
from slipdetect.lab.extract.sources import resolve_sources
from slipdetect.lab.prepare.folder import Folder
from slipdetect.lab.prepare.importer import NO_VIDEO, ImportJob
from slipdetect.video import find_videos
from slipdetect.video.finding import is_video_file, search_folder
from synth import bars, make_video

# what recorders call what they write, and a container that FFmpeg writes
ODD = {
    "a.vob": "vob",
    "b.dat": "mpegts",
    "c.rec": "matroska",
    "d.264": "h264",
    "e.m2t": "mpegts",
    "f.bin": "mp4",
    "g": "avi",
    "h.mod": "vob",
    "i.swf": "flv",
    "j.ps": "vob",
    "k.3g2": "mp4",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One video in each container."""
    folder = tmp_path_factory.mktemp("made")
    for kind, suffix in (
        ("mpegts", "ts"),
        ("matroska", "mkv"),
        ("mp4", "mp4"),
        ("h264", "h264"),
        ("flv", "flv"),
    ):
        make_video(folder / f"{kind}.{suffix}", count=10).path.rename(folder / kind)
    for kind, suffix in (("avi", "avi"), ("vob", "vob")):
        codec = "mpeg2video" if kind == "vob" else "mpeg4"
        make_video(folder / f"{kind}.{suffix}", count=10, codec=codec).path.rename(folder / kind)
    return folder


@pytest.fixture
def recordings(made: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    (folder / "day").mkdir(parents=True)
    for name, kind in ODD.items():
        shutil.copy(made / kind, folder / "day" / name)
    shutil.copy(made / "mp4", folder / "GL010001.LRV")
    (folder / "notes.txt").write_text("nothing happened\n")
    (folder / "README").write_text("-- of camera 1\n")
    (folder / "table.dat").write_bytes(b"")
    jpeg = cv2.imencode(".jpg", bars(5))[1].tobytes()
    (folder / "thumb.jpg").write_bytes(jpeg)
    (folder / "thumb.thm").write_bytes(jpeg)
    (folder / "old.zip").write_bytes(b"PK\3\4" + bytes(100))
    (folder / "plan.ps").write_bytes(b"%!PS-Adobe\nshowpage\n")
    (folder / "film.swf").write_bytes(b"FWS\5" + bytes(range(200)))
    (folder / "index.bin").write_bytes(np.random.default_rng(0).bytes(20_000))
    (folder / ".hidden.mp4").touch()
    return folder


def test_content_decides(recordings: Path) -> None:
    found = search_folder(recordings)
    assert [path.name for path in found.videos] == list(ODD)
    assert {path.name for path in found.others} == {
        *("GL010001.LRV", "README", "notes.txt", "old.zip", "table.dat", "thumb.jpg"),
        *("film.swf", "plan.ps"),
    }
    assert {path.name for path in found.unknown} == {"index.bin", "thumb.thm"}


def test_pictures_inside_of_other_files_are_no_video(tmp_path: Path) -> None:
    jpegs = [cv2.imencode(".jpg", bars(number, 640, 480))[1].tobytes() for number in range(20)]
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.4\n%\xe2\xe3\1\n" + b"\nendstream\n".join(jpegs))
    (tmp_path / "slides.odd").write_bytes(b"PK\3\4" + bytes(30) + b"PK\3\4".join(jpegs))
    (tmp_path / "camera.odd").write_bytes(b"".join(jpegs))
    found = search_folder(tmp_path)
    assert found.videos == [tmp_path / "camera.odd"]
    assert found.others == [tmp_path / "scan.pdf"]
    assert found.unknown == [tmp_path / "slides.odd"]


def test_what_is_passed_by_is_counted_and_named(
    recordings: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "slipdetect"):
        assert len(find_videos(recordings)) == len(ODD)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "INFO",
            f"'{recordings}': passed by 8 files that are no videos: 'GL010001.LRV', 'README',"
            " 'film.swf', 5 more",
        ),
        (
            "WARNING",
            f"'{recordings}': passed by 2 files that are no videos that can be read:"
            " 'index.bin', 'thumb.thm'",
        ),
    ]


def test_one_such_file_is_named_in_the_singular(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "index").write_bytes(bytes(range(256)))
    assert find_videos(tmp_path) == []
    assert (
        caplog.records[0]
        .getMessage()
        .endswith("passed by 1 file that is no video that can be read: 'index'")
    )


def test_a_damaged_video_with_a_videos_name_is_not_passed_by(tmp_path: Path) -> None:
    (tmp_path / "camera.dav").write_bytes(bytes(1000))
    assert find_videos(tmp_path) == [tmp_path / "camera.dav"]


def test_a_file_that_cannot_be_read_is_no_video(tmp_path: Path) -> None:
    assert not is_video_file(tmp_path / "missing")
    with pytest.raises(VideoError, match="not found"):
        find_videos(tmp_path / "missing")


def test_text_that_begins_with_hyphens_is_text(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("---\nname: fall\n")
    (tmp_path / "query").write_text("-- of all falls\nSELECT 1;\n")
    found = search_folder(tmp_path)
    assert (found.videos, found.unknown) == ([], [])
    assert found.others == [tmp_path / "query", tmp_path / "settings"]


def test_a_file_that_changes_is_looked_at_again(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(bytes(1000))
    assert not is_video_file(path)
    path.write_bytes((made / "mpegts").read_bytes())
    assert is_video_file(path)


def test_every_command_takes_the_same_videos_of_a_folder(recordings: Path) -> None:
    videos = [recordings / "day" / name for name in ODD]
    assert [job.source for job in expand([str(recordings)])] == list(map(str, videos))
    assert list(resolve_sources([str(recordings)])) == videos
    fall = recordings / "fall"
    (recordings / "day").rename(fall)
    (fall / "index.bin").write_bytes(bytes(100))
    prepared = Folder().read(recordings, ImportJob())
    assert [row.path for row in prepared.rows] == [fall / name for name in ODD]
    assert prepared.left_out.reasons()[NO_VIDEO] == [str(fall / "index.bin")]


@pytest.mark.parametrize("start", [b"#EXTM3U\n", b"\xef\xbb\xbfffconcat version 1.0\n"])
def test_nothing_is_opened_that_a_file_names(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    opened: list[object] = []
    monkeypatch.setattr("slipdetect.video.containers.open_container", opened.append)
    (tmp_path / "secret.ts").write_bytes((made / "mpegts").read_bytes())
    (tmp_path / "list").write_bytes(start + b"\x01\nsecret.ts\n")
    assert not is_video_file(tmp_path / "list")
    assert opened == []
