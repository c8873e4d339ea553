"""A connection to an MQTT broker that comes back: what was taken is told, once it can be.

In: an address; messages, one at a time. Out: their acknowledgments, and what lasts said anew
whenever the broker or Home Assistant may have forgotten it.
"""

from __future__ import annotations

import logging
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

from slipdetect._address import address_scheme, split_address
from slipdetect._lazy import require
from slipdetect.errors import AlertError, UsageError
from slipdetect.sinks.fall_sensor import OFFLINE, ONLINE, Message
from slipdetect.sinks.tries import connection_reason

if TYPE_CHECKING:
    from paho.mqtt.client import Client
    from paho.mqtt.reasoncodes import ReasonCode

logger = logging.getLogger(__name__)

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_PREFIX = "slipdetect"
_BIRTH = "homeassistant/status"
_KEEP_ALIVE = 20  # seconds; the broker tells of a lost connection after one and a half
_FIRST_WAIT, _LONGEST_WAIT = 1, 30  # between two tries, seconds
_SECONDS_TO_LEAVE = 2.0
_UNSPECIFIED = 128
# protocol, client identifier, user or password, not authorized, banned, method
_HOPELESS = (132, 133, 134, 135, 138, 140)


@dataclass(frozen=True)
class Broker:
    """Where messages go.

    Attributes:
        host: Name or address.
        port: Its port.
        tls: Encrypted, and the certificate checked.
        shown: Protocol and host.
        prefix: Of all topics but those of Home Assistant.
        user: Or None.
        password: Or None.
    """

    host: str
    port: int
    tls: bool
    shown: str
    prefix: str = _PREFIX
    user: str | None = field(repr=False, default=None)
    password: str | None = field(repr=False, default=None)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take an address apart.

        Raises:
            UsageError: It cannot be used; the message repeats nothing of it.
        """
        scheme = address_scheme(text)
        if scheme not in _PORTS:
            raise _wrong("it does not begin with mqtt:// or mqtts://")
        try:
            parts = split_address(text)
            parts.host.encode("idna")
        except UnicodeError:
            reason = "its host is no name"
        except ValueError as error:
            reason = str(error)
        else:
            prefix = unquote(parts.path).strip("/") or _PREFIX
            reason = _fault(prefix)
            if parts.port == 0 or set(text) & set("?#"):
                reason = "its port is 0" if parts.port == 0 else "it has a ? or a #"
        if reason:
            raise _wrong(reason)
        user = None if parts.user is None else unquote(parts.user)
        password = None if parts.password is None else unquote(parts.password)
        port = _PORTS[scheme] if parts.port is None else parts.port
        return cls(parts.host, port, scheme == "mqtts", parts.shown, prefix, user, password)


class Connection:
    """Sends messages to a broker, and connects again for as long as it is away.

    A message is sent when the one before it was acknowledged, so their order is sure. Retained
    ones are sent again, as they are by then, with every new connection, because a broker may have
    forgotten them, and when Home Assistant says that it has started.

    Args:
        broker: Where to.
        status: Topic that says whether this program runs.

    Raises:
        LibraryError: paho-mqtt is not installed.
    """

    def __init__(self, broker: Broker, status: str) -> None:
        paho = require("paho.mqtt.client", "watch")
        self._broker = broker
        self._lasting = {status: Message(status, ONLINE)}
        self._skipped: set[str] = set()  # retained topics, since the last ``send`` began
        self._sending = threading.Lock()
        self._changed = threading.Condition()
        self._up = self._stopped = self._asking = False
        self._answers: dict[int, ReasonCode] = {}
        self._refusal = ""
        self._said: set[str] = set()
        self._tried, self._left = threading.Event(), threading.Event()
        client: Client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            client.tls_set()
        client.will_set(status, OFFLINE, qos=1, retain=True)
        client.reconnect_delay_set(_FIRST_WAIT, _LONGEST_WAIT)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_birth
        client.on_publish = self._on_publish
        self._client = client

    def open(self, patience: float) -> None:
        """Connect; go on trying, in a thread, where the broker is not there.

        Args:
            patience: Most seconds to wait for the first try.

        Raises:
            AlertError: The broker refuses this client, and will again.
        """
        self._client.connect_async(self._broker.host, self._broker.port, _KEEP_ALIVE)
        self._client.loop_start()
        if not self._tried.wait(patience):
            self._say("no answer yet")
        if self._refusal:
            raise AlertError(
                f"the broker {self._broker.shown} refuses: {self._refusal}; check the user and the "
                "password of --mqtt"
            )

    def send(self, message: Message) -> bool:
        """Send a message and wait until the broker has it, however long that takes.

        Returns:
            Whether it has it; False after ``stop``.

        Raises:
            AlertError: The broker refuses it.
        """
        with self._sending:
            self._skipped.clear()
        with self._changed:
            # published earlier it might go out before the client has introduced itself
            self._changed.wait_for(lambda: self._up or self._stopped)
            if self._stopped:
                return False
            self._asking = True
        with self._sending:
            if message.retain and message.topic in self._skipped:
                # skipped while this one waited, so newer: nothing older may be said over it
                message = self._lasting[message.topic]
            self._keep(message)
            # the code that comes back means nothing: of a message that is kept it may be an error
            mid = self._client.publish(message.topic, message.payload, 1, message.retain).mid
        with self._changed:
            self._changed.wait_for(lambda: mid in self._answers or self._stopped)
            answer = self._answers.get(mid)
            self._asking = False
            self._answers.clear()
        if answer is not None and answer.is_failure:
            reason = str(answer).lower()
            raise AlertError(f"{self._broker.shown} refuses {message.topic!r}: {reason}")
        return answer is not None

    def skip(self, message: Message) -> None:
        """Take a message that nobody will be sent; what it makes last is said all the same."""
        with self._sending:
            self._keep(message)
            if message.retain:
                self._skipped.add(message.topic)

    def stop(self) -> None:
        """End a ``send`` that is going on; no other follows."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def close(self) -> None:
        """Leave; the broker tells everybody that this program is offline."""
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.reasoncodes import ReasonCode

        self.stop()
        reason = ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message")
        up = self._up
        self._client.disconnect(reason)
        if up:
            self._left.wait(_SECONDS_TO_LEAVE)

    def _on_connect(
        self, client: Client, data: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        if reason.is_failure:
            text = str(reason).lower()
            if reason.value in _HOPELESS and not self._tried.is_set():
                self._refusal = text
            else:
                self._say(f"it refuses: {text}")
            self._tried.set()
            return
        self._left.clear()
        client.subscribe(_BIRTH, qos=1)
        self._say_what_lasts()
        with self._changed:
            self._up = True
            self._changed.notify_all()
        if self._said:
            logger.warning("mqtt: connected to %s", self._broker.shown)
        self._said.clear()
        self._tried.set()

    def _on_connect_fail(self, client: Client, data: Any) -> None:
        # called while the error is handled, which is told in no other way
        if not self._said:
            self._say(connection_reason(sys.exception()))
        self._tried.set()

    def _on_disconnect(
        self, client: Client, data: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        with self._changed:
            up, self._up = self._up, False
        if up and not self._stopped:
            self._say("it broke off" if reason.value == _UNSPECIFIED else str(reason).lower())
        self._left.set()

    def _on_birth(self, client: Client, data: Any, message: Any) -> None:
        if message.payload == ONLINE.encode():
            self._say_what_lasts()

    def _on_publish(
        self, client: Client, data: Any, mid: int, reason: ReasonCode, properties: Any
    ) -> None:
        with self._changed:
            if self._asking:
                self._answers[mid] = reason
                self._changed.notify_all()

    def _keep(self, message: Message) -> None:
        if message.retain:
            self._lasting[message.topic] = message

    def _say_what_lasts(self) -> None:
        """Publish what is retained once more; what is lost of it is said again with the next."""
        with self._sending:
            for message in self._lasting.values():
                self._client.publish(message.topic, message.payload, 0, retain=True)

    def _say(self, state: str) -> None:
        """Warn of a state of the connection, once until it is there again."""
        if state not in self._said:
            self._said.add(state)
            logger.warning(
                "mqtt: no connection to %s: %s; tried again, and what happens waits",
                self._broker.shown,
                state,
            )


def _fault(prefix: str) -> str:
    """Return what is wrong with a prefix of topics; empty: nothing."""
    if not prefix.isprintable() or set(prefix) & set("+#") or prefix.startswith("$"):
        return "topics begin with no $ and have no +, # or control character"
    return "the beginning of topics is too long" if len(prefix.encode()) > 1000 else ""


def _wrong(reason: str) -> UsageError:
    return UsageError(
        f"the broker's address cannot be used: {reason}; it is "
        "mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/TOPIC_PREFIX]"
    )
