"""What the codes of files stand for in a book, from one run to the next.

A file of five minutes names thousands of devices and vehicles that the last one named, too. So the
numbers that were asked for once are kept where a kernel finds them, as long as this process clears
into the same book; only codes that are not there are looked for in the book's dictionary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from clearing.intake.decoder_tables import LEARNED_KINDS, CodeTable
from network.names import Key, Names

_KEPT_MOST = 1 << 20        # codes of a kind: some 60 MB


class KnownNumbers:
    """Numbers of a dictionary that were asked for before. A number, once given, never changes."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._tables = {kind: CodeTable() for kind in LEARNED_KINDS}
        self._scopes: dict[str, int] = {}

    def number(self, kind: str, tables: Sequence[CodeTable], scopes: Sequence[str],
               used: Sequence[npt.NDArray[np.uint8]]) -> list[npt.NDArray[np.uint32]]:
        """What the codes of tables stand for, each by its index; those that are new are numbered.

        scopes: what the tables' scopes are. used: marks those that some tap has: the others need
        no number, and have 0 where they are not known.
        """
        if len(self._tables[kind]) > _KEPT_MOST:
            self._tables[kind] = CodeTable()
        found = self._find(kind, tables, scopes)
        missing = {(scopes[scope], code)
                   for table, numbers, marks in zip(tables, found, used, strict=True)
                   for scope, code in table.list_codes(
                       np.flatnonzero((numbers[1:] == 0) & (marks[1:] != 0)) + 1)}
        if not missing:
            return found
        self._learn(kind, sorted(missing))
        return self._find(kind, tables, scopes)

    def _find(self, kind: str, tables: Sequence[CodeTable], scopes: Sequence[str]
              ) -> list[npt.NDArray[np.uint32]]:
        own = np.array([self._scopes.setdefault(scope, len(self._scopes)) for scope in scopes],
                       np.uint16)
        found = [np.zeros(len(table), np.uint32) for table in tables]
        for table, numbers in zip(tables, found, strict=True):
            self._tables[kind].lookup.find_all(table.lookup, own, numbers)
        return found

    def _learn(self, kind: str, keys: Sequence[Key]) -> None:
        self.names.number_all(kind, keys)
        for (scope, code), number in zip(keys, self.names.find_all(kind, keys), strict=True):
            self._tables[kind].add(code, self._scopes[scope], number)
