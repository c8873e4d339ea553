"""Addresses taken apart, and what of one may be shown: never more than its protocol and host.

In: text such as ``rtsp://user:password@host/path``. Out: its parts; text without a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_ESCAPES = "write / in a password as %2F and @ as %40"
_AUTHORITY_ENDS = re.compile(r"[/?#]")


@dataclass(frozen=True)
class AddressParts:
    """An address whose parts are sure: scheme and host in small letters, the others as written.

    A host of version 6 is without brackets.
    """

    scheme: str
    host: str
    port: int | None
    path: str = field(repr=False)
    query: str = field(repr=False)
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)

    @property
    def place(self) -> str:
        """Host, and port where there is one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """Protocol and host."""
        return f"{self.scheme}://{self.place}"


def address_scheme(text: str) -> str | None:
    """Return the protocol of an address in small letters; None for what is no address."""
    found = _SCHEME.match(text)
    return None if found is None else found[1].lower()


def split_address(text: str) -> AddressParts:
    """Take an address apart.

    Raises:
        ValueError: Its host is not sure; the message says why and repeats nothing of it.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        user, password = parts.username, parts.password
    except ValueError:
        raise ValueError(f"its host or port cannot be read; {_ESCAPES}") from None
    if not host or not host.isprintable() or " " in host:
        raise ValueError("it has no host")
    behind = parts.path + parts.query + parts.fragment
    if "@" in behind and (user is not None or port is not None):
        # of http://user:1/2@host and http://user:1@2/3@host a part of the password seems host
        raise ValueError(f"its host is not sure; {_ESCAPES}")
    return AddressParts(parts.scheme, host, port, parts.path, parts.query, user, password)


def shown_address(text: str) -> str:
    """Return ``rtsp://host:554/...`` of an address, ``rtsp://...`` where its host is not sure.

    Paths and queries hold keys, so neither of them is shown.
    """
    found = _SCHEME.match(text)
    unsure = "..." if found is None else f"{found[0]}..."
    try:
        parts = split_address(text)
    except ValueError:
        return unsure
    # an @ behind the host may be that of a password with a slash in it
    behind = _AUTHORITY_ENDS.split(text.partition("://")[2], maxsplit=1)[1:]
    if "@" in "".join(behind) or not _HOST.fullmatch(parts.host):
        return unsure
    return f"{parts.shown}/..."
