"""Random rows of a fare table: fares, and discounts of every kind."""

from __future__ import annotations

import datetime
from typing import Any

from hypothesis import strategies as st

from network.model import NetworkFile

AMOUNTS = st.sampled_from([200, 100, 355, 150, 0])
PERCENTS = st.sampled_from([50, 95, 80, 33, 0, 100, "62.5", "33.3"])
ROUNDINGS = st.sampled_from(["half_up", "half_even", "down", "up"])
KINDS = ("concession", "promotion", "transfer", "tier", "cap")
WINDOWS = ("early", "odd")
STOP_SETS = ("east", "west")
LINE_CLASSES = ("express", "night")
FARES_MOST = 3

times = st.sampled_from([datetime.time(8), datetime.time(8, 10), datetime.time(22, 30),
                         datetime.time(0), datetime.time(3, 59, 59), datetime.time(9)])
day_lists = st.sampled_from([None, None, ["workday"], ["restday"], ["holiday"], ["sat", "sun"],
                             ["mon", "tue", "wed"], ["thu", "holiday"]])


@st.composite
def timeframes(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The timeframes of a table, one of each name."""
    return [{key: value for key, value in (
        ("timeframe", name), ("days", draw(day_lists)), ("since", draw(times)),
        ("until", draw(st.one_of(st.none(), times)))) if value is not None} for name in WINDOWS]


@st.composite
def list_fares(
    draw: st.DrawFn, network: NetworkFile, *, rail: bool, chains: bool
) -> list[dict[str, Any]]:
    """Fare rows: a few for some rides, and one for all of them."""
    count = draw(st.sampled_from([1, 1, 2, FARES_MOST]))
    rows = [draw(_fares(rail=rail, chains=chains)) | {"rule": f"fare-{n}"} for n in range(count)]
    for row in rows[:-1]:
        row.update(draw(conditions(network)))
    return rows


@st.composite
def _fares(draw: st.DrawFn, *, rail: bool, chains: bool) -> dict[str, Any]:
    """What a ride costs. Matrices and distances between stops need a railway."""
    kinds = ["flat", "tap", "validator", "time", "line", "line"]
    kinds += ["stops", "stops", "od", "od", "zone", "zone"] if rail else []
    if chains:
        kinds = ["flat"] * 4 + (["stops", "od"] if rail else ["line"])
    kind = draw(st.sampled_from(kinds))
    by_distance = kind in ("tap", "stops", "line")
    fare: dict[str, Any] = {
        "basis": "distance" if by_distance else kind,
        "discounts_on_incomplete": draw(st.booleans()),
    }
    if kind == "flat":
        fare["amount"] = draw(AMOUNTS)
    if by_distance or kind == "time":
        fare["bands"] = draw(_bands("s" if kind == "time" else "m"))
    if by_distance:
        fare |= {"distance": kind, "grace_m": draw(st.sampled_from([0, 0, 1, 99, 1000]))}
    if kind == "zone":
        fare["zones"] = "zones.csv"
    if kind != "flat":
        fare |= draw(_ends(along=kind == "line"))
    if draw(st.booleans()):
        fare |= {"overtime_after_s": draw(st.sampled_from([1800, 600, 3600, 1])),
                 "overtime_add": draw(AMOUNTS), "overtime_dearest": draw(st.booleans())}
    return fare


@st.composite
def _ends(draw: st.DrawFn, *, along: bool) -> dict[str, Any]:
    """What rides cost that are not plain ones."""
    # A number more often than a word: a word can mean that there is no fare.
    ends = st.sampled_from([300, "lowest", "highest", "validator", 0,
                            *(["terminus"] * 3 if along else [])])
    same = st.sampled_from(["fare", "highest", 300, "lowest", "validator"])
    steps = st.lists(st.tuples(same, st.sampled_from([0, 600, 1800])), max_size=2,
                     unique_by=lambda step: step[1])
    return {"missing_in": draw(ends), "missing_out": draw(ends), "same_station": draw(st.one_of(
        same, steps.map(lambda drawn: [
            {"costs": costs, "within_s": within_s}
            for costs, within_s in sorted(drawn, key=lambda step: step[1])]
            + [{"costs": "fare"}])))}


@st.composite
def _bands(draw: st.DrawFn, unit: str) -> list[dict[str, int]]:
    metres = [(1000, 3000), (1000,), (4000, 12000, 24000), (), (999, 2000)]
    seconds = [(600, 1800), (1,), (240, 3600), ()]
    ends = [*draw(st.sampled_from(metres if unit == "m" else seconds)), None]
    bands: list[dict[str, int]] = []
    for n, end in enumerate(ends):
        band = {} if end is None else {f"to_{unit}": end}
        if n == 0 or draw(st.sampled_from([False, False, True])):
            band["amount"] = draw(AMOUNTS)
        else:
            steps = [500, 1000, 4000] if unit == "m" else [60, 601, 1]
            band |= {f"every_{unit}": draw(st.sampled_from(steps)), "add": draw(AMOUNTS)}
        bands.append(band)
    return bands


@st.composite
def list_discounts(
    draw: st.DrawFn, network: NetworkFile, fare_rules: list[str], *, chains: bool
) -> dict[str, list[dict[str, Any]]]:
    """Rows of some kinds. A ride carries four shares at most: one kind may have two funders."""
    kinds = draw(st.permutations(KINDS))[:draw(st.sampled_from([3, 2, 1]))]
    if chains and "transfer" not in kinds:
        kinds = ["transfer", *kinds[1:]]
    rows = {"concession": _concessions(fare_rules), "promotion": _concessions(fare_rules),
            "transfer": _transfers(network), "tier": _tiers(), "cap": _caps()}
    return {
        kind: [
            {"rule": f"{kind}-{n}", **draw(conditions(network, seldom=chains)),
             **draw(rows[kind]), **draw(_limits(kind, kinds)),
             "funders": draw(_funders(2 if kind == kinds[0] and kind != "cap" else 1))}
            for n in range(draw(st.sampled_from([1, 1, 0] if kind == "cap" else [1, 2, 2, 0])))
        ]
        for kind in kinds
    }


@st.composite
def _limits(draw: st.DrawFn, kind: str, kinds: list[str]) -> dict[str, Any]:
    """A quota, what the row does not go with, and how its price is rounded; mostly nothing."""
    limits: dict[str, Any] = {}
    if draw(st.sampled_from([False, False, False, True])):
        uses = draw(st.sampled_from([1, 2, 3]))
        limits["quota"] = {"accumulator": "U1", "uses": uses,
                           "limit": uses + draw(st.sampled_from([0, 1, 3]))}
    if draw(st.sampled_from([False, False, False, True])):
        limits["unless"] = draw(st.sampled_from([[other] for other in kinds]))
    if kind != "cap" and draw(st.booleans()):
        limits |= {"rounding": draw(ROUNDINGS), "unit": draw(st.sampled_from([1, 10, 50]))}
    return limits


@st.composite
def _funders(draw: st.DrawFn, most: int) -> list[dict[str, Any]]:
    # Members by name stand alone: beside "issuer" the same member could be named twice.
    if draw(st.sampled_from([False, False, False, True])):
        return [{"funder": draw(st.sampled_from(["I1", "B1", "K2"]))}]
    codes = draw(st.lists(st.sampled_from(["F1", "operator", "F2", "issuer"]),
                          min_size=1, max_size=most, unique=True))
    if len(codes) > 1 and draw(st.booleans()):
        return [{"funder": code, "percent": percent}
                for code, percent in zip(codes, ("66.6667", "33.3333"), strict=True)]
    return [{"funder": code, "weight": draw(st.sampled_from([1, 2, 7]))} for code in codes]


@st.composite
def conditions(draw: st.DrawFn, network: NetworkFile, *, seldom: bool = False) -> dict[str, Any]:
    """Conditions that mostly hold: a row that never fits tests little."""
    cities = [city.code for city in network.city]
    some: dict[str, st.SearchStrategy[Any]] = {
        "card_kinds": st.sampled_from([["adult"], ["adult", "student"], ["student", "senior"]]),
        "media": st.sampled_from([["card"], ["card", "qr"], ["face"]]),
        "cards": st.sampled_from(["home", "away", cities[:1], cities[1:]]),
        "modes": st.sampled_from([["bus"], ["metro"], ["bus", "metro"]]),
        "line_classes": st.sampled_from([["express"], ["night"], ["night", "express"]]),
        "from_stops": st.sampled_from([["east"], ["west"], ["east", "west"]]),
        "to_stops": st.sampled_from([["east"], ["west"]]),
        "timeframes": st.sampled_from([["early"], ["odd"], ["early", "odd"]]),
        "age_from": st.sampled_from([1, 18, 60, 65]),
        "age_to": st.sampled_from([17, 59, 65, 150]),
        "reviewed": st.just(True),
        "companions": st.just(False),
    }
    count = draw(st.sampled_from([0] * 5 + [1] if seldom else [0, 1, 1, 2]))
    named = draw(st.permutations([*some, "cards", "cards"]))[:count]
    row = {name: draw(some[name]) for name in named}
    if "timeframes" in row and draw(st.booleans()):
        row["timeframe_at"] = "exit"
    if row.get("age_from", 0) > row.get("age_to", 150):
        del row["age_to"]
    return row


@st.composite
def _concessions(draw: st.DrawFn, fare_rules: list[str]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["pays_percent", "bands", "pays_amount", "takes_off",
                                 "pays_fare"]))
    if kind in ("pays_amount", "takes_off"):
        return {kind: draw(AMOUNTS)}
    if kind == "pays_percent":
        return {kind: draw(PERCENTS)}
    if kind == "pays_fare":
        return {kind: draw(st.sampled_from(fare_rules))}
    ends = draw(st.sampled_from([(300, 600), (100,), (), (1, 2, 300)]))
    bands = [{"to": end, "pays_percent": draw(PERCENTS)} for end in ends]
    return {kind: [*bands, {"pays_percent": draw(PERCENTS)}]}


@st.composite
def _transfers(draw: st.DrawFn, network: NetworkFile) -> dict[str, Any]:
    operators = [operator.code for operator in network.operator]
    from_any = draw(st.sampled_from([
        {}, {}, {}, {}, {"from_modes": ["metro"]}, {"from_modes": ["bus", "metro"]},
        {"from_operators": operators[:1]}, {"from_operators": operators[1:]},
        {"from_line_classes": ["express"]}, {"left_at": ["east"]},
        {"left_at": ["west", "east"]}, {"left_at": ["west", "east"]}, {"same_vehicle": False}]))
    effect = draw(st.sampled_from(["credit", "credit_up_to", "pays_amount", "pays_percent",
                                   "pays_difference", "chain_pays", "through"]))
    value: Any = True if effect in ("pays_difference", "through") else draw(AMOUNTS)
    line = draw(st.sampled_from([{}, {"same_line": True}, {"same_line_after_s": 600}]))
    return {
        "within_s": draw(st.sampled_from([3600, 1800, 7200])),
        effect: draw(PERCENTS) if effect == "pays_percent" else value,
        "measured_from": draw(st.sampled_from(["end", "start", "chain"])),
        "measured_to": draw(st.sampled_from(["start", "start", "end"])),
        "max_transfers": draw(st.sampled_from([2, 1, 3])),
        **line, **from_any,
    }


@st.composite
def _tiers(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(["A1", "A2", "R1"]))
    low = draw(st.sampled_from([0, 1, 2] if name == "R1" else [0, 100, 200, 500]))
    row: dict[str, Any] = {"accumulator": name, "pays_percent": draw(PERCENTS),
                           draw(st.sampled_from(["over", "at_least"])): low}
    if draw(st.booleans()):
        high = low + draw(st.sampled_from([2, 3] if name == "R1" else [300, 1000]))
        row[draw(st.sampled_from(["up_to", "below"]))] = high
    return row


@st.composite
def _caps(draw: st.DrawFn) -> dict[str, Any]:
    return {"accumulator": draw(st.sampled_from(["A1", "A2"])),
            "amount": draw(st.sampled_from([300, 250, 500, 0]))}
