"""Whether a book's tables and views are those that it was made with, by the store's own words.

Who replaces a view has people read what they like, and no row is changed. So nothing is asked of a
book before this has been looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from clearing.book.schema import JOURNAL, TABLES, Column
from clearing.book.views import VIEWS
from network.language import Phrase

_ATTACH = re.compile(r"\AATTACH (\w+) _ UUID '[^']*'")     # how a file of the store begins
_WORD = re.compile(r"'(?:[^'\\]|\\.)*'|\w+|[^\s`]")
_CODEC = ["CODEC", "(", "T64", ")"]
_ENDS = ("", ")", "ORDER")      # of what WHERE is about


def odd_definitions(found: Mapping[str, str], database: str) -> dict[str, str]:
    """Tables and views that are not as they were made, in words; those that are missing are none.

    found: the statements that make them, by name, as the store has them; database: its own name.
    """
    return {name: Phrase("view {view} is not the one that was made", view=name) if name in VIEWS
            else Phrase("table {table} has other columns than it was made with, or is of another "
                        "kind", table=name)
            for name, expected in _expected().items()
            if name in found and _normal(_ATTACH.sub(rf"CREATE \1 {name}", found[name]),
                                         name, database) != expected}


@cache
def _expected() -> dict[str, list[str]]:
    """What every table and view is defined by."""
    tables = {table.name: table.create("") for table in (*TABLES, JOURNAL)}
    views = {name: f"CREATE VIEW {name} ({_listed(view.columns)}) AS {view.select}"
             for name, view in VIEWS.items()}
    return {name: _normal(text.replace(" IF NOT EXISTS", ""), name, "")
            for name, text in (tables | views).items()}


def _listed(columns: Sequence[Column]) -> str:
    return ", ".join(f"{name} {type_}" for name, type_ in columns)


@lru_cache(256)     # statements are the same in every book that a process opens
def _normal(text: str, name: str, database: str) -> list[str]:
    """The words of a statement, but for what stores write in different ways."""
    words = _own_names(_WORD.findall(text), database)
    if name not in VIEWS:
        words = _without(words, _CODEC)
        if "SETTINGS" in words:
            words = words[:words.index("SETTINGS")]
        if words[-5:-3] == ["ORDER", "BY"]:     # one column, in brackets or not
            words = [*words[:-3], words[-2]]
    return _bare_conditions(words)


def _own_names(words: list[str], database: str) -> list[str]:
    """Without the database's own name before its tables'."""
    own = [index for index, word in enumerate(words[:-1])
           if word == database and words[index + 1] == "."]
    left_out = {place for index in own for place in (index, index + 1)}
    return [word for index, word in enumerate(words) if index not in left_out]


def _without(words: list[str], part: list[str]) -> list[str]:
    kept, place = list[str](), 0
    while place < len(words):
        if words[place:place + len(part)] == part:
            place += len(part)
            continue
        kept.append(words[place])
        place += 1
    return kept


def _bare_conditions(words: list[str]) -> list[str]:
    """Without brackets around the whole of a condition."""
    left_out = set[int]()
    for place, word in enumerate(words[:-1]):
        if word == "WHERE" and words[place + 1] == "(":
            end = _closing(words, place + 1)
            if (words[end + 1] if end + 1 < len(words) else "") in _ENDS:
                left_out |= {place + 1, end}
    return [word for place, word in enumerate(words) if place not in left_out]


def _closing(words: list[str], place: int) -> int:
    """Where the bracket that opens at a place is closed; the end, where it is not."""
    depth = 0
    for end in range(place, len(words)):
        depth += (words[end] == "(") - (words[end] == ")")
        if depth == 0:
            return end
    return len(words) - 1
