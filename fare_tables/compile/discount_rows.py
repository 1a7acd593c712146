"""Compiles the rows that take something off a price, and who pays for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ext import records
from ext.codes import Cause, Effect, MeasuredFrom, Rounding
from fare_tables.compile.arrays import Arrays, Numbers
from fare_tables.compile.conditions import (
    bits_of,
    compile_condition,
    lines_in,
    members_of,
    stops_in,
)
from fare_tables.compile.fare_rows import check_amount, check_number
from fare_tables.compile.ground import Ground
from fare_tables.model import (
    Cap,
    Concession,
    DiscountRow,
    Share,
    Table,
    Tier,
    Transfer,
    tier_bounds,
)
from network.files import TableError
from network.money import AMOUNT_MAX, PPM, percent_ppm

INT64_MAX = np.iinfo(np.int64).max
COUNT_MAX = 1 << 40         # fen or rides that rows can ask for: far from where 64 bits end
TRANSFERS_MOST = 250
NEVER_S = (1 << 32) - 1


def compile_row(row: DiscountRow, table: Table, ground: Ground, arrays: Arrays,
                fare_rows: Mapping[str, int]) -> Numbers:
    """A discount row of a table. fare_rows: where the table's fare rows are, by name.

    Raises TableError, or ValueError for a percent that is none.
    """
    if not 1 <= row.unit <= AMOUNT_MAX:
        raise TableError(f"unit is {row.unit} fen\nwrite 1 or more")
    out = {
        "rule": ground.names.number("rule", row.rule, table.table),
        "condition": compile_condition(row, table, ground, arrays),
        "unit": row.unit, "rounding": int(Rounding[row.rounding.upper()]),
        "unless": sum(1 << Cause[kind.upper()] for kind in set(row.unless)),
        **_shares(row.funders, ground, arrays), **_quota(row, ground),
    }
    if isinstance(row, Transfer):
        return out | _transfer(row, table, ground, arrays) | {"narrow": 1}
    if isinstance(row, Tier):
        return out | _tier(row, ground) | {"narrow": 1}
    out["narrow"] = int(any(out.get(name) for name in ("condition", "unless", "quota")))
    if isinstance(row, Cap):
        return out | {"effect": int(Effect.LIMIT), "amount": check_amount(row.amount, "amount"),
                      "accumulator": accumulator(row.accumulator, ground)}
    assert isinstance(row, Concession)
    return out | _concession(row, table, arrays, fare_rows)


def accumulator(code: str, ground: Ground) -> int:
    """The number of an accumulator.

    Raises TableError where the network has none of that name.
    """
    if code not in {spec.accumulator for spec in ground.accumulators}:
        raise TableError(f"accumulator {code!r} is not in network.toml\nadd it there")
    return ground.names.number("accumulator", code)


def _shares(shares: Sequence[Share], ground: Ground, arrays: Arrays) -> dict[str, int]:
    if not 1 <= len(shares) <= records.DISCOUNT_LEGS_MOST:
        raise TableError(f"it has {len(shares)} funders\nname 1 to {records.DISCOUNT_LEGS_MOST}")
    weights = _weights(shares)
    first = len(arrays.shares)
    for share, weight in zip(shares, weights, strict=True):
        funder = {"operator": records.SHARE_OF_OPERATOR,
                  "issuer": records.SHARE_OF_ISSUER}.get(share.funder)
        if funder is None:
            funder = ground.names.find("member", share.funder)
        if not funder:
            raise TableError(f"funder {share.funder!r} is not a member in network.toml\n"
                             'add it there, or write "operator" or "issuer"')
        arrays.shares.append({"weight": weight, "funder": funder})
    return {"shares": first, "shares_count": len(shares)}


def _weights(shares: Sequence[Share]) -> list[int]:
    """Each funder's weight; percents are weights that must add up."""
    if all(share.percent is None for share in shares):
        for share in shares:
            if share.weight is not None and not 1 <= share.weight <= PPM:
                raise TableError(f"funder {share.funder!r} has weight {share.weight}\n"
                                 f"write a whole number from 1 to {PPM}")
        return [1 if share.weight is None else share.weight for share in shares]
    if any(share.percent is None or share.weight is not None for share in shares):
        raise TableError("some funders have a percent and some do not\n"
                         "give every funder a percent, and no weight")
    weights = [percent_ppm(share.percent or 0) for share in shares]
    if sum(weights) != PPM:
        written = " + ".join(str(share.percent) for share in shares)
        raise TableError(f"the funders pay {written} percent, which is not 100\n"
                         "write percents that add up to the whole discount")
    return weights


def _quota(row: DiscountRow, ground: Ground) -> dict[str, int]:
    quota = row.quota
    if quota is None:
        return {}
    if not 1 <= quota.uses <= quota.limit <= COUNT_MAX:
        raise TableError(f"one ride takes {quota.uses} of a quota of {quota.limit}\n"
                         "write uses of 1 or more, and a limit that one ride fits in")
    spec = next((spec for spec in ground.accumulators
                 if spec.accumulator == quota.accumulator), None)
    if spec is not None and spec.counts != "rides":
        raise TableError(f"the quota's accumulator {quota.accumulator!r} counts {spec.counts}\n"
                         'name one that counts "rides"')
    return {"quota": accumulator(quota.accumulator, ground), "quota_limit": quota.limit,
            "quota_uses": quota.uses}


def _one_of(row: DiscountRow, names: Sequence[str]) -> str:
    """Which one effect a row has."""
    written = {name: getattr(row, name) for name in names}
    given = [name for name, value in written.items() if value is not None and value is not False]
    if len(given) != 1:
        raise TableError(f"it has {' and '.join(given) or 'no effect'}\n"
                         f"write one of {', '.join(names)}")
    return given[0]


def _share(percent: int | str | None) -> dict[str, int]:
    assert percent is not None
    return {"effect": int(Effect.PAYS_SHARE), "pays_ppm": percent_ppm(percent)}


def _concession(row: Concession, table: Table, arrays: Arrays,
                fare_rows: Mapping[str, int]) -> dict[str, int]:
    effect = _one_of(row, ("pays_percent", "bands", "pays_amount", "takes_off", "pays_fare"))
    if effect == "pays_percent":
        return _share(row.pays_percent)
    if effect == "bands":
        return _price_bands(row, arrays)
    if effect == "pays_fare":
        assert row.pays_fare is not None
        if row.pays_fare not in fare_rows:
            raise TableError(f"pays_fare names {row.pays_fare!r}, which is no fare row of the "
                             f"table\nname one of {', '.join(fare_rows)}")
        return {"effect": int(Effect.PAYS_FARE), "fare": fare_rows[row.pays_fare]}
    amount = check_amount(getattr(row, effect), effect)
    return {"effect": int(Effect[effect.upper()]), "amount": amount}


def _price_bands(row: Concession, arrays: Arrays) -> dict[str, int]:
    assert row.bands is not None
    first, reached = len(arrays.price_bands), 0
    for place, band in enumerate(row.bands, 1):
        last = place == len(row.bands)
        if (band.to is None) != last or (band.to is not None and band.to <= reached):
            raise TableError(f"band {place} of the price is out of order\n"
                             "each needs a `to` above the one before; the last has none")
        reached = check_amount(band.to or reached, "to")
        arrays.price_bands.append({"to": INT64_MAX if band.to is None else band.to,
                                   "pays_ppm": percent_ppm(band.pays_percent)})
    return {"effect": int(Effect.PAYS_BANDS), "price_bands": first,
            "price_bands_count": len(row.bands)}


def _transfer(row: Transfer, table: Table, ground: Ground, arrays: Arrays) -> dict[str, int]:
    if not 1 <= row.max_transfers <= TRANSFERS_MOST:
        raise TableError(f"max_transfers is {row.max_transfers}\nwrite 1 to {TRANSFERS_MOST}")
    check_number(row.within_s, "within_s")
    check_number(row.same_line_after_s, "same_line_after_s")
    if row.same_line and row.same_line_after_s is not None:
        raise TableError("it has both same_line and same_line_after_s\nwrite one of them")
    after_s = 0 if row.same_line else row.same_line_after_s
    return {
        **_transfer_effect(row),
        "from_modes": bits_of("mode", row.from_modes, ground),
        "from_operators": members_of(row.from_operators, ground, arrays),
        "from_lines": lines_in(row.from_line_classes, ground, arrays),
        "left_at": stops_in(row.left_at, table, ground, arrays),
        "within_s": row.within_s,
        "max_transfers": row.max_transfers,
        "measured_from": int(MeasuredFrom[f"FROM_{row.measured_from.upper()}"]),
        "measured_to_end": int(row.measured_to == "end"),
        "same_line_after_s": NEVER_S if after_s is None else after_s,
        "same_vehicle": int(row.same_vehicle),
    }


def _transfer_effect(row: Transfer) -> dict[str, int]:
    effect = _one_of(row, ("credit", "credit_up_to", "pays_amount", "pays_percent",
                           "pays_difference", "chain_pays", "through"))
    if effect == "pays_percent":
        return _share(row.pays_percent)
    if effect in ("pays_difference", "through"):
        return {"effect": int(Effect[effect.upper()])}
    return {"effect": int(Effect[effect.upper()]),
            "amount": check_amount(getattr(row, effect), effect)}


def _tier(row: Tier, ground: Ground) -> dict[str, int]:
    if (row.over is None) == (row.at_least is None):
        raise TableError("it has both over and at_least, or neither\nwrite one of them")
    if row.up_to is not None and row.below is not None:
        raise TableError("it has both up_to and below\nwrite one of them, or neither")
    lowest, last = tier_bounds(row)
    highest = INT64_MAX if last is None else last
    if not 0 <= lowest <= COUNT_MAX:
        raise TableError(f"it begins at {lowest}\nwrite 0 to {COUNT_MAX}")
    highest = min(highest, INT64_MAX)
    if lowest > highest:
        raise TableError(f"nothing counted is from {lowest} to {highest}\ncorrect its bounds")
    return {**_share(row.pays_percent), "accumulator": accumulator(row.accumulator, ground),
            "accumulated_from": lowest, "accumulated_to": highest}
