"""A tap as the plain engine sees it: every code is the text that the file said."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

BOARDING, EXIT, EVENT = "boarding", "exit", "event"

CLASS_OF = {
    "single": BOARDING, "in": BOARDING, "ride": BOARDING,
    "out": EXIT,
    "top_up": EVENT, "lock": EVENT,
}
CLASSES = (BOARDING, EXIT, EVENT)       # in the order in which equal counters are taken
KINDS = tuple(CLASS_OF)

Identity = tuple[str, int, int, str]    # card, generation of its number, counter, class


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """One record of a file. Blank text and None stand for what the record does not say."""

    card: str
    card_seq: int
    tapped_at: int                      # UTC seconds
    operator: str
    device: str
    device_seq: int
    mode: str
    kind: str                           # one of KINDS
    stop: str                           # ride records: where out; blank: never tapped out
    line: str = ""
    vehicle: str = ""
    direction: str = ""
    medium: str = ""
    card_kind: str = ""
    issuer: str = ""
    due: int | None = None
    paid: int | None = None
    balance_before: int | None = None
    distance_m: int | None = None
    born_on: datetime.date | None = None            # of whom the card belongs to
    reviewed_until: datetime.date | None = None     # the last day of the card's yearly review
    tac: str = ""
    key_version: int | None = None
    algorithm: str = ""
    is_proven: bool = False             # its tac is what its issuer's key makes
    is_unshown: bool = False            # it is grey, and no record shows that it was paid
    stopped: str = ""                   # an exit: the code of a boarding at its time; blank: none
    in_at: int | None = None            # ride records: when in
    in_stop: str = ""                   # ride records: where in
    correction: str = ""                # replace, cancel; blank: as the validator sent it
    revision: int = 0                   # of a correction, from 1; the highest counts
    correction_reason: str = ""
    authority: str = ""                 # who authorised the correction
    file: int = 0
    source_line: int = 0
    offset: int = 0
    generation: int = 0                 # of its card's number, by the card register
    # Whether its counter, and not the clocks, puts it before others of its day (RULES.md §2).
    before_by_counter: bool = False
    blanks: frozenset[str] = frozenset()            # fields that have what a blank stands for
    beside: tuple[tuple[int, int], ...] = ()        # places of others that it speaks for, too

    @property
    def identity(self) -> Identity:
        """What makes it this record and no other."""
        return (self.card, self.generation, self.card_seq, CLASS_OF[self.kind])

    def said(self, field: str) -> object:
        """What the record says in a field itself; None: it leaves it blank."""
        value: object = getattr(self, field)
        return None if value == "" or field in self.blanks else value

    @property
    def gives_back(self) -> bool:
        """Whether it is a boarding whose charge was given back: a refund, if that is not there."""
        return CLASS_OF[self.kind] == BOARDING and self.paid is not None and self.paid < 0

    @property
    def charges_nothing(self) -> bool:
        """Whether it says that the ride costs nothing, and that nothing was paid."""
        return CLASS_OF[self.kind] == BOARDING and self.due == self.paid == 0

    @property
    def place(self) -> tuple[int, int]:
        """Where it came from: file number and line."""
        return (self.file, self.source_line)

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """Where all came from that are this record."""
        return (self.place, *self.beside)

    @property
    def time(self) -> int:
        """When it began: the way in of a ride record that says it, else the tap itself."""
        if self.kind == "ride" and self.in_at is not None:
            return self.in_at
        return self.tapped_at

    @property
    def by_counter(self) -> tuple[int, int]:
        """Where it stands among the taps of its card by the card's counter."""
        return (self.card_seq, CLASSES.index(CLASS_OF[self.kind]))
