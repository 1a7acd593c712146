"""The rides behind an amount, one row for each leg, as documents list them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from clearing.answers.documents.document import Detail
from clearing.answers.documents.words import Words
from clearing.answers.listings import cards_of, civil_times, days_of
from clearing.answers.session import Session
from clearing.book.legs import BETWEEN_TWO, list_legs
from ext.codes import Cause, Reason
from network.civil import day_of
from network.numbering import NumberedNetwork
from settlement.statements import Statement

Block = dict[str, npt.NDArray[Any]]

FIELDS = ("window", "card_hi", "card_lo", "card_seq", "started_at", "ended_at", "operator", "mode",
          "line", "from_stop", "to_stop", "card_kind", "issuer", "reason")
# By which the store has them in order already, so that it need not hold them all.
ORDER = "service_day, card_hi, card_lo, started_at, ended_at, card_seq"
_COLUMNS = ("window", "card", "counter", "boarded", "alighted", "operator", "mode", "line", "from",
            "to", "card_kind", "issuer", "cause", "code", "counterparty", "rule", "reason",
            "is owed", "owes")


def detail_of(words: Words) -> Detail:
    """What the rows' columns are called."""
    width = len(_COLUMNS)
    return Detail(words["detail"], words.of(*_COLUMNS), frozenset((width - 2, width - 1)))


def list_behind(session: Session, where: str) -> Iterator[Block]:
    """The legs between two members that fulfil a condition, in blocks."""
    for block in list_legs(session.book, FIELDS, f"{BETWEEN_TWO} AND ({where})", ORDER):
        yield {name: np.asarray(column) for name, column in block.items()}


class RidesBehind:
    """Legs as rows of text, numbers and amounts, in one language."""

    def __init__(self, numbered: NumberedNetwork, words: Words,
                 text: Callable[[str], str] = str, card: Callable[[str], str] = str) -> None:
        """text: what becomes of codes and names, which come from outside; card: of numbers."""
        names = numbered.names
        self._clock = numbered.network.clock
        self._text, self._card, self._words = text, card, words
        self._codes = {kind: np.array(list(map(text, names.codes(kind))), object)
                       for kind in ("member", "mode", "line", "stop", "card_kind", "rule")}
        self._names = self._codes["member"].copy()
        for member in numbered.members:
            self._names[member.number] = text(member.name)
        self._causes = _by_number({int(one): words.cause(one) for one in Cause})
        self._reasons = _by_number({int(one): words.reason(one) for one in Reason})

    def rows(self, block: Block, member: int) -> Iterator[tuple[Any, ...]]:
        """The legs to and from a member; what is taken back stands on the other side."""
        credit = block["leg_creditor"] == member
        own = credit | (block["leg_debtor"] == member)
        if not own.any():
            return iter(())
        rows = {name: column[own] for name, column in block.items()}
        credit = credit[own]
        other = np.where(credit, rows["leg_debtor"], rows["leg_creditor"])
        signed = np.where(credit, rows["leg_amount"], -rows["leg_amount"])
        return zip(*self._columns(rows, other), _where(signed > 0, signed),
                   _where(signed < 0, -signed), strict=True)

    def of_no_ride(self, statement: Statement) -> Iterator[tuple[Any, ...]]:
        """What a statement has beside its rides, as rows of the same columns."""
        for line in statement.lines:
            if line.operator:
                continue
            other = statement.other(line)
            signed = line.amount if line.creditor == statement.member.number else -line.amount
            yield (day_of(line.window).isoformat(), *[""] * 11, self._causes[line.cause],
                   self._codes["member"][other], self._names[other], "", self._words.reason(0),
                   signed if signed > 0 else "", -signed if signed < 0 else "")

    def _columns(self, rows: Block, other: npt.NDArray[Any]) -> list[Any]:
        codes = self._codes
        boarded, alighted = (
            [time.replace("T", " ") for time in civil_times(rows[name], self._clock)]
            for name in ("started_at", "ended_at"))
        return [
            days_of(rows["window"]), list(map(self._text, map(self._card, cards_of(rows)))),
            rows["card_seq"].tolist(), boarded, alighted,
            self._names[rows["operator"]].tolist(), codes["mode"][rows["mode"]].tolist(),
            codes["line"][rows["line"]].tolist(), codes["stop"][rows["from_stop"]].tolist(),
            codes["stop"][rows["to_stop"]].tolist(),
            codes["card_kind"][rows["card_kind"]].tolist(),
            self._names[rows["issuer"]].tolist(), self._causes[rows["leg_cause"]].tolist(),
            codes["member"][other].tolist(), self._names[other].tolist(),
            codes["rule"][rows["leg_rule"]].tolist(), self._reasons[rows["reason"]].tolist(),
        ]


def _by_number(words: dict[int, str]) -> npt.NDArray[Any]:
    """Words, each at its number."""
    return np.array([words.get(number, "") for number in range(max(words) + 1)], object)


def _where(chosen: npt.NDArray[np.bool_], amounts: npt.NDArray[Any]) -> list[Any]:
    """Amounts, and blanks where another column has them."""
    listed: list[Any] = np.where(chosen, amounts.astype(object), "").tolist()
    return listed
