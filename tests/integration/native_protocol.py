"""What a ClickHouse server of today reads and writes on its native port, for this driver.

Revision 54468, the newest that clickhouse-driver speaks; no compression, no external tables, no
custom serialisations. A column stays the bytes that it is: of its type only the length is needed.
"""

from __future__ import annotations

import io
import re
import socket
import struct
from typing import NamedTuple

REVISION = 54468
HELLO, QUERY, DATA, CANCEL, PING = range(5)     # what a client sends
_DATA, _EXCEPTION, _PONG, _END, _PROFILE_EVENTS = 1, 2, 4, 5, 14
_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"   # no overflow, no bucket, no more fields
_WIDTHS = {
    "UInt8": 1, "Int8": 1, "Bool": 1, "Enum8": 1, "UInt16": 2, "Int16": 2, "Enum16": 2, "Date": 2,
    "UInt32": 4, "Int32": 4, "Float32": 4, "DateTime": 4, "UInt64": 8, "Int64": 8, "Float64": 8,
    "DateTime64": 8, "UInt128": 16, "Int128": 16, "UUID": 16, "UInt256": 32, "Int256": 32,
}

Column = tuple[bytes, str, bytes]      # name, type, values


class Block(NamedTuple):
    """Columns of so many rows."""

    columns: list[Column]
    rows: int


class Query(NamedTuple):
    """A query as the client sent it."""

    name: str
    settings: dict[str, str]
    text: str


def number(value: int) -> bytes:
    """Write a number of any size, seven bits a byte."""
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])


def word(value: bytes | str) -> bytes:
    """Write a text behind its length."""
    value = value.encode() if isinstance(value, str) else value
    return number(len(value)) + value


class Reader:
    """What has been sent, part by part; EOFError at its end."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream

    @classmethod
    def of(cls, source: socket.socket | bytes) -> Reader:
        """Read from a client, or from a result."""
        if isinstance(source, bytes):
            return cls(io.BytesIO(source))
        return cls(source.makefile("rb", 1 << 20))

    def take(self, count: int) -> bytes:
        """Exactly so many bytes."""
        found = self._stream.read(count)
        if len(found) < count:
            raise EOFError
        return found

    def number(self) -> int:
        """A number of any size."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def word(self) -> bytes:
        """A text."""
        return self.take(self.number())

    def text(self) -> str:
        """A text in UTF-8."""
        return self.word().decode()

    def query(self) -> Query:
        """All of a query packet, and the empty block behind it."""
        name = self.text()
        if self.take(1)[0]:
            self._skip_client()
        settings = self._settings()
        self.word()                                         # secret between servers
        self.number()                                       # stage: complete
        assert self.number() == 0, "a client on loopback does not compress"
        text = self.text()
        assert not self._settings(), "parameters are not sent"
        assert self.number() == DATA and not self.data().rows, "no tables are sent along"
        return Query(name, settings, text)

    def _skip_client(self) -> None:
        for _ in range(3):
            self.word()                                     # first user, query, address
        self.take(8 + 1)                                    # when; interface
        for _ in range(3):
            self.word()                                     # user, host and name of the client
        for _ in range(3):
            self.number()                                   # its version
        self.word()                                         # quota
        self.number(), self.number()                        # depth; patch
        assert self.take(1) == b"\0", "no trace is sent along"
        for _ in range(3):
            self.number()                                   # replicas

    def _settings(self) -> dict[str, str]:
        settings = {}
        while name := self.text():
            self.number()                                   # flags
            settings[name] = self.text()
        return settings

    def data(self) -> Block:
        """A block of a client, behind the packet's kind."""
        self.word()                                         # table
        while field := self.number():
            self.take(1 if field == 1 else 4)
        return self.block(with_serialisations=True)

    def block(self, *, with_serialisations: bool = False) -> Block:
        """A block; as a client sends them each column says how it is written."""
        count, rows = self.number(), self.number()
        columns: list[Column] = []
        for _ in range(count):
            name, type_ = self.word(), self.text()
            if with_serialisations:
                assert self.take(1) == b"\0", "columns are written plainly"
            columns.append((name, type_, self._column(type_, rows) if rows else b""))
        return Block(columns, rows)

    def _column(self, type_: str, rows: int) -> bytes:
        """The bytes of so many values."""
        base, _, inner = type_.removesuffix(")").partition("(")
        if base == "FixedString":
            return self.take(int(inner) * rows)
        if base == "String":
            return b"".join(word(self.word()) for _ in range(rows))
        if base == "Nullable":
            return self.take(rows) + self._column(inner, rows)
        if base == "Array":
            ends = self.take(8 * rows)
            return ends + self._column(inner, struct.unpack_from("<Q", ends, 8 * rows - 8)[0])
        if base == "LowCardinality":
            return self._dictionary(inner, rows)
        return self.take(_WIDTHS[base] * rows)

    def _dictionary(self, inner: str, rows: int) -> bytes:
        head = self.take(24)        # version, flags, and how many values there are
        _, flags, count = struct.unpack("<3Q", head)
        values = self._column(re.sub(r"^Nullable\((.*)\)$", r"\1", inner), count)
        return head + values + self.take(8) + self.take((1 << (flags & 3)) * rows)


def hello(major: int, minor: int) -> bytes:
    """The server's name and version."""
    return (number(HELLO) + word("ClickHouse") + number(major) + number(minor) + number(REVISION)
            + word("UTC") + word("todays-engine") + number(0) + number(0) + bytes(8))


def data(block: Block) -> bytes:
    """A block of a result."""
    columns = b"".join(
        word(name) + word(type_) + b"\0" + values for name, type_, values in block.columns)
    return (number(_DATA) + word("") + _BLOCK_INFO + number(len(block.columns))
            + number(block.rows) + columns)


def native(block: Block) -> bytes:
    """A block as the format Native has it."""
    columns = b"".join(word(name) + word(type_) + values for name, type_, values in block.columns)
    return number(len(block.columns)) + number(block.rows) + columns


def exception(code: int, words: str) -> bytes:
    """Why a query is not carried out."""
    return (number(_EXCEPTION) + struct.pack("<i", code) + word("DB::Exception")
            + word(f"DB::Exception: {words}") + word("") + b"\0")


PONG = number(_PONG)
END = number(_END)
# A server of today says after each block what became of it, and the driver waits for that.
PROFILE_EVENTS = number(_PROFILE_EVENTS) + word("") + _BLOCK_INFO + number(0) + number(0)
