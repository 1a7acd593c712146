"""What a process knows of a book that it has open, for all in it that have.

A book in a folder is this process's alone: what was asked for holds until something is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from clearing.book.parts import Span
from clearing.book.runs import Run
from network.names import Name


@dataclass(slots=True, weakref_slot=True, eq=False)
class Known:
    """What was found, with how many changes of the store there had been by then (Store.changes).

    Where others can change the store at any time, that is None, and says nothing.
    """

    whole_at: int | None = None         # when the book was last found whole
    newest: tuple[int | None, Span] = (None, Span(0, 0))
    runs: dict[int, Run] = field(default_factory=dict)      # committed: they stay as they are
    # When, of the network with which digest: of the one that was asked for last.
    contents: tuple[int | None, str, dict[str, bytes]] = (None, "", {})
    # When, of which runs; the dictionary, but for kinds whose last number is all that is read.
    names: tuple[int | None, Span, list[Name], dict[str, int]] = (None, Span(0, 0), [], {})
