"""What the rider pays after a discount row, and who pays the difference (RULES.md §4)."""

from __future__ import annotations

from fractions import Fraction

from clearing.reference.conditions import Discount
from clearing.reference.memory import Memory
from clearing.reference.results import Leg, Ride
from clearing.reference.rounding import apportion, round_to
from fare_tables.model import Concession, PriceBand, Table, Transfer


def list_rows(table: Table, kind: str) -> list[Discount]:
    """The rows of one kind, top to bottom."""
    rows: dict[str, list[Discount]] = {
        "concession": list(table.concession),
        "transfer": list(table.transfer),
        "tier": list(table.tier),
    }
    return rows[kind]


def price_after(row: Discount, price: int, memory: Memory) -> int:
    """The price after a row that fits: never below 0, never above the price before."""
    return max(0, min(price, _new_price(row, price, memory)))


def list_legs(kind: str, row: Discount, amount: int, ride: Ride) -> list[Leg]:
    """A difference split over the row's funders; a share of 0 is no leg."""
    if amount == 0:
        return []
    shares = apportion(amount, [funder.weight for funder in row.funders])
    named = {"operator": ride.operator, "issuer": ride.issuer}
    return [
        Leg(kind, row.rule, named.get(funder.funder, funder.funder), share)
        for funder, share in zip(row.funders, shares, strict=True)
        if share > 0
    ]


def percent_of(price: int, percent: int | str) -> Fraction:
    """That part of a price, exactly: a percentage may have decimals, as "62.5"."""
    return price * Fraction(percent) / 100


def _new_price(row: Discount, price: int, memory: Memory) -> int:
    if isinstance(row, Transfer):
        return price - _credit(row, memory)
    if isinstance(row, Concession):
        if row.pays_amount is not None:
            return row.pays_amount
        if row.bands is not None:
            return round_to(_banded(row.bands, price), row.rounding, row.unit)
    assert row.pays_percent is not None
    return round_to(percent_of(price, row.pays_percent), row.rounding, row.unit)


def _credit(row: Transfer, memory: Memory) -> int:
    if row.credit is not None:
        return row.credit
    assert memory.chain is not None
    assert row.credit_up_to is not None
    return min(memory.chain.due, row.credit_up_to)


def _banded(bands: list[PriceBand], price: int) -> Fraction:
    """Each part of the price times its percent; what lies beyond the last band is paid in full."""
    pays, below = Fraction(0), 0
    for band in bands:
        end = price if band.to is None else min(price, band.to)
        if end > below:
            pays += percent_of(end - below, band.pays_percent)
            below = end
    return pays + (price - below)
