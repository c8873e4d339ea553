"""Fetching from paths and from a server on this machine that behaves well, badly and worse.

In: files, archives, a loopback HTTP server. Out: nothing but assertions.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive_files import FILES, contents, files_in, pack
from loopback import DATA, Server, sha
from slipdetect.errors import DataError, OutputError, SlipdetectError, UsageError
from slipdetect.lab.fetch import fetch as fetching
from slipdetect.lab.fetch.fetch import fetch

WRONG = "0" * 64


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetching, "_PAUSES", (0.0,) * 4)
    made = Server()
    made.start()
    yield made
    made.http.shutdown()
    made.http.server_close()


def refusal(source: str, folder: Path, error: type[SlipdetectError] = DataError) -> str:
    with pytest.raises(error) as caught:
        fetch(source, folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_file_is_downloaded_once_with_its_size_told(server: Server, tmp_path: Path) -> None:
    source = server.add("/ok/a b.mp4")
    told: list[tuple[int, int | None]] = []
    path = fetch(source, tmp_path / "c", lambda done, total: told.append((done, total)))
    assert path == tmp_path / "c" / "a b.mp4"
    assert path.read_bytes() == DATA
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (len(DATA), len(DATA))
    assert stat.S_IMODE(path.stat().st_mode) & 0o400
    before = path.stat().st_mtime_ns
    assert fetch(source, tmp_path / "c") == path
    assert len(server.asked) == 1
    assert path.stat().st_mtime_ns == before
    assert files_in(tmp_path / "c") == ["a b.mp4"]


def test_a_hash_in_capitals_is_the_same_hash(server: Server, tmp_path: Path) -> None:
    source = server.add("/ok/a.mp4")
    place, _, digest = source.partition("#sha256=")
    assert fetch(f"{place}#sha256={digest.upper()}", tmp_path).read_bytes() == DATA


def test_a_server_that_does_not_say_the_size(server: Server, tmp_path: Path) -> None:
    told: list[int | None] = []
    path = fetch(server.add("/unknown/a.mp4"), tmp_path, lambda _, total: told.append(total))
    assert path.read_bytes() == DATA
    assert set(told) == {None}


def test_an_empty_file(server: Server, tmp_path: Path) -> None:
    assert fetch(server.add("/ok/a.mp4", b""), tmp_path).read_bytes() == b""


def test_without_a_hash_nothing_is_asked_for(server: Server, tmp_path: Path) -> None:
    place = server.add("/ok/a.mp4").partition("#")[0]
    message = refusal(f"{place}?key=secret", tmp_path, UsageError)
    assert "#sha256=" in message
    assert "sha256sum" in message
    assert "secret" not in message
    assert server.asked == []


@pytest.mark.parametrize("digest", ["", "abc", "0" * 63, "0" * 65, "g" * 64])
def test_a_hash_that_is_none(tmp_path: Path, digest: str) -> None:
    message = refusal(f"https://host/a.mp4#sha256={digest}", tmp_path, UsageError)
    assert "64 hex digits" in message


@pytest.mark.parametrize("name", ["a.mp4", "a.zip"])
def test_a_wrong_hash_names_both_and_keeps_nothing(
    server: Server, tmp_path: Path, name: str
) -> None:
    place = server.add(f"/ok/{name}").partition("#")[0]
    message = refusal(f"{place}?key=secret#sha256={WRONG}", tmp_path / "c")
    assert sha(DATA) in message
    assert WRONG in message
    assert "secret" not in message
    assert files_in(tmp_path / "c") == []


def test_a_broken_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    path = fetch(server.add("/drop/a.mp4"), tmp_path)
    assert path.read_bytes() == DATA
    asked = [asked for _, asked in server.asked]
    assert asked == [None, "bytes=400000-", "bytes=800000-"]


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    assert fetch(server.add("/busy/a.mp4"), tmp_path).read_bytes() == DATA
    assert len(server.asked) == 4


def test_a_server_without_parts_begins_anew(server: Server, tmp_path: Path) -> None:
    assert fetch(server.add("/whole/a.mp4"), tmp_path).read_bytes() == DATA
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("gone", "HTTP 404"),
        ("shifted", "from byte 399999"),
        ("unsaid", "does not say which part"),
    ],
)
def test_a_connection_that_cannot_be_taken_up(
    server: Server, tmp_path: Path, kind: str, words: str
) -> None:
    assert words in refusal(server.add(f"/{kind}/a.mp4"), tmp_path)
    assert files_in(tmp_path) == []
    assert len(server.asked) <= 6


def test_a_connection_that_stays_broken(server: Server, tmp_path: Path) -> None:
    assert "the connection broke" in refusal(server.add("/stuck/a.mp4"), tmp_path)
    assert len(server.asked) == 1 + 4  # what came, and four tries in vain
    assert files_in(tmp_path) == []


def test_a_missing_file_is_said_at_once(server: Server, tmp_path: Path) -> None:
    message = refusal(f"{server.address}/no.mp4?key=secret#sha256={WRONG}", tmp_path / "c")
    assert "HTTP 404 Not Found" in message
    assert "/no.mp4" in message
    assert "secret" not in message
    assert len(server.asked) == 1
    assert files_in(tmp_path / "c") == []


def test_nobody_listens(server: Server, tmp_path: Path) -> None:
    server.http.shutdown()
    server.http.server_close()
    assert "refused" in refusal(f"{server.address}/a.mp4#sha256={WRONG}", tmp_path)


@pytest.mark.parametrize("host", ["files..example", "a" * 64 + ".example"])
def test_a_host_that_no_name_server_knows_how_to_look_for(host: str, tmp_path: Path) -> None:
    message = refusal(f"http://{host}/a.mp4#sha256={WRONG}", tmp_path)
    assert "cannot fetch" in message
    assert "check the address" in message


@pytest.mark.parametrize("target", ["/ok/a.mp4", "{}/ok/a.mp4"])
def test_redirects_are_followed(server: Server, tmp_path: Path, target: str) -> None:
    server.add("/ok/a.mp4")
    source = f"{server.address}/to?{target.format(server.address)}#sha256={sha(DATA)}"
    assert fetch(source, tmp_path).read_bytes() == DATA


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "data:text/plain,x",
        "gopher://127.0.0.1/",
        "http://me:secret@127.0.0.1/x",
        "http://[bad/",
        "http://127.0.0.1:port/",
    ],
)
def test_redirects_elsewhere_are_refused(server: Server, tmp_path: Path, target: str) -> None:
    message = refusal(f"{server.address}/to?{target}#sha256={WRONG}", tmp_path)
    assert "leads elsewhere" in message
    assert "secret" not in message
    assert files_in(tmp_path) == []


def test_redirects_in_a_circle_end(server: Server, tmp_path: Path) -> None:
    here = f"{server.address}/to?/to"
    assert "HTTP 302" in refusal(f"{here}#sha256={WRONG}", tmp_path)
    assert len(server.asked) < 20


def test_redirects_from_https_to_http_are_refused() -> None:
    request = fetching.urllib.request.Request("https://host/a.mp4?key=secret")
    headers = fetching.HTTPMessage()
    headers["Location"] = "http://host/a.mp4"
    with pytest.raises(DataError, match="from https:// to http://") as caught:
        fetching._Redirects().http_error_302(request, io.BytesIO(), 302, "Found", headers)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("gs://bucket/sub/v.zip", "https://storage.googleapis.com/bucket/sub/v.zip"),
        ("s3://bucket/v.zip", "only http:// and https://"),
        ("ftp://me:secret@host/v.zip", "only http:// and https://"),
        ("rtsp://me:secret@host/1", "only http:// and https://"),
        ("https://me:secret@host/v.zip", "user name"),
        ("https:///v.zip", "only http"),
        ("https://host:port/v.zip", "in the address"),
        ("https://[bad/v.zip", "in the address"),
        ("https://host/", "without a file name"),
        ("https://host/..", "without a file name"),
        ("file://host/v.mp4", "file of this machine"),
    ],
)
def test_other_addresses_are_refused(tmp_path: Path, source: str, words: str) -> None:
    message = refusal(f"{source}#sha256={WRONG}", tmp_path, UsageError)
    assert words in message
    assert "secret" not in message


def test_archives_that_are_not_unpacked_are_not_downloaded(server: Server, tmp_path: Path) -> None:
    assert ".zip" in refusal(server.add("/ok/a.rar"), tmp_path)
    assert server.asked == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ok/..%2F..%2Fetc%2Fx.mp4", "x.mp4"),
        ("/ok/%00%0A;rm.mp4", "___rm.mp4"),
        ("/ok/.hidden.mp4", "hidden.mp4"),
        ("/ok/" + "%C3%BC" * 200 + ".mp4", "ü" * 58 + ".mp4"),
        ("/ok/a..%5C..%5Cb.mp4", "a.._.._b.mp4"),
    ],
)
def test_names_from_an_address_are_made_safe(
    server: Server, tmp_path: Path, path: str, name: str
) -> None:
    assert fetch(server.add(path), tmp_path) == tmp_path / name
    assert files_in(tmp_path) == [name]


def test_addresses_with_letters_of_other_alphabets(server: Server, tmp_path: Path) -> None:
    assert fetch(server.add("/ok/ü b.mp4"), tmp_path).name == "ü b.mp4"
    assert server.asked == [("/ok/%C3%BC%20b.mp4", None)]


def test_something_else_of_that_name_is_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("mine")
    assert "something else" in refusal(server.add("/ok/a.mp4"), tmp_path, OutputError)
    assert (tmp_path / "a.mp4").read_text() == "mine"
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "mine.mp4").write_text("mine")
    assert "something else" in refusal(server.add("/ok/v.zip"), tmp_path, OutputError)
    assert files_in(tmp_path) == ["a.mp4", "v", "v/mine.mp4"]
    assert server.asked == []


def test_S05_too_little_space_is_said_before_the_download(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": len(DATA) - 1})
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda path: usage)
    assert "1000003 bytes are to come" in refusal(server.add("/ok/a.mp4"), tmp_path, OutputError)
    assert files_in(tmp_path) == []


def test_S05_a_disk_that_fills_up_leaves_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda self, *a, **k: Full())
    assert "No space left" in refusal(server.add("/ok/a.mp4"), tmp_path, OutputError)
    assert files_in(tmp_path) == []


def test_S04_a_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "cannot make folder" in refusal(
        server.add("/ok/a.mp4"), tmp_path / "file" / "c", OutputError
    )
    assert server.asked == []


def test_an_interruption_leaves_nothing(server: Server, tmp_path: Path) -> None:
    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server.add("/ok/a.mp4"), tmp_path, stop)
    assert files_in(tmp_path) == []


def test_local_files_and_folders_stay_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "a #1%20.mp4"
    file.write_bytes(DATA)
    cache = tmp_path / "cache"
    assert fetch(str(file), cache) == file
    assert fetch(f"{file}#sha256={sha(DATA)}", cache) == file
    assert fetch(file.as_uri(), cache) == file
    assert fetch(f"{file.as_uri()}#sha256={sha(DATA)}", cache) == file
    assert fetch(f"file://localhost{file.as_uri()[7:]}", cache) == file
    assert fetch(str(tmp_path), cache) == tmp_path
    assert not cache.exists()


def test_a_local_file_with_a_wrong_hash_is_named_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(DATA)
    message = refusal(f"{file}#sha256={WRONG}", tmp_path)
    assert sha(DATA) in message
    assert WRONG in message
    assert file.read_bytes() == DATA


@pytest.mark.parametrize("source", ["none.mp4", "x" * 5000, "a\0b", ""])
def test_a_local_file_that_is_not_there(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if source:
        assert "check the path" in refusal(source, tmp_path)
        return
    refusal(source, tmp_path, UsageError)


def test_a_folder_has_no_hash(tmp_path: Path) -> None:
    assert "is a folder" in refusal(f"{tmp_path}#sha256={WRONG}", tmp_path, UsageError)


def test_a_downloaded_archive_leaves_only_its_folder(server: Server, tmp_path: Path) -> None:
    data = pack(tmp_path / "v.zip").read_bytes()
    source = server.add("/ok/v.zip", data)
    folder = fetch(source, tmp_path / "c")
    assert contents(folder) == FILES
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["v"]
    assert fetch(source, tmp_path / "c") == folder
    assert len(server.asked) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_S04_a_read_only_folder(server: Server, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "read-only" in refusal(server.add("/ok/a.mp4"), tmp_path, OutputError)
