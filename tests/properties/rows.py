"""Random rows of a fare table: fares, and discounts of all three kinds."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from clearing.network import Network

AMOUNTS = st.sampled_from([200, 100, 0, 150, 355])
PERCENTS = st.sampled_from([50, 95, 0, 80, 100, 33, "62.5", "33.3"])
ROUNDINGS = st.sampled_from(["half_up", "half_even", "down", "up"])
WITH_OPTIONS = {"rounding": ROUNDINGS, "unit": st.sampled_from([1, 10, 50])}


@st.composite
def fares(draw: st.DrawFn, *, rail: bool) -> dict[str, Any]:
    """What a ride costs. Matrices and distances between stops need a railway."""
    kinds = ["flat", "tap", "validator"] + (["stops", "stops", "od", "od"] if rail else [])
    kind = draw(st.sampled_from(kinds))
    fare: dict[str, Any] = {
        "rule": f"by-{kind}",
        "basis": "distance" if kind in ("tap", "stops") else kind,
        "discounts_on_incomplete": draw(st.booleans()),
    }
    if kind == "flat":
        fare["amount"] = draw(AMOUNTS)
    if fare["basis"] == "distance":
        fare |= {"distance": kind, "bands": draw(_bands())}
    if kind != "flat":
        # A number more often than a word: a word can mean that there is no fare.
        ends = st.sampled_from([300, "lowest", "highest", "validator", 0])
        fare |= {"missing_in": draw(ends), "missing_out": draw(ends), "same_station": draw(
            st.sampled_from(["fare", 300, "lowest", "validator"]))}
    if draw(st.booleans()):
        fare |= {"overtime_after_s": draw(st.sampled_from([1800, 600, 3600, 1])),
                 "overtime_add": draw(AMOUNTS)}
    return fare


@st.composite
def _bands(draw: st.DrawFn) -> list[dict[str, int]]:
    ends = [*draw(st.sampled_from([(1000, 3000), (1000,), (4000, 12000, 24000), ()])), None]
    bands: list[dict[str, int]] = []
    for n, end in enumerate(ends):
        band = {} if end is None else {"to_m": end}
        if n == 0:
            band["amount"] = draw(AMOUNTS)
        else:
            band |= {"every_m": draw(st.sampled_from([500, 1000, 4000])), "add": draw(AMOUNTS)}
        bands.append(band)
    return bands


@st.composite
def list_discounts(draw: st.DrawFn, network: Network) -> dict[str, list[dict[str, Any]]]:
    """Rows of every kind. A ride carries four shares at most: one kind may have two funders."""
    shared = draw(st.sampled_from(["concession", "transfer", "tier"]))
    kinds = {"concession": _concessions(), "transfer": _transfers(network), "tier": _tiers()}
    return {
        kind: [
            {"rule": f"{kind}-{n}", **draw(_conditions(network, kind)), **draw(row),
             "funders": draw(_funders(2 if kind == shared else 1))}
            for n in range(draw(st.sampled_from([0, 1, 1, 2, 2])))
        ]
        for kind, row in kinds.items()
    }


@st.composite
def _funders(draw: st.DrawFn, most: int) -> list[dict[str, Any]]:
    # Members by name stand alone: beside "issuer" the same member could be named twice.
    if draw(st.sampled_from([False, False, False, True])):
        return [{"funder": draw(st.sampled_from(["I1", "B1", "K2"]))}]
    codes = draw(st.lists(st.sampled_from(["F1", "operator", "F2", "issuer"]),
                          min_size=1, max_size=most, unique=True))
    return [{"funder": code, "weight": draw(st.sampled_from([1, 2, 7]))} for code in codes]


@st.composite
def _conditions(draw: st.DrawFn, network: Network, kind: str) -> dict[str, Any]:
    """Conditions that mostly hold: a row that never fits tests little."""
    cities = [city.code for city in network.city]
    some = {
        "card_kinds": st.sampled_from([["adult"], ["adult", "student"], ["student", "senior"]]),
        "media": st.sampled_from([["card"], ["card", "qr"], ["face"]]),
        "cards": st.sampled_from(["home", "away", "any", cities[:1], cities[1:]]),
        "modes": st.sampled_from([["bus"], ["metro"], ["bus", "metro"]]),
    }
    if kind == "tier":
        del some["modes"]
    named = draw(st.sampled_from([None] * (8 if kind == "transfer" else 3) + [*some]))
    return {} if named is None else {named: draw(some[named])}


@st.composite
def _concessions(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["pays_percent", "bands", "pays_amount"]))
    if kind == "pays_amount":
        return {kind: draw(AMOUNTS)}
    if kind == "pays_percent":
        return {kind: draw(PERCENTS), **{key: draw(one) for key, one in WITH_OPTIONS.items()}}
    ends = draw(st.sampled_from([(300, 600), (100,), (), (1, 2, 300)]))
    bands = [{"to": end, "pays_percent": draw(PERCENTS)} for end in ends]
    return {kind: [*bands, {"pays_percent": draw(PERCENTS)}],
            **{key: draw(one) for key, one in WITH_OPTIONS.items()}}


@st.composite
def _transfers(draw: st.DrawFn, network: Network) -> dict[str, Any]:
    operators = [operator.code for operator in network.operator]
    from_any = draw(st.sampled_from([
        {}, {}, {}, {}, {"from_modes": ["metro"]}, {"from_modes": ["bus", "metro"]},
        {"from_operators": operators[:1]}, {"from_operators": operators[1:]}]))
    return {
        "within_s": draw(st.sampled_from([3600, 1800, 7200])),
        draw(st.sampled_from(["credit", "credit_up_to"])): draw(AMOUNTS),
        "measured_from": draw(st.sampled_from(["end", "start", "chain"])),
        "max_transfers": draw(st.sampled_from([2, 1, 3])),
        "same_line": draw(st.booleans()),
        **from_any,
    }


@st.composite
def _tiers(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(st.sampled_from([0, 100, 200, 500]))
    row: dict[str, Any] = {
        "accumulator": draw(st.sampled_from(["A1", "A2"])), "pays_percent": draw(PERCENTS),
        draw(st.sampled_from(["over", "at_least"])): low,
        **{key: draw(one) for key, one in WITH_OPTIONS.items()},
    }
    if draw(st.booleans()):
        row[draw(st.sampled_from(["up_to", "below"]))] = low + draw(st.sampled_from([300, 1000]))
    return row
