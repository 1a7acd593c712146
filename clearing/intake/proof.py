"""Whether records are what cards have signed: transaction authentication codes (TAC), in bulk.

The code of a payment is over its amount, type, terminal, the terminal's counter and the time
(4 + 1 + 6 + 4 + 4 + 3 bytes); not over the card's counter. A record does not say whether the
payment was simple (06) or compound (09): either will do. A terminal is known to the code by six
bytes, so that a device has to be called by them, in hexadecimal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ext.codes import Code, TapKind
from ext.records import TAP_FLAGS, Records
from network.cards import card_text

GREY = 0xFFFFFFFF       # 闪卡: the card was taken away before it gave its code
LOAD, PAYMENTS = b"\x02", (b"\x06", b"\x09")
TERMINAL_BYTES, SERIAL_BYTES = 6, 8
_EPOCH = datetime(1970, 1, 1)


class KeyProvider(Protocol):
    """Whoever has keys: a sealed file (keystore.py), or a module of hardware."""

    def find(self, issuer: str, version: int, algorithm: int) -> int | None:
        """A handle of the key of an issuer; None where there is no such key."""

    def compute(self, key: int, serials: Sequence[bytes], messages: Sequence[bytes]) -> list[bytes]:
        """The codes, 4 bytes each, of messages of cards with these serial numbers (8 bytes)."""


class Proof:
    """Checks the codes of taps by the keys of a provider."""

    def __init__(self, keys: KeyProvider, issuers: Mapping[int, str], civil_offset_s: int) -> None:
        """issuers: by their numbers in taps; civil_offset_s: of the time that cards sign."""
        self._keys, self._issuers, self._offset_s = keys, issuers, civil_offset_s

    def check(self, taps: Records, devices: Sequence[str]) -> npt.NDArray[np.uint16]:
        """A Code for each tap: OK where it has no code, or the right one.

        devices: the code of each tap's device.
        """
        codes = np.zeros(len(taps), dtype=np.uint16)
        claimed = taps["flags"] & TAP_FLAGS["HAS_TAC"] != 0
        codes[claimed & (taps["tac"] == GREY)] = Code.TAC_GREY
        left = np.flatnonzero(claimed & (taps["tac"] != GREY))
        keys = list(zip(taps["issuer"][left].tolist(), taps["key_version"][left].tolist(),
                        taps["algorithm"][left].tolist(), strict=True))
        for issuer, version, algorithm in sorted(set(keys)):
            rows = left[[one == (issuer, version, algorithm) for one in keys]]
            key = self._keys.find(self._issuers.get(issuer, ""), version, algorithm)
            codes[rows] = (Code.TAC_KEY_UNKNOWN if key is None
                           else self._check_by(key, taps[rows], [devices[row] for row in rows]))
        return codes

    def _check_by(self, key: int, taps: Records, devices: Sequence[str]
                  ) -> npt.NDArray[np.uint16]:
        codes = np.full(len(taps), Code.TAC_INVALID, dtype=np.uint16)
        left = [row for row, (tap, device) in enumerate(zip(taps, devices, strict=True))
                if _serial(tap) and _terminal(device)
                and tap["flags"] & TAP_FLAGS["HAS_PAID"]]
        for attempt in range(len(PAYMENTS)):
            serials = [_serial(taps[row]) for row in left]
            messages = [self._message(taps[row], devices[row], attempt) for row in left]
            found = self._keys.compute(key, serials, messages)
            right = [int.from_bytes(code, "big") == taps["tac"][row]
                     for row, code in zip(left, found, strict=True)]
            codes[[row for row, good in zip(left, right, strict=True) if good]] = Code.OK
            left = [row for row, good in zip(left, right, strict=True) if not good]
        return codes

    def _message(self, tap: Records, device: str, attempt: int) -> bytes:
        """What the card has signed, if it was a payment of the first or the second type."""
        kind = LOAD if tap["kind"] == TapKind.TOP_UP else PAYMENTS[attempt]
        moment = _EPOCH + timedelta(seconds=int(tap["tapped_at"]) + self._offset_s)
        return (abs(int(tap["paid"])).to_bytes(4, "big") + kind + _terminal(device)
                + int(tap["device_seq"]).to_bytes(4, "big")
                + bytes.fromhex(f"{moment:%Y%m%d%H%M%S}"))


def _terminal(device: str) -> bytes:
    """The six bytes that a device is known by; b"" where its code is not these."""
    if len(device) != 2 * TERMINAL_BYTES or not device.isalnum():
        return b""
    try:
        return bytes.fromhex(device)
    except ValueError:
        return b""


def _serial(tap: Records) -> bytes:
    """The last 16 digits of a card's number; b"" where it is none."""
    card = card_text(int(tap["card_hi"]), int(tap["card_lo"]))
    digits = card[-2 * SERIAL_BYTES:].zfill(2 * SERIAL_BYTES)
    return bytes.fromhex(digits) if card.isdigit() else b""
