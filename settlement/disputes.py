"""Disputes: who may take which step until when, and what is held, given back and awarded by it.

A member that owes an operator for a ride disputes that (claimant and operator). It asks (query), or
charges back; the operator accepts or refuses, and who was refused goes on: from a query to a
chargeback, from there to an exception, which the centre of the terms decides. What is charged
back is held by the centre until the dispute is over.

What is held is owed by the operator to the centre, and given back by the same amount below 0, the
red-ink pair; what is awarded is owed to the claimant by those who bear it. Nothing here asks what
the ledger has: the caller says what is owed for the ride.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from ext.codes import Cause, Code
from network.errors import OnecardError
from network.language import Phrase
from network.model import DisputeTerms
from network.money import Currency, apportion
from settlement.bank_days import BankDays

OWN_CAUSES = (Cause.DISPUTE_HELD, Cause.DISPUTE_AWARD)      # of flows that no entry has

OPENINGS = {"query": "queried", "chargeback": "charged back", "exception": "with the centre"}
STEPS = (*OPENINGS, "accept", "refuse", "close")
# States in which it is the claimant's turn.
_CLAIMANTS = {"confirmed": "chargeback", "represented": "exception"}    # to go on with this
_HELD = ("charged back", "represented", OPENINGS["exception"])
OVER = ("accepted", "awarded", "unanswered", "withdrawn", "declined")
# Steps of which somebody else has to know why.
REASONED = ("chargeback", "exception", "refuse")


class Refused(OnecardError):
    """A step that cannot be taken: nothing of it is posted."""

    def __init__(self, code: Code, found: str, expected: str, remedy: str) -> None:
        """Say why, with its code."""
        super().__init__(Phrase("{found} [{code}]", found=found, code=code.name),
                         expected=expected, remedy=remedy)
        self.code, self.plainly = code, found


class Step(NamedTuple):
    """A step that a member takes."""

    step: str               # one of STEPS
    by: str                 # a member's code
    on: datetime.date       # the day of it
    amount: int | None      # minor units; None: all that it can be
    reason: str


class Dispute(NamedTuple):
    """A dispute, as its last step has left it; amounts in minor units."""

    claimant: str
    operator: str
    amount: int                     # what is disputed
    state: str
    asked: str                      # whose turn it is; "": nobody's, it is over
    until: datetime.date | None     # the last day for that; None: there is none
    on: datetime.date               # of its last step
    awarded: int

    @property
    def held(self) -> int:
        """What the centre holds."""
        return self.amount if self.state in _HELD else 0


class Posting(NamedTuple):
    """What one member owes another by a step, in minor units; below 0: what it gives back."""

    debtor: str
    creditor: str
    amount: int
    cause: Cause


class Rules(NamedTuple):
    """By what steps are judged."""

    terms: DisputeTerms
    bank_days: BankDays
    currency: Currency
    today: datetime.date            # no step is of a later day

    def last_day(self, day: datetime.date, member: str) -> datetime.date:
        """The last day on which a member that is asked on a day may answer."""
        return self.bank_days.after(day, self.terms.answer_days, [member])


def open_dispute(step: Step, operator: str, owed: int, service_day: datetime.date, rules: Rules
                 ) -> Dispute:
    """A dispute that begins with a query or a chargeback of whoever owes so much for a ride.

    owed: by step.by to the operator, minor units. Raises Refused.
    """
    _check_reason(step)
    _check_day(step, service_day, "the ride's service day", rules)
    if step.step not in ("query", "chargeback"):
        raise Refused(Code.DISPUTE_STATE, Phrase("{step} of a ride that {by} does not dispute",
                                                 step=step.step, by=step.by),
                      "a chargeback that the operator has refused, before an exception",
                      "begin with query or chargeback")
    last = rules.bank_days.after(service_day, rules.terms.open_days, [step.by])
    if step.on > last:
        raise _too_late(step, last, Phrase("{open_days} bank days behind {service_day}, by the "
                                           "terms {dispute_terms!r}",
                                           open_days=rules.terms.open_days,
                                           service_day=service_day,
                                           dispute_terms=rules.terms.dispute_terms),
                        "have its operator correct the record, if it agrees")
    amount = owed if step.amount is None else step.amount
    if not 0 < amount <= owed:
        text, name = rules.currency.text, rules.currency.name
        raise Refused(Code.DISPUTE_AMOUNT,
                      Phrase("{amount} {currency} are disputed", amount=text(amount),
                                                  currency=name),
                      Phrase("{least} to {most}, which {by} owes {operator} for the ride",
                             least=text(1), most=text(owed), by=step.by, operator=operator),
                      "correct the amount, or leave it out for all")
    return Dispute(step.by, operator, amount, OPENINGS[step.step], operator,
                   rules.last_day(step.on, operator), step.on, 0)


def take_step(before: Dispute, step: Step, rules: Rules) -> Dispute:
    """The dispute after a step. Raises Refused."""
    _check_turn(before, step, rules)
    _check_reason(step)
    _check_day(step, before.on, "the last step", rules)
    if step.step == "close":
        return _closed(before, step)
    is_exception = before.state == OPENINGS["exception"]
    awarded = _amount(before, step, rules, may_be_less=is_exception and step.step == "accept")
    after = before._replace(on=step.on)
    if step.step in OPENINGS:
        asked = rules.terms.centre if step.step == "exception" else before.operator
        return after._replace(
            state=OPENINGS[step.step], asked=asked,
            until=None if step.step == "exception" else rules.last_day(step.on, asked))
    if step.step == "accept":
        return _over(after, "awarded" if is_exception else "accepted", awarded)
    if is_exception:
        return _over(after, "declined", 0)
    return after._replace(
        state="confirmed" if before.state == "queried" else "represented",
        asked=before.claimant, until=rules.last_day(step.on, before.claimant))


def postings_of(before: Dispute | None, after: Dispute, terms: DisputeTerms) -> list[Posting]:
    """What a step posts: what is held from it on, given back and awarded."""
    held = after.held - (before.held if before else 0)
    awarded = after.awarded - (before.awarded if before else 0)
    postings = [Posting(after.operator, terms.centre, held, Cause.DISPUTE_HELD)]
    roles = {"operator": after.operator, "claimant": after.claimant}
    shares = apportion(awarded, [one.weight for one in terms.borne_by])
    postings += [Posting(roles.get(one.bearer, one.bearer), after.claimant, share,
                         Cause.DISPUTE_AWARD)
                 for one, share in zip(terms.borne_by, shares, strict=True)]
    return [one for one in postings if one.amount and one.debtor != one.creditor]


def _check_turn(before: Dispute, step: Step, rules: Rules) -> None:
    """Whether the dispute is where the step can be, it is this member's, and in time."""
    state, asked = before.state, before.asked
    if state in OVER:
        raise Refused(Code.DISPUTE_TWICE if step.step in OPENINGS else Code.DISPUTE_STATE,
                      Phrase("the dispute is over: {state} on {on}", state=state, on=before.on),
                      "a dispute that goes on",
                      "nothing was changed; a ride is disputed once by a member")
    if step.step == "close":
        _check_close(before, step)
        return
    if step.step in OPENINGS:
        _check_goes_on(before, step)
        return
    if state in _CLAIMANTS:
        raise Refused(Code.DISPUTE_STATE, Phrase("{step} of what is {state}", step=step.step,
                                                 state=state),
                      Phrase("{step} or close by {asked}, who may go on until {until}",
                             step=_CLAIMANTS[state], asked=asked, until=before.until),
                      "look at it with `onecard dispute list`")
    if step.by != asked:
        raise Refused(Code.DISPUTE_NOT_ASKED, Phrase("{by} would {step}", by=step.by,
                                                     step=step.step),
                      Phrase("{asked}, who is asked", asked=asked),
                      Phrase("have {asked} take the step", asked=asked))
    if before.until is not None and step.on > before.until:
        raise _too_late(step, before.until, Phrase("{answer_days} bank days behind the last step",
                                                   answer_days=rules.terms.answer_days),
                        Phrase("{claimant} may close the dispute now, or charge back",
                               claimant=before.claimant) if state == "queried" else
                        Phrase("{claimant} may close the dispute now", claimant=before.claimant))


def _check_close(before: Dispute, step: Step) -> None:
    if step.by == before.claimant:
        return
    if step.by != before.operator or before.state not in _CLAIMANTS:
        raise Refused(Code.DISPUTE_NOT_ASKED, Phrase("{by} would close what is {state}",
                                                     by=step.by, state=before.state),
                      Phrase("{claimant}, whose dispute it is", claimant=before.claimant),
                      Phrase("have {claimant} close it", claimant=before.claimant))
    if before.until is not None and step.on <= before.until:
        raise Refused(Code.DISPUTE_TOO_EARLY, Phrase("close by {by} on {on}", by=step.by,
                                                     on=step.on),
                      Phrase("a day after {until}: {claimant} may go on until then",
                             until=before.until, claimant=before.claimant),
                      "wait until that day is over")


def _check_goes_on(before: Dispute, step: Step) -> None:
    """Whether the claimant may go on with a chargeback, or an exception."""
    is_unanswered = before.state == "queried" and before.until is not None \
        and step.on > before.until
    next_one = "chargeback" if is_unanswered else _CLAIMANTS.get(before.state)
    if step.step != next_one:
        is_twice = step.step == "query" or OPENINGS[step.step] == before.state or (
            step.step == "chargeback" and before.state in _HELD)
        raise Refused(Code.DISPUTE_TWICE if is_twice else Code.DISPUTE_STATE,
                      Phrase("{step} of what is {state}", step=step.step, state=before.state),
                      Phrase("a step that follows: {asked} is asked until {until}",
                             asked=before.asked, until=before.until) if before.until else
                      Phrase("a step that follows: {asked} is asked", asked=before.asked),
                      "look at it with `onecard dispute list`")
    if not is_unanswered and before.until is not None and step.on > before.until:
        raise _too_late(step, before.until, Phrase("the last day for {claimant} to go on",
                                                   claimant=before.claimant),
                        "close the dispute")


def _closed(before: Dispute, step: Step) -> Dispute:
    """What is left where somebody closes it: by default, who was asked and did not answer loses."""
    is_late = before.until is not None and step.on > before.until
    after = before._replace(on=step.on)
    if step.by == before.operator:
        return _over(after, "declined", 0)
    if before.state == "charged back" and is_late:
        return _over(after, "unanswered", before.amount)
    return _over(after, "withdrawn", 0)


def _over(dispute: Dispute, state: str, awarded: int) -> Dispute:
    return dispute._replace(state=state, asked="", until=None, awarded=awarded)


def _amount(before: Dispute, step: Step, rules: Rules, *, may_be_less: bool) -> int:
    """What the step is about. Raises Refused where that is not the disputed amount, or a part."""
    amount = before.amount if step.amount is None else step.amount
    if amount == before.amount or (may_be_less and 0 < amount < before.amount):
        return amount
    text = rules.currency.text
    raise Refused(Code.DISPUTE_AMOUNT, Phrase("{step} of {amount} {currency}", step=step.step,
                                              amount=text(amount), currency=rules.currency.name),
                  Phrase("up to {amount}, as is disputed",
                         amount=text(before.amount)) if may_be_less else
                  Phrase("{amount}, as is disputed: only the centre awards a part",
                         amount=text(before.amount)),
                  "correct the amount, or leave it out")


def _check_reason(step: Step) -> None:
    if not step.reason.isprintable():
        raise Refused(Code.CONTROL_CHARACTER, Phrase("the reason of {step} is {reason!r}",
                                                     step=step.step, reason=step.reason),
                      "text on one line", "write it without")
    if step.step in REASONED and not step.reason.strip():
        raise Refused(Code.MISSING_VALUE, Phrase("{step} without a reason", step=step.step),
                      "why, for the member that has to decide about it", "write the reason")


def _check_day(step: Step, earliest: datetime.date, what: str, rules: Rules) -> None:
    if not earliest <= step.on <= rules.today:
        raise Refused(Code.DISPUTE_DAY, Phrase("{step} on {on}", step=step.step, on=step.on),
                      Phrase("{what}, {earliest}, up to today, {today}", what=what,
                             earliest=earliest, today=rules.today),
                      "write the day on which the step was taken")


def _too_late(step: Step, last: datetime.date, why: str, remedy: str) -> Refused:
    return Refused(Code.DISPUTE_TOO_LATE, Phrase("{step} by {by} on {on}", step=step.step,
                                                 by=step.by, on=step.on),
                   Phrase("a day until {last}: {why}", last=last, why=why), remedy)
