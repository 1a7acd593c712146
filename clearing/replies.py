"""What an operator gets back for its files: an acknowledgement and reject files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import msgspec

from clearing.book import BookFile
from clearing.run import Report, words_of
from ext.codes import Code

REJECT_COLUMNS = ("line", "offset", "code", "field", "reason", "record")


def default_folder(book: str) -> Path:
    """Where replies go unless somebody says otherwise."""
    return Path("replies") if book.startswith("clickhouse://") else Path(book) / "replies"


def acknowledge(report: Report, folder: Path) -> Path:
    """The acknowledgement of a run, written with a reject file for each file that needs one."""
    folder.mkdir(parents=True, exist_ok=True)
    rejects = {index: _reject(report, index, folder) for index in report.replies
               if len(report.replies[index])}
    path = folder / f"run-{report.run.run}.ack.json"
    content = {
        "run": report.run.run,
        "digest": report.run.digest,
        "records": report.run.taps,
        "accepted": report.run.accepted,
        "refused": report.run.refused,
        "rides": report.run.rides,
        "open_entries": report.run.carried,
        "files": [_file(file, rejects.get(index)) for index, file in enumerate(report.files)],
        "refusals": {Code(code).name: count for code, count in sorted(report.refusals.items())},
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    return path


def _file(file: BookFile, reject: Path | None) -> dict[str, Any]:
    return {
        "name": file.name, "sha256": file.sha256, "bytes": file.bytes, "records": file.records,
        "accepted": file.accepted, "refused": file.refused, "code": Code(file.code).name,
        "message": file.message, "reject_file": reject.name if reject else None,
    }


def _reject(report: Report, index: int, folder: Path) -> Path:
    """The reject file of one input file: every refused record with its place and reason."""
    file = report.files[index]
    path = folder / f"run-{report.run.run}.{index + 1}.{Path(file.name).name}.rejects.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(REJECT_COLUMNS)
        for row, raw in zip(report.replies[index], report.raw[index], strict=True):
            code = Code(int(row["code"]))
            writer.writerow((int(row["line"]), int(row["offset"]), code.name,
                             int(row["field"]) or "", words_of(code),
                             raw.decode("utf-8", "backslashreplace")))
    return path
