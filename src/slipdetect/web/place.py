"""Where the page is served: an address that is checked, and the socket that listens there.

In: ``HOST:PORT``. Out: ``Place``.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from dataclasses import dataclass
from typing import Self

from slipdetect._address import split_address
from slipdetect.errors import OutputError, UsageError

_WHAT_NEXT = {
    errno.EADDRINUSE: "the port is in use; choose another one, or end what listens there",
    errno.EACCES: "not allowed; ports below 1024 are for the administrator, choose another one",
    errno.EADDRNOTAVAIL: "this machine has no such address; name one of its own",
}


@dataclass(frozen=True)
class Place:
    """An address of this machine.

    Attributes:
        host: As it was given, without brackets.
        port: 1 to 65535.
        address: What the host means, a number.
    """

    host: str
    port: int
    address: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the place of ``HOST:PORT``, such as ``127.0.0.1:8080`` or ``[::1]:8080``.

        Raises:
            UsageError: It is something else, or no host that is known.
        """
        try:
            parts = split_address(f"http://{text}")
        except ValueError:
            parts = None
        if parts is None or not parts.port or text.lower() != parts.place:
            raise UsageError(f"--page {text!r} is not HOST:PORT; give one such as 127.0.0.1:8080")
        try:
            found = socket.getaddrinfo(parts.host, parts.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise UsageError(
                f"--page {text!r}: there is no host {parts.host!r}; give an address of this machine"
            ) from None
        # a name may mean several; it is served at one, and that one is judged
        best = min(found, key=lambda each: each[0] != socket.AF_INET)
        return cls(parts.host, parts.port, str(best[4][0]))

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return ipaddress.ip_address(self.address.partition("%")[0]).is_loopback

    @property
    def shown(self) -> str:
        """The address as a browser takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def listen(self) -> socket.socket:
        """Return a socket that is bound here.

        Raises:
            OutputError: The port is in use, or not to be had.
        """
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            if os.name == "posix":  # elsewhere it would let two programs have one port
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((self.address, self.port))
            listening.listen()
        except OSError as error:
            listening.close()
            why = _WHAT_NEXT.get(error.errno or 0, f"{error.strerror}; choose another address")
            raise OutputError(f"--page: cannot listen at {self.shown}: {why}") from error
        return listening
