"""The cases in this folder: what a rider tapped, and what must come out.

A case is a folder <network>/<case>/ with taps.csv (onecard-taps/1, as operators send them),
expected.csv (one row per ride; `-` is a blank) and mostly case.md (what it shows, and by whose
word). Amounts are fen.
"""

from __future__ import annotations

import csv
import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from clearing.reference.taps import Tap
from network.folder import find_folder
from network.model import NetworkFile

HERE = Path(__file__).parent
CASES = sorted(path.parent.relative_to(HERE).as_posix() for path in HERE.glob("*/*/taps.csv"))
COLUMNS = ["card", "card_seq", "state", "from", "to", "due", "paid", "rule", "discounts"]
NUMBERS = ("card_seq", "device_seq", "due", "paid", "balance_before", "distance_m", "key_version")
TIMES = ("tapped_at", "in_at")
DATES = ("born_on", "reviewed_until")

Row = list[str]


def taps_of(case: str) -> Path:
    """The file of taps that operators sent."""
    return HERE / case / "taps.csv"


def folder_of(case: str) -> Path:
    """The network that a case rides in."""
    return find_folder(case.partition("/")[0])


def expected_of(case: str) -> list[Row]:
    """The rides as they must come out, by card and time."""
    with (HERE / case / "expected.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == COLUMNS
    return rows


def make_row(cells: list[object], legs: list[str]) -> Row:
    """A ride as a row of expected.csv."""
    return [str(cell) or "-" for cell in [*cells, "; ".join(legs)]]


def read_plain_taps(case: str, network: NetworkFile) -> list[Tap]:
    """The taps of a case as the plain engine takes them; blanks filled in as intake does."""
    with taps_of(case).open(encoding="utf-8", newline="") as file:
        return [_read_tap(fields, line, network)
                for line, fields in enumerate(csv.DictReader(file), 2)]


def _read_tap(fields: dict[str, str], line: int, network: NetworkFile) -> Tap:
    zone = ZoneInfo(network.time_zone)
    values: dict[str, object] = {}
    for column, text in fields.items():
        if column in NUMBERS:
            values[column] = int(text) if text else None
        elif column in TIMES:
            values[column] = _utc_seconds(text, zone) if text else None
        elif column in DATES:
            values[column] = datetime.date.fromisoformat(text) if text else None
        else:
            values[column] = text
    values["medium"] = fields.get("medium") or "card"
    values["card_kind"] = fields.get("card_kind") or network.card_kinds[0]
    values["issuer"] = fields.get("issuer") or _issuer_of(fields["card"], network)
    if values["tapped_at"] is None:
        values["tapped_at"] = values["in_at"]
    return Tap(**values, file=1, source_line=line)  # type: ignore[arg-type]


def _utc_seconds(text: str, zone: ZoneInfo) -> int:
    moment = datetime.datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())


def _issuer_of(card: str, network: NetworkFile) -> str:
    """The issuer with the longest prefix of this card."""
    fits = [(len(prefix), issuer.code) for issuer in network.issuer
            for prefix in issuer.card_prefixes if card.startswith(prefix)]
    return max(fits)[1]
