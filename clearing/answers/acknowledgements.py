"""What an operator gets back for its files: an acknowledgement and reject files.

They are a function of a committed run, so that they can be written again from the book, the same
bytes, where a run was committed and they were lost.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from clearing.book import Book, BookFile
from clearing.book.schema import RAW_BYTES
from clearing.engine.run import Report
from ext.codes import Code
from ext.records import REFUSAL
from network.refusals import WORDS

REJECT_COLUMNS = ("line", "offset", "code", "field", "reason", "record")
FOLDER = "acknowledgements"     # in the book's folder, unless somebody says otherwise
NAME_BYTES = 150            # of an input file's name, in the name of its reject file


def path_of(run: int, folder: Path) -> Path:
    """Where the acknowledgement of a run is; written after its reject files."""
    return folder / f"run-{run}.ack.json"


def path_of_nothing(digest: str, folder: Path) -> Path:
    """Where the answer to a run is that came to nothing, and has no number therefore."""
    return folder / f"nothing-{digest[:12]}.ack.json"


def acknowledge(report: Report, folder: Path) -> Path:
    """The acknowledgement of a run, written with a reject file for each file that needs one."""
    folder.mkdir(parents=True, exist_ok=True)
    order = sorted(range(len(report.files)),
                   key=lambda index: (report.files[index].file, report.files[index].code,
                                      report.files[index].name))
    rejects = {index: _reject(report, index, folder) for index in order
               if report.is_committed and len(report.rejects.get(index, ()))}
    path = (path_of(report.run.run, folder) if report.is_committed
            else path_of_nothing(report.run.digest, folder))
    content = {
        "run": report.run.run if report.is_committed else None,
        "digest": report.run.digest,
        "records": report.run.taps,
        "accepted": report.run.accepted,
        "known": report.run.known,
        "refused": report.run.refused,
        "rides": report.run.rides,
        "open_rides": report.run.open_rides,
        "files": [_file(report.files[index], rejects.get(index)) for index in order],
        "refusals": {Code(code).name: count for code, count in sorted(report.refusals.items())},
    }
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    os.replace(unfinished, path)
    return path


def acknowledge_again(book: Book, report: Report, folder: Path) -> list[Path]:
    """Acknowledgements of earlier runs that took files of this one, where the folder has none.

    Where a run was killed between its commit and its acknowledgement, the sender gives its files
    again, and all of them are known then: this is how it gets the answer to the first time.
    """
    again = {file.sha256 for file in report.files}
    runs = {file.run for file in book.files_taken(again, before=report.run.run).values()}
    return [acknowledge(read_report(book, run), folder)
            for run in sorted(runs) if not path_of(run, folder).exists()]


def read_report(book: Book, number: int) -> Report:
    """What a committed run did, as the book has it."""
    run = book.find_run(number)
    assert run is not None, "whoever asks has the number from the book"
    columns = ", ".join(f"`{name}`" for name in BookFile._fields)
    found = book.query(
        f"SELECT {columns} FROM files WHERE run = {number} ORDER BY file, code, name")
    files = [BookFile._make(str(value) if isinstance(value, str) else int(value) for value in row)
             for row in zip(*(list(found[name]) for name in BookFile._fields), strict=True)]
    report = Report(run, files)
    for file in files:
        if file.code not in (Code.OK, Code.DUPLICATE_FILE):
            report.refusals[Code(file.code)] += file.records
    names = ("file", "line", "offset", "code", "field")
    rows = book.query(f"SELECT {', '.join(names)}, hex(raw) AS raw FROM refusals "
                      f"WHERE run = {number} ORDER BY file, offset, line")
    refusals = np.zeros(len(rows["raw"]), dtype=REFUSAL)
    for name in names:
        refusals[name] = rows[name]
    raw = [bytes.fromhex(str(text)) for text in rows["raw"]]
    for index, file in enumerate(files):
        if not file.code:
            own = np.flatnonzero(refusals["file"] == file.file)
            report.rejects[index] = refusals[own]
            report.raw[index] = [raw[row] for row in own.tolist()]
            report.refusals.update(Code(code) for code in refusals["code"][own].tolist())
    return report


def _file(file: BookFile, reject: Path | None) -> dict[str, Any]:
    return {
        "name": file.name, "sha256": file.sha256, "bytes": file.bytes, "records": file.records,
        "accepted": file.accepted, "known": file.known, "refused": file.refused,
        "code": Code(file.code).name, "message": file.message,
        "reject_file": reject.name if reject else None,
    }


def _reject(report: Report, index: int, folder: Path) -> Path:
    """The reject file of one input file: each refused record, where it is, and why."""
    file = report.files[index]
    name = file.name.encode()[:NAME_BYTES].decode(errors="ignore")
    path = folder / f"run-{report.run.run}.{file.file}.{name}.rejects.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(REJECT_COLUMNS)
        for row, raw in zip(report.rejects[index], report.raw[index], strict=True):
            code = Code(int(row["code"]))
            writer.writerow((int(row["line"]), int(row["offset"]), code.name,
                             int(row["field"]) or "", WORDS[code],
                             raw[:RAW_BYTES].decode("utf-8", "backslashreplace")))
    return path
