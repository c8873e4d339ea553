"""Who the page of ``watch`` answers: names, tokens, origins, and what no request can reach.

In: plain requests to a server of this machine. Out: nothing but assertions.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from page_driver import TOKEN, Site, found, site
from slipdetect.errors import OutputError, UsageError
from slipdetect.web import server
from slipdetect.web.board import Board
from slipdetect.web.place import Place

PATHS = ("/", "/state.json", "/frame.jpg?camera=kitchen", "/event.jpg?id=a", "/clips/x.mp4")
PATHS += ("/metrics", "/watch.js", "/docs", "/openapi.json")


@pytest.fixture(scope="module")
def public() -> Iterator[Site]:
    with site() as served:
        yield served


@pytest.fixture(scope="module")
def closed() -> Iterator[Site]:
    with site(token=TOKEN) as served:
        yield served


def test_another_name_is_not_answered(public: Site, closed: Site) -> None:
    """A domain that an attacker points at this machine reaches nothing."""
    for served in (public, closed):
        for path in (*PATHS, "/healthz", "/login"):
            for name in ("evil.example", f"evil.example:{served.port}", "127.0.0.1.evil.example"):
                status, _, body = served.ask(path, Host=name, Authorization=f"Bearer {TOKEN}")
                assert (status, b"kitchen" in body) == (421, False), (path, name)
    for name in ("", "[", "127.0.0.1@evil.example:1", "evil.example#127.0.0.1", "a/../127.0.0.1"):
        assert public.ask("/state.json", Host=name)[0] in (400, 421), name


def test_its_own_names_are_answered(public: Site) -> None:
    for name in ("localhost", f"LOCALHOST:{public.port}", f"[::1]:{public.port}", "192.168.1.7:80"):
        assert public.ask("/state.json", Host=name)[0] == 200, name


def test_without_the_token_nothing_is_told(closed: Site) -> None:
    guesses: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer t\xf6ken-t\xf6ken-t\xf6ken"},
        {"Cookie": f"slipdetect-{closed.port}={TOKEN}"},
        {"Cookie": f"slipdetect-{closed.port}="},
    )
    for guess in guesses:
        for path in PATHS:
            status, headers, body = closed.ask(path, **guess)
            assert status == (303 if path == "/" else 401), (path, guess)
            assert b"kitchen" not in body
            if path == "/":
                assert headers["location"] == "/login"
        assert closed.post("/mark", {"id": "a", "seen": True}, **guess)[0] == 401
    assert closed.ask("/login")[0] == 200
    status, _, body = closed.ask("/healthz")
    assert (status, body) == (200, b'{"status": "ok"}')


def test_with_the_token_everything_is_there(closed: Site) -> None:
    status, _, body = closed.ask("/state.json", Authorization=f"bearer {TOKEN}")
    assert status == 200
    assert b"kitchen" in body
    assert b"kitchen" in closed.ask("/healthz", Authorization=f"Bearer {TOKEN}")[2]


def test_a_form_gives_a_cookie_that_scripts_and_other_sites_do_not_get(closed: Site) -> None:
    own = {"Origin": f"http://{closed.host}"}
    status, headers, body = closed.ask("/login", "POST", "token=wrong-wrong-wrong-1", **own)
    assert status == 401
    assert "set-cookie" not in headers
    assert b"not the token" in body
    status, headers, _ = closed.ask("/login", "POST", f"token={quote(TOKEN)}", **own)
    assert (status, headers["location"]) == (303, "/")
    cookie, *attributes = headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(attributes)
    assert TOKEN not in cookie
    assert closed.ask("/state.json", Cookie=cookie)[0] == 200
    assert b"Log out" in closed.ask("/", Cookie=cookie)[2]
    status, headers, _ = closed.ask("/logout", "POST", "", Cookie=cookie, **own)
    assert status == 303
    assert "Max-Age=0" in headers["set-cookie"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "OWN", "Sec_Fetch_Site": "cross-site"}, 403),
        ({"Origin": "OWN", "Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "none"}, 403),
        ({"Origin": "OWN"}, 404),
        ({"Sec_Fetch_Site": "same-origin"}, 404),
    ],
)
def test_only_the_page_itself_marks(public: Site, headers: dict[str, str], status: int) -> None:
    given = {name: value.replace("OWN", f"http://{public.host}") for name, value in headers.items()}
    assert public.ask("/mark", "POST", '{"id": "a", "seen": true}', **given)[0] == status


def test_a_program_with_the_token_marks_from_anywhere(closed: Site) -> None:
    given = {"Authorization": f"Bearer {TOKEN}"}
    assert closed.ask("/mark", "POST", '{"id": "a", "seen": true}', **given)[0] == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ('{"id": "a"}', 400),
        ('{"id": 1, "seen": true}', 400),
        ('{"id": "a", "seen": "yes"}', 400),
        ('{"id": "a", "verdict": true}', 400),
        ("[" * 4096, 400),
        ("x" * 4097, 413),
    ],
)
def test_what_is_no_mark_is_refused(public: Site, body: str, status: int) -> None:
    assert public.ask("/mark", "POST", body, Origin=f"http://{public.host}")[0] == status


def test_every_answer_forbids_browsers_what_the_page_does_not_need(closed: Site) -> None:
    for path in (*PATHS, "/login", "/nothing", "/healthz", "/watch.css"):
        for own in (closed.host, "evil.example"):
            _, headers, _ = closed.ask(path, Host=own, Authorization=f"Bearer {TOKEN}")
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self';")
            assert "unsafe" not in policy
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "server" not in headers


def test_nothing_but_clips_of_known_events_can_be_read(tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    names = ("real.mp4", "other.mp4", "link.mp4", "unfinished.mp4", "gone.mp4")
    for name in ("real.mp4", "other.mp4", "unfinished.mp4", "..secret.mp4"):
        (clips / name).write_bytes(b"film " + name.encode())
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    (clips / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    spans = {clips / name: (9.0, 13.0) for name in names if name != "unfinished.mp4"}
    board = Board(list, spans.get, None)
    for name in names:
        if name != "other.mp4":
            board.add(found(name, clip=clips / name))
    with site(board=board) as served:
        status, headers, body = served.ask("/clips/real.mp4")
        assert (status, headers["content-type"], body) == (200, "video/mp4", b"film real.mp4")
        assert served.ask("/clips/real.mp4", Range="bytes=5-8")[2] == b"real"
        for name in ("other.mp4", "link.mp4", "unfinished.mp4", "gone.mp4", "..secret.mp4"):
            assert served.ask(f"/clips/{name}")[0] == 404, name
        ways = (
            "../secret.mp4",
            "..%2fsecret.mp4",
            "..%2Fsecret.mp4",
            "%2e%2e/secret.mp4",
            "%2e%2e%2fsecret.mp4",
            "..%252fsecret.mp4",
            "..%5csecret.mp4",
            "..\\secret.mp4",
            "./real.mp4/../../secret.mp4",
            "real.mp4/../../secret.mp4",
            "real.mp4%00",
            "%00",
            str(tmp_path / "secret.mp4"),
            quote(str(tmp_path / "secret.mp4"), safe=""),
            "/etc/passwd",
            "%2fetc%2fpasswd",
            "....//....//etc/passwd",
            "..;/secret.mp4",
            "file:///etc/passwd",
            "",
        )
        for way in ways:
            for start in ("/clips/", "/clips//", "/", "//", "/clips/../", "/watch.css/../"):
                status, _, body = served.ask(start + way)
                secret = b"secret" in body or b"root:" in body
                assert not secret, start + way
                assert status in (400, 404) or start + way in ("/", "//"), start + way


@pytest.mark.parametrize("text", ["127.0.0.1:8080", "[::1]:8080", "localhost:65535"])
def test_this_machine_alone(text: str) -> None:
    place = Place.parse(text)
    assert place.loopback
    assert place.shown == f"http://{text}"
    assert place.address == ("::1" if "[" in text else "127.0.0.1")


@pytest.mark.parametrize("text", ["0.0.0.0:8080", "[::]:8080", "192.0.2.7:80"])
def test_other_machines_too(text: str) -> None:
    assert not Place.parse(text).loopback


@pytest.mark.parametrize(
    "text",
    [
        *("", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536"),
        *("::1:80", "127.0.0.1:x", "127.0.0.1:80/x", "a@127.0.0.1:80", "http://127.0.0.1:80"),
        *("a b:80", "no-such-host.invalid:80", "127.0.0.1:80?x", "127.0.0.1:80#x", "127.0.0.1:-1"),
    ],
)
def test_what_is_no_place_is_told_in_a_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--page '.*give (one|an address)") as error:
        Place.parse(text)
    assert "\n" not in str(error.value)


def test_a_port_in_use_is_told_in_a_line(public: Site) -> None:
    with pytest.raises(OutputError, match=r"^--page: cannot listen at http://127.0.0.1:\d+: the"):
        Place.parse(public.host).listen()
    with pytest.raises(OutputError, match="this machine has no such address"):
        Place.parse("192.0.2.7:8080").listen()


def test_who_connects_and_does_not_ask_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_SECONDS_TO_ASK", 0.2)
    with site() as served:
        for said in (b"", b"GET / HTTP/1.1\r\nHost: 127"):
            with socket.create_connection(("127.0.0.1", served.port), timeout=10) as silent:
                silent.sendall(said)
                assert silent.recv(1) == b""
        link = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
        for _ in range(2):
            link.request("GET", "/healthz")
            assert link.getresponse().read()
            time.sleep(0.4)
        link.close()
