"""A message of any number of payments goes out as it is made: memory does not follow its size."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator

import pytest

from network.money import Currency
from settlement.formats.iso20022 import MessageHead, write_pacs_009, write_pain_001
from settlement.formats.payment_csv import write_payment_csv
from settlement.payments import Account, Payment

OWN = Account("001100001509", "9000", "结算专户")
YUAN = Currency("yuan", "fen", 2, "CNY")
PAYMENTS = 4_000
BEHIND = 200        # payments that may wait in memory


class Sink(io.RawIOBase):
    """Counts what comes, and keeps nothing."""

    def __init__(self) -> None:
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        count = len(bytes(data))    # type: ignore[arg-type]
        self.size += count
        return count


def payments(sink: Sink, seen: list[int]) -> Iterator[Payment]:
    for number in range(1, PAYMENTS + 1):
        seen.append(sink.size)
        action = "pays" if number <= PAYMENTS // 2 else "receives"
        yield Payment(1, number, 20_000, "bus", action, number, "", "all", "CNY", 20_001,
                      f"OC-1-{number}", *OWN, *OWN)


@pytest.mark.parametrize("write", [write_pain_001, write_pacs_009, write_payment_csv])
def test_what_was_made_is_on_its_way(write: object) -> None:
    sink, seen = Sink(), list[int]()
    half = PAYMENTS // 2
    head = MessageHead("OC-1", 1, datetime.datetime(2024, 11, 26, tzinfo=datetime.UTC),
                       datetime.date(2024, 11, 26), YUAN, "结算中心",
                       {"pays": half, "receives": half}, {"pays": 1, "receives": 1})
    write(sink, head, payments(sink, seen))     # type: ignore[operator]
    each = sink.size // PAYMENTS
    assert len(seen) == PAYMENTS
    late = [number for number, size in enumerate(seen) if size < (number - BEHIND) * each * 3 // 4]
    assert not late, f"before payment {late[0]} only {seen[late[0]]} bytes had gone out"
