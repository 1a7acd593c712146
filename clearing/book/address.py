"""Where a book on a server is: `clickhouse://[user[:password]@]host[:port]/database`."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from network.errors import NotABook

_FORM = "clickhouse://[user[:password]@]host[:port]/database"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Address(NamedTuple):
    """A database on a server, and who asks for it."""

    host: str
    port: int
    user: str
    password: str
    database: str

    @property
    def where(self) -> str:
        """The address as it may be shown: without the password."""
        user = f"{self.user}@" if self.user != "default" else ""
        port = f":{self.port}" if self.port != 9000 else ""
        return f"clickhouse://{user}{self.host}{port}/{self.database}"

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine, where compressing only costs time."""
        return self.host in _LOOPBACK


def parse_address(location: str) -> Address:
    """Take an address apart, or raise NotABook saying what is wrong with it."""
    shown = re.sub(r"//[^@/]*@", "//…@", location)
    try:
        parts = urlsplit(location)
        port = parts.port or 9000
    except ValueError as error:
        raise NotABook(f"this is no address: {error}", where=shown, expected=_FORM) from error
    database = unquote(parts.path.lstrip("/"))
    if not parts.hostname:
        raise NotABook("the host is missing", where=shown, expected=_FORM)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", database):
        raise NotABook(
            f"{database!r} is not the name of a database" if database
            else "the name of the database is missing",
            where=shown, expected=f"{_FORM}, the name in letters, digits and underscores")
    if parts.query or parts.fragment:
        raise NotABook("there is more after the database", where=shown, expected=_FORM)
    return Address(
        parts.hostname, port, unquote(parts.username or "default"),
        unquote(parts.password or ""), database)
