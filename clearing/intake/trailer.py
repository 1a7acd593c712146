"""The last line of a file that says what the file should hold.

    #trailer,<records>,<due total>,<paid total>,<SHA-256 of every byte before this line>

The totals are over every record, refused ones included, blank amounts counting nothing. A record
whose amounts cannot be read has no part in a total, so where there is one the totals are left
alone; the number of records and the digest always have to be right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from network.language import Phrase

MARK = b"#trailer"
_SHAPE = re.compile(rb"#trailer,([0-9]{1,19}),(-?[0-9]{1,19}),(-?[0-9]{1,19}),"
                    rb"([0-9A-Fa-f]{64})\r?\n?")


@dataclass(frozen=True)
class Trailer:
    """What a file's sender says that it holds."""

    records: int
    due: int
    paid: int
    digest: str


@dataclass(frozen=True)
class Content:
    """What a file was found to hold."""

    records: int
    due: int
    paid: int
    unread: int         # records whose amounts cannot be read
    digest: str


def read_trailer(line: bytes) -> Trailer | None:
    """What a trailer line says; None where it is not written as one."""
    match = _SHAPE.fullmatch(line)
    if match is None:
        return None
    records, due, paid = (int(match[group]) for group in (1, 2, 3))
    return Trailer(records, due, paid, match[4].decode("ascii").lower())


def check_trailer(line: bytes, found: Content) -> str:
    """What does not agree between a trailer line and its file, in words; "" where all does."""
    trailer = read_trailer(line)
    if trailer is None:
        shown = line[:200].decode("utf-8", "replace").rstrip("\r\n")
        return (Phrase("the trailer reads {shown!r}, expected #trailer,<records>,<due "
                       "total>,<paid total>,<sha256>", shown=shown))
    faults = []
    if trailer.records != found.records:
        faults.append(Phrase("{records} records found, {stated} in the trailer",
                             records=found.records, stated=trailer.records))
    if found.unread == 0 and trailer.due != found.due:
        faults.append(Phrase("due adds up to {due}, {stated} in the trailer", due=found.due,
                             stated=trailer.due))
    if found.unread == 0 and trailer.paid != found.paid:
        faults.append(Phrase("paid adds up to {paid}, {stated} in the trailer", paid=found.paid,
                             stated=trailer.paid))
    if trailer.digest != found.digest:
        faults.append(Phrase("the bytes before it have SHA-256 {digest}, {stated} in the "
                             "trailer", digest=found.digest, stated=trailer.digest))
    return "; ".join(faults)


def write_trailer(records: int, due: int, paid: int, digest: str) -> bytes:
    """A trailer line."""
    return f"#trailer,{records},{due},{paid},{digest}\n".encode("ascii")
