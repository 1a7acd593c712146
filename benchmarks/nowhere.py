"""A book that keeps nothing: what clearing costs without a ledger. Positions are in the report."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from clearing.book import Counts, Run
from clearing.book.archive_rows import ArchiveRow
from clearing.book.known import Known
from clearing.book.queries import Given, Taken
from network.names import Names


class Nowhere:
    """The face of a new book and of its first run, without a store."""

    number = 1
    closed_through: int | None = None

    def __init__(self) -> None:
        self.known = Known()

    def begin(self, *, digest: str, kind: str, records: int = 0) -> Nowhere:
        self.digest, self.kind = digest, kind
        return self

    def last_run(self) -> Run | None:
        return None

    def dictionary(self) -> Names:
        return Names()

    def archives(self) -> list[ArchiveRow]:
        return []

    def has_network(self, digest: str) -> bool:
        return True

    def files_taken(self, digests: Collection[str]) -> dict[str, Taken]:
        return {}

    def number_files(self, digests: Collection[str]) -> dict[str, int]:
        return {digest: number for number, digest in enumerate(sorted(digests), 1)}

    def files_given(self, _: Collection[str]) -> dict[str, Given]:
        return {}

    def conclude(self, *, version: str, network: str, network_digest: str,
                 tables: Mapping[str, str], counts: Counts) -> Run:
        return Run(run=1, parent=0, digest=self.digest, kind=self.kind, version=version,
                   network=network, network_digest=network_digest, tables="", closed_through=0,
                   state_base=0, **counts._asdict(), entries=0, due=0, price=0, paid=0, variance=0,
                   uncollected=0,
                   discounts=0, fees=0, started_at=0, finished_at=0, contents="", chain="")

    def commit(self, row: Run) -> Run:
        return row

    def _keep_nothing(self, *_: Any) -> None:
        pass

    write_entries = write_records = write_refusals = write_flows = _keep_nothing
    write_names = write_files = _keep_nothing

    def __enter__(self) -> Nowhere:
        return self

    def __exit__(self, *_: object) -> None:
        pass
