"""The runs that closed windows, and the networks that they closed them by."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from clearing.answers.session import Session
from clearing.book import Run
from clearing.engine.kept_networks import kept_network
from ext.records import Records
from network.members import Member
from network.model import NetworkFile
from network.numbering import NumberedNetwork, number_members
from settlement.positions import Position, net_positions


def closings(session: Session) -> Iterator[tuple[Run, int, int]]:
    """Each, oldest first, with the first and the last window that it closed, days since 1970.

    The first of all begins with day 1.
    """
    runs = session.book.runs("kind = 'close'")
    ends = [0, *(run.closed_through for run in runs)]
    for run, (before, last) in zip(runs, pairwise(ends), strict=True):
        yield run, before + 1, last


def positions_by_window(session: Session, flows: Records) -> Iterator[tuple[int, list[Position]]]:
    """The positions of each window: of a closed one where members were then, else where they are.

    As its files and payments have them, also where a member has moved since. flows: FLOW rows.
    """
    closed_by = ClosedBy(session)
    runs = [run for run, _, _ in closings(session)]
    ends = [run.closed_through for run in runs]
    for window in sorted(set(flows["window"].tolist())):
        closing = bisect_left(ends, window)
        members = closed_by.members_of(runs[closing]) if closing < len(runs) else \
            session.numbered().members
        yield window, net_positions(flows[flows["window"] == window], members)


class ClosedBy:
    """network.toml as runs had it, read once each."""

    def __init__(self, session: Session) -> None:
        self._session, self._names = session, session.names()
        self._found: dict[str, NumberedNetwork] = {}
        self._members: dict[str, list[Member]] = {}
        self._known = session.numbered().members

    def of(self, run: Run) -> NetworkFile:
        """As a run had it."""
        return self._numbered(run).network.model

    def members_of(self, run: Run) -> list[Member]:
        """Members where a run had them; those that it had not, where the book knows them."""
        if run.network_digest not in self._members:
            own = {one.number: one for one in self._numbered(run).members}
            self._members[run.network_digest] = [own.get(one.number, one) for one in self._known]
        return self._members[run.network_digest]

    def _numbered(self, run: Run) -> NumberedNetwork:
        if run.network_digest not in self._found:
            with kept_network(self._session.book, run.network_digest) as network:
                self._found[run.network_digest] = number_members(network, self._names)
        return self._found[run.network_digest]
