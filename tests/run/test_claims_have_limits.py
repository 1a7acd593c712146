"""A validator's word is worth what its table believes of it; beyond that a person decides.

One record of 20,000,000.00 once made an instruction over two billion fen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from tests.fares.folder import BUS, METRO, head, write
from tests.run.command import accepted, onecard, refused, shown, write_csv

DAY = "2024-11-25"
LIMITS = """
[[claim_limit]]
modes = ["bus"]
media = ["qr"]
amount_most = 300

[[claim_limit]]
amount_most = 1000
variance_most = 150
overdraft_most = 50
"""
APPROVER = '\n[[approver]]\ncode = "li.wei"\nname = "李伟"\n'
COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "medium", "due", "paid", "balance_before", "correction", "revision", "reason",
           "authorised_by")
CARD = "1000000000000000001"


def ride(seq: int, **values: Any) -> dict[str, Any]:
    return {"card": CARD, "card_seq": seq, "tapped_at": f"{DAY}T08:{seq:02}:00", "operator": "bus",
            "device": "D1", "device_seq": seq, "mode": "bus", "kind": "single", "stop": "x",
            "medium": "card", "due": 200, "paid": 200, **values}


class Place:
    """A book whose network's validators charge, and which believes them within limits."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.book = folder, folder / "book"
        self.network = folder / "network"
        self.network.mkdir()
        write(self.network, {"bus": head("bus") + BUS + LIMITS,
                             "metro": head("metro") + METRO + LIMITS}, network=APPROVER)
        model = self.network / "network.toml"
        model.write_text(model.read_text("utf-8").replace('"engine"', '"validator"'), "utf-8")
        self._files = 0

    def clear(self, *rows: dict[str, Any]) -> str:
        self._files += 1
        path = write_csv(self.folder / f"{self._files}.csv", rows, COLUMNS)
        return accepted("clear", path, "--network", self.network, "--book", self.book).out

    def held(self) -> list[int]:
        """The counters of what is held, and the book agrees with itself."""
        assert accepted("verify", "--all", "--book", self.book).code == 0
        out = accepted("held", "list", "--csv", "--cards", "full", "--book", self.book).out
        return [int(line.split(",")[0].partition("/")[2]) for line in out.splitlines()[1:]]

    def owed(self) -> int:
        """What the operator is owed by all windows, in fen."""
        return sum(row["position"] for row in shown("positions", self.book)
                   if row["member"] == "bus")

    def decide(self, what: str, *seqs: int) -> str:
        rides = [f"{CARD}/{seq}" for seq in seqs]
        return onecard("held", what, *rides, "--by", "li.wei", "--book", self.book).out


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    with open_book(str(place.book)):
        yield place


#   what the record claims                                         held
CLAIMS: list[tuple[dict[str, Any], bool]] = [
    ({},                                                           False),
    ({"paid": 2_000_000_000},                                      True),   # 20,000,000.00
    ({"paid": 350},                                                False),
    ({"paid": 351},                                                True),   # 1.51 beyond the price
    ({"paid": 49},                                                 True),   # as far below it
    ({"paid": 50},                                                 False),
    ({"paid": ""},                                                 False),  # nobody claims anything
    ({"balance_before": 150},                                      False),  # 0.50 may be owed
    ({"balance_before": 149},                                      True),
    ({"medium": "qr", "paid": 300},                                False),
    ({"medium": "qr", "paid": 301},                                True),
    ({"medium": "qr", "paid": 49, "balance_before": 1},            True),   # overdraft of 0 there
    ({"medium": "qr", "paid": 49, "balance_before": 49},           False),  # no limit of variances
]


def test_what_is_beyond_a_limit_is_held(place: Place) -> None:
    out = place.clear(*(ride(seq, **claim) for seq, (claim, _) in enumerate(CLAIMS)))
    held = [seq for seq, (_, beyond) in enumerate(CLAIMS) if beyond]
    assert place.held() == held
    assert f"entries held: {len(held)}" in out
    believed = [claim.get("paid", 200) or 0 for claim, beyond in CLAIMS if not beyond]
    assert place.owed() == sum(believed)


def test_what_a_run_holds_is_told_to_scripts(place: Place) -> None:
    """An exit code of 0 says that nobody has to look: a run that brought a held claim has another.

    What another run brought does not count, nor a claim that somebody has decided on.
    """
    names = ("--network", place.network, "--book", place.book)
    first = write_csv(place.folder / "first.csv", [ride(1, paid=500), ride(2)], COLUMNS)
    dry = onecard("clear", first, *names, "--dry-run")
    assert dry.code == 1
    assert "entries held: 1, see `onecard held list`" in dry.out
    assert json.loads(onecard("clear", first, *names, "--dry-run", "--json").out)["held"] == 1
    done = onecard("clear", first, *names)
    assert (done.code, "entries held: 1" in done.out) == (1, True)
    assert "variance, validators less tables: 3.00 yuan; entries held: 1" in done.out
    told = place.book / "acknowledgements" / "run-1.ack.json"
    assert json.loads(told.read_text("utf-8"))["held"] == 1     # which is what --json prints
    assert onecard("clear", first, *names).code == 0
    second = write_csv(place.folder / "second.csv", [ride(3, paid=210)], COLUMNS)
    done = onecard("clear", second, *names)
    assert (done.code, "0.10 yuan" in done.out, "entries held" in done.out) == (0, True, False)
    assert "released" in place.decide("release", 1)


def test_what_variances_come_to_has_a_limit(place: Place) -> None:
    """Each is believed; all of a window together are told, by an exit code of its own."""
    model = place.network / "network.toml"
    limit = 'code = "bus"\nwindow_variance_most = 250\n'
    model.write_text(model.read_text("utf-8").replace('code = "bus"\n', limit, 1), "utf-8")
    names = ("--network", place.network, "--book", place.book)

    def clear(*rows: dict[str, Any]) -> tuple[int, str]:
        path = write_csv(place.folder / f"{rows[0]['card_seq']}.csv", rows, COLUMNS)
        done = onecard("clear", path, *names)
        return done.code, done.err

    assert clear(ride(1, paid=300), ride(2, paid=350))[0] == 0      # 2.50
    assert clear(ride(3, paid=900))[0] == 1                         # which is held
    code, said = clear(ride(4, paid=201), ride(5, kind="x"))
    assert (code, "variances of bus in window 2024-11-25: 2.51 yuan" in said) == (3, True)
    assert "at most 2.50 are let pass" in said
    assert clear(ride(6, tapped_at="2024-11-26T08:00:00"))[0] == 0  # another window
    assert clear(ride(7, paid=100))[0] == 0                         # 1.51 by now
    for seq in (8, 9, 10, 11):
        code, said = clear(ride(seq, paid=50))
    assert (code, "-4.49 yuan" in said) == (3, True)


def test_no_purse_gives_more_than_it_has(place: Place) -> None:
    """Whatever the tables say: nobody has to think of it."""
    for table in place.network.glob("*.toml"):
        table.write_text(table.read_text("utf-8").replace(LIMITS, ""), "utf-8")
    place.clear(ride(1, paid=2_000_000_000, balance_before=500), ride(2, balance_before=200))
    assert (place.held(), place.owed()) == ([1], 200)


def test_a_named_person_releases_and_rejects(place: Place) -> None:
    place.clear(ride(1, paid=500), ride(2, paid=600), ride(3))
    assert place.owed() == 200
    assert "1 ride released by li.wei" in place.decide("release", 1)
    assert (place.held(), place.owed()) == ([2], 700)
    assert "1 ride rejected by li.wei" in place.decide("reject", 2)
    assert (place.held(), place.owed()) == ([], 700)
    rides = {row["card_seq"]: row for row in shown("rides", place.book)}
    assert (rides[1]["paid"], rides[2]["paid"], rides[2]["uncollected"]) == (500, 0, 200)
    entries = shown("entries", place.book)
    assert {entry["reason"] for entry in entries if entry["card_seq"] == 1} == {
        "original", "correction", "claim_released"}
    assert {entry["reason"] for entry in entries if entry["card_seq"] == 2} == {
        "original", "correction", "claim_rejected"}
    told = accepted("explain", f"{CARD}/1", "--book", place.book).out
    assert "released, authorised by li.wei" in told
    assert "; released" in told


def test_decisions_outlive_closing_and_restating(place: Place) -> None:
    place.clear(ride(1, paid=500), ride(2, paid=600))
    accepted("settle", "--yes", "--window", DAY, "--book", place.book)
    assert place.owed() == 0
    place.decide("release", 1)
    assert (place.held(), place.owed()) == ([2], 500)
    table = place.network / "bus.toml"
    table.write_text(table.read_text("utf-8").replace("amount = 200", "amount = 100"), "utf-8")
    accepted("restate", "--since", DAY, "--book", place.book)
    assert (place.held(), place.owed()) == ([2], 500)


def test_a_decision_says_all_that_the_reports_of_a_tap_said(place: Place) -> None:
    gate = {"operator": "metro", "mode": "metro", "tapped_at": f"{DAY}T09:00:00"}
    place.clear(ride(1, **gate, kind="in", stop="a", paid="", due=""),
                ride(1, **gate | {"tapped_at": f"{DAY}T09:20:00"}, kind="out", stop="c", paid=900),
                ride(2, paid=600, due=""))
    place.clear(ride(2, paid="", balance_before=5000))
    before = {row["card_seq"]: row for row in shown("rides", place.book)}
    assert "2 rides released" in place.decide("release", 1, 2)
    after = {row["card_seq"]: row for row in shown("rides", place.book)}
    for row in (*before.values(), *after.values()):
        del row["reason"]       # of the entry: that it was released
    assert after == before
    assert place.held() == []


def test_a_later_correction_ends_a_decision(place: Place) -> None:
    place.clear(ride(1, paid=500))
    place.decide("release", 1)
    place.clear(ride(1, paid=501, correction="replace", revision=2, reason="wrong_amount",
                     authorised_by="bus"))
    assert (place.held(), place.owed()) == ([1], 0)
    place.decide("release", 1)
    assert place.owed() == 501


def test_a_decision_is_of_the_chip_that_is_held(place: Place) -> None:
    """The old chip counted to the same number, and its ride is settled long since."""
    model = place.network / "network.toml"
    model.write_text('card_register = "cards.csv"\n' + model.read_text("utf-8"), "utf-8")
    (place.network / "cards.csv").write_text(
        f"card,valid_from\n{CARD},\n{CARD},{DAY}T12:00:00\n", "utf-8")
    place.clear(ride(1), ride(1, tapped_at=f"{DAY}T13:00:00", paid=500))
    assert (place.held(), place.owed()) == ([1], 200)
    place.decide("reject", 1)
    assert (place.held(), place.owed()) == ([], 200)


def test_a_decision_is_of_the_operators_own_record(place: Place) -> None:
    """Another one has sent a correction of it, which is refused."""
    place.clear(ride(1, paid=500))
    place.clear(ride(1, operator="metro", mode="metro", stop="a", correction="replace",
                     revision=7, reason="other", authorised_by="metro"))
    assert [row["code"] for row in shown("refusals", place.book)] == ["FOREIGN_RECORD"]
    place.decide("release", 1)
    assert (place.held(), place.owed()) == ([], 500)


def test_no_file_decides(place: Place) -> None:
    decided = {"correction": "replace", "revision": 1, "authorised_by": "bus"}
    place.clear(ride(1, paid=500),
                ride(2, **decided, reason="released"), ride(3, **decided, reason="rejected"),
                ride(4, **decided | {"authorised_by": "li.wei"}, reason="other"))
    assert sorted(row["code"] for row in shown("refusals", place.book)) == [
        "CLAIM_DECISION", "CLAIM_DECISION", "UNKNOWN_AUTHORITY"]
    assert place.held() == [1]


def test_wrong_use_is_told(place: Place) -> None:
    place.clear(ride(1, paid=500), ride(2))
    book = ("--book", place.book)
    for ride_, by, said in ((f"{CARD}/1", "mallory", "an approver of the network: li.wei"),
                            (f"{CARD}/2", "li.wei", "the book holds no ride"),
                            (f"{CARD}/9", "li.wei", "onecard held list"),
                            (CARD, "li.wei", "CARD/COUNTER")):
        assert said in refused("held", "release", ride_, "--by", by, *book).err
    assert place.held() == [1]


@pytest.mark.parametrize(("key", "value", "said"), [
    ("amount_most", "-1", "whole minor units"), ("media", '["coin"]', "'coin' is not in network"),
    ("paid_most", "1", "unknown field"), ("overdraft_most", "9999999999", "whole minor units")])
def test_limits_that_cannot_be_are_refused_where_they_stand(
        tmp_path: Path, key: str, value: str, said: str) -> None:
    write(tmp_path, {"bus": head("bus") + BUS + f"\n[[claim_limit]]\n{key} = {value}\n"})
    done = onecard("tables", "check", tmp_path)
    assert done.code in (1, 2)
    assert said in done.out + done.err
    assert "bus.toml:" in done.out + done.err
