"""A small book as a clerk has it: two windows closed; a record came late, one was cancelled."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from clearing.book import open_book
from tests.run.command import REPOSITORY, accepted, write_csv

COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "medium", "card_kind", "paid", "due", "correction", "revision", "reason",
           "authorised_by")
FIRST, SECOND, OPEN = "2024-11-25", "2024-11-26", "2024-12-02"
FORMULA = '=HYPERLINK("x")'     # what somebody calls a line


FEES = """
[[period_fee]]
period_fee = "desk"
payers = ["hk-bus"]
payee = "cn-centre"
every = "window"
lump = 100
"""


def tap(card: str, seq: int, day: str, **more: Any) -> dict[str, Any]:
    """A boarding in Haikou."""
    return {"card": card, "card_seq": seq, "tapped_at": f"{day}T08:{seq:02}:00", "mode": "bus",
            "operator": "hk-bus", "device": "P1", "device_seq": seq, "kind": "single",
            "stop": "龙华总站", "line": "19", "medium": "card",
            "card_kind": "disabled", "paid": 0, **more}


def clerks_network(folder: Path, more: str = "") -> Path:
    """The network of examples, whose Haikou bus company reads English; and keys of a test's own."""
    shutil.copytree(REPOSITORY / "examples" / "network", folder)
    path = folder / "network.toml"
    text = path.read_text("utf-8").replace('"海口公交"', '"海口公交"\nlanguage = "en"')
    path.write_text(text.replace('"海口市财政局"', '"=海口市财政局"') + FEES + more, "utf-8")
    return folder


def make_book(folder: Path, more: str = "") -> Path:
    """A book of that network in a folder. more: of network.toml."""
    fill_book(folder, folder / "book", more)
    return folder / "book"


def fill_book(folder: Path, book: Path | str, more: str = "") -> None:
    """The same, wherever the book is; its network and files are in the folder."""
    network = clerks_network(folder / "network", more)
    home, away, elder = "3105000020000000043", "3104870500000000017", "3105000020000000050"
    by_code = {"medium": "qr", "card_kind": "ordinary", "paid": ""}
    in_zhongshan = {**by_code, "operator": "zs-bus", "stop": "桥岗", "line": "B1"}

    def clear(name: str, *rows: dict[str, Any]) -> None:
        accepted("clear", write_csv(folder / f"{name}.csv", rows, COLUMNS), "--network", network,
                 "--book", book)

    with open_book(str(book)):      # meanwhile: the embedded engine is slow to start and to stop
        clear("first", tap(home, 1, FIRST), tap(home, 2, FIRST, line=FORMULA),
              tap(away, 1, FIRST, **by_code), tap(elder, 1, FIRST, card_kind="elder"))
        accepted("settle", "--yes", "--window", FIRST, "--book", book)
        clear("second", tap(home, 4, SECOND), tap(home, 3, FIRST), tap(away, 2, SECOND, **by_code),
              tap(away, 3, FIRST, **in_zhongshan),
              tap(elder, 1, FIRST, card_kind="elder", correction="cancel", revision=1,
                  reason="not_a_ride", authorised_by="hk-bus"))
        accepted("settle", "--yes", "--window", SECOND, "--book", book)
        clear("open", tap(home, 5, OPEN))
