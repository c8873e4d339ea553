"""``extract --url``: fetched once from a server on this machine, then extracted like the rest.

In: tiny clips, an archive of them. Out: exit codes, lines, what lies in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from archive_files import files_in, pack
from loopback import Server, sha
from slipdetect.store import VideoStore
from synth import make_video

Run = Callable[..., Result]
QUICK = ("--no-flow", "--size", "short:48")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = Server()
    made.start()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_video(tmp_path / "a.mp4", "slip", count=4).path


@pytest.fixture
def archive(tmp_path: Path, clip: Path) -> Path:
    other = make_video(tmp_path / "b.mp4", "walk", count=3).path
    files = {"videos/a.mp4": clip.read_bytes(), "videos/b.mp4": other.read_bytes(), "list.txt": b""}
    return pack(tmp_path / "clips.zip", files)


def test_S57_an_archive_is_fetched_unpacked_and_extracted_once(
    run: Run, server: Server, archive: Path, tmp_path: Path
) -> None:
    source = server.add("/ok/clips.zip", archive.read_bytes())
    store = tmp_path / "store"
    first = run("extract", "--url", source, "--out", store, *QUICK)
    assert first.exit_code == 0, first.output
    assert "2 extracted" in first.stderr
    videos = store / "downloads" / "clips" / "videos"
    assert files_in(videos) == ["a.mp4", "b.mp4"]
    for name, count in (("a.mp4", 4), ("b.mp4", 3)):
        stored = VideoStore(store).find(videos / name)
        assert stored is not None
        assert len(stored.frames()) == count
    second = run("extract", "--url", source, "--out", store, *QUICK)
    assert second.exit_code == 0
    assert "2 there already" in second.stderr
    assert len(server.asked) == 1


def test_S57_url_adds_to_the_sources_and_has_its_own_folder(
    run: Run, server: Server, clip: Path, tmp_path: Path
) -> None:
    other = make_video(tmp_path / "b.mp4", "walk", count=3).path
    source = server.add("/ok/c.mp4", other.read_bytes())
    cache = tmp_path / "cache"
    where = ("--url", source, "--url", clip, "--downloads", cache)
    result = run("extract", clip, *where, "--out", tmp_path / "store", *QUICK)
    assert result.exit_code == 0, result.output
    assert "2 videos: 2 extracted" in result.stderr  # the clip that is named twice counts once
    assert files_in(cache) == ["c.mp4"]
    assert not (tmp_path / "store" / "downloads").exists()


@pytest.mark.parametrize(
    ("path", "digest", "code", "words"),
    [
        ("/ok/c.mp4", None, 2, "needs its hash"),
        ("/ok/c.mp4", "0" * 64, 3, "nothing was kept"),
        ("/ok/none.mp4", "0" * 64, 3, "HTTP 404"),
    ],
)
def test_S57_what_cannot_be_fetched_ends_it_before_any_extraction(
    run: Run,
    server: Server,
    clip: Path,
    tmp_path: Path,
    path: str,
    digest: str,
    code: int,
    words: str,
) -> None:
    server.add("/ok/c.mp4", clip.read_bytes())
    source = f"{server.address}{path}" + ("" if digest is None else f"#sha256={digest}")
    store = tmp_path / "store"
    result = run("extract", clip, "--url", source, "--out", store, *QUICK)
    assert result.exit_code == code
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert [name for name in files_in(store) if name != "downloads"] == []


def test_S57_a_bucket_address_names_the_one_that_works(run: Run, tmp_path: Path) -> None:
    result = run("extract", "--url", "gs://bucket/v.zip", "--out", tmp_path / "store")
    assert result.exit_code == 2
    assert "https://storage.googleapis.com/bucket/v.zip" in result.stderr


def test_nothing_named_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    result = run("extract", "--out", tmp_path / "store")
    assert result.exit_code == 2
    assert "SOURCE" in result.stderr
    assert not (tmp_path / "store").exists()


def test_a_wrong_local_hash_is_told(run: Run, clip: Path, tmp_path: Path) -> None:
    good, store = sha(clip.read_bytes()), tmp_path / "store"
    assert run("extract", "--url", f"{clip}#sha256={'0' * 64}", "--out", store).exit_code == 3
    result = run("extract", "--url", f"{clip}#sha256={good}", "--out", store, *QUICK)
    assert result.exit_code == 0, result.output
