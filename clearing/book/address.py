"""Where a book on a server is: `clickhouse://[user[:password]@]host[:port]/database`.

`clickhouses://` is the same over TLS. A password in an address is in the list of processes, for all
to read: it can stand in a file or in the environment instead.
"""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from network.errors import NotABook
from network.files import read_regular
from network.language import Phrase

_FORM = "clickhouse[s]://[user[:password]@]host[:port]/database"
SCHEMES = ("clickhouse://", "clickhouses://")
PASSWORD, PASSWORD_FILE = "ONECARD_PASSWORD", "ONECARD_PASSWORD_FILE"
CA_FILE = "ONECARD_CA_FILE"     # of who signed the server's certificate, where no system knows them
_PASSWORD_BYTES_MOST = 4096
_PORT, _TLS_PORT = 9000, 9440
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Address(NamedTuple):
    """A database on a server, and who asks for it."""

    host: str
    port: int
    user: str
    password: str
    database: str
    is_secure: bool = False     # over TLS, the server's certificate checked

    @property
    def where(self) -> str:
        """The address as it may be shown: without the password."""
        user = f"{self.user}@" if self.user != "default" else ""
        usual = _TLS_PORT if self.is_secure else _PORT
        port = f":{self.port}" if self.port != usual else ""
        return f"{SCHEMES[self.is_secure]}{user}{self.host}{port}/{self.database}"

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine, where compressing only costs time."""
        return self.host in _LOOPBACK


def parse_address(location: str) -> Address:
    """Take an address apart, or raise NotABook saying what is wrong with it."""
    # A password may have any sign, also those that end one here: nothing up to the last @ is shown.
    shown = re.sub(r"//.*@", "//…@", location)
    is_secure = location.startswith(SCHEMES[1])
    try:
        parts = urlsplit(location)
        port = parts.port or (_TLS_PORT if is_secure else _PORT)
    except ValueError:
        raise NotABook("this is no address", where=shown, expected=_FORM,
                       remedy="write /, @ and : of a user or password as %2F, %40 and %3A, and a "
                              "port as a number up to 65535") from None
    database = unquote(parts.path.lstrip("/"))
    if not parts.hostname:
        raise NotABook("the host is missing", where=shown, expected=_FORM)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", database):
        raise NotABook(
            Phrase("{database!r} is not the name of a database", database=database) if database
            else "the name of the database is missing",
            where=shown,
            expected=Phrase("{form}, the name in letters, digits and underscores", form=_FORM))
    if parts.query or parts.fragment:
        raise NotABook("there is more after the database", where=shown, expected=_FORM)
    return Address(
        parts.hostname, port, unquote(parts.username or "default"),
        _password() if parts.password is None else unquote(parts.password), database, is_secure)


def asks_password(location: str) -> bool:
    """Whether it is a server's user whose password neither address nor environment says."""
    found = re.match(r"clickhouses?://([^/@]*)@", location)
    return (found is not None and found[1] != "" and ":" not in found[1]
            and not {PASSWORD, PASSWORD_FILE} & os.environ.keys())


def with_password(location: str, password: str) -> str:
    """The address with its user's password."""
    return location.replace("@", f":{quote(password, safe='')}@", 1)


def _password() -> str:
    """The password that the environment says, or the file that it names; "": none."""
    path = os.environ.get(PASSWORD_FILE)
    if path is None:
        return os.environ.get(PASSWORD, "")
    try:
        begin = read_regular(Path(path), _PASSWORD_BYTES_MOST)
        return begin.partition(b"\n")[0].removesuffix(b"\r").decode("utf-8")
    except (OSError, ValueError) as error:
        raise NotABook(
            Phrase("the password cannot be read: {why}",
                   why=getattr(error, "strerror", None) or "it is no text"),
            where=path,
            expected=Phrase("a file with the password in its first line, as {variable} names it",
                            variable=PASSWORD_FILE),
            remedy="check the name and who may read it") from None


def authorities() -> str | None:
    """The file of those who may sign a server's certificate; None: as the driver finds them.

    Raises NotABook where the one that the environment names has none.
    """
    path = os.environ.get(CA_FILE)
    if path is None:
        return ssl.get_default_verify_paths().cafile
    try:
        read_regular(Path(path), 1)
        ssl.create_default_context(cafile=path)
    except OSError as error:        # what ssl says of a file that it cannot read is one, too
        raise NotABook(
            Phrase("no certificate can be read: {why}", why=error.strerror), where=path,
            expected=Phrase("a file with certificates in PEM, as {variable} names it",
                            variable=CA_FILE),
            remedy="check the name and who may read it; ask who runs the server for the file"
            ) from None
    return path
