"""What the decoder knows of a network: its closed lists, and the tables that records add to.

Numbers of closed lists (members, modes, media, card kinds, listed stops) are the book's. Numbers
of codes that records bring are each worker's own until all files are read (intake.py).
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ext.intake.decode import LONGEST_CODE, OPERATOR_RULE, PREFIX, SETTINGS, SenderRule
from ext.intake.lookup import KEY, SLOT, Lookup
from network.errors import OnecardError
from network.language import Phrase
from network.names import Names
from network.network import Network
from network.numbering import NumberedNetwork

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

    def list_codes(self, indexes: slice | npt.NDArray[np.intp] = slice(1, None)
                   ) -> list[tuple[int, str]]:
        """(scope, code) of these indexes."""
        keys, blob = self._keys[:len(self)][indexes], self._blob.tobytes()
        return [
            (scope, blob[offset:offset + length].decode("utf-8"))
            for offset, length, scope in zip(
                keys["offset"].tolist(), keys["length"].tolist(), keys["scope"].tolist(),
                strict=True)
        ]


@dataclass(frozen=True)
class Speaker:
    """What one sender's files may say, as the kernel is told."""

    settings: npt.NDArray[Any]      # SETTINGS, one row
    rules: npt.NDArray[Any]         # OPERATOR_RULE: what each operator runs, by its index
    closed: tuple[Lookup, ...]      # the tables that no record changes, in decode_rows' order


class DecoderTables:
    """A network as the decoder takes it."""

    def __init__(self, numbered: NumberedNetwork, *, decides_claims: bool = False,
                 not_before: int = 0) -> None:
        """Look the network's codes up in the book's dictionary, which must have them all.

        decides_claims: whether records may say that what is held is released or rejected, by an
        approver; else they may name none. not_before: UTC seconds, where the book takes no older
        records although the network does.
        Raises OnecardError and TableError for what cannot be decoded by.
        """
        network, names = numbered.network, numbered.names
        self.network, model = network, network.model
        self.scopes = sorted({text for code in network.operators
                              for text in (code, network.system_of(code))})
        self._modes = _closed(names, "mode", model.modes)
        self._media = _closed(names, "medium", model.media)
        self._card_kinds = _closed(names, "card_kind", model.card_kinds)
        self.issuers = {names.known("member", code): code for code in network.issuers}
        self._issuers = _closed(names, "member", network.issuers)
        self._decides_claims, self._not_before = decides_claims, not_before
        self._members = _closed(names, "member", (
            member.code for member in numbered.members
            if decides_claims or member.role != "approver"))
        self._operators = CodeTable(len(model.operator))
        self._names = names
        self._rules = self._write_rules(names)
        self.prefixes = _write_prefixes(network, names)
        self.listed_stops = self._list_stops()
        self.listed_devices = self._list_devices()
        self._medium = names.known("medium", CARD_MEDIUM) if CARD_MEDIUM in model.media else 0
        self._card_kind = (names.known("card_kind", model.card_kinds[0])
                           if model.card_kinds else 0)

    def _write_rules(self, names: Names) -> npt.NDArray[Any]:
        """What each operator runs, by its index."""
        rules = np.zeros(len(self.network.model.operator) + 1, dtype=OPERATOR_RULE)
        for index, operator in enumerate(self.network.model.operator, 1):
            assert self._operators.add(operator.code, value=index) == index
            rule = rules[index]
            rule["member"] = names.known("member", operator.code)
            rule["scope"] = self.scopes.index(operator.code)
            rule["stop_scope"] = self.scopes.index(self.network.system_of(operator.code))
            rule["any_stop"] = operator.stops == "any"
            for mode in operator.modes:
                number = names.known("mode", mode)
                rule[f"modes_{number >> 6}"] |= np.uint64(1 << (number & 63))
        return rules

    def _list_stops(self) -> list[tuple[int, str]]:
        """(scope, code) of the stops that operators list, each once, in the order of the files."""
        stops: dict[tuple[int, str], None] = {}
        for operator in self.network.model.operator:
            for stop in self.network.stops_of(operator.code) or ():
                size = len(stop.encode("utf-8"))
                if size > LONGEST_CODE:
                    raise OnecardError(Phrase("the stop {stop!r} has {size} bytes", stop=stop,
                                              size=size),
                                       where=str(self.network.folder.file(operator.stops)),
                                       expected=Phrase("1 to {longest_code}",
                                                       longest_code=LONGEST_CODE),
                                       remedy="correct the code")
                stops[self.scopes.index(self.network.system_of(operator.code)), stop] = None
        return list(stops)

    def _list_devices(self) -> dict[tuple[int, str], str]:
        """The sender of each (scope, code) that one lists, sender by sender."""
        devices: dict[tuple[int, str], str] = {}
        for sender in self.network.model.sender:
            for operator, device in ([] if sender.devices is None else
                                     self.network.folder.devices_in(sender.devices)):
                size = len(device.encode("utf-8"))
                fault = (Phrase("is of an operator that the sender does not speak for")
                         if operator not in sender.operators else
                         Phrase("has {size} bytes, not 1 to {most}", size=size,
                                most=LONGEST_CODE)
                         if not 1 <= size <= LONGEST_CODE else "")
                key = (0 if fault else self.scopes.index(operator), device)
                if not fault and devices.setdefault(key, sender.sender) != sender.sender:
                    fault = Phrase("is listed for {sender!r}, too", sender=devices[key])
                if fault:
                    raise OnecardError(
                        Phrase("the device {device!r} of {operator!r} {fault}", device=device,
                               operator=operator, fault=fault),
                        where=str(self.network.folder.file(sender.devices or "")),
                        expected="codes of the sender's own devices, each with one sender",
                        remedy="correct that line")
        return devices

    def speaker(self, sender: str, received_at: int) -> Speaker:
        """What files of a sender may say; "": of nobody, who may speak for all.

        received_at: UTC seconds.
        """
        settings, rules, members = self._settings(received_at), self._rules, self._members
        if sender:
            spec, rules = self.network.senders[sender], self._rules.copy()
            for index, operator in enumerate(self.network.operators, 1):
                rules[index]["sender"] = (
                    SenderRule.NO_RECORD if operator not in spec.operators else
                    SenderRule.OWN_DEVICES if spec.devices else SenderRule.EVERY_RECORD)
            own = [index for index, one in enumerate(self.listed_devices.values(), 1)
                   if one == sender]
            if own:
                settings["first_device"], settings["last_device"] = own[0], own[-1]
            members = _closed(self._names, "member", [*spec.operators, *spec.authorities])
        return Speaker(settings, rules, tuple(table.lookup for table in (
            self._operators, self._modes, self._media, self._card_kinds, self._issuers, members)))

    def _settings(self, received_at: int) -> npt.NDArray[Any]:
        """What the kernel is told once; `received_at` is UTC seconds."""
        midnight = datetime.datetime.combine(self.network.model.taps_from, datetime.time(),
                                             datetime.UTC)
        settings = np.zeros(1, dtype=SETTINGS)
        settings["earliest"] = max(
            self._not_before, self.network.clock.utc(int(midnight.timestamp())))
        settings["latest"] = min(received_at + FUTURE_S, LATEST)
        settings["closed_stops"] = len(self.listed_stops)
        settings["default_medium"] = self._medium
        settings["default_card_kind"] = self._card_kind
        settings["decides_claims"] = self._decides_claims
        settings["clock_tolerance_s"] = self.network.model.clock_tolerance_s
        return settings

    def learned_tables(self) -> dict[str, CodeTable]:
        """New tables for one worker: what is listed comes first, in one order for all."""
        tables = {kind: CodeTable() for kind in LEARNED_KINDS}
        for index, (scope, stop) in enumerate(self.listed_stops, 1):
            assert tables["stop"].add(stop, scope) == index
        for index, (scope, device) in enumerate(self.listed_devices, 1):
            assert tables["device"].add(device, scope) == index
        return tables


def _closed(names: Names, kind: str, codes: Iterable[str]) -> CodeTable:
    """A table of codes to the book's numbers."""
    table = CodeTable(16)
    for code in codes:
        table.add(code, value=names.known(kind, code))
    return table


def _write_prefixes(network: Network, names: Names) -> npt.NDArray[Any]:
    """Every issuer's card prefixes, the longest first."""
    owners: dict[bytes, str] = {}
    for issuer in network.model.issuer:
        for prefix in issuer.card_prefixes:
            if owners.setdefault(prefix.encode("utf-8"), issuer.code) != issuer.code:
                raise OnecardError(
                    Phrase("issuers {owner!r} and {issuer!r} both have the card prefix {prefix!r}",
                           owner=owners[prefix.encode()], issuer=issuer.code,
                           prefix=prefix), remedy="give each prefix to one issuer")
    fitting = sorted((text for text in owners if len(text) <= 20), key=lambda text: -len(text))
    prefixes = np.zeros(len(fitting), dtype=PREFIX)
    for row, text in zip(prefixes, fitting, strict=True):
        words = np.frombuffer(text.ljust(24, b"\0"), dtype=np.uint64)
        row["text_0"], row["text_1"], row["text_2"] = words
        row["length"], row["issuer"] = len(text), names.known("member", owners[text])
    return prefixes
