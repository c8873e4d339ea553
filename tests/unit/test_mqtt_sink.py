"""Falls told to a real broker: nothing lost, nothing secret, and who is there is known.

In: Debian's mosquitto on this machine, stopped and started. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mosquitto import (
    Broker,
    Witness,
    eventually,
    free_port,
    mosquitto,
    needs_mosquitto,
    publish,
    witness,
)
from slipdetect.detection import Event, EventFinal, EventStarted, LiveSummary, UpAgain
from slipdetect.errors import AlertError, LibraryError, UsageError
from slipdetect.sinks import mqtt, mqtt_connection
from slipdetect.sinks.fall_sensor import Message
from slipdetect.sinks.mqtt import Mqtt
from slipdetect.sinks.mqtt_connection import Broker as Address
from slipdetect.sinks.sink import Alert, Setup
from slipdetect.video.live import Reconnecting, Started

NOW = datetime(2025, 3, 1, 9, 15, 27, tzinfo=UTC)
STARTED = Started(640, 480, "h264", 25.0)
DOWN = Event(3.5, 4.7, 3.8, 0.9, track=1, down_for=2.0)
ENDED = LiveSummary(9.0, 1, 90, 0, 90, 0, 0.0, 0)
SECRETS = ("s3cr3t", "fall-user")


@contextmanager
def opened(broker: Broker | str, hold: float = 60.0, **more: Any) -> Iterator[Mqtt]:
    place = broker if isinstance(broker, str) else broker.place
    with Mqtt(f"mqtt://{place}", ["kitchen"], hold, **more) as sink:
        sink.open(None)
        yield sink


def fall(sink: Mqtt, number: int, camera: str = "kitchen") -> None:
    """Let somebody fall: an onset, then the event and its alert."""
    sink.live_event(camera, EventStarted(number, 3.5, 0.8), NOW)
    sink.live_event(camera, EventFinal(number, DOWN), NOW)
    sink.event(Alert(camera, "tiny", DOWN, id=str(number)))


def up(sink: Mqtt, number: int) -> None:
    sink.live_event("kitchen", UpAgain(number, DOWN), NOW)


def alerts(seen: Witness) -> list[str]:
    return [json.loads(each)["id"] for each in seen.of("/event")]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_connection, "_FIRST_WAIT", 0.2)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with mosquitto(tmp_path) as found:
        yield found


@needs_mosquitto
def test_a_fall_as_home_assistant_gets_it(broker: Broker) -> None:
    with witness(broker) as seen:
        with opened(broker) as sink:
            sink.live_event("kitchen", STARTED, NOW)
            fall(sink, 1)
            up(sink, 1)
            sink.live_event("kitchen", Reconnecting(9.0, "no data"), NOW)
        eventually(lambda: seen.of("process-3171d89a/availability")[-1:] == ["offline"])
        told = [each for each in seen.told if each["qos"] == 1 and each["topic"] != "ready"]
    assert [(each["topic"], each["payload"]) for each in told if each["payload"][0] != "{"] == [
        ("slipdetect/kitchen/availability", "offline"),
        ("slipdetect/kitchen/fall", "OFF"),
        ("slipdetect/kitchen/availability", "online"),
        ("slipdetect/kitchen/fall", "ON"),
        ("slipdetect/kitchen/fall", "OFF"),
        ("slipdetect/kitchen/availability", "offline"),
        ("slipdetect/process-3171d89a/availability", "offline"),
    ]
    known = json.loads(seen.of("homeassistant/binary_sensor/slipdetect_kitchen_fall/config")[0])
    assert [each["topic"] for each in known["availability"]] == [
        *("slipdetect/process-3171d89a/availability", "slipdetect/kitchen/availability")
    ]
    statuses = [json.loads(each).get("status") for each in seen.of("/attributes")]
    assert statuses == [None, "onset", "event", "up_again"]
    assert alerts(seen) == ["1"]
    assert sink.remarks == ["mqtt: 12 of 12 messages sent"]


@needs_mosquitto
def test_after_the_hold_time_it_is_off(broker: Broker) -> None:
    with witness(broker) as seen, opened(broker, hold=0.4) as sink:
        begin = time.monotonic()
        fall(sink, 1)
        eventually(lambda: seen.of("/fall") == ["OFF", "ON", "OFF"])
        assert time.monotonic() - begin >= 0.4
        eventually(lambda: len(seen.of("/attributes")) == 4)
        assert json.loads(seen.of("/attributes")[-1])["status"] == "hold_over"


@needs_mosquitto
def test_one_sink_serves_many_cameras(broker: Broker) -> None:
    with witness(broker) as seen:
        with opened(broker) as sink:
            fall(sink, 1, "garden")  # a name that comes later is made known
            fall(sink, 1)
            sink.summary("garden", ENDED, "end")
        eventually(lambda: seen.of("garden/availability") == ["offline", "offline"])
    assert seen.of("kitchen/fall") == seen.of("garden/fall") == ["OFF", "ON"]
    assert len(seen.of("slipdetect_garden_fall/config")) == 1


KILLED = """
import sys, time
sys.path.insert(0, sys.argv[1])
from test_mqtt_sink import NOW, STARTED, eventually, opened
with opened(sys.argv[2]) as sink:
    sink.live_event("kitchen", STARTED, NOW)
    eventually(lambda: sink.sent == 5)
    print("there", flush=True)
    time.sleep(60)
"""


@needs_mosquitto
def test_who_is_killed_is_offline_by_last_will(broker: Broker) -> None:
    with witness(broker) as seen:
        paths = [str(Path(__file__).parent), broker.place]
        more = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        words = [sys.executable, "-c", KILLED, *paths]
        program = subprocess.Popen(words, stdout=subprocess.PIPE, env=more)
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == b"there\n"
            eventually(lambda: seen.of("kitchen/availability") == ["offline", "online"])
            assert seen.of("process-3171d89a/availability") == ["online"]
        finally:
            program.kill()
            program.wait(10)
        eventually(lambda: seen.of("process-3171d89a/availability") == ["online", "offline"])


@needs_mosquitto
def test_what_happens_while_the_broker_restarts_is_told_in_order(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    with witness(broker) as seen:
        with opened(broker) as sink:
            fall(sink, 1)
            eventually(lambda: sink.sent == 8)
            broker.stop()
            for number in (2, 3, 4):
                up(sink, number - 1)
                fall(sink, number)
            broker.start()
            eventually(lambda: sink.sent == 8 + 3 * 6)
            up(sink, 4)
        last = '"status": "up_again", "id": 4'
        eventually(lambda: last in seen.of("/attributes")[-1] and seen.of("/fall")[-1] == "OFF")
    # what the witness had not acknowledged either it is told twice
    assert list(dict.fromkeys(alerts(seen))) == ["1", "2", "3", "4"]
    told = seen.of("/fall")
    changes = [each for k, each in enumerate(told) if not k or told[k - 1] != each]
    assert changes[-8:] == ["ON", "OFF"] * 4
    assert changes in ([*["OFF", "ON"] * 4, "OFF"], [*["OFF", "ON"] * 5, "OFF"])
    assert (sink.failed, sink.lost) == (0, 0)
    said = [record.getMessage() for record in caplog.records]
    assert said[0].startswith(f"mqtt: no connection to mqtt://{broker.place}: it broke off;")
    assert said[1:] == [f"mqtt: connected to mqtt://{broker.place}"]


@needs_mosquitto
def test_a_broker_that_forgets_is_told_again(tmp_path: Path) -> None:
    with mosquitto(tmp_path, remembers=False) as broker, opened(broker) as sink:
        sink.live_event("kitchen", STARTED, NOW)
        fall(sink, 1)
        eventually(lambda: sink.sent == 9)
        broker.stop()
        broker.start()
        with witness(broker) as seen:
            wanted = [("/fall", "ON"), ("kitchen/availability", "online")]
            wanted += [("process-3171d89a/availability", "online")]
            for topic, payload in wanted:
                eventually(lambda topic=topic, payload=payload: seen.of(topic) == [payload])
            eventually(lambda: len(seen.of("/config")) == 1 and seen.of("/attributes"))
            assert json.loads(seen.of("/attributes")[0])["status"] == "event"
            assert seen.of("/event") == []


@needs_mosquitto
def test_home_assistant_that_starts_is_told_again(broker: Broker) -> None:
    with witness(broker) as seen, opened(broker) as sink:
        fall(sink, 1)
        eventually(lambda: seen.of("/fall") == ["OFF", "ON"])
        publish(broker, "homeassistant/status", "offline")
        publish(broker, "homeassistant/status", "online")
        eventually(lambda: seen.of("/fall") == ["OFF", "ON", "ON"])
        assert len(seen.of("/config")) == 2


@needs_mosquitto
def test_a_broker_that_comes_late_is_told_of_everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(tmp_path, free_port())
    try:
        with opened(broker) as sink:
            said = [record.getMessage() for record in caplog.records]
            fall(sink, 1)
            broker.start()
            with witness(broker) as seen:
                eventually(lambda: alerts(seen) == ["1"])
                assert seen.of("/fall")[-1] == "ON"
    finally:
        broker.stop()
    waits = "connection refused; tried again, and what happens waits"
    assert said == [f"mqtt: no connection to mqtt://{broker.place}: {waits}"]
    assert sink.remarks == ["mqtt: 8 of 8 messages sent"]


@needs_mosquitto
def test_of_too_many_messages_the_oldest_are_lost_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(tmp_path, free_port())
    try:
        with opened(broker, room=9) as sink:
            fall(sink, 1, "garden")
            for number in range(1, 6):
                fall(sink, number)
            up(sink, 5)
            broker.start()
            with witness(broker) as seen:
                eventually(lambda: alerts(seen)[-1:] == ["5"])
                # of what was to be kept, the latest is told all the same
                eventually(lambda: seen.of("garden/fall")[-1:] == ["ON"])
                eventually(lambda: seen.of("slipdetect_garden_fall/config"))
    finally:
        broker.stop()
    # to begin with 4 each, 4 of the first fall of each, 3 of the others, 1 of who is up
    assert sink.sent + sink.lost == 2 * (4 + 4) + 4 * 3 + 1
    assert sink.sent == 9 + 1  # one was on its way
    said = [record.getMessage() for record in caplog.records]
    assert said[1] == "mqtt: 9 messages wait; the oldest are lost now"
    assert said[-1] == "mqtt: 10 of 29 messages sent, 19 lost"


@pytest.mark.parametrize("newest_is_retained", [True, False])
def test_an_older_state_is_not_said_over_a_newer_one_that_was_skipped(
    monkeypatch: pytest.MonkeyPatch, newest_is_retained: bool
) -> None:
    link = mqtt_connection.Connection(Address.parse("mqtt://127.0.0.1"), "status")
    said: list[str] = []

    def publish(topic: str, payload: str, qos: int, retain: bool) -> Any:
        if topic == "fall":
            said.append(payload)
        return SimpleNamespace(mid=1)

    def connected(predicate: Any) -> None:
        """While the first waits for a broker the second is skipped; then the broker comes."""
        if not link._asking:
            link.skip(Message("fall", "OFF", newest_is_retained))
            link._say_what_lasts()
            link._up = True
        link._answers[1] = cast("Any", SimpleNamespace(is_failure=False))

    monkeypatch.setattr(link, "_client", SimpleNamespace(publish=publish))
    monkeypatch.setattr(link._changed, "wait_for", connected, raising=False)
    assert link.send(Message("fall", "ON", True))
    link._say_what_lasts()
    assert set(said) == ({"OFF"} if newest_is_retained else {"ON"})


def test_an_end_without_a_broker_says_what_is_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mqtt, "_DRAIN", 0.2)
    before = set(threading.enumerate())
    with opened(f"127.0.0.1:{free_port()}") as sink:
        fall(sink, 1)
    assert (sink.sent, sink.lost) == (0, 8)
    assert caplog.records[-1].getMessage() == "mqtt: 0 of 8 messages sent, 8 lost"
    eventually(lambda: set(threading.enumerate()) <= before)


@needs_mosquitto
def test_a_broker_that_hangs_holds_nobody_up(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "_DRAIN", 0.2)
    with opened(broker) as sink:
        eventually(lambda: sink.sent == 4)
        assert broker.process is not None
        broker.process.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        fall(sink, 1)
        assert time.monotonic() - begin < 1
    assert time.monotonic() - begin < 6
    broker.process.send_signal(signal.SIGCONT)
    assert (sink.sent, sink.lost) == (4, 4)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Broker]:
    """A broker that lets in one user, who may not say what is an alert."""
    passwords, rules = tmp_path / "passwords", tmp_path / "rules"
    words = ["mosquitto_passwd", "-b", "-c", str(passwords), "fall-user", "s3cr3t/@"]
    subprocess.run(words, check=True, timeout=20)
    topics = ("topic readwrite #", "topic deny slipdetect/kitchen/event")
    rules.write_text("\n".join(("user fall-user", *topics)) + "\n")
    for file in (passwords, rules):
        file.chmod(0o644)
    lines = (f"password_file {passwords}", f"acl_file {rules}", "allow_anonymous false")
    with mosquitto(tmp_path, *lines) as found:
        yield found


@needs_mosquitto
def test_L05_who_is_refused_is_told_why_and_no_secret(
    guarded: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for user in ("fall-user:s3cr3t-too", "s3cr3t-user", ""):
        place = f"{user}@{guarded.place}" if user else guarded.place
        with pytest.raises(AlertError) as caught, opened(place):
            pass
        assert caught.value.exit_code == 6
        assert str(caught.value).startswith(
            f"the broker mqtt://{guarded.place} refuses: not authorized"
        )
        said = repr(caught.value) + repr(caught.value.__context__) + caplog.text
        assert not [word for word in SECRETS if word in said]
    assert caplog.records == []


@needs_mosquitto
def test_a_topic_that_is_refused_is_counted(
    guarded: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    # its user and password come with what an address may not hold
    with opened(f"fall%2Duser:s3cr3t%2F%40@{guarded.place}") as sink:
        fall(sink, 1)
        fall(sink, 2)
    assert (sink.sent, sink.failed, sink.lost) == (9, 2, 0)
    refused = f"mqtt://{guarded.place} refuses 'slipdetect/kitchen/event': not authorized"
    said = [record.getMessage().lower() for record in caplog.records]
    assert said == [f"mqtt: {refused}", "mqtt: 9 of 11 messages sent, 2 refused"]
    assert not [word for word in SECRETS if word in caplog.text]


@needs_mosquitto
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_mqtts_is_encrypted_and_checks_the_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key, own = tmp_path / "key.pem", tmp_path / "own.pem"
    words = [*("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")]
    words += [*("-nodes", "-days", "2", "-subj", "/CN=localhost"), "-keyout", str(key)]
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run([*words, "-out", str(own), "-addext", names], check=True, capture_output=True)
    lines = (f"certfile {own}", f"keyfile {key}", "allow_anonymous true")
    with mosquitto(tmp_path, *lines) as broker:
        monkeypatch.setattr(mqtt, "_DRAIN", 0.0)
        with Mqtt(f"mqtts://{broker.place}", ["kitchen"]) as stranger:
            stranger.open(None)
        assert "no safe connection (CERTIFICATE_VERIFY_FAILED)" in caplog.text
        monkeypatch.setenv("SSL_CERT_FILE", str(own))
        with Mqtt(f"mqtts://localhost:{broker.port}/home/falls", ["kitchen"]) as sink:
            sink.open(None)
            eventually(lambda: sink.sent == 4)
            with witness(broker, "--cafile", str(own)) as seen:
                eventually(lambda: seen.of("home/falls/kitchen/fall") == ["OFF"])
                eventually(lambda: seen.of("binary_sensor/home_falls_kitchen_fall/config"))


def test_a_broker_of_another_version_is_told_of() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as client:
                client.recv(1000)
                client.sendall(b"\x20\x02\x00\x01")  # CONNACK of MQTT 3.1: no such protocol

        threading.Thread(target=answer, daemon=True).start()
        place = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(AlertError, match="unsupported protocol version"), opened(place):
            pass


@pytest.mark.parametrize(
    "address",
    [
        *("http://fall-user:s3cr3t@host/", "s3cr3t", "", "mqtt://", "mqtt://fall-user:s3cr3t@"),
        *("mqtt://fall-user:s3cr3t#x@host", "mqtt://fall-user:12/s3cr3t@host", "mqtt://host:0"),
        *("mqtt://host/s3cr3t/#", "mqtt://host/a+s3cr3t", "mqtt://host/$s3cr3t", "mqtt://h?s3cr3t"),
        *("mqtt://host/%00s3cr3t", f"mqtt://{'s3cr3t' * 20}", "mqtt://s3cr3t..host"),
        f"mqtt://host/{'s3cr3t' * 200}",
    ],
)
def test_addresses_that_are_refused_are_not_repeated(address: str) -> None:
    with pytest.raises(UsageError, match="broker's address") as caught:
        Mqtt(address, ["kitchen"])
    assert not [word for word in SECRETS if word in str(caught.value)]
    assert caught.value.__cause__ is None


def test_an_address_has_its_parts() -> None:
    plain = Address.parse("mqtt://Host")
    assert (plain.host, plain.port, plain.tls, plain.prefix) == ("host", 1883, False, "slipdetect")
    assert (plain.user, plain.password) == (None, None)
    full = Address.parse("mqtts://fall-user:s3cr3t%40@[::1]:99/a%20b/c/")
    assert (full.host, full.port, full.tls, full.prefix) == ("::1", 99, True, "a b/c")
    assert (full.user, full.password) == ("fall-user", "s3cr3t@")
    assert not [word for word in SECRETS if word in repr(full)]


@pytest.mark.parametrize("hold", [0.0, -1.0, float("nan"), float("inf")])
def test_a_hold_time_is_seconds(hold: float) -> None:
    with pytest.raises(UsageError, match="mqtt_hold"):
        Mqtt("mqtt://host", ["kitchen"], hold)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "paho"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "paho", None)
    with pytest.raises(LibraryError, match=r"needs paho, .* pip install 'slipdetect\[watch\]'"):
        Mqtt.make("mqtt://host", Setup(sources=["kitchen"]))
