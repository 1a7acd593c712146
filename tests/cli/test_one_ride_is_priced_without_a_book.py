"""`onecard price`: the fare, who pays it, and what the card carries; or why there is no price."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.run.command import Outcome, onecard, process, refused

SMALL = Path(__file__).parent / "small"
MORNING = ("--at", "2024-11-25 08:10")
HEAVY = {"numpy", "rich", "chdb", "clickhouse_driver", "ext"}


def ask(*arguments: str, network: str | Path = SMALL) -> Outcome:
    return onecard("price", "--network", network, *arguments)


def told(*arguments: str, network: str | Path = SMALL) -> dict[str, Any]:
    """A ride that has a price, as JSON."""
    done = ask(*arguments, "--json", network=network)
    assert (done.code, done.err) == (0, ""), done
    one: dict[str, Any] = json.loads(done.out)
    assert sum(leg["amount"] for leg in one["legs"]) == one["due"]
    return one


def legs(one: dict[str, Any]) -> list[tuple[str, str, str, int]]:
    """Cause, rule, debtor and amount of each discount; what the rider pays is looked at here."""
    fare, *discounts = one["legs"]
    assert list(fare) == ["cause", "rule", "debtor", "creditor", "amount"]
    assert (fare["cause"], fare["debtor"], fare["amount"]) == ("fare", one["issuer"], one["paid"])
    assert {leg["creditor"] for leg in one["legs"]} == {one["operator"]}
    return [(leg["cause"], leg["rule"], leg["debtor"], leg["amount"]) for leg in discounts]


def why(one: dict[str, Any], rule: str) -> str:
    row, = (row for row in one["rows_tried"] if row["rule"] == rule)
    assert not row["applied"]
    return str(row["why"])


METRO = ("--mode", "metro")
LATE = ("--at", "2024-11-25 07:50")
ELDER = ("--operator", "bus-a", "--mode", "bus", "--card-kind", "elder", *MORNING)
BY_STOPS = ("--from", "东站", "--to", "M3")

PRICED: dict[str, tuple[tuple[str, ...], int, list[tuple[str, str, str, int]]]] = {
    "a distance, early": (
        (*METRO, "--distance", "12.1km", "--at", "2024-11-25 06:50", "--month-spend", "99.50"), 500,
        [("promotion", "early-half", "finance", 167), ("promotion", "early-half", "metro", 83)]),
    "the end of a band": ((*METRO, "--distance", "12000 m", *LATE), 400, []),
    "stops by code and name": ((*METRO, *BY_STOPS, *LATE), 500, []),
    "a tier that is reached": ((*METRO, "--distance", "1km", *LATE, "--month-spend", "100"), 300,
                               [("tier", "month-100", "finance", 60)]),
    "a tier that is not": ((*METRO, "--distance", "1km", *LATE, "--month-spend", "99.99"), 300, []),
    "one accumulator": ((*METRO, "--distance", "1km", *LATE, "--counted", "month-paid=250"), 300,
                        [("tier", "month-100", "finance", 60)]),
    "a cap": ((*METRO, "--distance", "1km", *LATE, "--day-spend", "18.20"), 300,
              [("cap", "day-20", "metro", 120)]),
    "overtime": ((*METRO, "--distance", "1km", *LATE, "--until", "11:50:01"), 600, []),
    "in time": ((*METRO, "--distance", "1km", *LATE, "--until", "11:50"), 300, []),
    "no way in": ((*METRO, "--missing", "in", "--to", "M2", *LATE), 500, []),
    "no way out": ((*METRO, "--missing", "out", "--from", "M1", *LATE), 500, []),
    "an elder": ((*ELDER, "--age", "65", "--month-rides", "98"), 200,
                 [("concession", "elder-100", "finance", 200)]),
    "a quota used up": ((*ELDER, "--age", "65", "--month-rides", "99"), 200, []),
    "an elder too young": ((*ELDER, "--age", "64"), 200, []),
    "an age not known": (ELDER, 200, []),
    "no review": ((*ELDER, "--age", "65", "--not-reviewed"), 200, []),
    "by time": (("--mode", "ferry", *MORNING, "--until", "2024-11-25 08:40:01"), 300, []),
    "as the validator says": (("--mode", "coach", *MORNING, "--due", "7.5"), 750,
                              [("concession", "home-half", "fs-card", 375)]),
    "an away card": (("--mode", "coach", *MORNING, "--due", "7.5", "--card-city", "away"), 750, []),
    "a city's card": (("--mode", "coach", *MORNING, "--due", "7.5", "--card-city", "广州"), 750,
                      []),
    "an issuer's card": (("--mode", "coach", *MORNING, "--due", "7", "--issuer", "佛山卡"), 700,
                         [("concession", "home-half", "fs-card", 350)]),
}


@pytest.mark.parametrize("what", PRICED)
def test_a_ride_has_its_price(what: str) -> None:
    arguments, due, expected = PRICED[what]
    one = told(*arguments)
    assert (one["due"], legs(one)) == (due, expected)
    assert one["variance"] == 0


def test_the_rows_tried_say_why() -> None:
    one = told(*METRO, "--distance", "12.1km", "--at", "2024-11-25 06:50", "--month-spend", "99.50")
    assert [(row["kind"], row["rule"], row["applied"]) for row in one["rows_tried"]] == [
        ("table", "metro@2020-01-01", True), ("fare", "distance", True),
        ("promotion", "early-half", True), ("tier", "month-100", False),
        ("cap", "day-20", True), ("paid", "", True)]
    assert why(one, "month-100") == "not where a promotion has applied"
    assert (one["table"], one["rule"], one["state"]) == (
        "metro@2020-01-01", "distance", "COMPLETE")


def test_an_explanation_in_words_has_it_all() -> None:
    out = ask(*METRO, "--distance", "12.1km", "--at", "2024-11-25 06:50", "--month-spend",
              "99.50").out
    assert "promotion early-half applies pays 50 % 5.00 2.50" in " ".join(out.split())
    assert "not where a promotion has applied" in out
    assert "20 minutes after it began" in out
    payers = out.split("who pays, in yuan")[1].split("what the card carries")[0]
    amounts = [line.split()[-1] for line in payers.splitlines() if line[-1:].isdigit()]
    assert amounts == ["2.50", "1.67", "0.83", "5.00"]
    assert out.endswith("the rider pays 2.50 of 5.00 yuan\n")


def test_what_the_card_carries_is_shown_before_and_after() -> None:
    one = told(*METRO, "--distance", "12.1km", *LATE, "--month-spend", "97", "--day-spend", "16")
    assert {(row["accumulator"], row["counts"], row["before"], row["after"])
            for row in one["accumulators"]} == {
        ("month-paid", "paid", 9700, 10100), ("day-paid", "paid", 1600, 2000)}
    assert one["tiers"] == [{"accumulator": "month-paid", "before": None, "after": "month-100"}]
    assert one["caps"] == [{"rule": "day-20", "accumulator": "day-paid", "amount": 2000,
                            "left_before": 400, "left_after": 0}]
    assert one["transfer_chain_before"] is None
    assert one["transfer_chain_after"]["prices"] == 500
    one = told(*ELDER, "--age", "70", "--month-rides", "3")
    assert one["quotas"] == [{"rule": "elder-100", "accumulator": "elder-counts", "limit": 100,
                              "takes": 2, "before": 3, "after": 5}]


def test_a_ride_before_is_transferred_from() -> None:
    bus = ("--operator", "bus-a", "--mode", "bus", *MORNING)
    one = told(*bus, "--before", "metro 07:20..07:45 from=M1 to=中街")
    assert legs(one) == [("transfer", "change", "bus-a", 100)]
    assert (one["transfer_chain_before"]["prices"], one["transfer_chain_after"]["prices"]) == (
        300, 400)
    assert one["transfer_chain_after"]["transfers"] == 1
    assert [(row["due"], row["operator"]) for row in one["rides_before"]] == [(300, "metro")]
    one = told(*bus, "--before", "metro 2024-11-25T07:00..07:10:00 0.50")
    assert legs(one) == [("transfer", "change", "bus-a", 50)]       # of its DUE
    one = told(*bus, "--before", "metro 06:20..07:09:59 0.50")
    assert why(one, "change") == "60 min 1 s from the end to its start, 0 to 60 min allowed"
    one = told(*bus, "--before", "bus:7 08:09 operator=bus-a vehicle=V", "--line", "7",
               "--vehicle", "V")
    assert one["companion"]
    assert one["accumulators"][0]["before"] == 200      # the ride before counts like any other


def test_the_line_decides_whether_a_ride_has_a_way_out() -> None:
    bus = ("--mode", "bus", "--at", "2024-11-25 08:30:00", "--before", "bus:6 07:00")
    one = told(*bus, "--line", "5", network="shenzhen")
    assert (one["state"], one["paid"], one["assumed"]) == ("SINGLE_TAP", 120, [])
    one = told(*bus, "--line", "例31", "--distance", "31km", network="shenzhen")
    assert (one["state"], one["paid"]) == ("COMPLETE", 425)
    late = ("--mode", "bus", "--at", "2024-11-25 08:30:01", "--line", "5")
    assert told(*late, "--before", "bus:6 07:00", network="shenzhen")["paid"] == 160
    one = told(*late, "--before", "bus:5 08:00", network="shenzhen")
    assert why(one, "transfer-40-fen") == "line 5 again"


def test_too_long_inside_needs_the_way_out_whose_dearest_fare_is_due() -> None:
    late = ("--mode", "metro", "--at", "2024-11-25 08:00", "--until", "2024-11-25 12:00:01")
    done = refused("price", "--network", "guangzhou", *late, "--distance", "15km")
    assert "--from and --to" in done.err
    one = told(*late, "--from", "体育西路", "--to", "机场南", network="guangzhou")
    in_time = told(*late[:-1], "2024-11-25 12:00", "--from", "体育西路", "--to", "机场南",
                   network="guangzhou")
    assert one["paid"] > in_time["paid"]


def test_rides_before_are_taken_by_their_times() -> None:
    one = told(*METRO, *BY_STOPS, *MORNING, "--before", "metro 07:55..08:05 distance=1km",
               "--before", "bus 07:30 1.00")
    assert [row["started_at"][-8:] for row in one["rides_before"]] == ["07:30:00", "07:55:00"]


def test_a_through_price_needs_the_whole_way() -> None:
    before = ("--before", "tram:1 07:55..08:05 from=M1 to=M2")
    tram = ("--mode", "tram", "--line", "2", *MORNING, *before)
    one = told(*tram, "--from", "M2", "--to", "M3")
    assert legs(one) == [("transfer", "through", "tram", 200)]      # 5 yuan, 3 of them paid before
    assert one["due"] == 400
    done = refused("price", "--network", SMALL, *tram, "--distance", "8.1km")
    assert "--from and --to" in done.err


def test_which_ride_it_is_is_asked_for_only_where_it_matters() -> None:
    done = refused("price", "--network", SMALL, "--mode", "bus", *MORNING)
    assert "bus-a costs 2.00 of 2.00; bus-b costs 3.00 of 3.00" in done.err
    one = told("--mode", "coach", *MORNING, "--due", "7")
    assert one["operator"] == "coach-a"
    assert one["assumed"] == ["coach-a; coach-b would cost as much"]
    one = told(*METRO, "--from", "M1", "--to", "西站", *LATE)
    assert (one["due"], one["to_stop"]) == (500, "M3")
    assert one["assumed"][0] == "metro M1 → M3; metro M1 → M4 would cost as much"
    assert told("--operator", "二公交", *MORNING)["due"] == 300


def test_where_prices_differ_the_network_s_own_operator_is_meant(tmp_path: Path) -> None:
    network = tmp_path / "own"
    shutil.copytree(SMALL, network)
    for path in network.glob("*.toml"):
        path.write_text(path.read_text("utf-8").replace("bus-b", "small-bus"), "utf-8")
    one = told("--mode", "bus", *MORNING, network=network)
    assert (one["operator"], one["due"]) == ("small-bus", 300)
    assert one["assumed"] == ["small-bus runs it; bus-a costs 2.00 of 2.00"]


REFUSED = {
    "before the network": ((*METRO, "--distance", "1km", "--at", "2019-12-31 23:59"),
                           "TIME_TOO_EARLY", "takes taps from 2020-01-01 on"),
    "a way in that nobody knows": (("--mode", "ferry", "--missing", "in", *MORNING), "NO_FARE",
                                   "by-time: no fare for this ride: highest fare by time"),
    # The first hours of the calendar's day are of the service day before.
    "no table yet": ((*METRO, "--distance", "1km", "--at", "2020-01-01 02:59"), "NO_FARE",
                     "no table of metro is for this mode and line, and in force on 2019-12-31"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_ride_without_a_price_says_why(what: str) -> None:
    arguments, code, reason = REFUSED[what]
    done = ask(*arguments)
    assert (done.code, done.err) == (1, "")
    assert f"the ride would be refused: {code}: " in done.out
    assert reason in done.out
    one = json.loads(ask(*arguments, "--json").out)
    assert (one["code"], one["due"], one["paid"], one["legs"]) == (code, None, None, [])
    assert reason in one["reason"]


FAR = (*METRO, "--distance", "1km")
WRONG = {
    "a day alone": ((*FAR, "--at", "2024-11-25"), "a day without a time"),
    "a clock alone": ((*FAR, "--at", "06:50"), "a time without a day"),
    "no such day": ((*FAR, "--at", "2023-02-29 06:50"), "day is out of range"),
    "no such hour": ((*FAR, "--at", "2024-11-25 24:00"), "hour must be in"),
    "no time": ((*FAR, "--at", "noon"), "is not a time"),
    "before all taps": ((*FAR, "--at", "0001-01-01 00:00"), "no tap is of 1, only of 1970 to 2105"),
    "after all taps": ((*FAR, "--at", "2106-01-01 00:00"), "no tap is of 2106"),
    "counted twice": ((*FAR, *MORNING, "--counted", "month-paid=1", "--counted", "month-paid=2"),
                      "'month-paid' is given twice"),
    "a year without calendar": ((*FAR, "--at", "2051-11-25 06:50"), "holidays of 2051"),
    "no unit": ((*METRO, *MORNING, "--distance", "12.1"), "with the unit"),
    "half a metre": ((*METRO, *MORNING, "--distance", "12.1005km"), "whole metres"),
    "below nothing": ((*METRO, *MORNING, "--distance", "-1km"), "is not a distance"),
    "no mode": (("--distance", "1km", *MORNING), "one of bus, metro, ferry, coach, tram"),
    "a mode": (("--mode", "metor", *MORNING), "did you mean metro?"),
    "a mode that it does not run": (("--mode", "bus", "--operator", "metro", *MORNING),
                                    "does not run mode 'bus'"),
    "an operator": (("--mode", "bus", "--operator", "bus-c", *MORNING), "did you mean bus-b"),
    "a kind": ((*FAR, *MORNING, "--card-kind", "eldre"), "did you mean elder?"),
    "a medium": ((*FAR, *MORNING, "--medium", "qrcode"), "one of card, qr"),
    "a city": ((*FAR, *MORNING, "--card-city", "广洲"), "5810 (广州)"),
    "an issuer": ((*FAR, *MORNING, "--issuer", "gz"), "did you mean gz-card"),
    "a stop": ((*METRO, *MORNING, "--from", "M1", "--to", "中 街"), "did you mean M2 (中街)?"),
    "a name of two stops": ((*METRO, *MORNING, "--from", "M2", "--to", "西站"),
                            "metro M2 → M3 costs 4.00 of 4.00; metro M2 → M4 costs 5.00 of 5.00"),
    "nothing to go by": ((*METRO, *MORNING), "--from and --to, or how far it was: --distance"),
    "no way in to go by": ((*METRO, *MORNING, "--missing", "out"), "that is known: --from"),
    "no duration": (("--mode", "ferry", *MORNING), "--until"),
    "nothing said": (("--mode", "coach", *MORNING), "--due"),
    "an end before": ((*FAR, *MORNING, "--until", "08:09"), "ends before it begins"),
    "too long": ((*FAR, *MORNING, "--until", "14:11"), "longest is 360"),
    "two times of one tap": ((*FAR, *MORNING, "--missing", "in", "--until", "09:00"), "one time"),
    "an amount": ((*FAR, *MORNING, "--month-spend", "9.999"), "is not an amount"),
    "a number": ((*FAR, *MORNING, "--month-rides", "1.5"), "is not a number of rides"),
    "counted by nobody": ((*FAR, *MORNING, "--week-spend", "1"), "by the week"),
    "an accumulator": ((*FAR, *MORNING, "--counted", "month=1"), "did you mean month-paid"),
    "a ride before": ((*FAR, *MORNING, "--before", "bus"), "MODE[:LINE] START[..END]"),
    "a key": ((*FAR, *MORNING, "--before", "bus 07:00 form=M1"), "did you mean from?"),
    "a ride after": ((*FAR, *MORNING, "--before", "bus 08:11 2.00"), "is not before the ride"),
    "whose ride before": ((*FAR, *MORNING, "--before", "bus 08:01"), "bus-a costs 2.00"),
    "a ride before for nothing": ((*FAR, *MORNING, "--before", "coach 08:01"), "--due"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_use_is_told_with_what_is_known(what: str) -> None:
    arguments, message = WRONG[what]
    done = refused("price", "--network", SMALL, *arguments)
    assert message in done.err
    assert done.out == ""


def test_a_broken_table_is_refused_before_any_ride_is_priced(tmp_path: Path) -> None:
    shutil.copytree(SMALL, tmp_path / "own")
    table = tmp_path / "own" / "coach.toml"
    table.write_text(table.read_text("utf-8").replace("pays_percent = 50", "pays_percent = 150"))
    done = refused("price", "--network", tmp_path / "own", *FAR, *MORNING)
    assert "home-half" in done.err
    assert "150" in done.err


def test_nothing_heavy_is_imported() -> None:
    """What keeps a cold start short: no arrays, no terminal library, no store, no kernels."""
    done = process("price", "--network", "demo", "--mode", "metro", "--from", "体育西路", "--to",
                   "广州南站", *MORNING, "--month-spend", "99.50", python=("-X", "importtime"))
    assert done.code == 0
    imported = {line.split("|")[-1].strip().split(".")[0] for line in done.err.splitlines()}
    assert {"clearing", "msgspec"} <= imported
    assert not imported & HEAVY


def test_the_shipped_networks_are_priced_by_name() -> None:
    one = told("--mode", "metro", "--from", "体育西路", "--to", "广州南站", *MORNING,
               "--month-spend", "99.50", network="demo")
    assert (one["due"], one["paid"]) == (600, 480)
    assert legs(one) == [("tier", "month-over-80-yuan", "gz-finance", 120)]


def test_amounts_are_in_the_network_s_own_currency() -> None:
    rupiah = ("price", "--network", "transjakarta", "--at", "2023-04-03 08:10", "--line", "1")
    done = onecard(*rupiah)
    assert "who pays, in rupiah" in done.out
    assert done.out.endswith("the rider pays 3,500 of 3,500 rupiah\n")
    assert json.loads(onecard(*rupiah, "--json").out)["currency_decimals"] == 0
    assert "rupiah, from 0 to 2,000,000,000, whole" in refused(*rupiah, "--due", "35.00").err
    dollars = ("--mode", "metro", "--from", "TUC", "--to", "HOK", "--at", "2024-07-01 08:10")
    done = ask(*dollars, network="hongkong")
    assert "24.30 of 24.30 HKD" in done.out
