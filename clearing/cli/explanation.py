"""How `onecard price` and `onecard explain` print why a ride costs what it costs."""

from __future__ import annotations

from collections.abc import Iterator

from clearing.answers.explanation import ChainState, Explanation
from clearing.cli.output import print_table
from clearing.cli.say import say
from network.language import Phrase, joined

# What the operator pays of what it is due.
FEES = ("clearing_fee", "issuer_fee", "acquirer_fee")
WHY_HELD = ("no_agreement", "agreements_overlap", "grey_record")


def print_explanation(one: Explanation, head: str) -> None:
    """An explanation for people."""
    way = joined(" ", (part for part in (one.operator, Phrase("{mode}", mode=one.mode), one.line)
                       if part))
    say(Phrase("{head}  {way}  {from_stop} → {to_stop}  {started_at} → {ended_at}  {state}",
               head=head, way=way, from_stop=one.from_stop or "?", to_stop=one.to_stop or "?",
               started_at=one.started_at or "?", ended_at=one.ended_at or "?", state=one.state))
    say(joined("; ", _about(one)))
    if one.table is not None:
        say(Phrase("table {table}: {title}", table=one.table, title=one.title) if one.title
            else Phrase("table {table}", table=one.table))
    print_table("rows tried, in order", ("kind", "row", "", "why", "price before", "after"), (
        (row.kind, row.rule, Phrase("applies") if row.applied else Phrase("no"), row.why,
         _money(one, row.before), _money(one, row.after))
        for row in one.rows_tried), right=("price before", "after"))
    if one.due is None:
        return
    _print_payers(one)
    state = list(_list_state(one))
    if state:
        print_table("what the card carries", ("what", "which", "before", "after"), state,
                    right=("before", "after"))


def _about(one: Explanation) -> Iterator[Phrase]:
    """Who rode, and what is out of the ordinary."""
    yield Phrase("{card_kind} card of {issuer}, by {medium}", card_kind=one.card_kind or "(blank)",
                 issuer=one.issuer, medium=one.medium or "(blank)")
    if one.age is not None:
        yield Phrase("aged {age}", age=one.age)
    if one.companion:
        yield Phrase("on a card tapped for others, too")
    if one.by_counter:
        yield Phrase("the clocks of its day contradict the card's counter, which decides")
    if one.line_changed:
        yield Phrase("the vehicle was another line's than {line} at the end", line=one.line)


def _print_payers(one: Explanation) -> None:
    """Who pays what: the rider, the funders of discounts, and together what is due."""
    assert one.due is not None and one.variance is not None and one.uncollected is not None
    text, currency, unit = one.money.text, one.currency, Phrase("{unit}", unit=one.currency)
    legs = [leg for leg in one.legs if leg.cause not in (*FEES, *WHY_HELD)]
    rows = [(Phrase("the rider") if leg.cause == "fare" else
             Phrase("{cause} {rule}", cause=leg.cause, rule=leg.rule), leg.debtor,
             text(leg.amount)) for leg in legs]
    if one.variance:
        rows.append((Phrase("variance: the validator charged other than the price"), one.operator,
                     text(-one.variance)))
    if one.uncollected:
        rows.append((
            Phrase("uncollected: the validator charges, and no record says what it took"),
            Phrase("nobody"), text(one.uncollected)))
    together = sum(leg.amount for leg in legs) + one.uncollected - one.variance
    said = Phrase("together, as is due") if together == one.due else Phrase(
        "together, which is not the {due} that is due: onecard verify", due=text(one.due))
    rows.append((said, "", text(together)))
    print_table(Phrase("who pays, in {currency}", currency=currency), ("for", "who", unit), rows,
                right=(unit,))


def _list_state(one: Explanation) -> Iterator[tuple[str, str, str, str]]:
    """What the card carried before the ride and carries after it, a line for each part."""
    text = one.money.text
    counts = {row.accumulator: row.counts for row in one.accumulators}

    def amount(value: int, accumulator: str) -> str:
        return str(value) if counts[accumulator] == "rides" else text(value)

    for row in one.accumulators:
        what = Phrase("rides counted") if row.counts == "rides" else Phrase(
            "{currency} {counts}", currency=one.currency, counts=row.counts)
        yield (what, f"{row.accumulator} {row.period}", amount(row.before, row.accumulator),
               amount(row.after, row.accumulator))
    for tier in one.tiers:
        yield (Phrase("tier"), tier.accumulator, tier.before or Phrase("none"),
               tier.after or Phrase("none"))
    for quota in one.quotas:
        before, after, limit = (amount(value, quota.accumulator)
                                for value in (quota.before, quota.after, quota.limit))
        yield (Phrase("quota: this ride takes {takes}", takes=quota.takes), quota.rule,
               Phrase("{part} of {limit}", part=before, limit=limit),
               Phrase("{part} of {limit}", part=after, limit=limit))
    for cap in one.caps:
        yield (Phrase("left of {amount}", amount=text(cap.amount)), cap.rule,
               text(cap.left_before), text(cap.left_after))
    yield from _list_chain(one, one.transfer_chain_before, one.transfer_chain_after)


def _list_chain(one: Explanation, before: ChainState | None,
                after: ChainState | None) -> Iterator[tuple[str, str, str, str]]:
    if before is None and after is None:
        return
    text, chain, none = one.money.text, Phrase("chain"), Phrase("no chain")
    yield (Phrase("transfers used"), chain, none if before is None else str(before.transfers),
           none if after is None else str(after.transfers))
    yield (Phrase("its prices so far"), chain, none if before is None else text(before.prices),
           none if after is None else text(after.prices))


def _money(one: Explanation, amount: int | None) -> str:
    return "" if amount is None else one.money.text(amount)
