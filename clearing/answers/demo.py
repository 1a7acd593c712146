"""A made-up day of the network `demo`, from files to positions."""

from __future__ import annotations

import datetime
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from clearing.answers.listings import FEES, flows_of
from clearing.answers.session import Session
from clearing.book import open_book
from clearing.engine.run import Report, clear_files, close_window
from clearing.sample.day import write_day
from ext.codes import Cause
from network.cards import card_text
from network.civil import day_number
from network.errors import OnecardError
from network.members import Level
from network.money import Currency
from network.progress import Progress, no_progress
from settlement.positions import net_positions

if TYPE_CHECKING:
    from clearing.book import Book
    from network.numbering import NumberedNetwork

NETWORK = "demo"
MARKER = "onecard-demo"
DAY = datetime.date(2024, 11, 25)


class FileSums(NamedTuple):
    """What became of an operator's files."""

    operator: str
    files: int
    records: int
    accepted: int
    known: int
    refused: int


class RideSums(NamedTuple):
    """Rides of one mode in one city."""

    city: str
    mode: str
    rides: int
    due: int
    paid: int


class Payer(NamedTuple):
    """A member that pays for rides: riders' issuer, or a funder of discounts."""

    who: str                # riders, funder
    member: str
    name: str
    paid: int


class OperatorSums(NamedTuple):
    """What an operator is due."""

    operator: str
    from_riders: int
    from_funders: int
    fees: int

    @property
    def due(self) -> int:
        """What is left of both after fees."""
        return self.from_riders + self.from_funders - self.fees


class NamedPosition(NamedTuple):
    """A position with the name of whose it is."""

    level: Level
    member: str
    name: str
    is_owed: int
    owes: int
    net: int


@dataclass(frozen=True)
class Demonstration:
    """A day from files to positions; amounts in minor units."""

    book: Path
    report: Report
    files: list[FileSums]
    rides: list[RideSums]
    payers: list[Payer]             # these and what operators are due: two sides of one money
    operators: list[OperatorSums]
    positions: list[NamedPosition]
    ride: str                       # one that is worth explaining, as CARD/COUNTER
    seconds: dict[str, float]       # by stage
    currency: Currency


def demonstrate(folder: Path, *, taps: int, seed: int, threads: int, received_at: int,
                progress: Progress = no_progress) -> Demonstration:
    """Write a day of about so many taps, clear it into a new book, and close its window.

    folder: a new or empty one, or one that holds an earlier demonstration, which is replaced.
    Raises OnecardError.
    """
    _prepare(folder)
    clock = time.perf_counter()
    paths = write_day(folder / "taps", taps=taps, day=DAY, seed=seed, threads=threads)
    written = time.perf_counter() - clock
    with open_book(str(folder / "book")) as book:
        report = clear_files(paths, NETWORK, book, threads=threads, received_at=received_at,
                             progress=progress)
        clock = time.perf_counter()
        close_window(day_number(DAY.isoformat()), NETWORK, book, threads=threads)
        report.seconds["close the window"] = time.perf_counter() - clock
        numbered = Session(book, NETWORK).numbered()
        payers, operators = _sum_flows(book, numbered)
        return Demonstration(
            book=folder / "book", report=report, files=_sum_files(report),
            rides=_sum_rides(book, numbered), payers=payers, operators=operators,
            positions=list(_name_positions(book, numbered)), ride=_find_ride(book),
            seconds={"write the day's files": written, **report.seconds},
            currency=numbered.network.model.money)


def _prepare(folder: Path) -> None:
    """Make an empty folder for the demo; only an earlier demo is ever removed."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise OnecardError("this folder holds other things than a demo", where=str(folder),
                               remedy="name another one with --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text("Made by `onecard demo`, and replaced by the next one.\n")


def _sum_files(report: Report) -> list[FileSums]:
    sums: dict[str, FileSums] = {}
    for file in report.files:
        operator = re.split(r"-\d{4}-", file.name)[0]       # day and part follow it
        so_far = sums.get(operator, FileSums(operator, 0, 0, 0, 0, 0))
        sums[operator] = FileSums(
            operator, so_far.files + 1, so_far.records + file.records,
            so_far.accepted + file.accepted, so_far.known + file.known,
            so_far.refused + file.refused)
    return sorted(sums.values())


def _sum_rides(book: Book, numbered: NumberedNetwork) -> list[RideSums]:
    found = book.query(
        "SELECT operator, mode, count() AS rides, sum(due) AS due, sum(paid) AS paid FROM ledger "
        "GROUP BY operator, mode")
    cities = {city.code: city.name for city in numbered.network.model.city}
    home = {member.number: cities.get(member.city or "", "") for member in numbered.members}
    sums: dict[tuple[str, str], RideSums] = {}
    for operator, mode, rides, due, paid in zip(*found.values(), strict=True):
        city, name = key = home[int(operator)], numbered.names.code("mode", int(mode))
        so_far = sums.get(key, RideSums(city, name, 0, 0, 0))
        sums[key] = RideSums(city, name, so_far.rides + int(rides), so_far.due + int(due),
                             so_far.paid + int(paid))
    return sorted(sums.values())


def _sum_flows(book: Book, numbered: NumberedNetwork) -> tuple[list[Payer], list[OperatorSums]]:
    """Who paid what, and what operators are due."""
    code, names = numbered.names.code, {member.number: member.name for member in numbered.members}
    paid: dict[tuple[str, str, str], int] = {}
    due: dict[str, list[int]] = {}          # from riders, from funders, fees
    for row in flows_of(book):
        debtor, creditor, amount = int(row["debtor"]), int(row["creditor"]), int(row["amount"])
        if row["cause"] in FEES:
            due.setdefault(code("member", debtor), [0, 0, 0])[2] += amount
            continue
        riders = row["cause"] == Cause.FARE
        key = ("riders" if riders else "funder", code("member", debtor), names[debtor])
        paid[key] = paid.get(key, 0) + amount
        due.setdefault(code("member", creditor), [0, 0, 0])[0 if riders else 1] += amount
    payers = [Payer(*key, amount) for key, amount in sorted(paid.items(), reverse=True)]
    return payers, [OperatorSums(operator, *sums) for operator, sums in sorted(due.items())]


def _name_positions(book: Book, numbered: NumberedNetwork) -> Iterator[NamedPosition]:
    names = {province.code: province.name for province in numbered.network.model.province}
    names |= {city.code: city.name for city in numbered.network.model.city}
    members = {member.code: member.name for member in numbered.members}
    for one in net_positions(flows_of(book), numbered.members):
        yield NamedPosition(one.level, one.member,
                            members.get(one.member) or names.get(one.member, ""),
                            one.is_owed, one.owes, one.net)


def _find_ride(book: Book) -> str:
    """A ride with more than one discount, where there is one."""
    for where in ("leg3_cause BETWEEN 1 AND 5", "leg2_cause BETWEEN 1 AND 5", "1"):
        found = book.query(f"SELECT card_hi, card_lo, card_seq FROM ledger WHERE {where} "
                           "ORDER BY card_hi, card_lo, card_seq LIMIT 1")
        if len(found["card_seq"]):
            high, low, seq = (int(column[0]) for column in found.values())
            return f"{card_text(high, low)}/{seq}"
    return "CARD/COUNTER"
