"""Random rows of a fare table: fares, and discounts of every kind."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from network.model import NetworkFile
from tests.properties.choices import Choices

AMOUNTS = (200, 100, 355, 150, 0)
PERCENTS = (50, 95, 80, 33, 0, 100, "62.5", "33.3")
ROUNDINGS = ("half_up", "half_even", "down", "up")
KINDS = ("concession", "promotion", "transfer", "tier", "cap")
WINDOWS = ("early", "odd")
STOP_SETS = ("east", "west")
LINE_CLASSES = ("express", "night")
FARES_MOST = 3

TIMES = (datetime.time(8), datetime.time(8, 10), datetime.time(22, 30), datetime.time(0),
         datetime.time(3, 59, 59), datetime.time(9))
DAYS = (None, None, ["workday"], ["restday"], ["holiday"], ["sat", "sun"], ["mon", "tue", "wed"],
        ["thu", "holiday"])
# Steps of what a station is left for again, as they stand in a row.
STEPS_S = ((), (0,), (600,), (1800,), (0, 600), (0, 1800), (600, 1800))


def timeframes(draw: Choices) -> list[dict[str, Any]]:
    """The timeframes of a table, one of each name."""
    return [{key: value for key, value in (
        ("timeframe", name), ("days", draw.pick(DAYS)), ("since", draw.pick(TIMES)),
        ("until", draw.pick((*[None] * len(TIMES), *TIMES)))) if value is not None}
        for name in WINDOWS]


def list_fares(
    draw: Choices, network: NetworkFile, *, rail: bool, chains: bool
) -> list[dict[str, Any]]:
    """Fare rows: a few for some rides, and one for all of them."""
    count = draw.pick([1, 1, 2, FARES_MOST])
    rows = [_fares(draw, rail=rail, chains=chains) | {"rule": f"fare-{n}"} for n in range(count)]
    for row in rows[:-1]:
        row.update(conditions(draw, network))
    return rows


def _fares(draw: Choices, *, rail: bool, chains: bool) -> dict[str, Any]:
    """What a ride costs. Matrices and distances between stops need a railway."""
    kinds = ["flat", "tap", "validator", "time", "line", "line"] * 3 + ["none"]
    kinds += [*["stops", "stops", "od", "od", "zone", "zone", "zone"] * 3,
              "pairs", "pairs"] if rail else []
    if chains:
        kinds = ["flat"] * 4 + (["stops", "od"] if rail else ["line"])
    kind = draw.pick(kinds)
    by_distance = kind in ("tap", "stops", "pairs", "line")
    fare: dict[str, Any] = {
        "basis": "distance" if by_distance else kind,
        "discounts_on_incomplete": draw.flip(),
    }
    if kind == "flat":
        fare["amount"] = draw.pick(AMOUNTS)
    if by_distance or kind == "time":
        fare["bands"] = _bands(draw, "s" if kind == "time" else "m")
    if by_distance:
        fare |= {"distance": kind, "grace_m": draw.pick([0, 0, 1, 99, 1000])}
    if kind == "stops" and draw.pick([False, False, True]):
        fare["links"] = "new-links.csv"
    if kind == "line" and draw.pick([False, False, True]):
        fare["line_stops"] = f"new-{'rail' if rail else 'bus'}-lines.csv"
    if kind == "zone":
        fare["zones"] = "zones.csv"
    if kind != "flat":
        fare |= _ends(draw, along=kind == "line")
    if draw.pick([False] * 5 + [True]):
        fare["outside_chain"] = True
    elif draw.pick([False, False, True]):
        fare["chain"] = draw.pick(["c1", "c2"])
    if draw.pick([False, False, True]):
        fare["counts_to"] = draw.pick([["R2"], ["D1", "R2"], ["D1"]])
    if draw.flip():
        fare |= {"overtime_after_s": draw.pick([1800, 600, 3600, 1]),
                 "overtime_add": draw.pick(AMOUNTS), "overtime_dearest": draw.flip()}
    return fare


def _ends(draw: Choices, *, along: bool) -> dict[str, Any]:
    """What rides cost that are not plain ones."""
    # A number more often than a word: a word can mean that there is no fare.
    ends = [300, "lowest", "highest", "validator", 0, *(["terminus"] * 3 if along else [])]
    same = ("fare", "highest", 300, "lowest", "validator")
    same_station: Any = draw.pick(same)
    if draw.pick([False, False, True]):
        same_station = [*({"costs": draw.pick(same), "within_s": within_s}
                          for within_s in draw.pick(STEPS_S)), {"costs": "fare"}]
    return {"missing_in": draw.pick(ends), "missing_out": draw.pick(ends),
            "same_station": same_station}


def _bands(draw: Choices, unit: str) -> list[dict[str, int]]:
    metres = [(1000, 3000), (1000,), (4000, 12000, 24000), (), (999, 2000)]
    seconds = [(600, 1800), (1,), (240, 3600), ()]
    ends = [*draw.pick(metres if unit == "m" else seconds), None]
    bands: list[dict[str, int]] = []
    for n, end in enumerate(ends):
        band = {} if end is None else {f"to_{unit}": end}
        if n == 0 or draw.pick([False, False, True]):
            band["amount"] = draw.pick(AMOUNTS)
        else:
            steps = [500, 1000, 4000] if unit == "m" else [60, 601, 1]
            band |= {f"every_{unit}": draw.pick(steps), "add": draw.pick(AMOUNTS)}
        bands.append(band)
    return bands


def list_discounts(
    draw: Choices, network: NetworkFile, fare_rules: list[str], *, chains: bool
) -> dict[str, list[dict[str, Any]]]:
    """Rows of some kinds. A ride carries four shares at most: one kind may have two funders."""
    kinds = draw.shuffled(KINDS)[:draw.pick([3, 2, 1])]
    if chains and "transfer" not in kinds:
        kinds = ["transfer", *kinds[1:]]
    rows: dict[str, Callable[[], dict[str, Any]]] = {
        "concession": lambda: _concessions(draw, fare_rules),
        "promotion": lambda: _concessions(draw, fare_rules),
        "transfer": lambda: _transfers(draw, network),
        "tier": lambda: _tiers(draw, network), "cap": lambda: _caps(draw)}
    return {
        kind: [
            {"rule": f"{kind}-{n}", **conditions(draw, network, seldom=chains),
             **rows[kind](), **_limits(draw, kind, kinds),
             # A second cap would be a fifth share.
             **({"unless": ["cap"]} if kind == "cap" and n else {}),
             "funders": _funders(draw, 2 if kind == kinds[0] and kind != "cap" else 1)}
            for n in range(draw.pick([1, 1, 0, 2] if kind == "cap" else [1, 2, 2, 0]))
        ]
        for kind in kinds
    }


def _limits(draw: Choices, kind: str, kinds: list[str]) -> dict[str, Any]:
    """A quota, what the row does not go with, and how its price is rounded; mostly nothing."""
    limits: dict[str, Any] = {}
    if draw.pick([False, False, False, True]):
        uses = draw.pick([1, 2, 3])
        limits["quota"] = {"accumulator": "U1", "uses": uses,
                           "limit": uses + draw.pick([0, 1, 3])}
    if draw.pick([False, False, False, True]):
        limits["unless"] = draw.pick([[other] for other in kinds])
    if draw.pick([False] * 5 + [True]):
        name = draw.pick(["R2", "D1", "R1"])
        low = draw.pick([0, 1, 2] if name != "D1" else [0, 100, 300])
        limits["counted"] = {"accumulator": name, draw.pick(["over", "at_least"]): low}
        if draw.flip():
            limits["counted"][draw.pick(["up_to", "below"])] = low + draw.pick([2, 300])
    if draw.pick([False] * 3 + [True]):
        limits["counted_before"] = {"accumulator": draw.pick(["N-day", "N-day", "N-week"]),
                                    "at_least": draw.pick([1, 1, 2])}
    if draw.pick([False] * 7 + [True]):
        limits["pays_at_least"] = draw.pick([50, 120, 250])
    if draw.pick([False, False, True]) if kind == "cap" else draw.flip():
        limits |= {"rounding": draw.pick(ROUNDINGS), "unit": draw.pick([1, 10, 50])}
    return limits


def _funders(draw: Choices, most: int) -> list[dict[str, Any]]:
    # Members by name stand alone: beside "issuer" the same member could be named twice.
    if draw.pick([False, False, False, True]):
        return [{"funder": draw.pick(["I1", "B1", "K2"])}]
    codes = draw.distinct(["F1", "operator", "F2", "issuer"], 1, most)
    if len(codes) > 1 and draw.flip():
        return [{"funder": code, "percent": percent}
                for code, percent in zip(codes, ("66.6667", "33.3333"), strict=True)]
    return [{"funder": code, "weight": draw.pick([1, 2, 7])} for code in codes]


def conditions(draw: Choices, network: NetworkFile, *, seldom: bool = False) -> dict[str, Any]:
    """Conditions that mostly hold: a row that never fits tests little."""
    cities = [city.code for city in network.city]
    some: dict[str, Sequence[Any]] = {
        "card_kinds": [["adult"], ["adult", "student"], ["student", "senior"]],
        "media": [["card"], ["card", "qr"], ["face"]],
        "cards": ["home", "away", cities[:1], cities[1:]],
        "modes": [["bus"], ["metro"], ["bus", "metro"]],
        "line_classes": [["express"], ["night"], ["night", "express"]],
        "from_stops": [["east"], ["west"], ["east", "west"]],
        "to_stops": [["east"], ["west"]],
        "timeframes": [["early"], ["odd"], ["early", "odd"]],
        "exit_timeframes": [["odd"], ["early", "odd"]],
        "not_card_kinds": [["student"], ["senior", "student"]],
        "not_media": [["face"], ["qr"]],
        "not_modes": [["metro"], ["bus"]],
        "not_line_classes": [["express"], ["night"]],
        "not_from_stops": [["east"], ["west"]],
        "not_to_stops": [["east"], ["west"]],
        "age_from": [1, 18, 60, 65],
        "age_to": [17, 59, 65, 150],
        "reviewed": [True],
        "companions": [False],
    }
    count = draw.pick([0] * 5 + [1] if seldom else [0, 1, 1, 2])
    named = [draw.pick([*some, "cards", "cards"]) for _ in range(count)]
    row = {name: draw.pick(some[name]) for name in named}
    if "timeframes" in row and "exit_timeframes" not in row and draw.flip():
        row["timeframe_at"] = "exit"
    if row.get("age_from", 0) > row.get("age_to", 150):
        del row["age_to"]
    return row


def _concessions(draw: Choices, fare_rules: list[str]) -> dict[str, Any]:
    # The fare of another row is mostly none, or not lower: then nothing is taken off.
    others = ["pays_fare"] * (1 if len(fare_rules) == 1 else 4)
    kind = draw.pick(["pays_percent", "bands", "pays_amount", "takes_off", *others,
                      *["carried_credit"] * 6])
    if kind == "carried_credit":
        period = draw.pick(["day", "day", "week"])
        return {kind: {"accumulator": f"B-{period}", "used": f"C-{period}",
                       "percent": draw.pick([100, 50, "33.3333"]), "over": draw.pick([0, 0, 150]),
                       "most": draw.pick([400, 130])}}
    if kind in ("pays_amount", "takes_off"):
        return {kind: draw.pick(AMOUNTS)}
    if kind == "pays_percent":
        return {kind: draw.pick(PERCENTS)}
    if kind == "pays_fare":
        return {kind: draw.pick(fare_rules)}
    ends = draw.pick([(300, 600), (100,), (), (1, 2, 300)])
    bands = [{"to": end, "pays_percent": draw.pick(PERCENTS)} for end in ends]
    return {kind: [*bands, {"pays_percent": draw.pick(PERCENTS)}]}


def _transfers(draw: Choices, network: NetworkFile) -> dict[str, Any]:
    operators = [operator.code for operator in network.operator]
    from_any = draw.pick([
        {}, {}, {"from_modes": ["metro"]}, {"from_modes": ["bus", "metro"]},
        {"from_operators": operators[:1]}, {"from_operators": operators[1:]},
        {"from_line_classes": ["express"]},
        {"from_line_classes": ["night", "express"]}, {"left_at": ["east"]},
        {"began_at": ["west", "east"]}, {"began_at": ["west", "east"]}, {"not_began_at": ["east"]},
        {"not_from_operators": operators[:1]}, {"returns": True}, {"not_chain_began_at": ["east"]},
        {"left_at": ["west", "east"]}, {"left_at": ["west", "east"]}, {"same_vehicle": False},
        {"not_from_modes": ["bus"]}, {"not_from_modes": ["bus"]}, {"left_at": ["west"]},
        {"not_from_operators": operators[:1]},
        {"not_from_line_classes": ["express"]}, {"not_left_at": ["east"]},
        {"chain_began_at": ["west", "east"]}, {"not_chain_began_at": ["west"]},
        {"returns": True}, {"returns": True}, {"first_due_from": 200}, {"first_due_to": 150},
        {"first_due_from": 100, "first_due_to": 200}])
    effect = draw.pick(["credit", "credit_up_to", "pays_amount", "pays_percent",
                        "pays_difference", "chain_pays", "through"])
    value: Any = True if effect in ("pays_difference", "through") else draw.pick(AMOUNTS)
    line = draw.pick([{}, {"same_line": True}, {"same_line_after_s": 600}])
    start = draw.pick([{"measured_from": "end"}, {"measured_from": "start"},
                       {"measured_from": "chain"}, {"measured_from": "chain", "renews": True}])
    return {
        "within_s": draw.pick([3600, 1800, 7200]),
        effect: draw.pick(PERCENTS) if effect == "pays_percent" else value,
        "measured_to": draw.pick(["start", "start", "end"]),
        "max_transfers": draw.pick([2, 1, 3]),
        **start, **line, **from_any,
    }


def _tiers(draw: Choices, network: NetworkFile) -> dict[str, Any]:
    paid = [one.accumulator for one in network.accumulator
            if one.accumulator in ("A1", "A2") and one.counts == "paid"]
    if paid and draw.pick([False, False, True]):
        ends = draw.pick([(100, 1000), (500,), (250, 300, 2000), ()])
        return {"accumulator": draw.pick(paid), "bands": [
            *({"to": end, "pays_percent": draw.pick([100, 80, "62.5"])} for end in ends),
            {"pays_percent": draw.pick(PERCENTS)}]}
    name = draw.pick(["A1", "A2", "R1"])
    low = draw.pick([0, 1, 2] if name == "R1" else [0, 100, 200, 500])
    row: dict[str, Any] = {"accumulator": name, "pays_percent": draw.pick(PERCENTS),
                           draw.pick(["over", "at_least"]): low}
    if draw.flip():
        high = low + draw.pick([2, 3] if name == "R1" else [300, 1000])
        row[draw.pick(["up_to", "below"])] = high
    return row


def _caps(draw: Choices) -> dict[str, Any]:
    return {"accumulator": draw.pick(["A1", "A2"]),
            "amount": draw.pick([300, 250, 500, 0])}
