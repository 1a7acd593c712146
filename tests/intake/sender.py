"""Sends files to a small town's network, and says what became of them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clearing.intake.decoder_tables import DecoderTables
from clearing.intake.intake import Intake
from clearing.intake.known_numbers import KnownNumbers
from clearing.intake.reader import read_files
from ext.codes import Code
from ext.records import TAP
from network.names import Names
from network.network import Network, load_network
from network.numbering import number_network

FOLDER = Path(__file__).parent / "town"
NETWORK = load_network(str(FOLDER))
RECEIVED_AT = int(datetime.datetime(2024, 12, 1, 4, tzinfo=datetime.UTC).timestamp())

# A record that is accepted, and the columns of the file that it is in.
GOOD = {
    "card": "3100000000000001", "card_seq": "7", "tapped_at": "20241125073000",
    "operator": "bus", "device": "D1", "device_seq": "70", "mode": "bus", "kind": "single",
    "stop": "", "line": "", "vehicle": "", "direction": "", "medium": "", "card_kind": "",
    "issuer": "", "due": "", "paid": "", "balance_before": "", "distance_m": "", "tac": "",
    "key_version": "", "algorithm": "", "born_on": "", "reviewed_until": "", "in_at": "",
    "in_stop": "", "correction": "", "revision": "", "reason": "", "authorised_by": "",
    "ride_code": "",
}
COLUMNS = tuple(GOOD)
FIXED = {"correction": "replace", "reason": "wrong_time", "authorised_by": "bus"}
RAIL = {"operator": "rail", "mode": "metro", "kind": "in", "stop": "S1"}
RIDE = {"operator": "rail", "mode": "metro", "kind": "ride", "stop": "S2", "in_stop": "S1",
        "in_at": "20241125070000"}


def line_of(columns: Sequence[str] = COLUMNS, **values: str) -> str:
    """A record without its newline: GOOD with these values instead."""
    return ",".join({**GOOD, **values}[column] for column in columns)


def file_of(lines: Iterable[str | bytes], columns: Sequence[str] = COLUMNS) -> bytes:
    """A file with a header and these lines, each ended with a newline."""
    encoded = [line if isinstance(line, bytes) else line.encode() for line in lines]
    return b"".join(line + b"\n" for line in [",".join(columns).encode(), *encoded])


def read(folder: Path, *contents: bytes, **options: Any) -> Intake:
    """Read files of these contents, named 0.csv and so on."""
    paths = []
    for index, content in enumerate(contents):
        paths.append(folder / f"{index}.csv")
        paths[-1].write_bytes(content)
    return read_paths(paths, **options)


def read_paths(paths: Sequence[Path], *, names: Names | None = None, network: Network = NETWORK,
               **options: Any) -> Intake:
    """Read files by their paths."""
    decoder_tables = DecoderTables(
        number_network(network, Names() if names is None else names))
    intake = read_files(paths, decoder_tables, **{"received_at": RECEIVED_AT, **options})
    for report in intake.files:
        assert report.accepted + report.refused == report.records, report
    return intake


def outcomes(intake: Intake, index: int = 0) -> list[tuple[str, str]]:
    """(code, column) of every record of a file in the order of its lines; accepted: ("OK", "")."""
    report = intake.files[index]
    assert not report.code, report.reason
    found = [("OK", "")] * report.records
    for refusal in intake.refusals(index).records:
        field = int(refusal["field"])
        found[int(refusal["line"]) - 2] = (Code(int(refusal["code"])).name,
                                           report.columns[field - 1] if field else "")
    return found


def outcome(folder: Path, **values: str) -> tuple[str, str]:
    """What becomes of one record."""
    [found] = outcomes(read(folder, file_of([line_of(**values)])))
    return found


def all_taps(intake: Intake, names: Names, files: Mapping[int, int] | None = None) -> Any:
    """Every tap, in the order of files and lines."""
    files = files or {report.index: report.index for report in intake.files}
    intake.number_codes(KnownNumbers(names), files)
    taps = np.concatenate([np.empty(0, dtype=TAP),
                           *(intake.gather(part) for part in range(intake.partitions))])
    return taps[np.lexsort((taps["source_line"], taps["source_file"]))]


def one_tap(folder: Path, **values: str) -> tuple[Any, Names]:
    """The tap of a record that is accepted, and what its numbers mean."""
    names = Names()
    intake = read(folder, file_of([line_of(**values)]), names=names)
    [tap] = all_taps(intake, names)
    return tap, names
