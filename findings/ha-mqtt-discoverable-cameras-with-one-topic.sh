#!/usr/bin/env bash
# ha-mqtt-discoverable 0.26.0: an entity's topics are made of its name alone, never of its unique_id, and every character that
# is no ASCII letter, digit or "-" becomes a "-". Cameras whose names differ in other letters only, and have the same
# length, have the same topics: the second's discovery replaces the first's at the broker, which Home Assistant keeps as
# one sensor, and the fall in one room is reported for the other. Nothing is said.
# Seen: "客厅" and "卧室" (living room, bedroom), with different unique_ids: homeassistant/binary_sensor/--/config for both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ha-mqtt-discoverable==0.26.0
cd "$folder"
venv/bin/python - <<'PY'
import json
from importlib.metadata import version

from ha_mqtt_discoverable import Settings
from ha_mqtt_discoverable.sensors import BinarySensor, BinarySensorInfo
from paho.mqtt import client as mqtt

assert version("ha-mqtt-discoverable") == "0.26.0"
retained: dict[str, str] = {}


class Broker(mqtt.Client):
    """Keeps what a broker would, and sends nothing."""

    def publish(self, topic, payload=None, qos=0, retain=False, properties=None):
        if topic.endswith("/config"):
            retained[topic] = payload
        info = mqtt.MQTTMessageInfo(1)
        info.rc = mqtt.MQTT_ERR_SUCCESS
        return info


client = Broker(mqtt.CallbackAPIVersion.VERSION2)
states = []
for number, name in enumerate(("客厅", "卧室"), 1):
    about = BinarySensorInfo(name=name, device_class="safety", unique_id=f"camera-{number}")
    sensor = BinarySensor(Settings(mqtt=Settings.MQTT(client=client), entity=about))
    sensor.off()
    states.append(sensor.state_topic)
    print(name, sensor.config_topic, sensor.state_topic)
kept = [(topic, json.loads(text)["unique_id"]) for topic, text in retained.items()]
print("kept by a broker:", kept)
assert len(set(states)) == 1, "each camera has a topic of its own"
assert [ident for _, ident in kept] == ["camera-2"]
PY
