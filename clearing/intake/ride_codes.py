"""Whether records are of the QR codes that riders have shown (乘车码), and who has signed those.

A code carries its issuer's certificate, signed by an authority that network.toml lists; what the
issuer allows an account, signed by the issuer; and the moment, signed by the rider's phone. Layout
and order are those of what is public of T-Union's payment code (交通一卡通二维码); what of it no
public text says stands in docs/tap-file.md.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ext.codes import Code
from ext.records import TAP_FLAGS, Records
from network.cards import card_text
from network.civil import Clock, day_of
from network.errors import OnecardError
from network.model import RideCodeAuthority

# Fields 1 to 13 of a code, and 15 to 17, behind as many bytes as field 13 says.
_HEAD = struct.Struct(">BH117s16s10s4s4sB3s33sIHB")
_TAIL = struct.Struct(">B64sIB64s")
# Of a certificate; the authority signs from its format on.
_CERTIFICATE = struct.Struct(">B4sBB4s2s3sBBBB33s64s")
_SIGNED_FROM, _SIGNED_TO = 6, 53
_PREFIX = 3                     # bytes of fields 1 and 2, which no issuer signs
_USER_SIGNATURE = 65            # the last bytes of a code, which no rider signs
_FORM = (0x24, 0x12, 4, 4, 0, 33)       # head, format, algorithms, parameter, bytes of the key
_CENTURY, _DAY_S = 2000, 86_400
_IN_ONE_GO = 256                # records whose signatures a process is given at once


class Signature(NamedTuple):
    """By whom (33 bytes, compressed), how (r and s, 64 bytes), and what."""

    key: bytes
    signature: bytes
    signed: bytes


@dataclass(frozen=True)
class RideCode:
    """What a code says that a record can be held to."""

    authority: int              # index of the key that certified the issuer
    until_month: int            # the certificate is valid in: 12 * year + month
    account: str                # the card
    most: int                   # fen of one ride
    until: int                  # UTC seconds
    valid_s: int
    shown_at: int
    certificate: tuple[bytes, bytes]    # signature, and what is signed
    issuer: Signature
    user: Signature


def read_ride_code(data: bytes) -> RideCode:
    """The parts of a code. Raises ValueError where it is none."""
    if len(data) < _HEAD.size:
        raise ValueError("a code is cut off")
    (_, _, certificate, _, account, _, _, _, most, user_key, until, valid_s,
     own) = _HEAD.unpack_from(data)
    if len(data) != _HEAD.size + own + _TAIL.size:
        raise ValueError("a code has another length than it says")
    _, issuer_signature, shown_at, _, user_signature = _TAIL.unpack_from(data, _HEAD.size + own)
    (head, _, authority, form, _, month, _, *algorithms, key,
     signature) = _CERTIFICATE.unpack(certificate)
    if (head, form, *algorithms) != _FORM or not month.hex().isdigit() or (
            not account.hex().isdigit()):
        raise ValueError("a certificate or a number is none")
    month_number, year = int(month[:1].hex()), _CENTURY + int(month[1:].hex())
    if not 1 <= month_number <= 12:
        raise ValueError("a month is none")
    return RideCode(
        authority, 12 * year + month_number, account.hex().removeprefix("0"),
        int.from_bytes(most, "big"), until, valid_s, shown_at,
        (signature, certificate[_SIGNED_FROM:_SIGNED_TO]),
        Signature(key, issuer_signature, data[_PREFIX:_HEAD.size + own]),
        Signature(user_key, user_signature, data[:-_USER_SIGNATURE]))


class RideCodes:
    """Holds records to their codes, by the keys of the authorities that a network lists."""

    def __init__(self, authorities: Sequence[RideCodeAuthority], clock: Clock, threads: int
                 ) -> None:
        """Raises OnecardError where the library for it is not installed."""
        if find_spec("gmssl_pyx") is None:
            raise OnecardError("the network lists authorities of ride codes, and the library that "
                               "checks their signatures is not installed",
                               remedy="install it: pip install 'onecard-clearing[ride-codes]'")
        self._keys = {one.index: bytes.fromhex(one.key) for one in authorities}
        self._clock = clock
        self._checkers: SimpleQueue[_Checker] = SimpleQueue()
        self._all = [_Checker() for _ in range(threads)]
        for checker in self._all:
            self._checkers.put(checker)

    def close(self) -> None:
        """End the processes."""
        for checker in self._all:
            checker.close()

    def check(self, taps: Records, cell_of: Callable[[int], bytes]) -> npt.NDArray[np.uint16]:
        """A Code for each tap: OK where it has no ride code, or one that was shown for it.

        cell_of: the text of a tap's code, by its row; blank: none.
        """
        codes = np.zeros(len(taps), dtype=np.uint16)
        read: dict[int, RideCode] = {}
        for row in range(len(taps)):
            if text := cell_of(row):
                codes[row] = Code.RIDE_CODE_MALFORMED
                with suppress(ValueError):
                    read[row] = read_ride_code(_unhex(text))
        left = [row for row, code in read.items() if code.authority in self._keys]
        codes[[*read]] = Code.RIDE_CODE_CA_UNKNOWN
        checker = self._checkers.get()
        try:
            for start in range(0, len(left), _IN_ONE_GO):
                rows = left[start:start + _IN_ONE_GO]
                told = checker.ask([one for row in rows for one in self._signatures(read[row])])
                for at, row in enumerate(rows):
                    codes[row] = self._judge(taps, row, read[row], told[3 * at:3 * at + 3])
        finally:
            self._checkers.put(checker)
        return codes

    def _signatures(self, code: RideCode) -> tuple[Signature, Signature, Signature]:
        return Signature(self._keys[code.authority], *code.certificate), code.issuer, code.user

    def _judge(self, taps: Records, row: int, code: RideCode, is_right: Sequence[int]) -> Code:
        """The first thing that is wrong with a code, or with the record beside it."""
        tap = taps[row]
        tapped_at = int(tap["tapped_at"])
        moments = [tapped_at] if tap["in_at"] == 0 else [tapped_at, int(tap["in_at"])]
        day = day_of(self._clock.civil(tapped_at) // _DAY_S)
        paid = int(tap["paid"]) if tap["flags"] & TAP_FLAGS["HAS_PAID"] else 0
        faults = (
            (not is_right[0],                               Code.RIDE_CODE_CERTIFICATE),
            (12 * day.year + day.month > code.until_month,  Code.RIDE_CODE_CERTIFICATE_EXPIRED),
            (not is_right[1],                               Code.RIDE_CODE_ISSUER),
            (not is_right[2],                               Code.RIDE_CODE_USER),
            (card_text(int(tap["card_hi"]), int(tap["card_lo"])) != code.account,
                                                            Code.RIDE_CODE_CARD),
            (min(moments) > code.until,                     Code.RIDE_CODE_EXPIRED),
            (all(abs(moment - code.shown_at) > code.valid_s for moment in moments),
                                                            Code.RIDE_CODE_WINDOW),
            (paid > code.most,                              Code.RIDE_CODE_CAP),
        )
        return next((fault for is_fault, fault in faults if is_fault), Code.OK)


def _unhex(text: bytes) -> bytes:
    """Bytes of hexadecimal digits and nothing else. Raises ValueError."""
    if not text.isalnum():
        raise ValueError("not hexadecimal")
    return bytes.fromhex(text.decode("ascii"))


class _Checker:
    """A process that checks signatures (sm2.py), begun when it is asked for the first time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, signatures: Sequence[Signature]) -> bytes:
        """1 for each that is right, else 0. Raises OnecardError where the process ended."""
        process = self._process = self._process or _begin()
        assert process.stdin is not None and process.stdout is not None
        data = b"".join(one.key + one.signature + len(one.signed).to_bytes(2, "big") + one.signed
                        for one in signatures)
        with suppress(BrokenPipeError):
            process.stdin.write(len(data).to_bytes(4, "big") + data)
            process.stdin.flush()
        told = process.stdout.read(len(signatures))
        if len(told) < len(signatures):
            raise OnecardError("the process that checks ride codes has ended",
                               where=str(process.pid), remedy="run the same again; where memory "
                               "ran out, with fewer --threads")
        return told

    def close(self) -> None:
        """End the process, which nobody asks any more."""
        if self._process is not None:
            # What it was asked and did not read any more is still to be written.
            with suppress(BrokenPipeError), self._process:
                self._process.kill()


def _begin() -> subprocess.Popen[bytes]:
    program = find_spec("clearing.intake.sm2")
    assert program is not None and program.origin is not None
    return subprocess.Popen([sys.executable, "-I", program.origin], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
