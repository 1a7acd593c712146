"""`onecard explain`: a ride of a book as `onecard price` tells it, with the ledger's figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.run.command import accepted, onecard, write_csv

SMALL = Path(__file__).parent / "small"
COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "vehicle", "card_kind", "paid")
# Of `onecard price` alone, and of `onecard explain` alone.
OF_PRICE = {"reason", "assumed", "rides_before", "warning"}
OF_EXPLAIN = {"card", "card_seq", "taps", "unproven", "has_changed"}


def tap(at: str, operator: str, kind: str = "single", **more: str) -> dict[str, str]:
    mode = operator.partition("-")[0]
    return {"card": "1001", "tapped_at": f"2024-11-25T{at}", "operator": operator, "device": "d1",
            "mode": mode, "kind": kind, **more}


TAPS = [
    tap("06:20:00", "metro", "in", stop="M1"), tap("06:40:00", "metro", "out", stop="M3"),
    tap("07:10:00", "bus-a", vehicle="v1"), tap("07:10:30", "bus-a", vehicle="v1"),
    tap("08:00:00", "metro", "in", stop="M2"), tap("12:30:00", "metro", "out", stop="M3"),
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("small")
    rows = [{**row, "card_seq": str(number), "device_seq": str(number)}
            for number, row in enumerate(TAPS, 1)]
    path = write_csv(folder / "taps.csv", rows, COLUMNS)
    done = accepted("clear", path, "--network", SMALL, "--book", folder / "book")
    assert done.code == 0, done
    return str(folder / "book")


def explained(book: str, counter: int) -> dict[str, Any]:
    done = accepted("explain", f"1001/{counter}", "--book", book, "--json")
    one, = json.loads(done.out)
    gross = sum(leg["amount"] for leg in one["legs"] if not leg["cause"].endswith("_fee"))
    assert gross == one["due"] + one["variance"]
    assert one["legs"][0]["cause"] == "fare" and one["legs"][0]["amount"] == one["paid"]
    assert isinstance(one, dict)
    return one


def test_a_ride_of_a_book_is_told_like_one_without(book: str) -> None:
    priced = json.loads(onecard(
        "price", "--network", SMALL, "--mode", "metro", "--from", "M1", "--to", "M3", "--at",
        "2024-11-25 06:20", "--until", "06:40", "--not-reviewed", "--json").out)
    one = explained(book, 1)
    assert set(one) - OF_EXPLAIN == set(priced) - OF_PRICE
    assert {key: one[key] for key in priced if key not in OF_PRICE} == {
        key: value for key, value in priced.items() if key not in OF_PRICE}
    assert one["paid"] == 250
    assert len(one["taps"]) == 2


def test_the_state_goes_from_ride_to_ride(book: str) -> None:
    first, holder, companion, late = (explained(book, counter) for counter in (1, 3, 4, 5))
    assert first["transfer_chain_before"] is None
    assert holder["transfer_chain_before"] == first["transfer_chain_after"]
    assert (holder["due"], holder["paid"]) == (200, 100)
    assert holder["transfer_chain_after"]["transfers"] == 1
    assert holder["transfer_chain_after"]["prices"] == 350
    assert companion["companion"]
    assert not holder["companion"]
    assert companion["paid"] == 200
    assert companion["transfer_chain_after"] == companion["transfer_chain_before"]
    counted = {row["accumulator"]: (row["before"], row["after"]) for row in late["accumulators"]}
    assert counted == {"month-paid": (550, 1250), "day-paid": (250, 950)}
    assert (late["state"], late["due"], late["rule"]) == ("OVERTIME", 700, "distance")


def test_a_clerk_reads_the_same(book: str) -> None:
    out = accepted("explain", "1001/3", "--book", book).out
    assert out.startswith("ride 1001/3  bus-a bus")
    told = " ".join(out.split())
    assert "change applies 1.00 off: the first ride's 5.00, at most 1.00 2.00 1.00" in told
    assert "the rider gz-card 1.00 transfer change bus-a 1.00 together, as is due 2.00" in told
    assert "transfers used chain 0 1 its prices so far chain 2.50 3.50" in told
    assert "tap: line 4 of the file" in out


def test_what_a_validator_took_is_told_beside_the_price(book: str, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for path in SMALL.iterdir():
        text = path.read_text("utf-8")
        own.joinpath(path.name).write_text(
            text.replace('charged_by = { default = "engine" }',
                         'charged_by = { default = "validator" }'), "utf-8")
    path = write_csv(tmp_path / "taps.csv", [
        tap("07:10:00", "bus-a", card_seq="1", device_seq="1", paid="180")], COLUMNS)
    accepted("clear", path, "--network", own, "--book", tmp_path / "book")
    one = explained(str(tmp_path / "book"), 1)
    assert (one["due"], one["price"], one["paid"], one["variance"]) == (200, 200, 180, -20)
    told = " ".join(accepted("explain", "1001/1", "--book", tmp_path / "book").out.split())
    assert "the rider gz-card 1.80 variance: the validator charged other than the price " \
        "bus-a 0.20 together, as is due 2.00" in told
