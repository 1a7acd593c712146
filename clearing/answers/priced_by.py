"""The networks that rides were priced by: as they were then, kept in the book.

What a card has in open windows was priced by the network of the last run: a run with changed tables
clears every card of theirs again. In a closed window it was priced by the run that told last what
the card was like at the window's end: the one that closed it, or one that took a late record or
restated the window since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise

import numpy as np

from clearing.answers.session import Session
from clearing.answers.told_by import by_one_record, gate_ins_alone
from clearing.engine.kept_networks import kept_network
from clearing.reference.world import World, world_of
from ext.clearing.register import CardRegister
from ext.codes import RideState
from ext.records import PERSON_ROW, RIDE_FLAGS, TAP, Records
from fare_tables.source import load_tables
from network.card_rows import card_rows
from network.errors import OnecardError
from network.names import Names
from network.network import load_network

Card = tuple[int, int]      # card_hi, card_lo


class PricedBy:
    """Finds each ride's network, as the plain engine reads it."""

    def __init__(self, session: Session, folders: ExitStack) -> None:
        self._session, self._book = session, session.book
        # One that is named takes the place of all that were.
        self._named = session.plain() if session.network else None
        self._digests = self._book.network_digests()
        self._last = self._digests[max(self._digests)]
        self._closed = np.unique(self._book.closed_windows())
        self._locator = session.locator()
        self._now: str | None = None      # digest of the folder
        self._folders = folders
        self._worlds: dict[str, World] = {}
        self._registers: dict[str, CardRegister] = {}
        self._mates: dict[str, dict[Card, tuple[Card, ...]]] = {}

    def worlds(self, rows: Records) -> list[World]:
        """The network of each of some entries that stand."""
        return [self.world(digest) for digest in self.digests(rows)]

    def digests(self, rows: Records) -> list[str]:
        """The digest of each one's network."""
        digests = [self._last] * len(rows)
        if self._named is not None or len(self._digests) < 2:
            return digests      # there is but one
        cards = np.unique(rows[["card_hi", "card_lo"]])
        told = {row[:3]: row[3] for row in self._book.state_writers(cards).tolist()}
        # Until its way out a ride is no part of what its card was like at the end of a window; one
        # that a single record tells is of the day that it began on.
        places = np.searchsorted(self._closed, np.where(
            by_one_record(rows), rows["service_day"],
            np.maximum(rows["service_day"], self._days_of(rows["ended_at"]))))
        windows = [int(self._closed[place]) if place < len(self._closed) else None
                   for place in places.tolist()]
        by_card = defaultdict[tuple[int, int], list[int]](list)
        for high, low, window in told:
            by_card[high, low].append(window)
        for index in np.flatnonzero(self._were_open(rows)).tolist():
            # Entered again when the card was next cleared, if it was.
            own = windows[index] or int(rows["service_day"][index])
            windows[index] = min((one for one in by_card[rows[["card_hi", "card_lo"]][index].item()]
                                  if one > own), default=windows[index])
        for index, (high, low, window) in enumerate(zip(
                rows["card_hi"].tolist(), rows["card_lo"].tolist(), windows, strict=True)):
            if window is not None:
                digests[index] = self._digests[told[high, low, window]]
        return digests

    def _were_open(self, rows: Records) -> Records:
        """Which are of gate-ins without an exit, that could come behind the end of the day."""
        limit_s = self._session.described().model.ride_limit_s
        were_open: Records = (rows["state"] == RideState.MISSING_OUT) & (
            self._days_of(rows["started_at"] + limit_s) > rows["service_day"])
        names = ["card_hi", "card_lo", "card_seq", "started_at"]
        gate_ins = gate_ins_alone(self._book, rows[were_open])
        were_open[were_open] = [row in gate_ins for row in rows[were_open][names].tolist()]
        return were_open

    def _days_of(self, times: Records) -> Records:
        """The service days of moments."""
        network = self._session.described()
        return network.clock.days(times, network.day_starts_s)

    def world(self, digest: str) -> World:
        """A network that runs cleared by; see `digests`."""
        if self._named is not None:
            return self._named
        if digest not in self._worlds:
            self._worlds[digest] = self._unpack(digest)
        return self._worlds[digest]

    def in_order(self, rows: Records, names: Names) -> Records:
        """Entries that stand, in PRICED_ORDER, where a card's counters may start again in a day.

        That is told from the card registers: each generation's rides are behind those before it.
        """
        by_counter = rows["flags"] & RIDE_FLAGS["RIDE_BY_COUNTER"] != 0
        if not by_counter.any():
            return rows         # by time
        generations = self.generations(rows, np.where(
            rows["started_at"] == 0, rows["ended_at"], rows["started_at"]), names)
        order = np.lexsort((np.arange(len(rows)), generations, rows["service_day"],
                            rows["card_lo"], rows["card_hi"]))
        in_order: Records = rows[order]
        return in_order

    def generations(self, rows: Records, at: Records, names: Names) -> Records:
        """Which of its card's chips each of some entries that stand is of, at a time."""
        digests, generations = np.array(self.digests(rows)), np.zeros(len(rows), np.uint16)
        for digest in set(digests.tolist()):
            own = digests == digest
            taps = np.zeros(int(np.count_nonzero(own)), TAP)
            for name in ("card_hi", "card_lo"):
                taps[name] = rows[name][own]
            taps["tapped_at"] = at[own]
            self._register(digest, names).stamp(taps)
            generations[own] = taps["generation"]
        return generations

    def _register(self, digest: str, names: Names) -> CardRegister:
        if digest not in self._registers:
            self._registers[digest] = CardRegister(
                card_rows(self.world(digest), names).cards)
        return self._registers[digest]

    def mates(self, digest: str, names: Names) -> dict[Card, tuple[Card, ...]]:
        """Of a network's cards that share their totals with others: all cards of their owner."""
        if self._named is not None:
            digest = ""
        if digest not in self._mates:
            network = self.world(digest)
            rows = (card_rows(network, names).persons if network.model.totals_follow == "person"
                    else np.zeros(0, PERSON_ROW))
            self._mates[digest] = _mates(rows)
        return self._mates[digest]

    def has_changed(self, digest: str) -> bool:
        """Whether the network's own folder has other tables by now, or is gone."""
        if self._now is None:
            try:
                self._now = load_network(self._locator).digest
            except OnecardError:
                self._now = "gone"
        return self._named is None and self._now != digest

    def _unpack(self, digest: str) -> World:
        network = self._folders.enter_context(kept_network(self._book, digest))
        return world_of(network, load_tables(network.folder.path))


def _mates(rows: Records) -> dict[Card, tuple[Card, ...]]:
    """PERSON_ROW by card."""
    rows = rows[np.lexsort([rows["place"], rows["person"]])]
    cards = list(zip(rows["card_hi"].tolist(), rows["card_lo"].tolist(), strict=True))
    firsts = [*np.flatnonzero(rows["place"] == 0).tolist(), len(rows)]
    return {card: tuple(cards[first:end]) for first, end in pairwise(firsts)
            for card in cards[first:end]}


@contextmanager
def priced_by(session: Session) -> Iterator[PricedBy]:
    """Open as long as its networks are read."""
    with ExitStack() as folders:
        yield PricedBy(session, folders)
