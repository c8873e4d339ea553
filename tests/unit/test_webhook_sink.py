"""Webhooks: what is posted, what is tried again, and what nobody ever reads.

In: a server on this machine that behaves well and badly. Out: nothing but assertions.
"""

from __future__ import annotations

import base64
import json
import logging
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hook_server import hook_server
from results import FALL, make_result
from slipdetect.errors import AlertError, UsageError
from slipdetect.sinks import tries
from slipdetect.sinks.sink import Alert
from slipdetect.sinks.webhook import Address, Webhook

FAST = (0.01, 0.02, 0.03)
ALERT = Alert("kitchen.mp4", "tiny", FALL)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_json_arrives_with_its_credentials() -> None:
    with hook_server(204) as server:
        Webhook(f"http://us%40er:p%3Aw@{server.place}/a/b c?token=x#part").send(ALERT)
    assert server.bodies == [ALERT.to_json().encode()]
    assert json.loads(server.bodies[0])["event"]["start"] == 3.2
    assert server.paths == ["/a/b%20c?token=x"]
    (headers,) = server.headers
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"us@er:p:w").decode()
    assert headers["Host"] == server.place


@pytest.mark.parametrize("bad", [500, 503, 429, "drop"])
def test_two_bad_answers_and_a_good_one(bad: int | str) -> None:
    with hook_server(bad, bad, 200) as server:
        Webhook(f"http://{server.place}/", pauses=FAST).send(ALERT)
    assert server.bodies == [ALERT.to_json().encode()] * 3  # one id, so that it counts once


@pytest.mark.parametrize("answer", [400, 401, 404, 302, 307])
def test_what_will_not_change_is_tried_once(answer: int) -> None:
    with hook_server(answer, 200) as server, pytest.raises(AlertError, match=f"HTTP {answer}"):
        Webhook(f"http://{server.place}/", pauses=FAST).send(ALERT)
    assert server.paths == ["/"]


def test_tries_end() -> None:
    with (
        hook_server(500) as server,
        pytest.raises(AlertError, match=r"HTTP 500 Internal Server Error \(4 tries\)"),
    ):
        Webhook(f"http://{server.place}/", pauses=FAST).send(ALERT)
    assert len(server.bodies) == 4


def test_tries_end_by_the_clock_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "_SECONDS_IN_ALL", 0.5)
    with hook_server(500) as server, pytest.raises(AlertError, match="tries"):
        Webhook(f"http://{server.place}/", pauses=(0.2,) * 50).send(ALERT)
    assert 2 <= len(server.bodies) <= 3


def test_a_server_that_hangs_costs_its_time_out() -> None:
    begin = time.monotonic()
    with hook_server("hang") as server, pytest.raises(AlertError, match="no answer in time"):
        Webhook(f"http://{server.place}/", timeout=0.3, pauses=(0.01,)).send(ALERT)
    assert 0.6 <= time.monotonic() - begin < 5
    assert len(server.bodies) == 2


def test_detection_does_not_wait_for_a_server_that_hangs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Webhook, "drain_timeout", 0.4)
    with hook_server("hang") as server:
        sink = Webhook(f"http://{server.place}/", timeout=1.0)
        with sink:
            begin = time.monotonic()
            for _ in range(5):
                sink.event(Alert("a.mp4", "tiny", FALL))
                sink.result(make_result("a.mp4"))
            assert time.monotonic() - begin < 0.3
        assert time.monotonic() - begin < 4
    assert (sink.delivered, sink.failed, sink.not_attempted) == (0, 1, 4)
    assert "webhook: no alert for the event at 00:00:03.200 of 'a.mp4'" in caplog.text


def dead_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


SECRETS = ("s3cr3t", "t0k3n", "hook-user", "p4th-key")


def test_L05_a_dead_port_and_a_bad_answer_name_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with hook_server(500, 404) as server:
        for place in (server.place, f"127.0.0.1:{dead_port()}"):
            address = f"http://hook-user:s3cr3t@{place}/p4th-key?token=t0k3n"
            with pytest.raises(AlertError) as caught:
                Webhook(address, pauses=(0.01,)).send(ALERT)
            chain = [caught.value, caught.value.__cause__, caught.value.__context__]
            said = " ".join(map(repr, chain)) + repr(Address.parse(address)) + caplog.text
            assert f"http://{place}" in said
            assert not [secret for secret in SECRETS if secret in said]


@pytest.mark.parametrize(
    "address",
    [
        "ftp://hook-user:s3cr3t@host/t0k3n",
        "file:///etc/t0k3n",
        "hook-user:s3cr3t@host",
        "s3cr3t",
        "",
        "http://",
        "http://hook-user:s3cr3t@",
        "http://hook-user:s3cr3t#x@host/",
        "http://hook-user:12/t0k3n@host/",
        "http://hook-user:12@s3cr3t/t0k3n@host/",
        "http://host:s3cr3t/",
        "http://[s3cr3t/",
        "http://s3cr3t t0k3n/",
    ],
)
def test_addresses_that_are_refused_are_not_repeated(address: str) -> None:
    with pytest.raises(UsageError, match="webhook's address") as caught:
        Webhook(address)
    assert not [secret for secret in SECRETS if secret in str(caught.value)]
    assert caught.value.__cause__ is None


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_L05_no_password_is_ever_shown(secret: str) -> None:
    secret = "kept" + secret  # no word of ours
    text = f"https://u:{secret}@host.example/{secret}?key={secret}"
    try:
        said = repr(Address.parse(text))
    except UsageError as error:
        said = str(error)
    assert "kept" not in said


def test_an_address_of_version_6_keeps_its_brackets() -> None:
    address = Address.parse("http://u:p@[::1]:8080/x")
    assert address.url == "http://[::1]:8080/x"
    assert address.shown == "http://[::1]:8080"
