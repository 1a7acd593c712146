"""Which operators' rides can cost otherwise by one network than by another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from fare_tables.model import Table
from network.network import Network

# Who is there may grow: what was cleared before knows nobody new.
LISTS = {"province": "code", "city": "code", "operator": "code", "issuer": "code",
         "funder": "code", "centre": "code", "approver": "code", "accumulator": "accumulator"}
WORDS = ("modes", "card_kinds", "media")
# They say nothing about money, or of some cards only.
SILENT = ("title", "recheck_after_days", "default_layout", "card_register", "totals_follow",
          "sender", "card_numbers", "deny_list", "terminals", "unknown_terminals")


@dataclass(frozen=True)
class Priced:
    """What rides of a network cost: its files and its tables."""

    network: Network
    tables: Sequence[Table]


def changed_operators(before: Priced, after: Priced) -> frozenset[str] | None:
    """The operators whose rides can cost otherwise; None: it can be anybody's."""
    if _common(before) != _common(after, known=before):
        return None
    known = before.network.operators
    changed = {code for code in known if _own(before, code) != _own(after, code)}
    # Operators of one system share stops and track.
    systems = {before.network.system_of(code) for code in changed}
    return frozenset(code for code in known if before.network.system_of(code) in systems)


def _common(priced: Priced, known: Priced | None = None) -> dict[str, Any]:
    """What can change the price of any ride; of lists what another network knows, too."""
    model: dict[str, Any] = msgspec.to_builtins(priced.network.model)
    names = msgspec.to_builtins((known or priced).network.model)
    for key in ("operator", *SILENT):
        model.pop(key)
    for key in WORDS:
        model[key] = sorted(word for word in model[key] if word in names[key])
    for key, code in LISTS.items():
        if key in model:
            codes = {one[code] for one in names[key]}
            model[key] = [one for one in model[key] if one[code] in codes]
    return model


def _own(priced: Priced, operator: str) -> tuple[Any, ...] | None:
    """What the price of an operator's rides is made of; None: there is no such operator."""
    spec = priced.network.operators.get(operator)
    if spec is None:
        return None
    tables = [msgspec.structs.replace(table, checked_on=None) for table in priced.tables
              if operator in table.operators]
    contents = priced.network.contents
    files = {name: contents.get(name) for thing in (spec, *tables)
             for name in _files_in(msgspec.to_builtins(thing))}
    return spec, tables, files


def _files_in(value: Any) -> Iterator[str]:
    """The CSV files that a row names, anywhere in it."""
    if isinstance(value, str) and value.endswith(".csv"):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _files_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _files_in(one)
