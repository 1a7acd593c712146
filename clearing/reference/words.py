"""Amounts and times as a clerk writes them, for the words of trace lines."""

from __future__ import annotations

from typing import NamedTuple

from network.language import Phrase
from network.model import AccumulatorSpec, NetworkFile


class Answer(NamedTuple):
    """An amount, or None where a rule has none; and in words how it came about, or why not."""

    amount: int | None
    words: Phrase


BLANK = Phrase("(blank)")


def shown(code: str) -> str:
    """A code, or that there is none."""
    return code or BLANK


def counted(model: NetworkFile, spec: AccumulatorSpec, amount: int) -> str:
    """What an accumulator has counted: money, or a number."""
    return str(amount) if spec.counts == "rides" else model.money.text(amount)


def metres(length_m: int) -> Phrase:
    """A distance: 12,100 m."""
    return Phrase("{length_m:,} m", length_m=length_m)


def duration(time_s: int) -> Phrase:
    """A stretch of time: 90 min, 1 min 30 s, 45 s."""
    minutes, seconds = divmod(abs(time_s), 60)
    sign = "-" if time_s < 0 else ""
    if not minutes:
        return Phrase("{sign}{seconds} s", sign=sign, seconds=seconds)
    if not seconds:
        return Phrase("{sign}{minutes} min", sign=sign, minutes=minutes)
    return Phrase("{sign}{minutes} min {seconds} s", sign=sign, minutes=minutes, seconds=seconds)
