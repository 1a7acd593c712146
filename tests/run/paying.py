"""Books with closed windows to pay, and banks' answers to what was written."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.run.command import REPOSITORY, accepted, onecard, write_csv

NETWORK = REPOSITORY / "examples" / "network"
XSD = REPOSITORY.parent / "shared" / "data" / "iso20022" / "xsd"
WINDOW, LATER = "2024-11-25", "2024-11-26"
COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "card_kind", "paid")
MAKER, CHECKER = ("--by", "Li Na"), ("--by", "Wang Wei")


def settle_example(book: Path | str) -> None:
    """Clear the examples' day, and close it."""
    taps = sorted((REPOSITORY / "examples/taps").glob("*.csv"))
    accepted("clear", *taps, "--network", NETWORK, "--book", book, "--acknowledgements",
             Path(book).parent / "acknowledgements")
    accepted("settle", "--window", WINDOW, "--yes", "--book", book)


def settle_later(book: Path | str) -> None:
    """A day more: one rider of Haikou pays 1.70."""
    row = dict(zip(COLUMNS, ("3105000020000000035", 900, f"{LATER}T08:00:00", "hk-bus", "P2201", 1,
                             "bus", "single", "龙华总站", "19", "ordinary",
                             170), strict=True))
    path = write_csv(Path(book).parent / "later.csv", [row], COLUMNS)
    accepted("clear", path, "--book", book, "--acknowledgements", path.parent / "acknowledgements")
    accepted("settle", "--window", LATER, "--yes", "--book", book)


def make(book: Path | str, *words: str) -> int:
    """Make a batch; its number."""
    out = accepted("pay", "make", *MAKER, "--on", LATER, "--book", book, *words).out
    found = re.match(r"batch (\d+) is made: ", out)
    assert found is not None, out
    return int(found[1])


def make_written(book: Path | str, out: Path, form: str = "pain.001", *words: str) -> int:
    """Make a batch, have it checked and write it; its number."""
    batch = make(book, *words)
    accepted("pay", "check", str(batch), *CHECKER, "--book", book)
    accepted("pay", "write", str(batch), "--format", form, "--out", out, "--book", book)
    return batch


def listed(book: Path | str) -> dict[str, Any]:
    """What `pay list` lists."""
    found: dict[str, Any] = json.loads(accepted("pay", "list", "--json", "--book", book).out)
    return found


def payments(book: Path | str, batch: int) -> list[dict[str, Any]]:
    """The payments of a batch."""
    done = onecard("pay", "show", str(batch), "--json", "--book", book)
    assert done.code == 0, done
    rows: list[dict[str, Any]] = json.loads(done.out)
    return rows


def moved(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """What each member gets for each window, less what it pays."""
    return {(row["window"], row["member"]):
            row["amount"] if row["action"] == "receives" else -row["amount"] for row in rows}
