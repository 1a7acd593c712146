"""Small inputs after what operators reported: what came out wrong at 0.1.0 comes out right.

They lie beside the repository; the table of what is right is in their README.md.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from tests.run.command import REPOSITORY, accepted, shown

CASES = REPOSITORY.parent / "shared" / "cases"
TOWN = CASES / "town"


def files_of(case: str, *names: str) -> list[Path]:
    """Files of a case; the test is skipped where they are not here."""
    found = [CASES / case / name for name in names]
    for path in found:
        if not path.is_file():
            pytest.skip(f"{path} is not here: it is not part of the repository")
    return found


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Path]:
    """A new book, which stays open meanwhile: the embedded engine is slow to start and to stop."""
    with open_book(str(tmp_path / "book")):
        yield tmp_path / "book"


def clear(book: Path, *paths: Path, network: Path = TOWN) -> list[dict[str, Any]]:
    """One run; the rides that stand."""
    accepted("clear", *paths, "--network", network, "--book", book)
    return shown("rides", book)


def told(rides: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    """Card, state and what was paid."""
    return [(ride["card"][-2:], ride["state"], ride["paid"]) for ride in rides]


@pytest.mark.parametrize("first", ["day1-control.csv", "day1-with-rogue.csv"])
def test_one_validator_a_day_ahead(first: str, book: Path) -> None:
    """22: two riders are inside at the end of day 1; one clock harms its own tap only."""
    day_1, day_2 = files_of("22-one-validator-a-day-ahead", first, "day2.csv")
    clear(book, day_1)
    rides = told(clear(book, day_2))
    assert rides[:2] == [("17", "COMPLETE", 200), ("25", "COMPLETE", 200)]
    assert rides[2:] == ([("33", "SINGLE_TAP", 200)] if "rogue" in first else [])


def test_the_exits_come_when_the_day_is_settled(book: Path) -> None:
    """22, with the window closed between: the difference is posted, and nobody pays 7.00."""
    day_1, day_2 = files_of("22-one-validator-a-day-ahead", "day1-with-rogue.csv", "day2.csv")
    clear(book, day_1)
    accepted("settle", "--yes", "--window", "2025-10-10", "--book", book)
    assert told(clear(book, day_2))[:2] == [("17", "COMPLETE", 200), ("25", "COMPLETE", 200)]
    assert sum(row["paid"] for row in shown("entries", book)) == 600
    assert {row["position"] for row in shown("positions", book)
            if row["member"] == "t-metro"} == {400}


@pytest.mark.parametrize("order", [("station-a.csv", "station-b.csv"),
                                   ("station-b.csv", "station-a.csv")])
def test_one_stations_file_a_day_late(order: tuple[str, str], tmp_path: Path) -> None:
    """28: one ride, as in one run, whichever station's file comes first."""
    files = files_of("28-one-stations-file-a-day-late", *order)
    for path in files:
        rides = clear(tmp_path / "book", path)
    assert told(rides) == [("17", "COMPLETE", 200), ("25", "SAME_STATION", 200)]
    assert rides == clear(tmp_path / "at-once", *files)
    assert shown("positions", tmp_path / "book") == shown("positions", tmp_path / "at-once")


def test_what_was_refused_is_sent_again_to_a_mended_network(tmp_path: Path) -> None:
    """21: the operator is entered, and those two records come in a file of their own."""
    first, mended, by_hand = files_of("21-fix-the-network-and-send-again", "taps.csv",
                                      "new-operator.toml", "by-hand.csv")
    assert len(clear(tmp_path / "book", first)) == 1
    town = tmp_path / "town"
    shutil.copytree(TOWN, town)
    with (town / "network.toml").open("a", encoding="utf-8") as out:
        out.write(mended.read_text("utf-8"))
    table = (town / "t-bus.toml").read_text("utf-8")
    (town / "t-bus.toml").write_text(
        table.replace('operators = ["t-bus"]', 'operators = ["t-bus", "new-bus"]'), "utf-8")
    shutil.copytree(tmp_path / "book", tmp_path / "other", symlinks=True)
    taken = [("t-bus", 200), ("new-bus", 200), ("new-bus", 200)]
    rides = clear(tmp_path / "book", by_hand, network=town)
    assert [(ride["operator"], ride["paid"]) for ride in rides] == taken
    # Or the very same file again: the refused are taken, the others are known.
    rides = clear(tmp_path / "other", first, network=town)
    assert [(ride["operator"], ride["paid"]) for ride in rides] == taken
    _, again = shown("files", tmp_path / "other")
    assert [again[name] for name in ("accepted", "known", "refused")] == [2, 1, 0]
    done = accepted("clear", first, "--network", town, "--book", tmp_path / "other")
    assert (done.code, "3 known, 0 refused" in done.out) == (0, True)


def test_a_distance_table_is_corrected_after_its_window_closed(book: Path, tmp_path: Path) -> None:
    """14: the difference is posted with its reason, and the ride explained by what priced it."""
    case = "14-distance-table-corrected-after-settlement"
    day_1, day_2 = files_of(case, "day1.csv", "day2.csv")
    network = tmp_path / "town"
    shutil.copytree(CASES / case / "wrong", network)
    assert [paid for *_, paid in told(clear(book, day_1, network=network))] == [300]
    accepted("settle", "--yes", "--window", "2024-12-05", "--book", book)
    shutil.copytree(CASES / case / "right", network, dirs_exist_ok=True)
    card, seq = shown("rides", book)[0]["card"], shown("rides", book)[0]["card_seq"]
    explained = accepted("explain", f"{card}/{seq}", "--book", book).out
    assert "3.00" in explained and "their folder has others by now" in explained
    assert "no differences" in accepted("verify", "--all", "--book", book).out
    assert len(clear(book, day_2, network=network)) == 2
    dry = accepted("restate", "--since", "2024-12-05", "--book", book, "--dry-run").out
    assert "-1.00" in dry and "nothing was posted" in dry
    assert len(shown("entries", book)) == 2
    accepted("restate", "--since", "2024-12-05", "--book", book)
    entries = shown("entries", book)
    assert [(row["paid"], row["window"]) for row in entries if row["card"] == card] == [
        (300, "2024-12-05"), (-300, "2024-12-06"), (200, "2024-12-06")]
    assert [row["paid"] for row in shown("rides", book)] == [200, 200]


@pytest.mark.parametrize("clocks", ["control", "same-second", "clock-20s-behind"])
def test_off_one_bus_and_on_the_next_at_once(clocks: str, book: Path) -> None:
    """01: the card's counter says that the rider got off first, whatever the clocks say."""
    rides = clear(book, *files_of("01-tagoff-then-tagon-at-once", f"{clocks}.csv"))
    assert [(ride["state"], ride["card_seq"]) for ride in rides] == [
        ("COMPLETE", 11), ("COMPLETE", 13)]
    assert sum(ride["paid"] for ride in rides) == 500
    said = accepted("explain", f"{rides[0]['card']}/11", "--book", book).out
    assert ("the clocks of its day contradict" in said) == (clocks == "clock-20s-behind")
    assert "no differences" in accepted("verify", "--all", "--book", book).out


def test_in_and_out_of_one_station_by_clocks_that_are_apart(book: Path) -> None:
    """01: a short stay is a ride, not an exit and an open ride."""
    rides = clear(book,
                  *files_of("01-tagoff-then-tagon-at-once", "short-stay.csv"))
    assert told(rides) == [("17", "SAME_STATION", 200)]


def test_the_route_number_changes_on_board(book: Path) -> None:
    """03: along the line that was boarded, beyond it to its terminus; never no fare."""
    rides = clear(book, *files_of("03-route-number-changes-on-board", "taps.csv"))
    assert [(ride["card"][-2:], ride["line"], ride["to_stop"], ride["paid"]) for ride in rides] == [
        ("17", "3", "S3", 300), ("25", "3", "S4", 300), ("33", "3", "S3", 300)]
    said = accepted("explain", "3100000000000000025/1", "--book", book).out
    assert "the vehicle was another line's than 3 at the end" in said
    assert "the vehicle left line 3: terminus fare from S1" in " ".join(said.split())
    assert shown("refusals", book) == []
    assert "no differences" in accepted("verify", "--all", "--book", book).out


@pytest.mark.parametrize("first", ["entry-paid-blank.csv", "entry-paid-zero.csv"])
def test_a_missed_exit_is_charged_at_the_next_boarding(first: str, book: Path) -> None:
    """07: what left the purse is owed, once, whether the first entry's amount is blank or 0."""
    path, = files_of("07-missed-exit-charged-at-next-boarding", first)
    rides = clear(book, path, network=Path("beijing"))
    assert sum(ride["paid"] for ride in rides) == 600
    nobody_says = 500 if "blank" in first else 0
    assert [ride["uncollected"] for ride in rides] == [nobody_says, 0]
    # Neither is the one hidden in the other's variance: what was not paid, and what was.
    assert [ride["variance"] for ride in rides] == [nobody_says - 500, 500]
    issuer, = (row for row in shown("positions", book)
               if row["level"] == "member" and row["owes"] == 600)
    done = accepted("settle", "--yes", "--window", "2018-04-02", "--book", book, "--network",
                    "beijing")
    assert ("5.00 uncollected, of 1 ride" in done.out) == bool(nobody_says)
    statement = (book / "settlement" / "2018-04-02" / f"statement-{issuer['member']}.csv")
    lines = statement.read_text("utf-8").splitlines()
    assert (f"2018-04-02,uncollected,{issuer['member']},beijing-bus,1,0,500,fen"
            in lines) == bool(nobody_says)
    assert accepted("verify", "--all", "--book", book).code == 0


def test_the_maximum_is_taken_at_the_way_in_and_the_rest_given_back(book: Path) -> None:
    """08: one ride from A to B, of which 2.00 of the 4.00 stay."""
    path, = files_of("08-maximum-at-entry-rebate-at-exit", "taps.csv")
    ride, = clear(book, path)
    assert (ride["state"], ride["from_stop"], ride["to_stop"]) == ("COMPLETE", "A", "B")
    assert (ride["paid"], ride["variance"]) == (200, 0)
    accepted("settle", "--yes", "--window", "2025-06-25", "--book", book)
    assert told(shown("rides", book))[1:] == [("25", "MISSING_OUT", 400)]
    assert accepted("verify", "--all", "--book", book).code == 0


def test_a_blank_card_kind_at_the_exit_is_the_entrys(book: Path) -> None:
    """12: a student is one whichever gate says so."""
    path, = files_of("12-entry-and-exit-differ", "taps.csv")
    rides = clear(book, path)
    assert told(rides) == [("17", "COMPLETE", 100), ("25", "COMPLETE", 100),
                           ("33", "COMPLETE", 100)]
    assert {ride["card_kind"] for ride in rides} == {"student"}
    assert {row["position"] for row in shown("positions", book)
            if row["member"] == "t-finance"} == {-300}


@pytest.mark.parametrize("order", [("online.csv", "depot.csv"), ("depot.csv", "online.csv")])
@pytest.mark.parametrize("runs", ["one run", "two runs", "two windows"])
def test_one_tap_comes_through_two_channels(order: tuple[str, str], runs: str,
                                            book: Path) -> None:
    """30: what one channel leaves blank contradicts nothing that the other one says."""
    files = files_of("30-same-tap-through-two-channels", *order)
    if runs == "one run":
        clear(book, *files)
    else:
        clear(book, files[0])
        if runs == "two windows":
            accepted("settle", "--yes", "--window", "2026-06-09", "--book", book)
        clear(book, files[1])
    assert told(shown("rides", book)) == [("17", "COMPLETE", 200)]
    assert sum(row["paid"] for row in shown("entries", book)) == 200
    assert shown("refusals", book) == []
    # Only what says nothing more is known already: the entry, and the exit where it came last.
    known = sum(file["known"] for file in shown("files", book))
    assert known == 1 if order[0] == "depot.csv" and runs != "one run" else known in (1, 2)
    assert accepted("verify", "--all", "--book", book).code == 0


def test_the_same_record_with_nothing_takes_the_charge_back(tmp_path: Path) -> None:
    """13: the ride is taken back by name, and positions go back by what it was."""
    charge, zero = files_of("13-refund-before-or-after-charge", "charge.csv",
                            "same-number-zero.csv")
    book = tmp_path / "book"
    assert told(clear(book, charge)) == [("17", "SINGLE_TAP", 200)]
    assert clear(book, zero) == []
    assert [(row["card_seq"], row["paid"], row["reason"]) for row in shown("entries", book)] == [
        (41, 200, "original"), (41, -200, "correction")]
    assert all(row["position"] == 0 for row in shown("positions", book))
    assert shown("refusals", book) == []
    # And in one run, and the other way round.
    assert clear(tmp_path / "both", charge, zero) == []
    assert told(clear(tmp_path / "turned", zero)) == [("17", "SINGLE_TAP", 200)]
    assert clear(tmp_path / "turned", charge) == []


def test_bars_amounts_in_yuan_and_records_of_one_length_in_gb18030(tmp_path: Path) -> None:
    """31: all are read by a layout as they are."""
    bars, yuan, fixed, bars_toml, fixed_toml = files_of(
        "31-bars-fixed-width-and-gb18030", "bars.txt", "bars-yuan.txt", "fixed-gb.txt",
        "layouts/bars.toml", "layouts/fixed-gb.toml")
    town = Path(shutil.copytree(TOWN, tmp_path / "town"))
    layouts = town / "layouts"
    layouts.mkdir()
    shutil.copy(bars_toml, layouts)
    shutil.copy(fixed_toml, layouts)

    def rides(path: Path, layout: str) -> tuple[str, list[tuple[Any, ...]]]:
        book = tmp_path / f"{path.stem}-{layout}"
        done = accepted("clear", path, "--layout", layout, "--network", town, "--book", book)
        return done.out, [(ride["card"][-2:], ride["line"], ride["from_stop"], ride["paid"])
                          for ride in shown("rides", book)]

    _, by_bars = rides(bars, "bars")
    assert by_bars == [("17", "B1", "㐀桥岗", 200), ("25", "B1", "龙华总站", 200)]
    said, in_yuan = rides(yuan, "bars")
    assert in_yuan == []
    assert "say `decimals` in the file's layout" in said
    text = bars_toml.read_text("utf-8")
    for column in ("应收", "实收"):
        text = text.replace(f'"{column}" }}', f'"{column}", decimals = 2 }}')
    (layouts / "yuan.toml").write_text(text, "utf-8")
    assert rides(yuan, "yuan")[1] == by_bars
    assert rides(fixed, "fixed-gb")[1] == [
        ("17", "B1", "桥岗", 0), ("25", "B1", "高铁东站", 0), ("33", "B1", "", 0)]


@pytest.mark.parametrize("refund", ["refund-negative.csv", "refund-kind.csv"])
@pytest.mark.parametrize("runs", ["charge first", "refund first", "one run", "closed between"])
def test_a_refund_with_a_counter_of_its_own(refund: str, runs: str, book: Path) -> None:
    """13: the ride is taken back by name, whichever comes first; positions go back by 2.00."""
    charge, back = files_of("13-refund-before-or-after-charge", "charge.csv", refund)
    if runs == "one run":
        clear(book, charge, back)
    else:
        clear(book, *((back,) if runs == "refund first" else (charge,)))
        if runs == "closed between":
            accepted("settle", "--yes", "--window", "2025-06-06", "--book", book)
        clear(book, *((charge,) if runs == "refund first" else (back,)))
    assert shown("rides", book) == []
    assert [(row["card_seq"], row["paid"]) for row in shown("entries", book)] == (
        [(41, 200), (41, -200)] if runs in ("charge first", "closed between") else [])
    assert sum(row["position"] for row in shown("positions", book) if row["member"] == "t-bus") == 0
    codes = [row["code"] for row in shown("refusals", book)]
    assert codes == (["REBATE_ALONE"] if runs == "refund first" else [])
    assert accepted("verify", "--all", "--book", book).code == 0


def test_a_spreadsheet_took_the_last_digits(book: Path) -> None:
    """10: what is marked or written with an exponent is refused, what is rounded is reported."""
    original, rounded, marked = files_of("10-spreadsheet-zeroes-last-digits", "original.csv",
                                         "after-excel.csv", "text-marks.csv")
    assert len(clear(book, original)) == 4
    done = accepted("clear", marked, "--book", book)
    assert (done.code, "a spreadsheet has rounded" in done.out) == (1, True)
    assert [(row["code"], row["column"]) for row in shown("refusals", book)] == [
        ("CARD_SPREADSHEET", "card")] * 4
    for dry in (["--dry-run"], []):
        said = " ".join(accepted("clear", rounded, "--book", book, *dry).out.split())
        assert "of 4 card numbers of more than 15 digits 4 end in zeros" in said
        assert "3100000000000000000" in said
    assert [bool(file["message"]) for file in shown("files", book)] == [False, False, True]


def test_what_is_padded_is_no_other_line(tmp_path: Path) -> None:
    """19: values are refused with their field, headers in words that say what to write."""
    case = "19-padded-headers-and-values"
    control, line, blank, both, header, capitals = files_of(
        case, "control.csv", "line-padded.csv", "blank-of-one-space.csv",
        "operator-and-card-padded.csv", "header-padded.csv", "header-case.csv")
    book = tmp_path / "book"
    paid = [ride["paid"] for ride in clear(book, control)]
    for path, columns in ((line, ["line"]), (blank, ["due", "card_kind"]),
                          (both, ["operator", "card"])):
        other = tmp_path / path.stem
        rides = clear(other, path)
        assert [(row["code"], row["column"]) for row in shown("refusals", other)] == [
            ("PADDED_VALUE", column) for column in columns]
        assert [ride["paid"] for ride in rides] == paid[:len(rides)]
    for path, name in ((header, "' card_seq'"), (capitals, "'Card'")):
        done = accepted("clear", path, "--book", book)
        assert (done.code, "HEADER_INVALID" in done.out) == (1, True)
        said = " ".join(done.out.split())
        assert "names are in lower case, without spaces around them: write" in said
        assert f"for {name}" in said
