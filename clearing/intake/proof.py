"""Whether records are what cards have signed: transaction authentication codes (TAC), in bulk.

The code of a payment is over its amount, type, terminal, the terminal's counter and the time
(4 + 1 + 6 + 4 + 4 + 3 bytes); not over the card's counter. A record does not say whether the
payment was simple (06) or compound (09): either will do. A terminal is known to the code by six
bytes, so that a device has to be called by them, in hexadecimal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import numpy as np
import numpy.typing as npt

from clearing.intake.decoder_tables import CodeTable
from ext.codes import Code, TapKind
from ext.intake.signed import MESSAGE_BYTES, SERIAL_BYTES, TERMINAL_BYTES, write_signed
from ext.records import TAP_FLAGS, Records
from network.civil import Clock

GREY = 0xFFFFFFFF       # 闪卡: the card was taken away before it gave its code
LOAD, SIMPLE, COMPOUND = 0x02, 0x06, 0x09
Bytes = npt.NDArray[np.uint8]


class KeyProvider(Protocol):
    """Whoever has keys: a sealed file (keystore.py), or a module of hardware."""

    def find(self, issuer: str, version: int, algorithm: int) -> int | None:
        """A handle of the key of an issuer; None where there is no such key."""

    def compute(self, key: int, serials: Bytes, messages: Bytes, types: Sequence[int]
                ) -> npt.NDArray[np.uint32]:
        """The codes (types, n) of messages (n, 22) of cards with these serial numbers (n, 8).

        types: each message is meant with each of these, whichever is in it.
        """


class Terminals:
    """The six bytes that each device of a worker's table is known by."""

    def __init__(self) -> None:
        self._rows = np.zeros((1, TERMINAL_BYTES + 1), dtype=np.uint8)

    def rows(self, devices: CodeTable) -> Bytes:
        """(devices, 7), by their indexes: the bytes, and 1; zeros for other codes."""
        if len(self._rows) < len(devices):
            codes = devices.list_codes(slice(len(self._rows), None))
            more = b"".join(_terminal_row(code) for _, code in codes)
            self._rows = np.concatenate([
                self._rows, np.frombuffer(more, np.uint8).reshape(-1, TERMINAL_BYTES + 1)])
        return self._rows


class Proof:
    """Checks the codes of taps by the keys of a provider."""

    def __init__(self, keys: KeyProvider, issuers: Mapping[int, str], clock: Clock) -> None:
        """issuers: by their numbers in taps; clock: of the time that cards sign."""
        self._keys, self._issuers, self._clock = keys, issuers, clock

    def check(self, taps: Records, terminals: Bytes) -> npt.NDArray[np.uint16]:
        """A Code for each tap: OK where it has no code, or the right one; or is grey.

        A grey record is judged beside its card's others; without a balance nothing could show of
        it that it was paid.
        terminals: of the table that the taps' devices are in.
        """
        codes = np.zeros(len(taps), dtype=np.uint16)
        claimed = taps["flags"] & TAP_FLAGS["HAS_TAC"] != 0
        has_balance = taps["flags"] & TAP_FLAGS["HAS_BALANCE"] != 0
        codes[claimed & (taps["tac"] == GREY) & ~has_balance
              & (taps["correction"] == 0)] = Code.TAC_GREY
        left = np.flatnonzero(claimed & (taps["tac"] != GREY))
        keys = taps["issuer"][left].astype(np.uint32) << 16
        keys |= taps["key_version"][left].astype(np.uint32) << 8 | taps["algorithm"][left]
        for named in np.unique(keys).tolist():
            rows = left[keys == named]
            key = self._keys.find(self._issuers.get(named >> 16, ""), named >> 8 & 255, named & 255)
            codes[rows] = (Code.TAC_KEY_UNKNOWN if key is None
                           else self._check_by(key, taps, rows, terminals))
        return codes

    def _check_by(self, key: int, taps: Records, rows: npt.NDArray[np.int64], terminals: Bytes
                  ) -> npt.NDArray[np.uint16]:
        serials = np.empty((len(rows), SERIAL_BYTES), dtype=np.uint8)
        messages = np.empty((len(rows), MESSAGE_BYTES), dtype=np.uint8)
        is_signed = np.empty(len(rows), dtype=np.uint8)
        write_signed(taps, rows, terminals, self._clock.offsets, serials, messages, is_signed)
        codes = np.full(len(rows), Code.TAC_INVALID, dtype=np.uint16)
        is_load = taps["kind"][rows] == TapKind.TOP_UP
        for types, chosen in (((LOAD,), is_load), ((COMPOUND, SIMPLE), ~is_load)):
            of_type = np.flatnonzero(is_signed & chosen)
            found = self._keys.compute(key, serials[of_type], messages[of_type], types)
            is_right = (found == taps["tac"][rows[of_type]]).any(axis=0)
            codes[of_type[is_right]] = Code.OK
        return codes


def _terminal_row(device: str) -> bytes:
    """The six bytes that a device is known by, and 1; zeros where its code is not these."""
    if len(device) == 2 * TERMINAL_BYTES and device.isalnum():
        with suppress(ValueError):
            return bytes.fromhex(device) + b"\1"
    return bytes(TERMINAL_BYTES + 1)
