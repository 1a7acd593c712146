"""A document before it has a form: facts, sections with sums, and the rows behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from network.language import HEADING, translated
from network.members import Language, Member
from network.money import Currency


class Bars(NamedTuple):
    """A picture of a bar for each label."""

    values: dict[str, int]
    is_money: bool          # minor units
    is_upright: bool = False


class Streams(NamedTuple):
    """A picture of what some owe others: a band for each pair, as wide as its amount."""

    amounts: dict[tuple[str, str], int]     # of debtor and creditor, minor units


class Marked(str):
    """A cell's text of which a part is wrong, and shown in red."""

    __slots__ = ("parts",)

    parts: tuple[str, str, str]     # before it, itself, behind it

    def __new__(cls, before: str, wrong: str, behind: str) -> Marked:
        """The text of these parts."""
        marked = super().__new__(cls, before + wrong + behind)
        marked.parts = before, wrong, behind
        return marked


@dataclass(frozen=True)
class Section:
    """A table of a document; amounts are minor units."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    money: frozenset[int]               # which columns are amounts
    total: tuple[Any, ...] | None = None
    picture: Bars | Streams | None = None


@dataclass(frozen=True)
class Document:
    """What every form of a document has."""

    title: str
    facts: list[tuple[str, str]]        # what is said of it, by name
    sections: list[Section]
    signatures: tuple[str, ...]         # who signs
    language: Language
    currency: Currency

    def said(self) -> Document:
        """The same in the language that is in use: as a list on a terminal says it."""
        return replace(self, title=translated(self.title), facts=[
            (translated(name), translated(value)) for name, value in self.facts],
            sections=[_said(one) for one in self.sections])


@dataclass(frozen=True)
class Detail:
    """How the rows behind a document look: one ride's amount each."""

    title: str                          # of a sheet
    columns: tuple[str, ...]
    money: frozenset[int]


def _said(section: Section) -> Section:
    def row(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(translated(value, name) if isinstance(value, str) else value
                     for name, value in zip(section.columns, values, strict=True))

    return replace(
        section, title=translated(section.title), rows=list(map(row, section.rows)),
        columns=tuple(translated(name, HEADING) for name in section.columns),
        total=None if section.total is None else row(section.total))


def file_stem(kind: str, member: Member, period: str) -> str:
    """The name of a document's files: members' codes can hold what names of files cannot."""
    code = re.sub(r"[^\w.-]", "_", member.code)
    number = "" if code == member.code else f"-{member.number}"
    return f"{kind}-{code}{number}-{period}"


def plain_amount(amount: int, decimals: int) -> str:
    """An amount in the currency, as spreadsheets read it: 123456 fen are 1234.56."""
    whole, part = divmod(abs(amount), 10 ** decimals)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{part:0{decimals}}" if decimals else f"{sign}{whole}"


def readable(value: Any, *, is_money: bool, currency: Currency) -> str:
    """A cell as people read it: amounts in the currency, other numbers in groups, "" blank."""
    if is_money and value != "":
        return currency.text(value)
    return value if isinstance(value, str) else f"{value:,}"


def add_up(rows: Iterable[tuple[Any, ...]], columns: Sequence[int], width: int, word: str
           ) -> tuple[Any, ...]:
    """The row below others: the sums of some columns, and a word before them."""
    listed = list(rows)
    return tuple(sum(row[index] for row in listed) if index in columns else
                 word if index == 0 else "" for index in range(width))
