#!/usr/bin/env bash
# paho-mqtt 2.2.0: a message of QoS 1 that is published before the connection is there is kept and delivered later, but
# its MQTTMessageInfo carries "not connected" for ever: rc stays MQTT_ERR_NO_CONN after the broker has acknowledged it,
# and wait_for_publish and is_published raise RuntimeError for a message that has arrived. A program that believes
# them publishes it twice or counts it as lost; on_publish tells the truth.
# Needs Debian's mosquitto. Seen: delivered True, then rc 4 and "RuntimeError: Message publish failed".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q paho-mqtt==2.2.0
cd "$folder"
venv/bin/python - <<'PY'
import socket
import subprocess
import threading
import time

import paho.mqtt
import paho.mqtt.client as mqtt

assert paho.mqtt.__version__ == "2.2.0"
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
with open("mosquitto.conf", "w") as file:
    file.write(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
acknowledged = threading.Event()
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.on_publish = lambda *_: acknowledged.set()
client.connect_async("127.0.0.1", port)
info = client.publish("a/topic", "hello", qos=1)  # nobody listens yet
broker = subprocess.Popen(["mosquitto", "-c", "mosquitto.conf"], stderr=subprocess.DEVNULL)
try:
    time.sleep(0.5)
    client.loop_start()
    delivered = acknowledged.wait(10)
    time.sleep(0.2)
    print("delivered", delivered, "rc", int(info.rc), info.rc.name)
    try:
        said = f"is_published {info.is_published()}"
    except RuntimeError as error:
        said = f"RuntimeError: {error}"
    print(said)
finally:
    client.disconnect()
    broker.terminate()
assert delivered and said.startswith("RuntimeError"), "the message knows that it has arrived"
PY
