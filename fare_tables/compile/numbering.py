"""Gives numbers to all that fare tables name, so that compiling them only looks numbers up."""

from __future__ import annotations

from collections.abc import Sequence

from fare_tables.model import DISCOUNTS, Table, chain_of, discounts_of, table_version
from network.names import Names
from network.network import Network
from network.numbering import (
    NumberedNetwork,
    check_room,
    number_line_stops,
    number_network,
)


def number_names(network: Network, tables: Sequence[Table], names: Names) -> NumberedNetwork:
    """Number what the network and its tables name.

    A name that the network does not have gets no number: compiling refuses the table.
    Raises OnecardError and TableError as number_network does.
    """
    numbered = number_network(network, names)
    anywhere = [network.system_of(code) for code in network.operators
                if network.stops_of(code) is None]      # any stop can be one of theirs
    for table in tables:
        names.number("table", table_version(table))
        rows = [*table.fare, *(row for kind in DISCOUNTS for row in discounts_of(table, kind))]
        for row in rows:
            names.number("rule", row.rule, table.table)
        for fare in table.fare:
            names.number("chain", chain_of(fare))
        for operator in table.operators:
            for line in table.lines or ():
                names.number("line", line, operator)
        known = [code for code in table.operators if code in network.operators]
        for system in dict.fromkeys(map(network.system_of, known)):
            for name in dict.fromkeys(fare.line_stops for fare in table.fare if fare.line_stops):
                for operator in network.operators_of(system):
                    number_line_stops(network, names, operator,
                                      network.line_stops_of(operator, name))
        for stop in (stop for stops in table.stop_sets.values() for stop in stops):
            for system in anywhere:
                names.number("stop", stop, system)
    check_room(names)
    return numbered
