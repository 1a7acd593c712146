"""Which table prices a ride: by operator, mode and line, and among versions by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from ext import records
from fare_tables.model import Table, table_version
from network.errors import TableError
from network.language import Phrase
from network.numbering import NumberedNetwork


def check_versions(tables: Sequence[Table]) -> None:
    """Pass where a ledger can know each table by name and first day: no two may share both.

    Raises TableError.
    """
    versions: set[str] = set()
    for table in tables:
        if table_version(table) in versions:
            raise TableError(Phrase("two tables are called {table}", table=table_version(table)),
                             "give one of them another name, or another first day",
                             key=(table_version(table), "in_force_from"))
        versions.add(table_version(table))


class TariffIndexes:
    """Which tariffs a ride can be priced by, per operator, mode and group of lines.

    Lines that the same tables name are one group; lines that no table names are group 0.
    """

    def __init__(self, tables: Sequence[Table], tariffs: Mapping[tuple[int, str], int],
                 numbered: NumberedNetwork) -> None:
        self.tariffs: list[int] = []
        signatures: dict[tuple[int, ...], int] = {(): 0}
        tables_by_line = self._tables_by_line(tables, numbered)
        self.line_groups = np.zeros(numbered.names.count("line") + 1, dtype=np.uint16)
        for line, indexes in tables_by_line.items():
            self.line_groups[line] = signatures.setdefault(tuple(indexes), len(signatures))
        self.groups = len(signatures)
        shape = (len(numbered.network.operators) + 1, numbered.names.count("mode"), self.groups)
        self.tariff_index = np.zeros(shape, dtype=records.TARIFF_INDEX)
        for slot, operator in enumerate(numbered.network.model.operator, 1):
            system = numbered.network.system_of(operator.code)
            for mode in operator.modes:
                number = numbered.names.known("mode", mode)
                for naming, group in signatures.items():
                    chosen = self._chosen(tables, operator.code, mode, naming)
                    self.tariff_index[slot, number, group] = (len(self.tariffs), len(chosen))
                    self.tariffs += [tariffs[index, system] for index in chosen]

    @staticmethod
    def _tables_by_line(tables: Sequence[Table], numbered: NumberedNetwork) -> dict[int, list[int]]:
        """The tables that name each line, by line number."""
        lines: dict[int, list[int]] = {}
        for index, table in enumerate(tables):
            for operator in table.operators:
                for line in table.lines or ():
                    number = numbered.names.known("line", line, operator)
                    lines.setdefault(number, []).append(index)
        return lines

    @staticmethod
    def _chosen(tables: Sequence[Table], operator: str, mode: str,
                naming: tuple[int, ...]) -> list[int]:
        """Tables that name the line, then those for every line; two are never in force at once.

        The newest of each come first: most rides are of today, and look no further.
        """
        chosen: list[int] = []
        for named in (True, False):
            level = [
                index for index, table in enumerate(tables)
                if operator in table.operators and (table.modes is None or mode in table.modes)
                and (table.lines is None) != named and (not named or index in naming)
            ]
            level.sort(key=lambda index: tables[index].in_force_from)
            for earlier, later in pairwise(level):
                last = tables[earlier].in_force_until
                if last is None or last >= tables[later].in_force_from:
                    raise TableError(
                        Phrase("tables {tables} and {tables_2} are both in force for {operator} "
                               "{mode} on {in_force_from}", tables=table_version(tables[earlier]),
                               tables_2=table_version(tables[later]), operator=operator, mode=mode,
                               in_force_from=tables[later].in_force_from),
                        "end the earlier one the day before, or give one of them lines",
                        key=(table_version(tables[later]), "in_force_from"))
            chosen += reversed(level)
        return chosen
