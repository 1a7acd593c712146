"""What every peer prices by, as the CSV tables that a user of that tool would have at hand.

    decoder_tables.csv  field, value            what a field may hold
    stops.csv       operator, stop          of operators with a list of stops
    operators.csv   operator, system        gates of one system are one paid area
    issuers.csv     prefix, issuer
    lines.csv       operator, line, tariff  a blank line stands for every other line
    fares.csv       tariff, from_stop, to_stop, due     flat fares and missing ends: blank stops
    overtime.csv    tariff, after_s, adds
    terms.csv       tariff, issuer, medium, card_kind, and what such riders get, see TERMS
    transfers.csv   tariff, from_operator, from_mode, within_s
    settings.csv    ride_limit_s, day_starts_s

A tariff is a fare table in force on the day, and has one operator; they count from 1.
Money is whole fen.
"""

from __future__ import annotations

import csv
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from clearing.sample.day import DAY
from clearing.sample.prices import fare_of, read_track, word_of
from fare_tables.model import Concession, Table, Transfer
from fare_tables.source import load_tables
from network.folder import find_folder
from network.model import Issuer
from network.network import load_network

EVERYTHING = 2_000_000_000      # fen: where the last band of a price ends
# Half up to a fen, the rider pays pays1 % of the price up to to1, pays2 % from there to to2, and
# pays3 % of the rest. What is taken off is paid by funder1 and funder2 by their weights, by largest
# remainder. Then comes the transfer's credit. Fees are parts per million of what was paid.
TERMS = ("tariff", "issuer", "medium", "card_kind", "operator", "to1", "pays1", "to2", "pays2",
         "pays3", "funder1", "weight1", "funder2", "weight2", "credit", "credit_funder",
         "by_validator", "centre", "clearing_ppm", "issuer_ppm")
# Of a row of a fare table, all that the tables can say; the rest must be as it is by default.
SAID = {"rule", "card_kinds", "media", "cards", "funders", "pays_percent", "pays_amount", "bands",
        "credit", "within_s", "from_operators", "from_modes", "max_transfers"}
TRANSFERS_A_DAY = 99            # nobody has more: a limit of so many is none


class Variant(NamedTuple):
    """The network that is raced on, what it leaves out, and the tables for peers."""

    network: Path
    left_out: list[str]
    tables: Path


def write_reference(folder: Path, network: str = "demo") -> Variant:
    """Write the network without its tiers, and the tables of it, into an empty folder."""
    variant = folder / "network"
    left_out = _write_network(find_folder(network), variant)
    tables = folder / "tables"
    tables.mkdir()
    for name, rows in _Tables(variant).all().items():
        with (tables / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
    return Variant(variant, left_out, tables)


def _write_network(source: Path, target: Path) -> list[str]:
    """A copy of a network without the rows whose price depends on all the prices before."""
    import tomli_w

    shutil.copytree(source, target)
    left_out = []
    for path in sorted(target.glob("*.toml")):
        written = tomllib.loads(path.read_text("utf-8"))
        left_out += [f"{path.stem}: tier {row['rule']}" for row in written.get("tier", ())]
        kept = {key: value for key, value in written.items()
                if key not in ("tier", "counts_to", "accumulator")}
        path.write_bytes(tomli_w.dumps(kept).encode())
    return left_out


class _Tables:
    """The tables of a network, each a header and rows."""

    def __init__(self, folder: Path) -> None:
        self.loaded = load_network(str(folder))
        self.network = self.loaded.model
        self.tariffs = [table for table in load_tables(folder) if table.in_force_from <= DAY
                        and (table.in_force_until is None or table.in_force_until >= DAY)]
        self.operators = {operator.code: operator for operator in self.network.operator}
        self.provinces = {city.code: city.province for city in self.network.city}
        for table in self.tariffs:
            _check(table)

    def all(self) -> dict[str, Iterable[tuple[Any, ...]]]:
        """Every table by its name."""
        network, start = self.network, self.network.day_starts_at
        words = {"operator": list(self.operators), "mode": network.modes, "medium": network.media,
                 "card_kind": network.card_kinds, "direction": ["", "up", "down"],
                 "kind": ["single", "in", "out"]}
        return {
            "decoder_tables": [("field", "value"),
                           *((column, value) for column in words for value in words[column])],
            "stops": [("operator", "stop"), *self._stops()],
            "operators": [("operator", "system"),
                          *((one.code, one.system or one.code) for one in network.operator)],
            "issuers": [("prefix", "issuer"),
                        *((prefix, one.code) for one in network.issuer
                          for prefix in one.card_prefixes)],
            "lines": [("operator", "line", "tariff"), *self._lines()],
            "fares": [("tariff", "from_stop", "to_stop", "due"), *self._fares()],
            "overtime": [("tariff", "after_s", "adds"),
                         *((number, table.fare[0].overtime_after_s, table.fare[0].overtime_add)
                           for number, table in enumerate(self.tariffs, 1)
                           if table.fare[0].overtime_after_s is not None)],
            "terms": [TERMS, *self._terms()],
            "transfers": [("tariff", "from_operator", "from_mode", "within_s"),
                          *self._transfers()],
            "settings": [("ride_limit_s", "day_starts_s"),
                         (network.ride_limit_s, start.hour * 3600 + start.minute * 60)],
        }

    def _stops(self) -> Iterator[tuple[str, str]]:
        for operator in self.network.operator:
            if operator.links:
                for stop in read_track(self.loaded, operator.code).stops:
                    yield operator.code, stop

    def _lines(self) -> Iterator[tuple[str, str, int]]:
        for number, table in enumerate(self.tariffs, 1):
            for line in table.lines or [""]:
                yield table.operators[0], line, number

    def _fares(self) -> Iterator[tuple[int, str, str, int]]:
        for number, table in enumerate(self.tariffs, 1):
            fare, operator = table.fare[0], self.operators[table.operators[0]]
            if fare.basis == "flat":
                yield number, "", "", fare.amount or 0
                continue
            track = read_track(self.loaded, operator.code)
            for here, stop in enumerate(track.stops):
                dues = [fare_of(fare, int(metres)) for metres in track.metres[here]]
                others = dues[:here] + dues[here + 1:]
                assert not isinstance(fare.same_station, list)
                dues[here] = word_of(fare.same_station, others, dues[here])
                yield from ((number, stop, to, due)
                            for to, due in zip(track.stops, dues, strict=True))
                yield number, stop, "", word_of(fare.missing_out, others, 0)
                yield number, "", stop, word_of(fare.missing_in, others, 0)

    def _terms(self) -> Iterator[tuple[Any, ...]]:
        network = self.network
        for (number, table), issuer, medium, kind in product(
                enumerate(self.tariffs, 1), network.issuer, network.media, network.card_kinds):
            operator = self.operators[table.operators[0]]
            concession = next((row for row in table.concession
                               if _fits(row, table, issuer, medium, kind)), None)
            transfer = next((row for row in table.transfer
                             if _fits(row, table, issuer, medium, kind)), None)
            by = operator.charged_by.get(medium, operator.charged_by["default"])
            yield (number, issuer.code, medium, kind, operator.code, *_pays(concession),
                   *_funders(concession, operator.code), transfer.credit if transfer else 0,
                   _funders(transfer, operator.code)[0], int(by == "validator"),
                   *self._fees(operator.city, issuer.city))

    def _fees(self, here: str, home: str) -> tuple[str, int, int]:
        between = "city" if here == home else (
            "province" if self.provinces[here] == self.provinces[home] else "nation")
        found = [one for one in self.network.agreement if one.between == between]
        return (found[0].centre or "", found[0].clearing_ppm, found[0].issuer_ppm) if found \
            else ("", 0, 0)

    def _transfers(self) -> Iterator[tuple[int, str, str, int]]:
        for number, table in enumerate(self.tariffs, 1):
            for row in table.transfer:
                for operator in row.from_operators or self.operators:
                    for mode in self.operators[operator].modes:
                        if row.from_modes is None or mode in row.from_modes:
                            yield number, operator, mode, row.within_s


def _check(table: Table) -> None:
    """Refuse a table that the tables for peers cannot say."""
    rows = [*table.concession, *table.transfer]
    plain = (
        len(table.operators) == len(table.fare) == 1 and table.modes is None
        and table.fare[0].basis in ("flat", "distance") and table.fare[0].distance == "stops"
        and not (table.promotion or table.tier or table.cap or table.best)
        and not table.fare[0].discounts_on_incomplete and table.companion_within_s is None
        and all(row.max_transfers >= TRANSFERS_A_DAY and row.credit for row in table.transfer)
        and len(table.transfer) <= 1 and all(len(row.funders) <= 2 for row in rows)
        and all(not row.pays_amount for row in table.concession)
        and all(one.name in SAID or getattr(row, one.name) in (one.default, [])
                for row in rows for one in msgspec.structs.fields(row))
    )
    if not plain:
        raise ValueError(f"table {table.table}: has a rule that not every peer can say")


def _fits(row: Concession | Transfer, table: Table, issuer: Issuer, medium: str, kind: str) -> bool:
    cards = row.cards
    at_home = issuer.city in cards if isinstance(cards, list) else (
        cards == "any" or (cards == "home") == (issuer.city == table.city))
    return (at_home and (row.media is None or medium in row.media)
            and (row.card_kinds is None or kind in row.card_kinds))


def _pays(row: Concession | None) -> list[int]:
    """What of a price is paid: to1, pays1, to2, pays2, pays3."""
    if row is None or row.bands is None:
        percent = 100 if row is None else int(row.pays_percent or 0)
        return [EVERYTHING, percent, EVERYTHING, percent, percent]
    bands = [(band.to or EVERYTHING, int(band.pays_percent)) for band in row.bands]
    (to1, pays1), (to2, pays2), (_, pays3) = (bands + [bands[-1]] * 2)[:3]
    return [to1, pays1, to2, pays2, pays3]


def _funders(row: Concession | Transfer | None, operator: str) -> list[Any]:
    """Who pays what is taken off: funder1, weight1, funder2, weight2; blank for none."""
    funders = [] if row is None else [
        (operator if share.funder == "operator" else share.funder, share.weight or 1)
        for share in row.funders]
    assert all(funder != "issuer" for funder, _ in funders)
    return [part for funder in [*funders, ("", 0), ("", 0)][:2] for part in funder]
