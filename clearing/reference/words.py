"""Amounts and times as a clerk writes them, for the words of trace lines."""

from __future__ import annotations

from typing import NamedTuple

from network.model import AccumulatorSpec, NetworkFile


class Answer(NamedTuple):
    """An amount, or None where a rule has none; and in words how it came about, or why not."""

    amount: int | None
    words: str


def counted(model: NetworkFile, spec: AccumulatorSpec, amount: int) -> str:
    """What an accumulator has counted: money, or a number."""
    return str(amount) if spec.counts == "rides" else model.money.text(amount)


def metres(length_m: int) -> str:
    """A distance: 12,100 m."""
    return f"{length_m:,} m"


def duration(time_s: int) -> str:
    """A stretch of time: 90 min, 1 min 30 s, 45 s."""
    minutes, seconds = divmod(abs(time_s), 60)
    parts = [f"{minutes} min"] * (minutes > 0) + [f"{seconds} s"] * (seconds > 0 or minutes == 0)
    return ("-" if time_s < 0 else "") + " ".join(parts)
