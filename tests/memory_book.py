"""A book in memory, for tests that need hundreds of them: the same face, no ClickHouse.

tests/book/ holds the real ones to the same promises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from clearing.book import BookFile, Counts, Run, State
from ext import records
from network.names import Name

PER_RUN = ("entries", "events", "refusals", "flows", "cards", "accumulators", "open_rides")
DTYPES = {"entries": records.ENTRY, "events": records.TAP, "refusals": records.REFUSAL,
          "flows": records.FLOW,
          "cards": records.CARD_STATE, "accumulators": records.ACCUMULATOR,
          "open_rides": records.TAP}


class MemoryRun:
    """One run while it is written."""

    def __init__(self, book: MemoryBook, digest: str, kind: str) -> None:
        self.book, self.digest, self.kind = book, digest, kind
        self.number = len(book.committed) + 1
        self.rows: dict[str, list[Any]] = {name: [] for name in PER_RUN}
        self.names: list[Name] = []
        self.files: list[BookFile] = []
        self.raw: list[bytes] = []
        self.closed = book.closed_through or 0

    def write_entries(self, entries: Any) -> None:
        self.rows["entries"].append(entries.copy())

    def write_events(self, events: Any) -> None:
        self.rows["events"].append(events.copy())

    def write_refusals(self, refusals: Any, raw: Sequence[bytes],
                       values: Sequence[str] | None = None) -> None:
        assert len(refusals) == len(raw)
        self.rows["refusals"].append(refusals.copy())
        self.raw += raw

    def write_flows(self, flows: Any) -> None:
        self.rows["flows"].append(flows.copy())

    def write_state(self, cards: Any, accumulators: Any, open_rides: Any) -> None:
        for name, rows in (("cards", cards), ("accumulators", accumulators),
                           ("open_rides", open_rides)):
            self.rows[name].append(rows.copy())

    def write_names(self, names: Sequence[Name]) -> None:
        self.names += names

    def write_files(self, files: Iterable[BookFile]) -> None:
        self.files += files

    def write_window(self, day: int) -> None:
        self.closed = day

    def commit(self, *, version: str, network: str, network_digest: str,
               tables: Mapping[str, str], watermark: int, counts: Counts) -> Run:
        rows = {name: np.concatenate([np.zeros(0, DTYPES[name]), *parts])
                for name, parts in self.rows.items()}
        run = Run(run=self.number, parent=self.number - 1, digest=self.digest, kind=self.kind,
                  version=version, network=network, network_digest=network_digest, tables="",
                  watermark=watermark, closed_through=self.closed, state_base=1, state_run=1,
                  **counts._asdict(), entries=len(rows["entries"]), due=0, price=0, paid=0,
                  variance=0, discounts=0, fees=0, started_at=0,
                  finished_at=0)
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

    def begin(self, *, digest: str, kind: str) -> MemoryRun:
        return MemoryRun(self, digest, kind)

    def runs(self) -> list[Run]:
        return [run for run, _, _ in self.committed]

    def last_run(self) -> Run | None:
        return self.committed[-1][0] if self.committed else None

    @property
    def watermark(self) -> int:
        return self.committed[-1][0].watermark if self.committed else 0

    @property
    def closed_through(self) -> int | None:
        return self.committed[-1][0].closed_through or None if self.committed else None

    def names(self) -> list[Name]:
        return [name for _, _, run in self.committed for name in run.names]

    def file_digests(self) -> dict[str, tuple[int, str]]:
        return {file.sha256: (run.run, file.name)
                for run, _, written in self.committed for file in written.files if file.code == 0}

    def all_rows(self, name: str) -> Any:
        """The rows of every committed run, oldest first."""
        return np.concatenate([np.zeros(0, DTYPES[name]),
                               *(rows[name] for _, rows, _ in self.committed)])

    def find_identities(self, cards_hi: Any, cards_lo: Any, seqs: Any,
                        fields: Sequence[str] | None = None) -> Any:
        wanted = set(zip(cards_hi.tolist(), cards_lo.tolist(), seqs.tolist(), strict=True))
        entries = self.all_rows("entries")
        keep = [bool({(int(row["card_hi"]), int(row["card_lo"]), int(row[seq]))
                      for seq in ("card_seq", "out_seq")} & wanted) for row in entries]
        return entries[np.array(keep, dtype=bool)]

    def find_events(self, cards_hi: Any, cards_lo: Any, seqs: Any) -> Any:
        wanted = set(zip(cards_hi.tolist(), cards_lo.tolist(), seqs.tolist(), strict=True))
        events = self.all_rows("events")
        keep = [(int(row["card_hi"]), int(row["card_lo"]), int(row["card_seq"])) in wanted
                for row in events]
        return events[np.array(keep, dtype=bool)]

    def load_state(self, card_filter: Any = None) -> State:
        cards: dict[tuple[int, int], Any] = {}
        accumulators: dict[tuple[int, int], list[Any]] = {}
        for _, rows, _ in self.committed:
            for row in rows["cards"]:
                key = int(row["card_hi"]), int(row["card_lo"])
                cards[key], accumulators[key] = row, []
            for row in rows["accumulators"]:
                accumulators[int(row["card_hi"]), int(row["card_lo"])].append(row)
        open_rides = self.committed[-1][1]["open_rides"] if self.committed else []
        return State(
            np.array([cards[key] for key in sorted(cards)], dtype=records.CARD_STATE),
            np.array([row for key in sorted(cards) for row in accumulators[key]],
                     dtype=records.ACCUMULATOR),
            np.sort(np.array(open_rides, dtype=records.TAP), order=["card_hi", "card_lo"]))
