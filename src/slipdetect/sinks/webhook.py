"""Alerts posted to a web server as JSON: ``--webhook``.

In: an address. Out: a POST per alert, tried again where that may help; no secret is repeated.
"""

from __future__ import annotations

import base64
import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, unquote, urlunsplit

import slipdetect
from slipdetect._address import address_scheme, split_address
from slipdetect.errors import AlertError, UsageError
from slipdetect.sinks.alert import TIMEOUT, AlertSink
from slipdetect.sinks.sink import Alert, Setup
from slipdetect.sinks.tries import PAUSES, connection_reason, try_again

# answers of a server that may change its mind
_AGAIN = (408, 425, 429)

# what an address may hold; a percent sign is taken for one of an escape
_SAFE = "%/:=&?~+!$,;'@()*[]"


@dataclass(frozen=True)
class Address:
    """Where alerts are posted to.

    Attributes:
        url: Without user, password and fragment.
        shown: Protocol and host: paths and queries of webhooks hold keys.
        authorization: Value of the header, or None.
    """

    url: str = field(repr=False)
    shown: str
    authorization: str | None = field(repr=False, default=None)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Take an address apart.

        Raises:
            UsageError: It is none of http or https; the message repeats nothing of it.
        """
        scheme = address_scheme(text)
        if scheme not in ("http", "https"):
            raise _wrong("it does not begin with http:// or https://")
        try:
            parts = split_address(text)
        except ValueError as error:
            reason = str(error)
        else:
            reason = ""
        if reason:
            raise _wrong(reason)
        path, query = quote(parts.path, safe=_SAFE), quote(parts.query, safe=_SAFE)
        url = urlunsplit((parts.scheme, parts.place, path, query, ""))
        return cls(url, parts.shown, _basic(parts.user, parts.password))


class Webhook(AlertSink):
    """Posts every alert.

    A connection that fails, and an answer of 5xx, 408, 425 or 429, is tried again after 1, 2, 4 and
    8 s, for a minute in all. Redirects are not followed. No message repeats more of the address
    than its protocol and host.

    Args:
        address: http or https; a user and a password in it are sent by basic authentication.
        timeout: Seconds to wait for a connection, and for an answer; None: 10.
        cooldown: As for ``AlertSink``.
        pauses: Seconds before each further try.

    Raises:
        UsageError: The address cannot be used.
    """

    option = "--webhook"
    metavar = "URL"
    help = "Post the same JSON to URL; set a secret one by an environment variable."
    name = "webhook"
    drain_timeout = 30.0

    def __init__(
        self,
        address: str,
        timeout: float | None = None,
        cooldown: float | None = None,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        super().__init__(cooldown)
        self._address = Address.parse(address)
        self._timeout = TIMEOUT if timeout is None else timeout
        self._pauses = pauses

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        return cls(given, setup.alert_timeout, setup.cooldown)

    def send(self, alert: Alert) -> None:
        """Post one alert.

        Raises:
            AlertError: The server took it in none of the tries.
        """
        body = alert.to_json().encode("ascii")
        failed = try_again(
            lambda left: self._post(body, min(self._timeout, left)), self._stopped, self._pauses
        )
        if failed is not None:
            raise AlertError(f"{self._address.shown}: {failed}")

    def _post(self, body: bytes, timeout: float) -> tuple[str | None, bool]:
        """Post once; return what went wrong, if anything, and whether it will go wrong again."""
        if self._stopped.is_set():
            return "the run was ended", True
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"slipdetect/{slipdetect.__version__}",
        }
        if self._address.authorization is not None:
            headers["Authorization"] = self._address.authorization
        request = urllib.request.Request(  # noqa: S310 - scheme checked
            self._address.url, body, headers, method="POST"
        )
        try:
            with _opener().open(request, timeout=max(timeout, 0.1)):
                return None, False
        except urllib.error.HTTPError as error:
            error.close()
            return _answer(error.code), not (error.code >= 500 or error.code in _AGAIN)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return _reason(error), False


def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    # no handler of redirects, which may lead credentials elsewhere, nor of files and FTP
    for handler in (
        *(urllib.request.ProxyHandler(), urllib.request.HTTPHandler()),
        *(urllib.request.HTTPSHandler(), urllib.request.HTTPDefaultErrorHandler()),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _answer(code: int) -> str:
    text = f"HTTP {code} {http.client.responses.get(code, '')}".rstrip()
    if 300 <= code < 400:
        return f"{text}, which is not followed; give the address that it leads to"
    return text


def _reason(error: Exception) -> str:
    """Say why a connection failed, in words that never come from the address."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return connection_reason(reason if isinstance(reason, BaseException) else None)


def _wrong(reason: str) -> UsageError:
    return UsageError(
        f"the webhook's address cannot be used: {reason}; it is http(s)://[USER:PASSWORD@]HOST/PATH"
    )


def _basic(user: str | None, password: str | None) -> str | None:
    if user is None:
        return None
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")
