"""Compiles the rows that take something off a price, and who pays for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ext import records
from ext.codes import Cause, Effect, MeasuredFrom, Rounding
from fare_tables.compile.arrays import Arrays, Numbers
from fare_tables.compile.conditions import (
    bits_left,
    compile_condition,
    lines_in,
    operators_before,
    stops_in,
)
from fare_tables.compile.fare_rows import check_amount, check_number
from fare_tables.model import (
    Cap,
    CarriedCredit,
    Concession,
    Counted,
    DiscountRow,
    Share,
    Table,
    Tier,
    Transfer,
    bounds_of,
)
from network.errors import TableError
from network.language import Phrase
from network.money import AMOUNT_MOST, PPM, percent_ppm
from network.numbering import NumberedNetwork

INT64_MAX = np.iinfo(np.int64).max
COUNT_MAX = 1 << 40         # minor units or rides that rows can ask for: far from where 64 bits end
TRANSFERS_MOST = 250
NEVER_S = (1 << 32) - 1


def compile_row(row: DiscountRow, table: Table, numbered: NumberedNetwork, arrays: Arrays,
                fare_rows: Mapping[str, int]) -> Numbers:
    """A discount row of a table. fare_rows: where the table's fare rows are, by name.

    Raises TableError.
    """
    if not 1 <= row.unit <= AMOUNT_MOST:
        raise TableError(Phrase("unit is {unit}", unit=row.unit), "write 1 or more", key=("unit",))
    out = {
        "rule": numbered.names.known("rule", row.rule, table.table),
        "condition": compile_condition(row, table, numbered, arrays),
        "unit": row.unit, "rounding": int(Rounding[row.rounding.upper()]),
        "pays_least": check_amount(row.pays_at_least or 0, "pays_at_least"),
        "unless": sum(1 << Cause[kind.upper()] for kind in set(row.unless)),
        **_shares(row.funders, numbered, arrays), **_quota(row, numbered),
        **_counted(row, numbered), **_counted_before(row, numbered),
    }
    if isinstance(row, Transfer):
        return out | _transfer(row, table, numbered, arrays) | {"narrow": 1}
    if isinstance(row, Tier):
        return out | _tier(row, numbered, arrays) | {"narrow": 1}
    out["narrow"] = int(any(out.get(name) for name in (
        "condition", "unless", "quota", "counted", "counted_before")))
    if isinstance(row, Cap):
        return out | {"effect": int(Effect.LIMIT), "amount": check_amount(row.amount, "amount"),
                      "accumulator": accumulator(row.accumulator, numbered, "accumulator")}
    assert isinstance(row, Concession)
    return out | _concession(row, table, numbered, arrays, fare_rows)


def accumulator(code: str, numbered: NumberedNetwork, *key: str | int) -> int:
    """The number of an accumulator that a key of a table or row names.

    Raises TableError where the network has none of that name.
    """
    if code not in numbered.network.accumulators:
        raise TableError(Phrase("accumulator {code!r} is not in network.toml",
                                code=code), "add it there", key=key)
    return numbered.names.known("accumulator", code)


def _shares(shares: Sequence[Share], numbered: NumberedNetwork, arrays: Arrays) -> dict[str, int]:
    if not 1 <= len(shares) <= records.DISCOUNT_LEGS_MOST:
        raise TableError(Phrase("it has {shares} funders",
                                shares=len(shares)),
                         Phrase("name 1 to {discount_legs_most}",
                                discount_legs_most=records.DISCOUNT_LEGS_MOST),
                         key=("funders",))
    weights = _weights(shares)
    first = len(arrays.shares)
    for index, (share, weight) in enumerate(zip(shares, weights, strict=True)):
        funder = {"operator": records.SHARE_OF_OPERATOR,
                  "issuer": records.SHARE_OF_ISSUER}.get(share.funder)
        if funder is None:
            funder = numbered.names.find("member", share.funder)
        if not funder or share.funder in numbered.network.approvers:
            raise TableError(Phrase("funder {funder!r} is not a member in network.toml",
                                    funder=share.funder),
                             'add it there, or write "operator" or "issuer"',
                             key=("funders", index, "funder"))
        arrays.shares.append({"weight": weight, "funder": funder})
    return {"shares": first, "shares_count": len(shares)}


def _weights(shares: Sequence[Share]) -> list[int]:
    """Each funder's weight; percents are weights that must add up."""
    if all(share.percent is None for share in shares):
        for index, share in enumerate(shares):
            if share.weight is not None and not 1 <= share.weight <= PPM:
                raise TableError(Phrase("funder {funder!r} has weight {weight}",
                                        funder=share.funder, weight=share.weight),
                                 Phrase("write a whole number from 1 to {ppm}", ppm=PPM),
                                 key=("funders", index, "weight"))
        return [1 if share.weight is None else share.weight for share in shares]
    if any(share.percent is None or share.weight is not None for share in shares):
        raise TableError("some funders have a percent and some do not",
                         "give every funder a percent, and no weight", key=("funders",))
    weights = [_ppm(share.percent, "funders", index, "percent")
               for index, share in enumerate(shares)]
    if sum(weights) != PPM:
        percents = " + ".join(str(share.percent) for share in shares)
        raise TableError(Phrase("the funders pay {percents} percent, which is not 100",
                                percents=percents),
                         "write percents that add up to the whole discount", key=("funders",))
    return weights


def _quota(row: DiscountRow, numbered: NumberedNetwork) -> dict[str, int]:
    quota = row.quota
    if quota is None:
        return {}
    if not 1 <= quota.uses <= quota.limit <= COUNT_MAX:
        raise TableError(Phrase("one ride takes {uses} of a quota of {limit}", uses=quota.uses,
                                limit=quota.limit),
                         "write uses of 1 or more, and a limit that one ride fits in",
                         key=("quota",))
    spec = numbered.network.accumulators.get(quota.accumulator)
    if spec is not None and spec.counts != "rides":
        raise TableError(Phrase("the quota's accumulator {accumulator!r} counts {counts}",
                                accumulator=quota.accumulator, counts=spec.counts),
                         'name one that counts "rides"', key=("quota", "accumulator"))
    return {"quota": accumulator(quota.accumulator, numbered, "quota", "accumulator"),
            "quota_limit": quota.limit, "quota_uses": quota.uses}


def _counted(row: DiscountRow, numbered: NumberedNetwork) -> dict[str, int]:
    counted = row.counted
    if counted is None:
        return {}
    spec = numbered.network.accumulators.get(counted.accumulator)
    if spec is not None and spec.counts == "paid":
        raise TableError(Phrase("accumulator {accumulator!r} counts what is paid, and what this "
                                "ride pays is not known yet",
                                accumulator=counted.accumulator),
                         'name one that counts "rides" or "due"',
                         key=("counted", "accumulator"))
    lowest, highest = _check_bounds(counted, "counted")
    return {"counted": accumulator(counted.accumulator, numbered, "counted", "accumulator"),
            "counted_from": lowest, "counted_to": highest}


def _counted_before(row: DiscountRow, numbered: NumberedNetwork) -> dict[str, int]:
    counted = row.counted_before
    if counted is None:
        return {}
    lowest, highest = _check_bounds(counted, "counted_before")
    return {"counted_before": _with_periods(counted.accumulator, numbered, "counted_before",
                                            "accumulator"),
            "before_from": lowest, "before_to": highest}


def _with_periods(code: str, numbered: NumberedNetwork, *key: str | int) -> int:
    """The number of an accumulator of which a period has one before it.

    Raises TableError.
    """
    number = accumulator(code, numbered, *key)
    if numbered.network.accumulators[code].period == "days":
        raise TableError(Phrase("the days of accumulator {accumulator!r} begin with a ride: there "
                                "is no period before", accumulator=code),
                         "name one by the day, week, month or year", key=key)
    return number


def _carried_credit(credit: CarriedCredit, numbered: NumberedNetwork) -> dict[str, int]:
    of = _with_periods(credit.accumulator, numbered, "carried_credit", "accumulator")
    used = accumulator(credit.used, numbered, "carried_credit", "used")
    specs = numbered.network.accumulators
    counts, wanted = specs[credit.used], specs[credit.accumulator]
    if (counts.counts, counts.period) != ("credit", wanted.period):
        raise TableError(Phrase("accumulator {accumulator!r} counts {counts} by the {period}",
                                accumulator=credit.used, counts=counts.counts,
                                period=counts.period),
                         Phrase('name one that counts "credit" by the {period}, as '
                                "{accumulator!r} has it", period=wanted.period,
                                accumulator=credit.accumulator), key=("carried_credit", "used"))
    if wanted.counts not in ("paid", "due"):
        raise TableError(Phrase("accumulator {accumulator!r} counts {counts}, no money",
                                accumulator=credit.accumulator, counts=wanted.counts),
                         'name one that counts "paid" or "due"',
                         key=("carried_credit", "accumulator"))
    return {"effect": int(Effect.CARRIED_CREDIT), "credit_of": of, "credit_used": used,
            "pays_ppm": _ppm(credit.percent, "carried_credit", "percent"),
            "credit_over": check_amount(credit.over, "carried_credit", "over"),
            "credit_most": check_amount(
                AMOUNT_MOST if credit.most is None else credit.most, "carried_credit", "most")}


def _one_of(row: DiscountRow, names: Sequence[str]) -> str:
    """Which one effect a row has."""
    given = [name for name in names if getattr(row, name) is not None
             and getattr(row, name) is not False]
    if len(given) != 1:
        raise TableError(Phrase("it has {given}", given=" and ".join(given) or "no effect"),
                         Phrase("write one of {names}",
                                names=", ".join(names)), key=tuple(given[-1:]))
    return given[0]


def _share(percent: int | str | None) -> dict[str, int]:
    return {"effect": int(Effect.PAYS_SHARE), "pays_ppm": _ppm(percent, "pays_percent")}


def _ppm(percent: int | str | None, *key: str | int) -> int:
    assert percent is not None
    try:
        return percent_ppm(percent)
    except TableError as error:
        raise error.within("", *key) from None


def _concession(row: Concession, table: Table, numbered: NumberedNetwork, arrays: Arrays,
                fare_rows: Mapping[str, int]) -> dict[str, int]:
    effect = _one_of(row, ("pays_percent", "bands", "pays_amount", "takes_off", "pays_fare",
                           "carried_credit"))
    if row.carried_credit is not None and effect == "carried_credit":
        return _carried_credit(row.carried_credit, numbered)
    if effect == "pays_percent":
        return _share(row.pays_percent)
    if effect == "bands":
        return _price_bands(row, Effect.PAYS_BANDS, arrays)
    if effect == "pays_fare":
        assert row.pays_fare is not None
        if row.pays_fare not in fare_rows:
            raise TableError(Phrase("pays_fare names {pays_fare!r}, which is no fare row of the "
                                    "table for all operators that this row is for",
                                    pays_fare=row.pays_fare),
                             Phrase("name one of {fare_rows}, or say for which operators this row "
                                    "is", fare_rows=", ".join(fare_rows)), key=("pays_fare",))
        return {"effect": int(Effect.PAYS_FARE), "fare": fare_rows[row.pays_fare]}
    amount = check_amount(getattr(row, effect), effect)
    return {"effect": int(Effect[effect.upper()]), "amount": amount}


def _price_bands(row: Concession | Tier, effect: Effect, arrays: Arrays) -> dict[str, int]:
    assert row.bands is not None
    first, reached = len(arrays.price_bands), 0
    for number, band in enumerate(row.bands, 1):
        last = number == len(row.bands)
        if (band.to is None) != last or (band.to is not None and band.to <= reached):
            raise TableError(Phrase("band {number} is out of order", number=number),
                             "each needs a `to` above the one before; the last has none",
                             key=("bands", number - 1))
        reached = check_amount(band.to or reached, "bands", number - 1, "to")
        arrays.price_bands.append({"to": INT64_MAX if band.to is None else band.to,
                                   "pays_ppm": _ppm(band.pays_percent, "bands", number - 1,
                                                    "pays_percent")})
    return {"effect": int(effect), "price_bands": first, "price_bands_count": len(row.bands)}


def _transfer(row: Transfer, table: Table, numbered: NumberedNetwork, arrays: Arrays
              ) -> dict[str, int]:
    if not 1 <= row.max_transfers <= TRANSFERS_MOST:
        raise TableError(Phrase("max_transfers is {max_transfers}",
                                max_transfers=row.max_transfers),
                         Phrase("write 1 to {transfers_most}", transfers_most=TRANSFERS_MOST),
                         key=("max_transfers",))
    check_number(row.within_s, "within_s")
    check_number(row.same_line_after_s, "same_line_after_s")
    if row.same_line and row.same_line_after_s is not None:
        raise TableError("it has both same_line and same_line_after_s", "write one of them",
                         key=("same_line_after_s",))
    if row.renews and row.measured_from != "chain":
        raise TableError("it renews the chain's time, and measures from the ride before",
                         'write measured_from = "chain", or leave renews out', key=("renews",))
    after_s = 0 if row.same_line else row.same_line_after_s
    return {
        **_transfer_effect(row),
        "from_modes": bits_left("mode", row, "from_modes", numbered),
        "from_operators": operators_before(row, numbered, arrays),
        "from_lines": lines_in(row, "from_line_classes", numbered, arrays),
        "not_from_lines": lines_in(row, "not_from_line_classes", numbered, arrays),
        **{key: stops_in(row, key, table, numbered, arrays)
           for key in ("left_at", "not_left_at", "began_at", "not_began_at", "chain_began_at",
                       "not_chain_began_at")},
        "returns": int(row.returns), "renews": int(row.renews), **_first_due(row),
        "within_s": row.within_s,
        "max_transfers": row.max_transfers,
        "measured_from": int(MeasuredFrom[f"FROM_{row.measured_from.upper()}"]),
        "measured_to_end": int(row.measured_to == "end"),
        "same_line_after_s": NEVER_S if after_s is None else after_s,
        "same_vehicle": int(row.same_vehicle),
    }


def _first_due(row: Transfer) -> dict[str, int]:
    least = check_amount(row.first_due_from or 0, "first_due_from")
    most = INT64_MAX
    if row.first_due_to is not None:
        most = check_amount(row.first_due_to, "first_due_to")
    if least > most:
        raise TableError(Phrase("no amount is from {least} to {most}", least=least, most=most),
                         "correct first_due_from or first_due_to", key=("first_due_from",))
    return {"first_due_from": least, "first_due_to": most}


def _transfer_effect(row: Transfer) -> dict[str, int]:
    effect = _one_of(row, ("credit", "credit_up_to", "pays_amount", "pays_percent",
                           "pays_difference", "chain_pays", "through"))
    if effect == "pays_percent":
        return _share(row.pays_percent)
    if effect in ("pays_difference", "through"):
        return {"effect": int(Effect[effect.upper()])}
    return {"effect": int(Effect[effect.upper()]),
            "amount": check_amount(getattr(row, effect), effect)}


def _tier(row: Tier, numbered: NumberedNetwork, arrays: Arrays) -> dict[str, int]:
    number = accumulator(row.accumulator, numbered, "accumulator")
    if _one_of(row, ("pays_percent", "bands")) == "bands":
        return _tier_bands(row, numbered, arrays) | {"accumulator": number}
    lowest, highest = _check_bounds(row)
    return {**_share(row.pays_percent), "accumulator": number,
            "accumulated_from": lowest, "accumulated_to": highest}


def _tier_bands(row: Tier, numbered: NumberedNetwork, arrays: Arrays) -> dict[str, int]:
    for key in ("over", "at_least", "up_to", "below"):
        if getattr(row, key) is not None:
            raise TableError(Phrase("it has both bands and {key}", key=key),
                             "leave it out: a tier by bands holds whatever was counted",
                             key=(key,))
    counts = numbered.network.accumulators[row.accumulator].counts
    if counts != "paid":
        raise TableError(Phrase("the bands' accumulator {accumulator!r} counts {counts}",
                                accumulator=row.accumulator, counts=counts),
                         'name one that counts "paid"', key=("accumulator",))
    bands = _price_bands(row, Effect.PAYS_BY_COUNTED, arrays)
    for index in range(len(arrays.price_bands) - bands["price_bands_count"],
                       len(arrays.price_bands) - 1):
        if arrays.price_bands[index]["pays_ppm"] == 0:
            raise TableError(Phrase("band {number} is free, so that nothing paid ever reaches its "
                                    "end", number=index + 1 - bands["price_bands"]),
                             "leave out its `to`, and the bands after it",
                             key=("bands", index - bands["price_bands"], "to"))
    return {**bands, "accumulated_to": INT64_MAX}


def _check_bounds(row: Tier | Counted, *key: str) -> tuple[int, int]:
    """From what count to what count a tier or condition holds, where that can be.

    Raises TableError.
    """
    if (row.over is None) == (row.at_least is None):
        raise TableError("it has both over and at_least, or neither", "write one of them",
                         key=key if row.over is None else (*key, "over"))
    if row.up_to is not None and row.below is not None:
        raise TableError("it has both up_to and below", "write one of them, or neither",
                         key=(*key, "below"))
    lowest, last = bounds_of(row)
    if not 0 <= lowest <= COUNT_MAX:
        raise TableError(Phrase("it begins at {lowest}",
                                lowest=lowest), Phrase("write 0 to {count_max}",
                                                       count_max=COUNT_MAX),
                         key=(*key, "at_least" if row.over is None else "over"))
    highest = INT64_MAX if last is None else min(last, INT64_MAX)
    if lowest > highest:
        raise TableError(Phrase("nothing counted is from {lowest} to {highest}", lowest=lowest,
                                highest=highest), "correct its bounds",
                         key=(*key, "up_to" if row.below is None else "below"))
    return lowest, highest
