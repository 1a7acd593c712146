"""A book in memory, for tests that need hundreds of them: the same face, no ClickHouse.

tests/book/ holds the real ones to the same promises.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from clearing.book import BookFile, Counts, Run, State
from clearing.book.archive_rows import ArchiveRow
from clearing.book.cards import EVERY_CARD, Cards
from clearing.book.closed import next_closing
from clearing.book.known import Known
from clearing.book.queries import JUDGED, Given, Received, Taken
from clearing.book.roots import Closing, Root, digest_names
from clearing.book.schema import Table
from clearing.book.standing import by_card, not_taken_back, ride_order
from clearing.engine.partition import of_cards as marked
from ext import records
from ext.clearing.persons import Persons
from ext.codes import Code
from network.names import Name, Names

PER_RUN = ("entries", "records", "refusals", "flows", "cards", "accumulators", "open_rides")
DTYPES = {"entries": records.ENTRY, "records": records.TAP, "refusals": records.REFUSAL,
          "flows": records.FLOW,
          "cards": records.CARD_STATE, "accumulators": records.ACCUMULATOR,
          "open_rides": records.TAP}
STATE = {"cards": "window", "accumulators": "window", "open_rides": "service_day"}


class MemoryRun:
    """One run while it is written."""

    def __init__(self, book: MemoryBook, digest: str, kind: str) -> None:
        self.book, self.digest, self.kind = book, digest, kind
        self.number = len(book.committed) + 1
        self.rows: dict[str, list[Any]] = {name: [] for name in PER_RUN}
        self.names: list[Name] = []
        self.files: list[BookFile] = []
        self.raw: list[bytes] = []
        self.networks: dict[str, dict[str, bytes]] = {}
        self.closed, self.root = book.closed_through or 0, ""

    def write_entries(self, entries: Any) -> None:
        self.rows["entries"].append(entries.copy())

    def write_records(self, taps: Any) -> None:
        self.rows["records"].append(taps.copy())

    def write_refusals(self, refusals: Any, raw: Sequence[bytes],
                       values: Sequence[str] | None = None) -> None:
        assert len(refusals) == len(raw)
        self.rows["refusals"].append(refusals.copy())
        self.raw += raw

    def write_flows(self, flows: Any) -> None:
        self.rows["flows"].append(flows.copy())

    def write_state(self, window: int, cards: Any, accumulators: Any, open_rides: Any) -> None:
        cards["window"] = accumulators["window"] = open_rides["service_day"] = window
        for name, rows in (("cards", cards), ("accumulators", accumulators),
                           ("open_rides", open_rides)):
            self.rows[name].append(rows.copy())

    def write_names(self, names: Sequence[Name]) -> None:
        self.names += names

    def write_files(self, files: Iterable[BookFile]) -> None:
        self.files += files

    def write_network(self, digest: str, contents: Mapping[str, bytes]) -> None:
        self.networks[digest] = dict(contents)

    def write_window(self, day: int, root: str) -> None:
        self.closed, self.root = day, root

    def write_rows(self, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        assert not rows, "nobody asks for completeness here"

    def store_entries(self) -> None:
        pass

    def conclude(self, *, version: str, network: str, network_digest: str,
                 tables: Mapping[str, str], counts: Counts) -> Run:
        entries = sum(map(len, self.rows["entries"]))
        return Run(run=self.number, parent=self.number - 1, digest=self.digest, kind=self.kind,
                  version=version, network=network, network_digest=network_digest, tables="",
                  closed_through=self.closed, state_base=1, **counts._asdict(),
                  entries=entries, due=0, price=0, paid=0, variance=0, uncollected=0,
                  discounts=0,
                  fees=0, started_at=0, finished_at=0, contents="", chain="")

    def commit(self, run: Run) -> Run:
        rows = {name: np.concatenate([np.zeros(0, DTYPES[name]), *parts])
                for name, parts in self.rows.items()}
        self.book.committed.append((run, rows, self))
        return run

    def __enter__(self) -> MemoryRun:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class MemoryBook:
    """Committed runs, kept as they were written."""

    def __init__(self) -> None:
        self.committed: list[tuple[Run, dict[str, Any], MemoryRun]] = []
        self.known = Known()

    def begin(self, *, digest: str, kind: str, records: int = 0) -> MemoryRun:
        self.begun = MemoryRun(self, digest, kind)
        return self.begun

    def root_of_window(self, day: int, run: int, names: Names, network: str, flows: Any) -> str:
        """As of a book, from all that it has."""
        listed: list[Closing] = []
        for one, _, written in self.committed:
            if written.root:
                listed.append(next_closing(listed, one.run, written.closed))
        closing, root = next_closing(listed, run, day), Root(digest_names(names))
        entries = np.concatenate([self.all_rows("entries"), *self.begun.rows["entries"]])
        root.add_entries(entries[(entries["window"] >= closing.first)
                                 & (entries["window"] <= closing.window)])
        root.add_records(np.concatenate([np.zeros(0, records.TAP), *(
            taps[(taps["service_day"] <= day)
                 & ((taps["service_day"] >= closing.first) | (one.run > closing.after))]
            for one, rows, _ in self.committed for taps in [rows["records"]])]))
        return root.of(closing, network, np.concatenate([self.all_rows("flows"), flows]))

    def runs(self) -> list[Run]:
        return [run for run, _, _ in self.committed]

    def last_run(self) -> Run | None:
        return self.committed[-1][0] if self.committed else None

    @property
    def closed_through(self) -> int | None:
        return self.committed[-1][0].closed_through or None if self.committed else None

    def names(self) -> list[Name]:
        return [name for _, _, run in self.committed for name in run.names]

    def dictionary(self) -> Names:
        return Names(self.names())

    def has_network(self, digest: str) -> bool:
        return any(run.network_digest == digest for run in self.runs())

    def networks_since(self, day: int) -> set[tuple[str, str]]:
        return {(run.network_digest, run.version) for run in self.runs()
                if run.closed_through >= day}

    def network_contents(self, digest: str) -> dict[str, bytes]:
        return next(written.networks[digest] for _, _, written in self.committed
                    if digest in written.networks)

    def number_files(self, digests: Collection[str]) -> dict[str, int]:
        numbers = {file.sha256: file.file for _, _, written in self.committed
                   for file in written.files}
        new = sorted(set(digests) - numbers.keys())
        last = max(numbers.values(), default=0)
        return {**numbers, **{digest: last + 1 + place for place, digest in enumerate(new)}}

    def files_taken(self, digests: Collection[str]) -> dict[str, Taken]:
        return {file.sha256: Taken(run.run, file.name, file.refused, file.layout, file.sender)
                for run, _, written in self.committed for file in written.files
                if file.code == 0 and file.sha256 in digests}

    def latest_tap(self) -> int:
        return max([0, *self.all_rows("records")["tapped_at"].tolist()])

    def files_received(self, sender: str, names: Collection[str]) -> list[Received]:
        whole = re.compile("|".join(sorted(names)), re.DOTALL)
        return [Received(file.name, file.sha256, run.run) for run, _, written in self.committed
                for file in written.files if file.sender == sender and whole.fullmatch(file.name)
                and file.code in (Code.OK, Code.DUPLICATE_FILE)]

    def files_given(self, digests: Collection[str]) -> dict[str, Given]:
        return {file.sha256: Given(file.file, file.name, ())
                for _, _, written in self.committed for file in written.files
                if file.sha256 in digests}

    def all_rows(self, name: str) -> Any:
        """The rows of every committed run, oldest first."""
        return np.concatenate([np.zeros(0, DTYPES[name]),
                               *(rows[name] for _, rows, _ in self.committed)])

    def archives(self) -> list[ArchiveRow]:
        return []

    def closed_windows(self) -> list[int]:
        return sorted({written.closed for _, _, written in self.committed if written.closed})

    def rides(self) -> Any:
        return by_card(self.rides_since(0), ride_order)

    def count_records(self, day: int, until: int = 0xFFFF) -> int:
        return len(self.records_since(day, until=until))

    def split_cards(self, day: int, until: int, records: int, persons: Persons) -> list[Cards]:
        """Two parts, whatever is asked for, where there is more than one card."""
        cards = np.unique(self.records_since(day, until=until)["card_lo"])
        if len(cards) < 2:
            return [EVERY_CARD]
        middle = int(cards[len(cards) // 2])
        owned = persons if len(persons) else None
        parts = [Cards(0, middle - 1, owned), Cards(middle, EVERY_CARD.last, owned)]
        return parts + [Cards(persons=persons, parts=2, part=part)
                        for part in (0, 1) if owned is not None]

    def rides_since(self, day: int, card_filter: Any = None, until: int = 0xFFFF,
                    cards: Cards = EVERY_CARD, of: Any = None) -> Any:
        parts = [np.zeros(0, records.ENTRY)]
        for run, rows, _ in self.committed:
            entries = rows["entries"].copy()
            entries["replaces"] = np.where(
                entries["flags"] & records.RIDE_FLAGS["REVERSAL"], entries["replaces"], run.run)
            parts.append(entries)
        entries = np.concatenate(parts)
        entries = cards.of(entries[(entries["service_day"] >= day)
                                   & (entries["service_day"] <= until)])
        # In no order: the newest first, which no clearing may depend on.
        return not_taken_back(entries[of_cards(entries, card_filter)])[::-1].copy()

    def rides_written(self, last: int, card_filter: Any) -> Any:
        """Of the last two runs."""
        assert last == len(self.committed)
        entries = self.rides_since(0, card_filter)
        return entries[entries["replaces"] > last - 2]

    def records_since(self, day: int, card_filter: Any = None, until: int = 0xFFFF,
                      cards: Cards = EVERY_CARD) -> Any:
        taps = self.all_rows("records")
        taps["flags"] |= records.TAP_FLAGS["CARRIED"]
        days = taps["service_day"].astype(int)
        taps = cards.of(taps[(days > day) & (days <= until)])
        return taps[of_cards(taps, card_filter)][::-1].copy()

    def find_records(self, identities: Any) -> Any:
        names = ["card_hi", "card_lo", "card_seq"]
        wanted = set(identities[names].tolist())
        taps = self.all_rows("records")
        return taps[np.array([row in wanted for row in taps[names].tolist()], dtype=bool)]

    def find_refusals(self, places: set[tuple[int, int]]) -> set[tuple[int, int]]:
        refusals = self.all_rows("refusals")
        judged = refusals[np.isin(refusals["code"], JUDGED)]
        return places & set(judged[["file", "line"]].tolist())

    def load_state(self, window: int, card_filter: Any = None) -> State:
        """Of each card what the newest run wrote for the newest window up to this one."""
        newest: dict[tuple[int, int], tuple[int, int]] = {}
        found: dict[tuple[int, int], list[Any]] = {}
        for run, rows, _ in self.committed:
            for place, (name, column) in enumerate(STATE.items()):
                for row in rows[name][rows[name][column] <= window]:
                    card, when = row.item()[:2], (int(row[column]), run.run)
                    if place == 0 and when > newest.get(card, (0, 0)):
                        newest[card], found[card] = when, [[row], [], []]
                    elif place and when == newest[card]:
                        found[card][place].append(row)
        parts = [np.array([row for card in sorted(found) for row in found[card][place]], dtype)
                 for place, dtype in enumerate(DTYPES[name] for name in STATE)]
        return State(*(rows[of_cards(rows, card_filter)] for rows in parts))


def of_cards(rows: Any, card_filter: Any) -> Any:
    """Which rows are of a filter's cards."""
    return slice(None) if card_filter is None else marked(rows, card_filter)
