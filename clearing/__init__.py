"""The clearing engine and its front doors: intake, run, book, answers and commands.

For scripts and notebooks:

    import clearing
    with clearing.open_book("book") as book:
        rides = book.rides()                # NumPy; or form="arrow"

`open_book` gives an `OpenBook`: rides, show, explain, verify, query, clear, settle. `price` says
what a `PriceQuestion` costs without a book, `check_network` what is wrong with a network's fare
tables. What cannot be done raises `OnecardError`, which says what to do.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clearing.answers.check_tables import check_network
    from clearing.answers.open_book import OpenBook, open_book
    from clearing.answers.price import price
    from clearing.answers.trips import PriceQuestion
    from network.errors import OnecardError

__version__ = "0.1.0"
__all__ = ["OnecardError", "OpenBook", "PriceQuestion", "__version__", "check_network",
           "open_book", "price"]

# Imported when first used, so that `onecard --help` answers at once.
_HOMES = {
    "OnecardError": "network.errors",
    "OpenBook": "clearing.answers.open_book",
    "PriceQuestion": "clearing.answers.trips",
    "check_network": "clearing.answers.check_tables",
    "open_book": "clearing.answers.open_book",
    "price": "clearing.answers.price",
}


def __getattr__(name: str) -> Any:
    """A public name, imported from where it is at home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'clearing' has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return sorted({*globals(), *__all__})
