#!/usr/bin/env bash
# amqtt 0.12.1, a broker in Python: a client with a session that is to stay (clean_session false) is sent what came while it was
# away, QoS 1, once it is back. amqtt sends it with the flag "retained", which nobody had set and which in MQTT tells a new
# subscriber that what it gets is an old state. Who leaves out retained messages, so that no alert rings twice, leaves out all
# that happened while the connection was down; what comes over a connection that is up has no such flag.
# Seen: of three falls while away all come, retained True; of one while connected, retained False.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q amqtt==0.12.1 paho-mqtt==2.1.0
cd "$folder"
cat > broker.py <<'PY'
import asyncio
import sys

from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin


class NameIsEnough(BaseAuthPlugin):
    """Sessions of clients without a name are not kept at all."""

    async def authenticate(self, *, session):
        return bool(session.username)


async def main():
    settings = {"listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{sys.argv[1]}"}}}
    settings["plugins"] = {"broker.NameIsEnough": {}}
    await Broker(settings).start()
    print("ready", flush=True)
    await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main())
PY
venv/bin/python - <<'PY'
import os
import socket
import subprocess
import sys
import time
from importlib.metadata import version

from paho.mqtt import client as mqtt

assert version("amqtt") == "0.12.1"
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
here = {**os.environ, "PYTHONPATH": "."}
broker = subprocess.Popen(
    [sys.executable, "broker.py", str(port)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=here
)
assert broker.stdout.readline() == b"ready\n"


def connected(name, clean):
    """Return a client, and what it hears: payload and flag."""
    heard, came = [], []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, name, clean_session=clean)
    client.username_pw_set("carer", "secret")
    client.on_connect = lambda *_: came.append(True)
    client.on_message = lambda _client, _data, message: heard.append(
        (message.payload.decode(), bool(message.retain))
    )
    client.connect("127.0.0.1", port)
    client.loop_start()
    for _ in range(100):
        if came:
            break
        time.sleep(0.1)
    return client, heard


def gone(client):
    client.disconnect()
    client.loop_stop()
    time.sleep(0.5)


try:
    phone, _ = connected("phone", False)
    phone.subscribe("falls", 1)
    time.sleep(1)
    gone(phone)
    camera, _ = connected("camera", True)
    for number in range(3):
        camera.publish("falls", f"away {number}", 1).wait_for_publish(10)
    phone, heard = connected("phone", False)
    time.sleep(2)
    camera.publish("falls", "connected", 1).wait_for_publish(10)
    time.sleep(2)
    gone(phone)
    gone(camera)
finally:
    broker.kill()
print(heard)
assert sorted(heard) == [
    ("away 0", True),
    ("away 1", True),
    ("away 2", True),
    ("connected", False),
]
PY
