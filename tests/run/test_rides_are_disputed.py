"""A dispute moves money that was settled: each step posts in balance, in time, or nothing at all.

Who is asked until when follows the terms and the bank days; what was posted is worked out again.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from ext.codes import Code
from tests.book.beneath import change_rows
from tests.run.command import accepted, onecard, shown
from tests.run.paying import network_with, settle_example

TERMS = """
[[dispute_terms]]
dispute_terms = "haikou"
operators = ["hk-bus"]
centre = "cn-centre"
open_days = 20
answer_days = 3
borne_by = [{ bearer = "operator", weight = 70 }, { bearer = "claimant", weight = 30 }]

[[bank_holiday]]
date = 2024-12-03
members = ["hk-bus"]
"""
RIDE = "3105000020000000035/230"        # hk-card owes hk-bus 1.70
OTHER = "3105000020000000043/61"        # hk-civil owes hk-bus 1.20, hk-finance 0.80
WHY = ("--reason", "charged twice")


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples' day, closed by a network with terms and a calendar."""
    folder = tmp_path_factory.mktemp("disputed")
    network = network_with(folder, TERMS)
    model = network / "network.toml"
    model.write_text('calendar = "mainland"\n' + model.read_text("utf-8"), "utf-8")
    settle_example(folder / "book", network)
    return folder / "book"


@pytest.fixture
def book(settled: Path, tmp_path: Path) -> Path:
    shutil.copytree(settled, tmp_path / "book", symlinks=True)
    return tmp_path / "book"


def step(book: Path, *words: str, on: str = "2024-12-02") -> str:
    return accepted("dispute", *words, "--on", on, "--book", book).out


def refused(book: Path, *words: str, on: str = "2024-12-02") -> str:
    """The code that a step is refused with, which says what to do."""
    done = onecard("dispute", *words, "--on", on, "--book", book)
    found = re.search(r"\[([A-Z_]+)\]", done.err)
    assert done.code == 2 and found is not None, done
    assert re.match(r"onecard: (ride|dispute) ", done.err)
    assert len(done.err.strip().split("\n")) == 3, "found and where, expected, what to do"
    return found[1]


def disputes(book: Path, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        accepted("dispute", "list", "--json", "--cards", "full", *words, "--book", book).out)
    return found


def posted(book: Path) -> dict[tuple[str, str, str], int]:
    """What disputes have members owe each other."""
    return {(row["debtor"], row["creditor"], row["cause"]): row["amount"]
            for row in shown("obligations", book) if row["cause"].startswith("dispute")}


def verified(book: Path) -> None:
    done = onecard("verify", "--all", "--book", book)
    assert done.code == 0, done


def test_what_is_charged_back_is_held_until_the_centre_decides(book: Path) -> None:
    """Over a closed window; a holiday of the operator's bank is in its days to answer."""
    assert "hk-bus is asked, until 2024-12-06" in step(
        book, "open", RIDE, "--as", "chargeback", "--by", "hk-card", *WHY)
    held = ("hk-bus", "cn-centre", "dispute_held")
    assert posted(book) == {held: 170}
    assert [row["held_amount"] for row in disputes(book, "--asked", "hk-bus")] == [170]
    accepted("settle", "--window", "2024-11-26", "--empty", "--yes", "--book", book)
    net = {row["member"]: row["position"]
           for row in shown("positions", book, "--window", "2024-11-26")
           if row["level"] == "member"}
    assert net == {"hk-bus": -170, "cn-centre": 170}

    step(book, "answer", "1", "--refuse", "--by", "hk-bus", "--reason", "two riders",
         on="2024-12-06")
    step(book, "open", RIDE, "--as", "exception", "--by", "hk-card", "--reason", "one rider",
         on="2024-12-11")
    assert posted(book) == {held: 170}
    step(book, "answer", "1", "--accept", "--by", "cn-centre", "--amount", "1.01", on="2024-12-20")
    # 1.01 in parts of 70 and 30: the claimant bears its own 0.30.
    assert posted(book) == {("hk-bus", "hk-card", "dispute_award"): 71}
    listed = json.loads(accepted("dispute", "show", "1", "--json", "--book", book).out)
    assert [(row["window"], row["debtor"], row["creditor"], row["cause"], row["amount"])
            for row in listed if row["amount"]] == [
        ("2024-11-26", *held, 170), ("2024-11-27", *held, -170),        # the red-ink pair
        ("2024-11-27", "hk-bus", "hk-card", "dispute_award", 71)]
    assert [(row["state"], row["held_amount"], row["awarded"]) for row in disputes(book)] == [
        ("awarded", 0, 101)]
    assert "dispute 1 by hk-card: awarded" in accepted("trace", RIDE, "--book", book).out
    verified(book)


def test_who_lets_the_days_pass_loses(book: Path) -> None:
    opening = ("--as", "chargeback", *WHY)
    step(book, "open", RIDE, *opening, "--by", "hk-card")
    step(book, "close", "1", "--by", "hk-card", on="2024-12-09")
    step(book, "open", OTHER, *opening, "--by", "hk-civil")
    step(book, "answer", "2", "--refuse", "--by", "hk-bus", "--reason", "entitled")
    assert refused(book, "close", "2", "--by", "hk-bus") == "DISPUTE_TOO_EARLY"
    assert refused(book, "open", OTHER, "--as", "exception", *WHY, "--by", "hk-civil",
                   on="2024-12-10") == "DISPUTE_TOO_LATE"
    step(book, "close", "2", "--by", "hk-bus", on="2024-12-10")
    step(book, "open", OTHER, *opening, "--by", "hk-finance")
    step(book, "close", "3", "--by", "hk-finance")
    assert [row["state"] for row in disputes(book)] == ["unanswered", "declined", "withdrawn"]
    assert posted(book) == {("hk-bus", "hk-card", "dispute_award"): 119}
    verified(book)


def test_a_question_moves_no_money_until_it_is_answered(book: Path) -> None:
    step(book, "open", RIDE, "--as", "query", "--by", "hk-card")
    step(book, "open", OTHER, "--as", "query", "--by", "hk-civil", "--amount", "0.50")
    assert posted(book) == {}
    step(book, "answer", "2", "--accept", "--by", "hk-bus")
    assert posted(book) == {("hk-bus", "hk-civil", "dispute_award"): 35}
    # Nobody has answered the first one: it may be charged back.
    step(book, "open", RIDE, "--as", "chargeback", "--by", "hk-card", *WHY, on="2024-12-09")
    assert [row["state"] for row in disputes(book)] == ["charged back", "accepted"]
    verified(book)


def test_steps_that_cannot_be_are_refused_and_post_nothing(book: Path) -> None:
    chargeback, by = ("--as", "chargeback", *WHY), ("--by", "hk-card")
    code = {
        "DISPUTE_RIDE": refused(book, "open", "3105000020000000035/999", *chargeback, *by),
        "DISPUTE_PARTY": refused(book, "open", RIDE, *chargeback, "--by", "hk-bus"),
        "DISPUTE_AMOUNT": refused(book, "open", RIDE, *chargeback, *by, "--amount", "1.71"),
        "DISPUTE_TERMS": refused(book, "open", "3105000020000000019/72", *chargeback, *by),
        "MISSING_VALUE": refused(book, "open", RIDE, "--as", "chargeback", *by),
        "CONTROL_CHARACTER": refused(book, "open", RIDE, "--as", "query", *by, "--reason", "a\x1b"),
        "DISPUTE_TOO_LATE": refused(book, "open", RIDE, *chargeback, *by, on="2024-12-24"),
        "DISPUTE_DAY": refused(book, "open", RIDE, *chargeback, *by, on="2024-11-24"),
        "DISPUTE_UNKNOWN": refused(book, "answer", "1", "--accept", "--by", "hk-bus"),
    }
    assert refused(book, "open", RIDE, *chargeback, *by, on="2103-01-05") == "DISPUTE_DAY"
    assert refused(book, "open", RIDE, "--as", "exception", *WHY, *by) == "DISPUTE_STATE"
    assert refused(book, "open", RIDE, *chargeback, *by, "--amount", "0") == "DISPUTE_AMOUNT"
    step(book, "open", RIDE, *chargeback, *by)
    answer, bus = ("answer", "1", "--refuse", "--reason", "no"), ("--by", "hk-bus")
    code |= {
        "DISPUTE_TWICE": refused(book, "open", RIDE, *chargeback, *by),
        "DISPUTE_NOT_ASKED": refused(book, *answer, "--by", "zs-bus"),
    }
    assert refused(book, *answer, *bus, on="2024-12-07") == "DISPUTE_TOO_LATE"
    assert refused(book, *answer, *bus, on="2024-12-01") == "DISPUTE_DAY"
    assert refused(book, *answer, *bus, "--amount", "1") == "DISPUTE_AMOUNT"
    assert refused(book, "close", "1", *bus) == "DISPUTE_NOT_ASKED"
    step(book, *answer, *bus)
    code["DISPUTE_STATE"] = refused(book, *answer, *bus)
    step(book, "close", "1", *by)
    assert refused(book, "close", "1", *by) == "DISPUTE_STATE"
    assert refused(book, "open", RIDE, *chargeback, *by) == "DISPUTE_TWICE"
    assert all(expected == found for expected, found in code.items())
    assert posted(book) == {}
    assert [row["kind"] for row in shown("runs", book)].count("dispute") == 3
    verified(book)
    # The others: TOO_EARLY above; STEP and WINDOW_OPEN below.
    assert {one.name for one in Code if one.name.startswith("DISPUTE_")} - code.keys() == {
        "DISPUTE_TOO_EARLY", "DISPUTE_WINDOW_OPEN", "DISPUTE_STEP"}


def test_an_answer_says_what_it_is(book: Path) -> None:
    """What is left out is asked for: nobody accepts or refuses by saying nothing."""
    step(book, "open", "310500…0035/230", "--as", "query", "--by", "hk-card")     # as lists have it
    for words in (["answer", "1", "--by", "hk-bus", "--on", "2024-12-02"],
                  ["answer", "1", "--accept"],
                  ["answer", "1", "--accept", "--by", "hk-bus", "--amount", "1.7.0"],
                  ["answer", "1", "--accept", "--by", "hk-bus", "--on", "tomorrow"],
                  ["open", RIDE, "--by", "hk-card"], ["open", "35", "--as", "query", "--by", "x"],
                  ["list", "--asked", "nobody"]):
        done = onecard("dispute", *words, "--book", book)
        assert done.code == 2 and done.err, done
    assert [row["state"] for row in disputes(book)] == ["queried"]


def test_a_file_that_is_partly_bad_is_taken_line_by_line(book: Path, tmp_path: Path) -> None:
    """All that is refused comes back with its code, and can be mended; what was taken is known."""
    lines = [
        (f"chargeback,hk-card,2024-12-02,{RIDE},,170,charged twice", ""),
        (f'chargeback,hk-card,2024-12-02,{RIDE},,171,"again, again"', "DISPUTE_TWICE"),
        ("refuse,hk-bus,2024-12-03,,1,,two riders", ""),            # of the same file
        ("refuse,zs-bus,2024-12-03,,1,,not ours", "DISPUTE_STATE"),
        ("accept,hk-bus,2024-12-03,,9,,", "DISPUTE_UNKNOWN"),
        ("sue,hk-card,2024-12-03,,1,,", "DISPUTE_STEP"),
        ("close,hk-card,2024-12-03,,,,", "MISSING_VALUE"),
        (f"query,hk-civil,,{OTHER},,,", "MISSING_VALUE"),
        (f"query,hk-civil,2024-12-32,{OTHER},,,", "DATE_INVALID"),
        ("query,hk-civil,2024-12-02,3.105E+18/61,,,", "CARD_SPREADSHEET"),
        (f"query,hk-civil,2024-12-02,{OTHER}9999999999,,,", "CARD_INVALID"),
        (f"query,hk-civil,2024-12-02,{OTHER},,1.20,", "AMOUNT_INVALID"),
        (f"query,hk-civil,2024-12-02,{OTHER},,-1,", "AMOUNT_NEGATIVE"),
        (f"query,hk-civil,2024-12-02,{OTHER},,9999999999,", "AMOUNT_OVERFLOW"),
        (f"query,hk-civil,2024-12-02,{OTHER},,121,", "DISPUTE_AMOUNT"),
        ("close,hk-civil,2024-12-02,,1e1,,", "NUMBER_INVALID"),
        ("close,hk-civil,2024-12-02,,99999999999,,", "NUMBER_OVERFLOW"),
        ("query,hk-civil,2024-12-02", "COLUMN_COUNT"),
        (f'query,hk-civil,2024-12-02,{OTHER},,,"x', "BAD_QUOTING"),
        ("", "EMPTY_RECORD"),
        (f"query,hk-civil,2024-12-02,{OTHER},,,\0", "NUL_BYTE"),
        (f"query,hk-civil,2024-12-02,{OTHER},,,\udcff", "BAD_ENCODING"),
        (f"query,hk-civil,2024-12-02,{OTHER},,," + 5_000 * "x", "LINE_TOO_LONG"),
        (f"query,hk-civil,2024-12-02,{OTHER},,,", ""),
    ]
    head, path = "step,by,on,ride,dispute,amount,reason", tmp_path / "steps.csv"
    path.write_text("\n".join([head, *(line for line, _ in lines)]) + "\n", "utf-8",
                    errors="surrogateescape")
    done = accepted("dispute", "read", path, "--book", book)
    assert done.code == 1
    assert "steps.csv: 24 steps = 3 taken + 0 known + 21 refused" in done.out
    assert re.findall(r"^ +(\d+) +([A-Z_]+)  ", done.out, re.MULTILINE) == [
        (str(number), code) for number, (_, code) in enumerate(lines, 2) if code]
    assert posted(book) == {("hk-bus", "cn-centre", "dispute_held"): 170}
    assert [row["kind"] for row in shown("runs", book)].count("dispute") == 1
    assert "0 taken + 3 known" in accepted("dispute", "read", path, "--book", book).out
    said = accepted("--lang", "zh", "dispute", "read", path, "--book", book).out
    assert "账簿没有争议 9；1 至 2；请用 `onecard dispute list` 查找" in said
    assert all(map(re.compile("[一-龥]").search, said.splitlines()[6:-2])), said
    said = accepted("--lang", "zh", "dispute", "list", "--book", book).out
    assert "   金额   冻结金额   裁定金额   " in said

    # What comes back is mended where it stands.
    rejects = tmp_path / "steps.csv.rejects.csv"
    mended = [line.replace("close,hk-card,2024-12-03,,,", "close,hk-card,2024-12-03,,1,")
              for line in rejects.read_bytes().decode("utf-8", "replace").split("\n")
              if line.startswith((head, "close,hk-card"))]
    rejects.write_text("\n".join(mended), "utf-8")
    assert accepted("dispute", "read", rejects, "--book", book).code == 0
    assert [row["state"] for row in disputes(book)] == ["withdrawn", "queried"]
    verified(book)
    path.write_text("step,by,when\n", "utf-8")
    done = onecard("dispute", "read", path, "--book", book)
    assert done.code == 2 and "the header has the column 'when'" in done.err


def test_rides_of_open_windows_are_not_disputed(book: Path, tmp_path: Path) -> None:
    taps = tmp_path / "later.csv"
    taps.write_text("card,card_seq,tapped_at,operator,device,device_seq,mode,kind,stop,line,"
                    "card_kind,paid\n3105000020000000035,900,2024-11-26T08:00:00,hk-bus,P1,1,bus,"
                    "single,龙华总站,19,ordinary,170\n", "utf-8")
    assert accepted("clear", taps, "--book", book).code == 0
    assert refused(book, "open", "3105000020000000035/900", "--as", "query", "--by", "hk-card"
                   ) == "DISPUTE_WINDOW_OPEN"


@pytest.mark.parametrize(("change", "told"), [
    ("stored_flows UPDATE amount = amount + 1 WHERE cause = 13", "more than disputes come to"),
    ("stored_disputes UPDATE amount = 171 WHERE place = 1", "1.71 yuan are disputed"),
    ("stored_disputes UPDATE until = until + 1 WHERE place = 1", "dispute 1: step 1 was stored"),
    ("stored_disputes UPDATE state = 'accepted' WHERE place = 1", "dispute 1: step 1 was stored"),
    ("stored_disputes UPDATE card_seq = 7 WHERE place = 1", "its ride is not in the ledger"),
])
def test_a_dispute_that_was_changed_is_found(book: Path, change: str, told: str) -> None:
    step(book, "open", RIDE, "--as", "chargeback", "--by", "hk-card", *WHY)
    with open_book(str(book), create=False) as opened:
        change_rows(opened, *change.split(" ", 1))
    done = onecard("verify", "--all", "--book", book)
    assert done.code != 0
    assert told in done.out + done.err
