"""What the decoder knows of a network: its closed lists, and the tables that records add to.

Numbers of closed lists (members, modes, media, card kinds, listed stops) are the book's. Numbers
of codes that records bring are each worker's own until all files are read (intake.py).
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ext.intake.decode import LONGEST_CODE, OPERATOR_RULE, PREFIX, SETTINGS
from ext.intake.lookup import KEY, SLOT, Lookup
from network.civil import civil_offset_s
from network.errors import OnecardError
from network.files import read_csv
from network.model import Network, Operator
from network.names import Names

CARD_MEDIUM = "card"        # what a blank medium stands for, where the network has it
FUTURE_S = 600              # how far a validator's clock may be ahead
LEARNED_KINDS = ("stop", "line", "vehicle", "device")      # in the order of decode_rows
LATEST = 2**32 - 1


class CodeTable:
    """A table of codes that grows; ext/intake/lookup.pxd says how it is laid out."""

    def __init__(self, room: int = 256) -> None:
        """Make an empty table; the seed decides nothing but where codes lie."""
        self._keys = np.zeros(room + 1, dtype=KEY)
        self._slots = np.zeros(1 << (2 * room - 1).bit_length(), dtype=SLOT)
        self._blob = np.zeros(max(room * 16, LONGEST_CODE), dtype=np.uint8)
        self._used = np.array([1, 0, secrets.randbits(64)], dtype=np.uint64)
        self.lookup = Lookup(self._slots, self._keys, self._blob, self._used)

    def __len__(self) -> int:
        """How many indexes are used, 0 included."""
        return int(self._used[0])

    def add(self, code: str, scope: int = 0, value: int = 0) -> int:
        """What a code stands for; `value`, or its index, where it is new."""
        data = code.encode("utf-8")
        found = self.lookup.find(data, scope)
        if found:
            return found
        index = self.lookup.add(data, scope, value)
        while index == 0:
            self.grow()
            index = self.lookup.add(data, scope, value)
        return value or index

    def grow(self) -> None:
        """Make twice the room."""
        self._keys = np.concatenate([self._keys, np.zeros_like(self._keys)])
        self._blob = np.concatenate([self._blob, np.zeros_like(self._blob)])
        self._slots = np.zeros(2 * len(self._slots), dtype=SLOT)
        self.lookup = Lookup(self._slots, self._keys, self._blob, self._used)
        self.lookup.rebuild()

    def grow_if_half_full(self) -> None:
        """Make twice the room where a good part of it is used."""
        if 2 * self._used[0] > len(self._keys) or 2 * self._used[1] > len(self._blob):
            self.grow()

    def list_codes(self, first: int = 1) -> list[tuple[int, str]]:
        """(scope, code) of the indexes from `first` on."""
        keys, blob = self._keys[first:len(self)], self._blob.tobytes()
        return [
            (scope, blob[offset:offset + length].decode("utf-8"))
            for offset, length, scope in zip(
                keys["offset"].tolist(), keys["length"].tolist(), keys["scope"].tolist(),
                strict=True)
        ]


class DecoderTables:
    """A network as the decoder takes it."""

    def __init__(self, network: Network, folder: Path, names: Names) -> None:
        """Number the network's codes in the book's dictionary.

        Raises OnecardError and TableError for what cannot be decoded by.
        """
        self.network, self.folder = network, folder
        self.civil_offset_s = civil_offset_s(network.time_zone, network.taps_from)
        self.scopes = sorted({text for operator in network.operator
                              for text in (operator.code, stop_scope(operator))})
        self._modes = _closed(names, "mode", network.modes)
        self._media = _closed(names, "medium", network.media)
        self._card_kinds = _closed(names, "card_kind", network.card_kinds)
        self._issuers = _closed(names, "member", (issuer.code for issuer in network.issuer))
        self._operators = CodeTable(len(network.operator))
        self.rules = self._write_rules(names)
        self.prefixes = _write_prefixes(network, names)
        self.listed_stops = self._list_stops(names)
        self._medium = (names.number("medium", CARD_MEDIUM)
                        if CARD_MEDIUM in network.media else 0)
        self._card_kind = (names.number("card_kind", network.card_kinds[0])
                           if network.card_kinds else 0)

    def _write_rules(self, names: Names) -> npt.NDArray[Any]:
        """What each operator runs, by its index."""
        rules = np.zeros(len(self.network.operator) + 1, dtype=OPERATOR_RULE)
        for index, operator in enumerate(self.network.operator, 1):
            assert self._operators.add(operator.code, value=index) == index
            rule = rules[index]
            rule["member"] = names.number("member", operator.code)
            rule["scope"] = self.scopes.index(operator.code)
            rule["stop_scope"] = self.scopes.index(stop_scope(operator))
            rule["any_stop"] = operator.stops == "any"
            for mode in operator.modes:
                number = names.number("mode", mode)
                rule[f"modes_{number >> 6}"] |= np.uint64(1 << (number & 63))
        return rules

    def _list_stops(self, names: Names) -> list[tuple[int, str]]:
        """(scope, code) of the stops that operators list, each once, in the order of the files."""
        stops: dict[tuple[int, str], None] = {}
        for operator in self.network.operator:
            if operator.stops == "any":
                continue
            for stop, _ in read_csv(self.folder / operator.stops, ("stop", "name")):
                if not 1 <= len(stop.encode("utf-8")) <= LONGEST_CODE:
                    raise OnecardError(
                        f"the stop {stop!r} has {len(stop.encode('utf-8'))} bytes",
                        where=str(self.folder / operator.stops),
                        expected=f"1 to {LONGEST_CODE}", remedy="correct the code")
                names.number("stop", stop, stop_scope(operator))
                stops[self.scopes.index(stop_scope(operator)), stop] = None
        return list(stops)

    def settings(self, received_at: int) -> npt.NDArray[Any]:
        """What the kernel is told once; `received_at` is UTC seconds."""
        midnight = datetime.datetime.combine(self.network.taps_from, datetime.time(),
                                             datetime.UTC)
        settings = np.zeros(1, dtype=SETTINGS)
        settings["earliest"] = max(0, int(midnight.timestamp()) - self.civil_offset_s)
        settings["latest"] = min(received_at + FUTURE_S, LATEST)
        settings["civil_offset_s"] = self.civil_offset_s
        settings["closed_stops"] = len(self.listed_stops)
        settings["default_medium"] = self._medium
        settings["default_card_kind"] = self._card_kind
        return settings

    def closed_lookups(self) -> tuple[Lookup, ...]:
        """The tables that no record changes, in the order of decode_rows."""
        return tuple(table.lookup for table in (
            self._operators, self._modes, self._media, self._card_kinds, self._issuers))

    def learned_tables(self) -> dict[str, CodeTable]:
        """New tables for one worker: the listed stops come first, in one order for all."""
        tables = {kind: CodeTable() for kind in LEARNED_KINDS}
        for index, (scope, stop) in enumerate(self.listed_stops, 1):
            assert tables["stop"].add(stop, scope) == index
        return tables


def stop_scope(operator: Operator) -> str:
    """Whose stops an operator's are: its system's, or its own."""
    return operator.system or operator.code


def _closed(names: Names, kind: str, codes: Iterable[str]) -> CodeTable:
    """A table of codes to the book's numbers."""
    table = CodeTable(16)
    for code in codes:
        table.add(code, value=names.number(kind, code))
    return table


def _write_prefixes(network: Network, names: Names) -> npt.NDArray[Any]:
    """Every issuer's card prefixes, the longest first."""
    owners: dict[bytes, str] = {}
    for issuer in network.issuer:
        for prefix in issuer.card_prefixes:
            if owners.setdefault(prefix.encode("utf-8"), issuer.code) != issuer.code:
                raise OnecardError(
                    f"issuers {owners[prefix.encode('utf-8')]!r} and {issuer.code!r} both have "
                    f"the card prefix {prefix!r}", remedy="give each prefix to one issuer")
    fitting = sorted((text for text in owners if len(text) <= 20), key=lambda text: -len(text))
    prefixes = np.zeros(len(fitting), dtype=PREFIX)
    for row, text in zip(prefixes, fitting, strict=True):
        words = np.frombuffer(text.ljust(24, b"\0"), dtype=np.uint64)
        row["text_0"], row["text_1"], row["text_2"] = words
        row["length"], row["issuer"] = len(text), names.number("member", owners[text])
    return prefixes
