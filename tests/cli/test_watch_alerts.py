"""``watch --mqtt`` and ``--notify``: a fall reaches a broker and people, and no secret does.

In: a camera, a broker and a web server of this machine. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from hook_server import hook_server
from live_driver import kinds, lamp, lines
from mosquitto import eventually, free_port, mosquitto, needs_mosquitto, witness
from stream_server import camera_server

SECRETS = ("admin", "s3cr3t", "t0k3n", "p4ss")


@needs_mosquitto
def test_L05_a_fall_reaches_the_broker_and_people(run, model: Path, tmp_path: Path) -> None:
    with (
        mosquitto(tmp_path) as broker,
        witness(broker) as seen,
        camera_server(lamp) as camera,
        hook_server(204) as hook,
    ):
        address = f"http://admin:s3cr3t%40@{camera.place}/ts?token=t0k3n&password=p4ss"
        alerts = ("--mqtt", f"mqtt://admin:s3cr3t@{broker.place}/home", "--mqtt-hold", "60")
        alerts += ("--notify", f"json://admin:s3cr3t@{hook.place}/t0k3n")
        more = ("--max-duration", "2", "-vv", "--debug")
        result = run("watch", address, "--model", model, *alerts, *more)
        eventually(lambda: len(seen.of("/availability")) == 5)
    assert result.exit_code == 0, result.output
    assert kinds(result.stdout) == ["started", "onset", "event", "summary"]
    started, onset, event, _ = lines(result.stdout)
    name = f"http://{camera.place}/..."
    (known,) = map(json.loads, seen.of("/config"))
    assert known["device"]["name"] == name
    assert seen.of(known["state_topic"]) == ["OFF", "ON"]
    process, own = (each["topic"] for each in known["availability"])
    assert seen.of(own) == ["offline", "online", "offline"]
    assert seen.of(process) == ["online", "offline"]
    first, begun, final = map(json.loads, seen.of(known["json_attributes_topic"]))
    assert first == {"camera": name}
    assert (begun["start"], begun["score"]) == (onset["start"], onset["probability"])
    assert {key: final[key] for key in event["event"]} == event["event"]
    assert final["id"] == event["id"]
    assert final["time"] >= started["time"]
    assert json.loads(seen.of("/event")[0])["event"] == event["event"]
    (told,) = map(json.loads, hook.bodies)
    assert told["title"] == f"slip: {name}"
    assert "mqtt: 10 of 10 messages sent" in result.stderr
    assert "notify: 1 of 1 alert sent" in result.stderr
    everything = result.output + repr(seen.told) + repr(hook.bodies)
    assert not [secret for secret in SECRETS if secret in everything]


@needs_mosquitto
def test_L05_a_broker_that_refuses_is_exit_6(run, model: Path, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    words = ["mosquitto_passwd", "-b", "-c", str(passwords), "admin", "p4ss"]
    subprocess.run(words, check=True, timeout=20)
    passwords.chmod(0o644)
    with mosquitto(tmp_path, f"password_file {passwords}", "allow_anonymous false") as broker:
        address = f"mqtt://admin:s3cr3t@{broker.place}"
        result = run("watch", "rtsp://127.0.0.1:1/x", "--model", model, "--mqtt", address)
    assert result.exit_code == 6
    assert result.stdout == ""
    assert result.stderr == (
        f"Error: the broker mqtt://{broker.place} refuses: not authorized; check the user and the "
        "password of --mqtt\n"
    )


def test_a_broker_that_is_not_there_holds_nothing_up(
    run, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipdetect.sinks import mqtt

    monkeypatch.setattr(mqtt, "_DRAIN", 0.1)
    place = f"127.0.0.1:{free_port()}"
    with camera_server(lamp) as camera:
        more = ("--max-duration", "2", "--mqtt", f"mqtt://admin:s3cr3t@{place}")
        result = run("watch", f"http://{camera.place}/ts", "--model", model, *more)
    assert result.exit_code == 0
    assert kinds(result.stdout) == ["started", "onset", "event", "summary"]
    first, *_, last = result.stderr.splitlines()
    assert first == (
        f"Warning: mqtt: no connection to mqtt://{place}: connection refused; tried again, and "
        "what happens waits"
    )
    assert last.endswith("mqtt: 0 of 10 messages sent, 10 lost")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--mqtt", "http://admin:s3cr3t@host"), "the broker's address cannot be used"),
        (("--notify", "nothing://admin:s3cr3t@host"), "apprise cannot use nothing://..."),
        (("--mqtt-hold", "5"), "--mqtt-hold is for --mqtt; give it too"),
        (("--mqtt", "mqtt://host", "--mqtt-hold", "0"), "--mqtt-hold"),
    ],
)
def test_what_makes_no_sense_is_exit_2(run, model: Path, options: tuple[str], said: str) -> None:
    result = run("watch", "rtsp://127.0.0.1:1/x", "--model", model, *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not [secret for secret in SECRETS if secret in result.output]
