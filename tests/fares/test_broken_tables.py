"""A table that cannot be is refused before a ride is priced: what is wrong, where, what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from network.errors import TableError
from tests.kernels.ground import (
    compile_for,
    make_network,
    make_operator,
    make_table,
    stops_text,
)

FUNDERS = [{"funder": "finance"}]
TOO_MUCH = 2_000_000_001
HUGE = 2**63


def distance(*bands: dict[str, int], **changes: Any) -> dict[str, Any]:
    return {"fare": {"rule": "km", "basis": "distance", "distance": "tap", "bands": bands,
                     **changes}}


def flat(**changes: Any) -> dict[str, Any]:
    return {"fare": {"rule": "flat", "basis": "flat", "amount": 200, **changes}}


def row(kind: str, **changes: Any) -> dict[str, Any]:
    given = {"concession": {"pays_percent": 50}, "transfer": {"credit": 40, "within_s": 60},
             "tier": {"accumulator": "month", "pays_percent": 80, "over": 0},
             "cap": {"accumulator": "month", "amount": 900}}[kind]
    fields = {"rule": "cut", "funders": FUNDERS, **given, **changes}
    return {kind: [{name: value for name, value in fields.items() if value is not None}]}


def cut(**changes: Any) -> dict[str, Any]:
    return row("concession", **changes)


PARTS = [{"to": 8000, "pays_percent": 80}, {"pays_percent": 50}]


def parts(**changes: Any) -> dict[str, Any]:
    return row("tier", **{"over": None, "pays_percent": None, "bands": PARTS, **changes})


def credit(**changes: Any) -> dict[str, Any]:
    return cut(pays_percent=None, carried_credit={
        "accumulator": "month", "used": "credit", **changes})


# What is broken, and a part of what is said about it.
BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"operators": ["nobody"]},                     "operator 'nobody' is not in network.toml"),
    ({"operators": []},                             "it has no operators"),
    ({"city": "nowhere"},                           "city 'nowhere' is not in network.toml"),
    ({"modes": ["boat"]},                           "mode 'boat' is not in network.toml"),
    ({"in_force_until": "1969-12-31"},              "it ends on 1969-12-31, before it begins"),
    ({"in_force_from": "1969-12-31"},               "1969-12-31 is not between 1970 and 2149"),
    ({"in_force_until": "2150-01-01"},              "2150-01-01 is not between 1970 and 2149"),
    ({"counts_to": ["decade"]},
     "accumulator 'decade' is not in network.toml"),
    ({"counts_to": ["month", "month"]},             "counts_to names something twice: month, mo"),
    ({"order": ["tier", "tier", "transfer"]},       "order names something twice: tier, tier, t"),
    ({"order": ["tier"], **cut()},                  "order does not name 'concession'"),
    (flat(amount=None),                             "the basis is 'flat', and amount is missing"),
    (flat(amount=-1),                               "amount is -1"),
    (flat(amount=TOO_MUCH),                         f"amount is {TOO_MUCH}"),
    (flat(matrix="od.csv"),                         "the basis is 'flat', and matrix is given"),
    (flat(missing_in=-1),                           "missing_in is -1"),
    (flat(same_station=TOO_MUCH),                   f"is {TOO_MUCH}"),
    (flat(overtime_after_s=0),                      "overtime_after_s is 0"),
    (flat(overtime_after_s=1, overtime_add=-5),     "overtime_add is -5"),
    (distance(),                                    "there are no bands"),
    (distance({"to_m": 9}),                         "band 1 needs an amount, or every_m and add"),
    (distance({"amount": 1, "add": 1}),             "band 1 needs an amount, or every_m and add"),
    (distance({"every_m": 9, "add": 1}),            "the first band needs an amount"),
    (distance({"to_m": 0, "amount": 1}),            "to_m is 0"),
    (distance({"amount": 1}, {"every_m": 1, "add": 1}), "band 1 has no end, but it is not the"),
    (distance({"to_m": 9, "amount": 1}, {"every_m": 0, "add": 1}), "every_m is 0"),
    (distance({"to_m": 9, "amount": 1}, {"add": 1}), "band 2 needs an amount, or every_m and"),
    (distance({"to_m": 9, "amount": 1}, {"to_m": 9, "every_m": 1, "add": 1}),
     "band 2 ends at 9 m, not after 9 m"),
    (distance({"to_m": 9, "amount": TOO_MUCH}),     f"amount is {TOO_MUCH}"),
    (distance({"to_m": HUGE, "amount": 1}),         f"to_m is {HUGE}"),
    (distance({"to_m": 9, "amount": 1}, {"every_m": HUGE, "add": 1}), f"every_m is {HUGE}"),
    (distance({"amount": 1}, distance="stops"),     "needs the stops of 'bus'"),
    ({"fare": {"rule": "od", "basis": "od", "matrix": "od.csv"}}, "needs the stops of 'bus'"),
    ({"fare": {"rule": "od", "basis": "od"}},       "the basis is 'od', and matrix is missing"),
    (cut(funders=[]),                               "row 'cut': it has 0 funders"),
    (cut(funders=FUNDERS * 5),                      "one ride could need 5 discount legs"),
    (cut(funders=[{"funder": "nobody"}]),           "funder 'nobody' is not a member"),
    (cut(funders=[{"funder": ""}]),                 "funder '' is not a member"),
    (cut(funders=[{"funder": "civil", "weight": 0}]),         "funder 'civil' has weight 0"),
    (cut(funders=[{"funder": "civil", "weight": 1_000_001}]), "has weight 1000001"),
    ({**cut(funders=FUNDERS * 3), **row("tier", funders=FUNDERS * 2, rule="more")},
     "one ride could need 5 discount legs"),
    (cut(card_kinds=["pilot"]),                     "card kind 'pilot' is not in network.toml"),
    (cut(media=["coin"]),                           "medium 'coin' is not in network.toml"),
    (cut(modes=["boat"]),                           "mode 'boat' is not in network.toml"),
    (cut(cards=["nowhere"]),                        "city 'nowhere' in cards is not in network"),
    (cut(pays_percent=101),                         "101 % is more than the whole price"),
    (cut(pays_percent="100.0001"),                  "100.0001 % is more than the whole price"),
    (cut(pays_percent="half"),                      "'half' is not a percent"),
    (cut(pays_percent=-1),                          "-1 is not a percent"),
    (cut(pays_percent=None),                        "it has no effect"),
    (cut(pays_amount=5),                            "it has pays_percent and pays_amount"),
    (cut(pays_percent=None, pays_amount=-5),        "pays_amount is -5"),
    (cut(pays_percent=None, bands=[{"to": 5, "pays_percent": 5}]), "band 1 is out of order"),
    (cut(pays_percent=None, bands=[{"pays_percent": 5}, {"pays_percent": 5}]),
     "band 1 is out of order"),
    (cut(pays_percent=None, bands=[{"to": 9, "pays_percent": 5}, {"to": 9, "pays_percent": 5},
                                   {"pays_percent": 5}]), "band 2 is out of order"),
    (cut(pays_percent=None, bands=[{"to": HUGE, "pays_percent": 5}, {"pays_percent": 5}]),
     f"to is {HUGE}"),
    (cut(unit=0),                                   "unit is 0"),
    (cut(unit=TOO_MUCH),                            f"unit is {TOO_MUCH}"),
    (cut(rule="flat"),                              "two rows are called 'flat'"),
    ({**cut(), **row("tier")},                      "two rows are called 'cut'"),
    (row("transfer", credit=None),                  "it has no effect"),
    (row("transfer", credit_up_to=5),               "it has credit and credit_up_to"),
    (row("transfer", credit=-5),                    "credit is -5"),
    (row("transfer", within_s=-1),                  "within_s is -1"),
    (row("transfer", within_s=1 << 32),             "within_s is 4294967296"),
    (row("transfer", max_transfers=0),              "max_transfers is 0"),
    (row("transfer", max_transfers=251),            "max_transfers is 251"),
    (row("transfer", from_modes=["boat"]),          "mode 'boat' is not in network.toml"),
    (row("transfer", from_operators=["nobody"]),    "operator 'nobody' in from_operators"),
    (row("tier", accumulator="decade"),
     "accumulator 'decade' is not in network.toml"),
    (row("tier", at_least=0),                       "it has both over and at_least, or neither"),
    (row("tier", over=None),                        "it has both over and at_least, or neither"),
    (row("tier", up_to=5, below=5),                 "it has both up_to and below"),
    (row("tier", over=5, up_to=5),                  "nothing counted is from 6 to 5"),
    (row("tier", over=5, below=6),                  "nothing counted is from 6 to 5"),
    (row("tier", over=None, at_least=-1),           "it begins at -1"),
    (row("tier", bands=PARTS),                      "it has pays_percent and bands"),
    (row("tier", pays_percent=None),                "it has no effect"),
    (row("tier", pays_percent=None, bands=PARTS),   "it has both bands and over"),
    (parts(accumulator="today"),                    "the bands' accumulator 'today' counts due"),
    (parts(bands=PARTS[:1]),                        "band 1 is out of order"),
    (parts(bands=[{"to": 5, "pays_percent": 0}, *PARTS]), "band 1 is free, so that nothing paid"),
    ({"fare": []},                                  "it has no fare"),
    (flat(basis="time"),                            "the basis is 'time', and amount is given"),
    (flat(basis="zone", amount=None),               "the basis is 'zone', and matrix is missing"),
    (flat(grace_m=5),                               'grace_m belongs to basis "distance"'),
    (flat(missing_in="terminus"),
     "a fare to the terminus needs the line's stops"),
    (flat(same_station=[{"costs": 5}, {"costs": 9}]), "step 1 of same_station holds for any time"),
    (flat(same_station=[{"costs": 5, "within_s": 9}, {"costs": 9, "within_s": 9}]),
     "step 2 of same_station ends at 9 s, not after 9 s"),
    (flat(overtime_add=5),                          "but no overtime_after_s"),
    (distance({"to_s": 9, "amount": 1}),            "band 1 is not written in m"),
    ({"operators": ["szbus"], **distance({"amount": 1}, distance="line")},
     "fares along the line need the line_stops of 'szbus'"),
    (flat(line_classes=["dusk"]),                  "line class 'dusk' is not in network.toml"),
    (flat(from_stops=["west"]),                     "stop set 'west' is not in the table"),
    (flat(timeframes=["peak"]),                        "timeframe 'peak' is not in the table"),
    (flat(timeframes=[]),                           "timeframes is empty"),
    (flat(age_from=70, age_to=60),                  "no age is from 70 to 60"),
    (flat(age_to=0),                                "no age is from 1 to 0"),
    ({"timeframe": [{"timeframe": "peak"}] * 2},    "timeframe names something twice: peak, peak"),
    ({"timeframe": [{"timeframe": "w", "since": "07:00:00.5"}], **flat(timeframes=["w"])},
     "07:00:00.5"),
    ({"best": ["cap"]},                             "best names cap, but every cap that fits"),
    ({"companion_within_s": 0},                     "companion_within_s is 0"),
    (cut(funders=[{"funder": "civil", "percent": 99}]), "the funders pay 99 percent"),
    (cut(funders=[{"funder": "civil", "percent": 50}, {"funder": "finance"}]),
     "some funders have a percent and some do not"),
    (cut(pays_percent=None, pays_fare="child"),     "pays_fare names 'child', which is no fare"),
    (cut(pays_percent=None, takes_off=-5),          "takes_off is -5"),
    (cut(quota={"accumulator": "month", "limit": 9}),
     "the quota's accumulator 'month' counts paid"),
    (cut(quota={"accumulator": "uses", "limit": 2, "uses": 3}), "takes 3 of a quota of 2"),
    (cut(quota={"accumulator": "uses", "limit": 2, "uses": 0}), "takes 0 of a quota of 2"),
    # Used twice, it would be more than 64 bits.
    (cut(quota={"accumulator": "uses", "limit": 1 << 62, "uses": 1 << 62}), "takes 46116860184273"),
    (row("transfer", same_line=True, same_line_after_s=9), "both same_line and same_line_after_s"),
    (row("transfer", credit=None, chain_pays=-1),   "chain_pays is -1"),
    (row("transfer", credit=None, pays_percent=101), "101 % is more than the whole price"),
    (row("transfer", left_at=["west"]),             "stop set 'west' is not in the table"),
    (row("transfer", from_line_classes=["dusk"]),  "line class 'dusk' is not in network.toml"),
    (row("cap", amount=-1),                         "amount is -1"),
    (row("cap", accumulator="decade"),              "accumulator 'decade' is not in network.toml"),
    (row("tier", over=HUGE),                        f"it begins at {HUGE + 1}"),
    (flat(basis="none"),                            "the basis is 'none', and amount is given"),
    (flat(operators=["metro"]),                     "operator 'metro' is not one of the table's"),
    (flat(not_operators=["nobody"]),                "operator 'nobody' is not one of the table's"),
    (cut(not_operators=["bus"]),                    "it is for none of the table's operators"),
    (cut(operators=[]),                             "it is for none of the table's operators"),
    (cut(not_card_kinds=["pilot"]),                 "card kind 'pilot' is not in network.toml"),
    (cut(not_media=["coin"]),                       "medium 'coin' is not in network.toml"),
    (cut(not_modes=["boat"]),                       "mode 'boat' is not in network.toml"),
    (cut(not_line_classes=["dusk"]),                "line class 'dusk' is not in network.toml"),
    (cut(not_from_stops=["west"]),                  "stop set 'west' is not in the table"),
    (cut(not_to_stops=["west"]),                    "stop set 'west' is not in the table"),
    (cut(exit_timeframes=["peak"]),                 "timeframe 'peak' is not in the table"),
    (cut(exit_timeframes=[]),                       "exit_timeframes is empty"),
    ({"timeframe": [{"timeframe": "w"}], **cut(timeframes=["w"], timeframe_at="exit",
                                               exit_timeframes=["w"])},
     'timeframe_at = "exit", and exit_timeframes, too'),
    (cut(pays_at_least=-1),                         "pays_at_least is -1"),
    (cut(pays_at_least=TOO_MUCH),                   f"pays_at_least is {TOO_MUCH}"),
    (row("transfer", not_from_modes=["boat"]),      "mode 'boat' is not in network.toml"),
    (row("transfer", not_from_operators=["nobody"]), "operator 'nobody' in not_from_operators"),
    (row("transfer", not_from_line_classes=["dusk"]), "line class 'dusk' is not in network.toml"),
    (row("transfer", not_left_at=["west"]),         "stop set 'west' is not in the table"),
    (row("transfer", began_at=["west"]),            "stop set 'west' is not in the table"),
    (row("transfer", not_began_at=["west"]),        "stop set 'west' is not in the table"),
    (row("transfer", chain_began_at=["west"]),      "stop set 'west' is not in the table"),
    (row("transfer", not_chain_began_at=["west"]),  "stop set 'west' is not in the table"),
    (row("transfer", renews=True),                  "measures from the ride before"),
    (cut(counted={"accumulator": "decade", "over": 0}),
     "accumulator 'decade' is not in network.toml"),
    (cut(counted={"accumulator": "month", "over": 0}),
     "counts what is paid, and what this ride pays is not known yet"),
    (cut(counted={"accumulator": "year"}),          "it has both over and at_least, or neither"),
    (cut(counted={"accumulator": "year", "over": 1, "below": 2}), "nothing counted is from 2 to 1"),
    (cut(counted={"accumulator": "year", "at_least": -1}), "it begins at -1"),
    (cut(counted_before={"accumulator": "decade", "over": 0}),
     "accumulator 'decade' is not in network.toml"),
    (cut(counted_before={"accumulator": "seven", "over": 0}),
     "the days of accumulator 'seven' begin with a ride: there is no period before"),
    (cut(counted_before={"accumulator": "month"}),  "it has both over and at_least, or neither"),
    (credit(accumulator="decade"),                  "accumulator 'decade' is not in network.toml"),
    (credit(accumulator="seven"),                   "begin with a ride: there is no period before"),
    (credit(accumulator="uses"),                    "accumulator 'uses' counts rides, no money"),
    (credit(used="month"),                          "accumulator 'month' counts paid by the month"),
    (credit(accumulator="week"),
     "accumulator 'credit' counts credit by the month"),
    (credit(percent=101),                           "101 % is more than the whole price"),
    (credit(over=-1),                               "over is -1"),
    (credit(most=TOO_MUCH),                         f"most is {TOO_MUCH}"),
    (cut(carried_credit={"accumulator": "month", "used": "credit"}),
     "it has pays_percent and carried_credit"),
    ({"counts_to": ["credit"]},                     "rides would count to 'credit', which counts"),
    (flat(counts_to=["credit"]),                    "rides would count to 'credit', which counts"),
    (flat(chain="own", outside_chain=True),         "of a transfer chain, and outside of all"),
    (row("transfer", first_due_from=2, first_due_to=1), "no amount is from 2 to 1"),
    (row("transfer", first_due_to=-1),              "first_due_to is -1"),
    (flat(counts_to=["decade"]),                    "accumulator 'decade' is not in network.toml"),
    (flat(counts_to=["month", "month"]),            "its rides would count to 'month' twice"),
    ({"counts_to": ["month"], **flat(counts_to=["month"])},
     "its rides would count to 'month' twice"),
    (flat(links="new.csv"),                         "links belong to basis \"distance\""),
    (distance({"amount": 1}, matrix="km.csv"),      "the basis is 'distance', and matrix is given"),
    (distance({"amount": 1}, distance="pairs"),     "and matrix is missing"),
    ({"operators": ["bus", "metro"],
      "fare": [{"rule": "own", "basis": "flat", "amount": 100, "operators": ["metro"]},
               {"rule": "flat", "basis": "flat", "amount": 200}],
      **cut(pays_percent=None, pays_fare="own")},
     "no fare row of the table for all operators that this row is for"),
]


def message_of(tmp_path: Path, *tables: Any, **changes: Any) -> str:
    with pytest.raises(TableError) as caught:
        compile_for(make_network(tmp_path, **changes), *tables)
    return str(caught.value)


@pytest.mark.parametrize(("broken", "said"), BROKEN, ids=[said for _, said in BROKEN])
def test_a_broken_table_is_refused_in_words(tmp_path: Path, broken: dict[str, Any],
                                            said: str) -> None:
    table = make_table(**broken)
    where, what, *remedy = message_of(tmp_path, table).replace(": ", "\n", 1).split("\n")
    assert where == f"table bus-table@{table.in_force_from}"
    assert said in what
    assert remedy and all(remedy), "it says what to do"


def test_a_table_as_large_as_can_be_is_taken(tmp_path: Path) -> None:
    """The limits themselves are allowed."""
    most = TOO_MUCH - 1
    compile_for(make_network(tmp_path), make_table(**flat(amount=most, missing_in=0)), make_table(
        "szbus", **distance({"to_m": 1, "amount": most}, {"to_m": 2**32 - 1, "every_m": 2**32 - 1,
                                                          "add": most}),
        **row("tier", over=None, at_least=0, up_to=HUGE)))


@pytest.mark.parametrize(("first", "second", "said"), [
    ({}, {},                                  "two tables are called bus-table@1970-01-01"),
    ({}, {"table": "other"},                  "are both in force for bus bus on 1970-01-01"),
    ({"in_force_until": "2020-06-30"}, {"in_force_from": "2020-06-30"}, "on 2020-06-30"),
    ({"lines": ["1", "2"]}, {"table": "other", "lines": ["2", "3"]}, "are both in force"),
])
def test_two_tables_never_price_one_ride(tmp_path: Path, first: dict[str, Any],
                                         second: dict[str, Any], said: str) -> None:
    message = message_of(tmp_path, make_table(**first), make_table(**second))
    assert said in message.split("\n")[0]
    assert message.count("\n") == 1


def test_one_table_after_the_other_is_well(tmp_path: Path) -> None:
    compile_for(make_network(tmp_path), make_table(in_force_until="2020-06-30"),
                make_table(in_force_from="2020-07-01"), make_table(table="line", lines=["1"]))


def test_fares_by_distance_need_track(tmp_path: Path) -> None:
    table = make_table("metro", **distance({"amount": 1}, distance="stops"))
    message = message_of(tmp_path, table, links=None)
    assert "need the links of 'metro'\nname a CSV of links for it" in message


def test_a_stop_is_listed_once(tmp_path: Path) -> None:
    message = message_of(tmp_path, make_table("metro"), stops=["a", "b", "a"])
    assert message == (f"{tmp_path}/stops.csv:4: stop 'a' is listed twice [NOT_COMPILED]\n"
                       "    a,a\nkeep one line")


def test_operators_of_one_paid_area_share_its_stops(tmp_path: Path) -> None:
    """One matrix is compiled for both: with other stops it would price the wrong pairs."""
    (tmp_path / "tram.csv").write_text(stops_text("edcba"))
    tram = make_operator("tram", modes=["metro"], system="rail", stops="tram.csv",
                         links="links.csv")
    with pytest.raises(TableError, match="'metro' and 'tram' are both of system 'rail'"):
        compile_for(make_network(tmp_path, operators=[tram]), make_table("metro"))
