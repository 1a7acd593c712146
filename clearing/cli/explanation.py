"""How `onecard price` and `onecard explain` print why a ride costs what it costs."""

from __future__ import annotations

from collections.abc import Iterator

from clearing.answers.explanation import ChainState, Explanation
from clearing.cli.output import print_table
from clearing.cli.say import say

FEES = ("clearing_fee", "issuer_fee")      # what the operator pays of what it is due
WHY_HELD = ("no_agreement", "agreements_overlap")


def print_explanation(one: Explanation, head: str) -> None:
    """An explanation for people."""
    way = " ".join(part for part in (one.operator, one.mode, one.line) if part)
    say(f"{head}  {way}  {one.from_stop or '?'} → {one.to_stop or '?'}  "
        f"{one.started_at or '?'} → {one.ended_at or '?'}  {one.state}")
    about = [f"{one.card_kind or '(blank)'} card of {one.issuer}, by {one.medium or '(blank)'}"]
    about += [f"aged {one.age}"] * (one.age is not None)
    about += ["on a card tapped for others, too"] * one.companion
    about += ["the clocks of its day contradict the card's counter, which decides"] * one.by_counter
    about += [f"the vehicle was another line's than {one.line} at the end"] * one.line_changed
    say("; ".join(about))
    if one.table is not None:
        say(f"table {one.table}" + (f": {one.title}" if one.title else ""))
    print_table("rows tried, in order", ("kind", "row", "", "why", "price before", "after"), (
        (row.kind, row.rule, "applies" if row.applied else "no", row.why,
         _money(one, row.before), _money(one, row.after))
        for row in one.rows_tried), right=("price before", "after"))
    if one.due is None:
        return
    _print_payers(one)
    state = list(_list_state(one))
    if state:
        print_table("what the card carries", ("what", "which", "before", "after"), state,
                    right=("before", "after"))


def _print_payers(one: Explanation) -> None:
    """Who pays what: the rider, the funders of discounts, and together what is due."""
    assert one.due is not None and one.variance is not None and one.uncollected is not None
    text, currency = one.money.text, one.currency
    legs = [leg for leg in one.legs if leg.cause not in (*FEES, *WHY_HELD)]
    rows = [("the rider" if leg.cause == "fare" else f"{leg.cause} {leg.rule}", leg.debtor,
             text(leg.amount)) for leg in legs]
    if one.variance:
        rows.append(("variance: the validator charged other than the price", one.operator,
                     text(-one.variance)))
    if one.uncollected:
        rows.append(("uncollected: the validator charges, and no record says what it took",
                     "nobody", text(one.uncollected)))
    together = sum(leg.amount for leg in legs) + one.uncollected - one.variance
    said = "together, as is due" if together == one.due else (
        f"together, which is not the {text(one.due)} that is due: onecard verify")
    rows.append((said, "", text(together)))
    print_table(f"who pays, in {currency}", ("for", "who", currency), rows, right=(currency,))


def _list_state(one: Explanation) -> Iterator[tuple[str, str, str, str]]:
    """What the card carried before the ride and carries after it, a line for each part."""
    text = one.money.text
    counts = {row.accumulator: row.counts for row in one.accumulators}

    def amount(value: int, accumulator: str) -> str:
        return str(value) if counts[accumulator] == "rides" else text(value)

    for row in one.accumulators:
        what = "rides counted" if row.counts == "rides" else f"{one.currency} {row.counts}"
        yield (what, f"{row.accumulator} {row.period}", amount(row.before, row.accumulator),
               amount(row.after, row.accumulator))
    for tier in one.tiers:
        yield "tier", tier.accumulator, tier.before or "none", tier.after or "none"
    for quota in one.quotas:
        before, after, limit = (amount(value, quota.accumulator)
                                for value in (quota.before, quota.after, quota.limit))
        yield (f"quota: this ride takes {quota.takes}", quota.rule, f"{before} of {limit}",
               f"{after} of {limit}")
    for cap in one.caps:
        yield f"left of {text(cap.amount)}", cap.rule, text(cap.left_before), text(cap.left_after)
    yield from _list_chain(one, one.transfer_chain_before, one.transfer_chain_after)


def _list_chain(one: Explanation, before: ChainState | None,
                after: ChainState | None) -> Iterator[tuple[str, str, str, str]]:
    if before is None and after is None:
        return
    text = one.money.text
    yield ("transfers used", "chain", "no chain" if before is None else str(before.transfers),
           "no chain" if after is None else str(after.transfers))
    yield ("its prices so far", "chain", "no chain" if before is None else text(before.prices),
           "no chain" if after is None else text(after.prices))


def _money(one: Explanation, amount: int | None) -> str:
    return "" if amount is None else one.money.text(amount)
