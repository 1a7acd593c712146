"""A network made ready to clear by: in a book's numbers, with its fare tables compiled."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy.typing as npt

from clearing.book import Book, Run
from clearing.book.known import Known
from clearing.engine.denied import check_deny_lists
from clearing.intake.known_numbers import KnownNumbers
from ext.clearing.persons import Persons
from ext.clearing.register import CardRegister
from ext.clearing.tables import PricingTables
from fare_tables.compile.claim_limits import ClaimLimitArrays, compile_claim_limits
from fare_tables.compile.numbering import number_names
from fare_tables.compile.tables import compile_tables
from fare_tables.model import Table, asks_for_holidays, table_version
from fare_tables.source import TableSource, locate_error, read_sources
from network.calendars import last_known_day
from network.card_rows import card_rows
from network.civil import day_of
from network.errors import OnecardError, TableError
from network.folder import digest_of, find_folder, read_contents
from network.language import Phrase
from network.names import Names
from network.network import Network, load_network
from network.numbering import NumberedNetwork, claim_book
from settlement.agreements import AgreementArrays, compile_agreements


@dataclass(frozen=True)
class ClearingContext(NumberedNetwork):
    """Everything that decides how taps of one network are cleared."""

    tables: Sequence[Table]
    member_rows: npt.NDArray[Any]       # MEMBER, by member number
    agreements: AgreementArrays
    claim_limits: ClaimLimitArrays
    pricing_tables: PricingTables
    register: CardRegister
    persons: Persons                    # whose cards are cleared together
    numbers: KnownNumbers               # what codes that files brought stand for

    @property
    def calendar_until(self) -> datetime.date | None:
        """The last day whose kind the tables can know; None: they can know every day's."""
        return last_known_day(asks_for_holidays(self.tables), self.network.model.calendar)

    def check_calendar(self, latest: int) -> None:
        """Refuse taps of a day of which no table can say whether it is a workday.

        latest: UTC seconds of the last tap; no ride's service day is later than its taps'.
        """
        until, network = self.calendar_until, self.network
        day = day_of((network.clock.civil(latest) - network.day_starts_s) // 86_400)
        if until is not None and day > until:
            raise OnecardError(
                Phrase("there are taps of {year}, whose workdays and holidays are not known",
                       year=day.year),
                where=network.locator,
                expected=Phrase("service days up to {until}: the installed chinesecalendar knows "
                                "no later ones", until=until),
                remedy="upgrade it (pip install --upgrade chinesecalendar) and run the same "
                       "command again")

    @property
    def versions(self) -> list[str]:
        """The table versions, in order."""
        return [table_version(table) for table in self.tables]


# What books that are open were cleared by in their last runs, if this process has made these. Who
# begins the next run takes it away: codes get numbers in it before they are stored.
_LAST: WeakKeyDictionary[Known, tuple[int, ClearingContext]] = WeakKeyDictionary()


def context_for(book: Book, last: Run | None, network: str) -> ClearingContext:
    """A network by name or folder, made ready to clear a book by, in the book's numbers.

    last: the book's last run. Where this process made it, by the same files, what it was cleared by
    is used again: a gateway's runs need not each read the dictionary and compile the tables.
    Raises TableError and OnecardError for what cannot be cleared by.
    """
    number, context = _LAST.pop(book.known, (0, None))
    if context is None or last is None or last.run != number or context.names.unstored() or (
            not _has_files_of(network, context.network)):
        context = load_context(network, book.dictionary())
        check_deny_lists(book, last, context.network)
    return context


def _has_files_of(name: str, network: Network) -> bool:
    """Whether a network is in the folder that another was read from, byte for byte as it was."""
    try:
        folder = find_folder(name)
        if folder.resolve() != network.folder.path.resolve():
            return False
        contents = read_contents(folder, network.model.card_register)
    except TableError:
        return False        # who loads it says what is wrong
    return digest_of(contents) == network.digest


def keep_context(book: Book, run: Run, context: ClearingContext) -> None:
    """Remember what a run that was committed a moment ago was cleared by."""
    context.names.mark_stored()
    _LAST[book.known] = run.run, context


def load_context(network: str, names: Names) -> ClearingContext:
    """A network by name or folder, with its tables, compiled in the numbers of a dictionary.

    Raises TableError and OnecardError for what cannot be cleared by.
    """
    loaded = load_network(network)
    claim_book(loaded, names)
    sources = read_sources(loaded.folder.path)
    context = make_context(loaded, sources, names)
    loaded.folder.forget_matrices()
    assert loaded.digest, "taken now: files can change while a run goes on"
    return context


def make_context(network: Network, sources: Sequence[TableSource], names: Names
                 ) -> ClearingContext:
    """A network and its tables, compiled in the numbers of a dictionary.

    Raises TableError and OnecardError for what cannot be cleared by.
    """
    tables = [source.table for source in sources]
    numbered = number_names(network, tables, names)
    try:
        compiled = compile_tables(tables, numbered)
        claim_limits = compile_claim_limits(tables, numbered)
    except TableError as error:
        if error.key[:1] == ("operator",):
            error.location = network.folder.network_toml.location(error.key)
        raise locate_error(sources, error) from None
    rows = card_rows(network, names)
    return ClearingContext(
        network=network, names=names, members=numbered.members, tables=tables,
        member_rows=compiled["members"], agreements=compile_agreements(
            network.model.agreement, numbered.members, names.known),
        claim_limits=claim_limits, pricing_tables=PricingTables(**compiled),
        register=CardRegister(rows.cards), persons=Persons(rows.persons),
        numbers=KnownNumbers(names))
