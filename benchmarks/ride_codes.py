"""Ride codes as issuers and riders' phones would make them, of keys that are made here."""

from __future__ import annotations

import datetime

import gmssl_pyx

AUTHORITY, ISSUER, RIDER, STRANGER = (gmssl_pyx.sm2_key_generate() for _ in range(4))
Key = tuple[bytes, bytes]       # public, 64 bytes; private
CARD = "3105000020000000035"
SHOWN_AT = int(datetime.datetime(2024, 11, 25, 7, 30, tzinfo=datetime.timezone(
    datetime.timedelta(hours=8))).timestamp())
NETWORK = """
[[ride_code_authority]]
index = 5
key = "{key}"
"""


def compressed(key: Key) -> bytes:
    """A public key as codes have it."""
    return bytes([2 + key[0][63] % 2]) + key[0][:32]


def network_text() -> str:
    """What network.toml says of the authority."""
    return NETWORK.format(key=compressed(AUTHORITY).hex())


def sign(key: Key, signed: bytes) -> bytes:
    """Both numbers, 32 bytes each, out of the sequence of integers that the library writes."""
    der = gmssl_pyx.sm2_sign(key[1], key[0], signed)
    first = der[4:4 + der[3]]
    second = der[6 + der[3]:]
    return b"".join(half.lstrip(b"\0").rjust(32, b"\0") for half in (first, second))


def make_certificate(*, by: Key = AUTHORITY, index: int = 5, month: str = "1226",
                     form: int = 0x12) -> bytes:
    """An issuer's, 117 bytes; month: MMYY."""
    signed = (bytes([form]) + bytes.fromhex("01016410") + bytes.fromhex(month) + b"\0\0\1"
              + bytes([4, 4, 0, 33]) + compressed(ISSUER))
    return b"\x24\1\1\0\0" + bytes([index]) + signed + sign(by, signed)


def make_code(certificate: bytes | None = None, *, issuer: Key = ISSUER, rider: Key = RIDER,
              card: str = CARD, most: int = 1000, until: int = SHOWN_AT + 3600, valid_s: int = 60,
              shown_at: int = SHOWN_AT, own: bytes = b"own") -> bytes:
    """A code, signed by these; `own` is the issuer's field 14."""
    allowed = ((certificate or make_certificate()) + b"0123456789ABCDEF"
               + bytes.fromhex(card.zfill(20)) + bytes.fromhex("0101641001016410") + b"\1"
               + most.to_bytes(3, "big") + compressed(RIDER) + until.to_bytes(4, "big")
               + valid_s.to_bytes(2, "big") + bytes([len(own)]) + own)
    shown = (b"\x81" + (329 + len(own)).to_bytes(2, "big") + allowed + b"\x15"
             + sign(issuer, allowed) + shown_at.to_bytes(4, "big"))
    return shown + b"\x15" + sign(rider, shown)
