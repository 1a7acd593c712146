"""SM2 signatures (GB/T 32918.2) held to their keys: a program of its own, fed by ride_codes.py.

The library holds the interpreter's lock while it works, and writes to standard error of every
signature that is wrong. So it works in a process beside each thread of the intake, whose standard
error goes nowhere, and which ends when its standard input does. It is started by this file's path,
with nothing of the caller's folder or environment in its search path.

Read is a number of bytes (4, the highest first) and as many bytes of signatures, one behind the
other: a key (33, compressed), r and s (64), the size of what was signed (2), and that. Written is
a byte for each: 1 where it is right, by SM3 and the standard's default user.
"""

from __future__ import annotations

import functools
import struct
import sys
from typing import BinaryIO

import gmssl_pyx

KNOWN = 1 << 14         # signatures that are remembered: of certificates, and of codes shown twice
HEAD = struct.Struct(">33s64sH")
SIZE = struct.Struct(">I")


@functools.lru_cache(KNOWN)
def is_signed(key: bytes, signature: bytes, signed: bytes) -> bool:
    """Whether the holder of a compressed key has signed these bytes."""
    try:
        public = gmssl_pyx.normalize_sm2_public_key(key)
        return bool(gmssl_pyx.sm2_verify(public, signed, _write_der(signature)))
    except gmssl_pyx.GmsslInnerError:
        return False


def _write_der(signature: bytes) -> bytes:
    """The sequence of two integers that the library reads; r and s are 32 bytes each."""
    parts = b""
    for half in (signature[:32], signature[32:]):
        number = half.lstrip(b"\0") or b"\0"
        number = b"\0" * (number[0] >> 7) + number
        parts += bytes([2, len(number)]) + number
    return bytes([0x30, len(parts)]) + parts


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Answer until there is nothing more to read."""
    while len(head := source.read(SIZE.size)) == SIZE.size:
        data = source.read(*SIZE.unpack(head))
        at, told = 0, bytearray()
        while at < len(data):
            key, signature, size = HEAD.unpack_from(data, at)
            at += HEAD.size + size
            told.append(is_signed(key, signature, data[at - size:at]))
        target.write(told)
        target.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
