"""The runs that closed windows, and the networks that they closed them by."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from clearing.answers.session import Session
from clearing.book import Run
from clearing.engine.kept_networks import kept_network
from network.model import NetworkFile


def closings(session: Session) -> Iterator[tuple[Run, int, int]]:
    """Each, oldest first, with the first and the last window that it closed, days since 1970.

    The first of all begins with day 1.
    """
    runs = session.book.runs("kind = 'close'")
    ends = [0, *(run.closed_through for run in runs)]
    for run, (before, last) in zip(runs, pairwise(ends), strict=True):
        yield run, before + 1, last


class ClosedBy:
    """network.toml as runs had it, read once each."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: dict[str, NetworkFile] = {}

    def of(self, run: Run) -> NetworkFile:
        """As a run had it."""
        if run.network_digest not in self._found:
            with kept_network(self._session.book, run.network_digest) as network:
                self._found[run.network_digest] = network.model
        return self._found[run.network_digest]
