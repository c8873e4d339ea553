"""The address of a webhook, taken apart so that no secret in it is ever repeated.

In: an http or https address. Out: what to ask, what to authenticate with, and what may be shown.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlunsplit

from slipdetect._address import address_scheme, split_address
from slipdetect.errors import UsageError

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


def _wrong(reason: str) -> UsageError:
    return UsageError(
        f"the webhook's address cannot be used: {reason}; it is http(s)://[USER:PASSWORD@]HOST/PATH"
    )


def _basic(user: str | None, password: str | None) -> str | None:
    if user is None:
        return None
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")
