"""Notifications by apprise: what is told, what is tried again, and what nobody ever reads.

In: a server on this machine that behaves well and badly. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from hook_server import hook_server
from results import FALL
from slipdetect.detection import Event
from slipdetect.errors import AlertError, LibraryError, UsageError
from slipdetect.sinks.notify import Notify, notice
from slipdetect.sinks.sink import Alert

FAST = (0.01, 0.02)
ALERT = Alert("kitchen.mp4", "tiny", FALL, created="2025-03-01T09:15:27.104Z")
SECRETS = ("s3cr3t", "t0k3n", "hook-user", "p4th-key")


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have no proxy, and live where the time of day is UTC."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with monkeypatch.context() as away:
        away.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def test_title_and_text_arrive() -> None:
    with hook_server(204) as server:
        Notify(f"json://hook-user:s3cr3t@{server.place}/p4th-key").send(ALERT)
    (body,) = map(json.loads, server.bodies)
    assert body["title"] == "slip: kitchen.mp4"
    assert body["message"] == (
        "slip from 00:00:03.200 to 00:00:04.900, score 0.97, told at 2025-03-01 09:15:27"
    )
    assert body["type"] == "warning"
    assert server.headers[0]["Authorization"].startswith("Basic ")


def test_what_became_of_somebody_is_told() -> None:
    down = Event(3.2, 4.9, 4.1, 0.97, track=1, down_for=30.0)
    up = replace(down, down_for=41.5, recovered_at=46.0)
    still = Alert("kitchen", "tiny", down, "still_down", "1")
    again = Alert("kitchen", "tiny", up, "up_again", "1")
    with hook_server(204) as server, Notify(f"json://{server.place}") as sink:
        first = Alert("kitchen", "tiny", FALL, id="1")
        sink.event(first)
        sink.aftermath(still)
        sink.aftermath(again)
    told = [json.loads(body) for body in server.bodies]
    assert [each["title"] for each in told] == [
        *("slip: kitchen", "still down: kitchen", "up again: kitchen")
    ]
    assert "down for at least 30.0 s" in told[1]["message"]
    assert "down for 41.5 s, up again at 00:00:46.000" in told[2]["message"]
    assert [each["type"] for each in told] == ["warning", "warning", "success"]
    assert sink.remarks == ["notify: 3 of 3 alerts sent"]


def test_a_name_steers_no_terminal_and_has_no_secret() -> None:
    title, _ = notice(Alert("rtsp://hook-user:s3cr3t@cam.example/p4th-key", "tiny", FALL))
    assert title == "slip: rtsp://cam.example/..."
    assert notice(Alert("a\nb", "tiny", FALL))[0] == "slip: a\\nb"


def test_only_the_service_that_failed_is_tried_again() -> None:
    with hook_server(204) as good, hook_server(500, 204) as bad:
        Notify(f"json://{good.place},json://{bad.place}", pauses=FAST).send(ALERT)
    assert (len(good.bodies), len(bad.bodies)) == (1, 2)


def test_a_dead_service_keeps_no_other_waiting() -> None:
    with hook_server(500) as dead, hook_server(204) as good:
        addresses = f"json://{dead.place} json://{good.place}"
        sink = Notify(addresses, pauses=(30.0,))
        sending = threading.Thread(target=sink._try, args=(ALERT,))
        sending.start()
        deadline = time.monotonic() + 10
        while not good.bodies and time.monotonic() < deadline:
            time.sleep(0.01)
        told = (len(dead.bodies), len(good.bodies))
        sink.stop()
        sending.join(10)
    assert told == (1, 1)
    assert sink.failed == 1


def test_of_services_that_fail_each_is_named_with_its_tries() -> None:
    with hook_server("hang") as silent, hook_server(500) as bad, hook_server(500, 204) as late:
        places = " ".join(f"json://{each.place}" for each in (silent, bad, late))
        with pytest.raises(AlertError) as caught:
            Notify(places, timeout=0.3, pauses=FAST).send(ALERT)
    reason = "json://... could not be reached, or refused it (3 tries)"
    assert str(caught.value) == f"{reason}; {reason}"
    assert [len(each.bodies) for each in (silent, bad, late)] == [3, 3, 2]


def test_a_service_is_tried_for_a_minute_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipdetect.sinks.tries._SECONDS_IN_ALL", 0.2)
    with hook_server("hang") as silent, hook_server(500, 204) as late:
        sink = Notify(f"json://{silent.place} json://{late.place}", timeout=0.3, pauses=FAST)
        sink._try(ALERT)
    assert sink.failed == 1
    # what the first took is not taken from the second
    assert (len(silent.bodies), len(late.bodies)) == (1, 2)


@pytest.mark.parametrize("between", [",", " ", "\n", " ,\n"])
def test_addresses_stand_between_commas_spaces_or_lines(between: str) -> None:
    with hook_server(204) as server:
        places = [f"json://{server.place}/{name}?+x=a,b" for name in "abc"]
        Notify(f" {between.join(places)}, ").send(ALERT)
    assert sorted(path.partition("?")[0] for path in server.paths) == ["/a", "/b", "/c"]


def test_L05_failures_are_counted_and_name_no_secret(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    with hook_server(500) as server:
        address = f"json://hook-user:s3cr3t@{server.place}/p4th-key?-token=t0k3n"
        with Notify(address, pauses=FAST) as sink:
            sink.event(ALERT)
    assert (sink.delivered, sink.failed, len(server.bodies)) == (0, 1, 3)
    own = [each.getMessage() for each in caplog.records if each.name.startswith("slipdetect")]
    assert own == [
        "notify: no alert for the event at 00:00:03.200 of 'kitchen.mp4': json://... could not be "
        "reached, or refused it (3 tries)",
        "notify: 0 of 1 alert sent, 1 failed",
    ]
    said = caplog.text + str(capfd.readouterr())
    assert not [secret for secret in SECRETS if secret in said]


def test_the_end_of_a_run_ends_the_tries() -> None:
    with hook_server(500) as server:
        sink = Notify(f"json://{server.place}", pauses=(60.0,))
        sink.drain_timeout = 0.2
        begin = time.monotonic()
        with sink:
            sink.event(ALERT)
        assert time.monotonic() - begin < 5
    assert sink.failed == 1


def test_a_server_that_hangs_costs_its_time_out() -> None:
    begin = time.monotonic()
    with hook_server("hang") as server, pytest.raises(AlertError, match="2 tries"):
        Notify(f"json://{server.place}", timeout=0.3, pauses=(0.01,)).send(ALERT)
    assert 0.6 <= time.monotonic() - begin < 5


@pytest.mark.parametrize(
    "addresses",
    [
        *("", " , ", "s3cr3t", "nothing://s3cr3t/t0k3n", "tgram://s3cr3t", "mailto://s3cr3t"),
        "json://127.0.0.1 nothing://hook-user:s3cr3t@t0k3n",
    ],
)
def test_addresses_that_are_refused_are_not_repeated(
    addresses: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match="--notify") as caught:
        Notify(addresses)
    said = repr(caught.value) + repr(caught.value.__context__) + str(capfd.readouterr())
    assert not [secret for secret in SECRETS if secret in said]


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(LibraryError, match=r"needs apprise, .* pip install 'slipdetect\[watch\]'"):
        Notify("json://127.0.0.1")
