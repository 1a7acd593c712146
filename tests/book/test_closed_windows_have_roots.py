"""The root of a closed window is a function of what the window holds, and of nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearing.book import open_book
from clearing.book.closed import closings, find_changed_windows
from clearing.book.roots import Closing, Root, digest_names
from ext.codes import Cause
from ext.records import ENTRY, FLOW, RIDE_FLAGS, TAP, TAP_BLANKS, TAP_FLAGS
from network.names import KINDS, Names
from tests.book.beneath import change_rows
from tests.book.plain_root import plain_root
from tests.book.workload import add_run
from tests.cli.forger import forge
from tests.run.command import REPOSITORY, accepted, onecard, shown

CLOSING = Closing(7, 20_000, 19_999, 3, "")
WORDS = [f"word {number}" for number in range(9)]
REVERSED = np.uint8(RIDE_FLAGS["REVERSAL"])


def dictionary(words: list[str]) -> Names:
    """These words of every kind, numbered as they stand."""
    names = Names()
    for kind in KINDS:
        for word in words:
            names.number(kind, word, "scope" if kind == "stop" else "")
    return names


NAMES = dictionary(WORDS)


def drawn(dtype: np.dtype[Any], rows: int) -> Any:
    """Rows with small values in all fields, and few cards."""
    draw = np.random.default_rng(rows)
    made = np.zeros(rows, dtype)
    for name in dtype.names or ():
        if name != "legs" and not name.startswith("reserved"):
            made[name] = draw.integers(1, 9, rows)
    made["flags" if "flags" in (dtype.names or ()) else "cause"] = 1
    return made


def entries() -> Any:
    """Rides with a fare and one more leg."""
    rows = drawn(ENTRY, 500)
    for name in ("rule", "debtor", "creditor", "amount"):
        rows["legs"][name][:, 1] = np.arange(500) % 8 + 1
    rows["legs"]["cause"][:, 1] = Cause.CONCESSION
    rows["window"] = CLOSING.window
    return rows


def taps() -> Any:
    """Records, each of a counter of its own."""
    rows = drawn(TAP, 500)
    rows["flags"] = TAP_FLAGS["HAS_PAID"] | TAP_FLAGS["HAS_DUE"]
    rows["blanks"] = TAP_BLANKS["BLANK_KEY_VERSION"] | TAP_BLANKS["BLANK_ALGORITHM"]
    rows["card_seq"] = np.arange(500)
    return rows


def root(rows: Any = None, records: Any = None, flows: Any = None, names: Names = NAMES,
         blocks: int = 1) -> str:
    """The root of some rows, handed over by card in so many blocks."""
    found = Root(digest_names(names))
    for given, dtype, add in ((rows, ENTRY, found.add_entries), (records, TAP, found.add_records)):
        given = np.zeros(0, dtype) if given is None else given
        cards = given["card_hi"].astype(int)
        for block in range(blocks):
            add(given[(cards * blocks // 10) == block].copy())
    return found.of(CLOSING, "network", np.zeros(0, FLOW) if flows is None else flows)


@pytest.mark.parametrize("seed", range(4))
def test_a_root_is_what_plain_python_makes_of_the_same_rows(seed: int) -> None:
    """Of entries that are taken back and entered again; of reports that contradict each other."""
    draw = np.random.default_rng(seed)
    rows, records = entries()[draw.integers(0, 90, 1_500)], taps()[draw.integers(0, 90, 1_500)]
    for given, dtype in ((rows, ENTRY), (records, TAP)):
        for name in draw.choice(dtype.names, 12, replace=False):
            if name not in ("legs", "card_hi") and not name.startswith("reserved"):
                given[name][draw.integers(0, 1_500, 60)] = draw.integers(0, 12)
    back = draw.random(1_500) < 2 / 5
    rows["flags"][back] |= REVERSED
    for name in ("due", "price", "paid", "variance", "uncollected"):
        rows[name][back] *= -1
    rows["legs"]["amount"][back] *= -1
    records["blanks"][draw.integers(0, 1_500, 20)] |= TAP_BLANKS["PROVEN"]
    assert root(rows, records) == plain_root(CLOSING, NAMES, "network", rows, records)


def test_order_blocks_and_numbers_decide_nothing() -> None:
    rows, records, flows = entries(), taps(), drawn(FLOW, 20)
    flows["window"] = CLOSING.window
    whole = root(rows, records, flows)
    shuffled = [np.random.default_rng(1).permutation(one) for one in (rows, records, flows)]
    assert root(*shuffled) == root(*shuffled, blocks=4) == whole
    other = dictionary([*WORDS[4:], *WORDS[:4]])
    numbers = np.array([0, *(other.known("member", word) for word in WORDS)])
    for one, names in ((rows, ("line", "vehicle", "device", "from_stop", "to_stop", "operator",
                               "issuer", "mode", "medium", "card_kind", "rule", "table")),
                       (records, ("line", "vehicle", "device", "stop", "in_stop", "operator",
                                  "issuer", "mode", "medium", "card_kind", "authority")),
                       (flows, ("debtor", "creditor"))):
        for name in names:
            one[name] = numbers[one[name]]
    for name in ("rule", "debtor", "creditor"):
        rows["legs"][name] = numbers[rows["legs"][name]]
    assert root(rows, records, flows, other) == whole
    assert root(rows, records, flows) != whole


@pytest.mark.parametrize("name", [name for name in ENTRY.names or () if name not in (
    "first_tap", "last_tap", "validator_due", "validator_paid", "code", "reserved", "legs")])
def test_every_field_of_an_entry_counts_but_where_it_is_from(name: str) -> None:
    rows = entries()
    before = root(rows)
    rows[name][250] += 1
    is_same = name in ("in_file", "in_line", "out_file", "out_line", "replaces", "reason")
    assert (root(rows) == before) == is_same


@pytest.mark.parametrize("part", ["rule", "debtor", "creditor", "amount", "cause"])
def test_every_part_of_a_leg_counts(part: str) -> None:
    rows = entries()
    before = root(rows)
    rows["legs"][part][250, 1] += 1
    assert root(rows) != before


@pytest.mark.parametrize("name", [name for name in TAP.names or () if name not in (
    "generation", "flags", "blanks", "key_version", "algorithm", "balance_before", "distance_m",
    "tac")])
def test_every_field_of_a_record_counts_but_where_it_is_from(name: str) -> None:
    records = taps()
    before = root(None, records)
    records[name][250] += 1
    is_same = name in ("source_file", "source_line", "source_offset", "service_day", "first_code")
    assert (root(None, records) == before) == is_same


@pytest.mark.parametrize("name", ["key_version", "balance_before"])
def test_what_a_record_leaves_blank_is_another_thing_than_0(name: str) -> None:
    records = taps()
    before = root(None, records)
    records[name][250] = 0
    assert root(None, records) == before, "a blank says nothing"
    records["blanks"][250] = 0
    records["flags"][250] |= TAP_FLAGS["HAS_BALANCE"]
    assert root(None, records) != before


def test_what_the_window_itself_takes_back_never_was() -> None:
    rows = entries()
    more = np.concatenate([rows[:40], rows[:40], rows])     # entered again, as before
    more["flags"][:40] |= REVERSED
    for name in ("due", "price", "paid", "variance", "uncollected"):
        more[name][:40] *= -1
    more["legs"]["amount"][:40] *= -1
    assert root(more) == root(rows)
    assert root(more[:40]) != root(more[:39])               # of another window's entries
    assert root(np.concatenate([rows, rows[:1]])) != root(rows)


def test_reports_of_one_tap_count_for_what_they_say_together() -> None:
    fuller = taps()
    less = fuller.copy()
    less["flags"], less["line"], less["vehicle"] = TAP_FLAGS["HAS_PAID"], 0, 0
    proven = fuller.copy()
    proven["blanks"] |= TAP_BLANKS["PROVEN"]
    other = fuller.copy()
    other["paid"], other["flags"] = 0, TAP_FLAGS["HAS_DUE"]
    whole = root(None, fuller)
    assert root(None, np.concatenate([less, other])) == whole
    assert root(None, np.concatenate([other, fuller, less])) == whole
    assert root(None, less) != whole != root(None, proven)
    assert root(None, np.concatenate([fuller, proven])) == root(None, proven)


def test_contradictions_count_in_any_order() -> None:
    one = taps()
    other = one.copy()
    other["stop"][::7] += 1
    both = root(None, np.concatenate([one, other]))
    assert both == root(None, np.concatenate([other, one]), blocks=4) != root(None, one)
    other["stop"][7] += 1
    assert root(None, np.concatenate([one, other])) != both


def test_flows_are_added_up() -> None:
    flows = drawn(FLOW, 6)
    flows["window"], before = CLOSING.window, root(flows=drawn(FLOW, 6))
    parts = np.concatenate([flows, flows])
    parts["amount"][:6], parts["count"][:6] = 3, 0
    parts["amount"][6:] -= 3
    assert root(flows=parts) == root(flows=flows) != before == root()


def test_a_number_of_no_name_is_no_other_one() -> None:
    rows = entries()
    rows["line"] = 9
    before = root(rows)
    rows["line"] = 10
    assert root(rows) != before
    rows["line"] = 0
    assert root(rows) != before


def test_closings_follow_each_other(tmp_path: Path) -> None:
    with open_book(str(tmp_path / "book")) as book:
        for _ in range(6):
            add_run(book)
        listed = closings(book)
        assert len(listed) > 1
        assert [one.window for one in listed] == book.closed_windows()
        for before, one in zip([Closing(0, 0, 0, 0, ""), *listed], listed, strict=False):
            assert (one.first, one.after) == (before.window + 1, before.run)
            assert one.root == f"root {one.run}"
        # Its roots were made up: every window is named, and nothing else.
        found = list(find_changed_windows(book, Names(book.names()), closings(book)))
        assert [line.split(": its root was ")[1].split(",")[0] for line in found] == [
            one.root for one in listed]


@pytest.mark.parametrize("change", [
    "UPDATE device_seq = device_seq + 1", "UPDATE window = window - 1"])
def test_a_window_that_was_forged_is_named(tmp_path: Path, change: str) -> None:
    """Also where commit rows, chain and journal were made anew, so that all else agrees."""
    book, taps_of = tmp_path / "book", REPOSITORY / "examples" / "taps"
    accepted("clear", *sorted(taps_of.glob("*.csv")), "--network",
             REPOSITORY / "examples" / "network", "--book", book)
    settled = accepted("settle", "--yes", "--window", "2024-11-25", "--book", book).out
    accepted("settle", "--yes", "--empty", "--window", "2024-11-26", "--book", book)
    (_, kept), (_, empty) = [(row["window"], row["root"]) for row in shown("windows", book)]
    assert f"root of window 2024-11-25: {kept}\n" in settled
    assert accepted("verify", "--book", book).code == 0
    with open_book(str(book)) as opened:
        change_rows(opened, "stored_entries", f"{change} WHERE card_seq != 0")
        forge(opened, book)
    said = onecard("verify", "--book", book)
    assert said.code == 1
    assert f"window 2024-11-25: its entries, flows or records are not those that it was closed " \
           f"with: its root was {kept}, and now is " in said.out
    assert empty not in said.out
    assert "are not those that it stored" not in said.out


