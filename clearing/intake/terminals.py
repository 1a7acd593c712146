"""Where each terminal is, asked in bulk: who is unknown, or elsewhere; and lines that are blank.

The rule is in clearing/reference/RULES.md §8.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from clearing.intake.admissions import service_days
from clearing.intake.decoder_tables import CodeTable
from ext.codes import Code
from ext.records import Records
from network.network import Network
from network.terminals import Terminal, read_terminals

PLACES = ("line", "vehicle")
Rows = npt.NDArray[np.int64]


class TerminalList:
    """A network's terminals, for all workers."""

    def __init__(self, network: Network, scopes: list[str]) -> None:
        """scopes: of codes, by their numbers in workers' tables. Raises TableError."""
        self.network = network
        self.refuses_unknown = network.model.unknown_terminals == "refused"
        self.listed: Mapping[tuple[int, str], list[Terminal]] = {
            (scopes.index(operator), device): rows
            for (operator, device), rows in read_terminals(network).items()}
        self.most = max(map(len, self.listed.values()), default=1)  # rows of one terminal


class TerminalPlaces:
    """The same in the numbers of one worker's tables, of the devices that it has met."""

    def __init__(self, terminals: TerminalList, tables: Mapping[str, CodeTable]) -> None:
        self._terminals, self._tables = terminals, tables
        # By row of a terminal and device: first and last day, line and vehicle.
        self._rows: Rows = np.zeros((terminals.most, 1, 4), dtype=np.int64)

    def check(self, taps: Records) -> npt.NDArray[np.uint16]:
        """A Code for each tap; lines and vehicles that records leave blank are filled in.

        Other numbers of lines and vehicles can be in the worker's tables then.
        """
        codes = np.zeros(len(taps), dtype=np.uint16)
        self._meet()
        network = self._terminals.network
        days = service_days(taps, network.clock, network.day_starts_s)
        rows = self._rows[:, taps["device"]]
        holds = (rows[:, :, 0] <= days) & (days <= rows[:, :, 1])
        is_known, at = holds.any(axis=0), holds.argmax(axis=0)
        is_asked = taps["correction"] == 0
        if self._terminals.refuses_unknown:
            codes[is_asked & ~is_known] = Code.UNKNOWN_TERMINAL
        own = rows[at, np.arange(len(taps))]
        for column, name in enumerate(PLACES, 2):
            place = np.where(is_known, own[:, column], 0).astype(np.uint32)
            said = taps[name]
            codes[is_asked & (place != 0) & (said != 0) & (said != place)] = Code.TERMINAL_ELSEWHERE
            taps[name] = np.where(said != 0, said, place)
        return codes

    def _meet(self) -> None:
        """Look up the devices that are new in the worker's table."""
        known, devices = self._rows.shape[1], self._tables["device"]
        if known == len(devices):
            return
        more = np.zeros((self._rows.shape[0], len(devices) - known, 4), dtype=np.int64)
        more[:, :, 0] = 1           # holds on no day
        for place, (scope, device) in enumerate(devices.list_codes(slice(known, None))):
            for row, one in enumerate(self._terminals.listed.get((scope, device), ())):
                codes = [self._tables[name].add(getattr(one, name), scope)
                         if getattr(one, name) else 0 for name in PLACES]
                more[row, place] = one.first, one.last, *codes
        self._rows = np.concatenate([self._rows, more], axis=1)
