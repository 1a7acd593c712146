"""A book that keeps nothing: what clearing costs without a ledger. Positions are in the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from clearing.book import Counts, Run, State
from ext import records
from network.names import Name


class Nowhere:
    """The face of a new book and of its first run, without a store."""

    number = 1
    watermark = 0
    closed_through: int | None = None

    def begin(self, *, digest: str, kind: str) -> Nowhere:
        self.digest, self.kind = digest, kind
        return self

    def last_run(self) -> Run | None:
        return None

    def names(self) -> list[Name]:
        return []

    def file_digests(self) -> dict[str, tuple[int, str]]:
        return {}

    def load_state(self, card_filter: Any = None) -> State:
        return State(np.zeros(0, records.CARD_STATE), np.zeros(0, records.ACCUMULATOR),
                     np.zeros(0, records.TAP))

    def commit(self, *, version: str, network: str, network_digest: str,
               tables: Mapping[str, str], watermark: int, counts: Counts) -> Run:
        return Run(run=1, parent=0, digest=self.digest, kind=self.kind, version=version,
                   network=network, network_digest=network_digest, tables="", watermark=watermark,
                   closed_through=0, state_base=0, state_run=0, **counts._asdict(), entries=0,
                   due=0, price=0, paid=0, variance=0, discounts=0, fees=0,
                   started_at=0, finished_at=0)

    def _keep_nothing(self, *_: Any) -> None:
        pass

    write_entries = write_events = write_refusals = write_flows = _keep_nothing
    write_state = write_names = write_files = _keep_nothing

    def __enter__(self) -> Nowhere:
        return self

    def __exit__(self, *_: object) -> None:
        pass
