"""What an operator gets back for its files: an acknowledgement and reject files.

They are a function of a committed run and its files, so that they can be written again, the same
bytes, where a run was committed and they were lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import msgspec
import numpy as np

from clearing.answers.claimed import claim_folder
from clearing.answers.session import Session
from clearing.book import Book, BookFile
from clearing.book.schema import RAW_BYTES
from clearing.engine.kept_networks import kept_network
from clearing.engine.run import Report
from clearing.intake.formats.canonical import FORMAT
from clearing.intake.formats.rejects import ENDINGS, Rejected, write_rejects
from clearing.intake.kept import is_kept, read_kept
from clearing.intake.layout import load_layout
from clearing.intake.layout_model import Layout
from ext.codes import Code
from ext.records import REFUSAL

FOLDER = "acknowledgements"     # in the book's folder, unless somebody says otherwise
NAME_BYTES = 150            # of an input file's name, in the name of its reject file


def path_of(run: int, folder: Path) -> Path:
    """Where the acknowledgement of a run is; written after its reject files."""
    return folder / f"run-{run}.ack.json"


def path_of_nothing(digest: str, folder: Path) -> Path:
    """Where the answer to a run is that came to nothing, and has no number therefore."""
    return folder / f"nothing-{digest[:12]}.ack.json"


class Answers:
    """Writes what senders get back, from the run and the files that they are from."""

    def __init__(self, session: Session, folder: Path, report: Report) -> None:
        """report: of the run at hand, with the files that it was given."""
        self._session, self._folder, self._report = session, folder, report
        self._sources = report.sources

    def acknowledge(self, report: Report) -> Path:
        """The acknowledgement of a run, written with a reject file for each file that needs one.

        Raises OSError, and OnecardError where a file is not any more what was cleared.
        """
        claim_folder(self._session, self._folder)
        order = sorted(range(len(report.files)),
                       key=lambda index: (report.files[index].file, report.files[index].code,
                                          report.files[index].name))
        rejects = {index: self._reject(report, index) for index in order
                   if report.is_committed and len(report.rejects.get(index, ()))}
        path = (path_of(report.run.run, self._folder) if report.is_committed
                else path_of_nothing(report.run.digest, self._folder))
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
            "refusals": {Code(code).name: count
                         for code, count in sorted(report.refusals.items())},
        }
        with _replacing(path) as out:
            out.write(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
        return path

    def acknowledge_again(self) -> list[Path]:
        """Acknowledgements of earlier runs that took files of this one, which the folder lacks.

        Where a run was killed between its commit and its acknowledgement, the sender gives its
        files again, and all of them are known then: this is how it gets the answer to the first
        time. A reject file is written when its own file is here, or kept.
        """
        book, before = self._session.book, self._report.run.run
        again = {file.sha256: file.file for file in self._report.files}
        missing = {
            taken.run for digest, taken in book.files_taken(again, before=before).items()
            if not path_of(taken.run, self._folder).exists()
            or (taken.refused
                and not any(self._folder.glob(f"run-{taken.run}.{again[digest]}.*.rejects.*")))}
        return [self.acknowledge(read_report(book, run)) for run in sorted(missing)]

    def _reject(self, report: Report, index: int) -> Path:
        """The reject file of one input file, written where that is at hand."""
        file = report.files[index]
        rejected = [Rejected(int(row["offset"]), int(row["line"]), int(row["code"]),
                             int(row["field"]), raw[:RAW_BYTES])
                    for row, raw in zip(report.rejects[index], report.raw[index], strict=True)]
        layout = self._layout(report.run.network_digest, file.layout)
        name = file.name.encode()[:NAME_BYTES].decode(errors="ignore")
        path = self._folder / (f"run-{report.run.run}.{file.file}.{name}.rejects"
                               + ENDINGS["csv" if layout is None else layout.format])
        if file.sha256 in self._sources or self._is_kept(file):
            with self._open(file) as source, _replacing(path) as out:
                write_rejects(out, source, layout, rejected)
        return path

    def _layout(self, network_digest: str, name: str) -> Layout | None:
        """A layout as it was when the run was cleared by it."""
        if name == FORMAT:
            return None
        with kept_network(self._session.book, network_digest) as network:
            return load_layout(network.folder.path, name)

    def _is_kept(self, file: BookFile) -> bool:
        return file.kept_in != "" and is_kept(self._session.beside(file.kept_in), file.sha256)

    @contextmanager
    def _open(self, file: BookFile) -> Iterator[BinaryIO]:
        """A file that was cleared: as it was given to this run, or as it is kept."""
        if file.sha256 in self._sources:
            with self._sources[file.sha256].open() as source:
                yield source
            return
        with TemporaryFile() as unpacked:
            unpacked.writelines(read_kept(self._session.beside(file.kept_in), file.sha256))
            unpacked.seek(0)
            yield unpacked


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that is there whole, or not at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("wb") as out:
        yield out
    os.replace(unfinished, path)


def read_report(book: Book, number: int) -> Report:
    """What a committed run did, as the book has it."""
    run = book.find_run(number)
    assert run is not None, "whoever asks has the number from the book"
    columns = ", ".join(f"`{name}`" for name in BookFile._fields)
    found = book.ask(
        f"SELECT {columns} FROM files WHERE run = {number} ORDER BY file, code, name")
    files = [BookFile._make(str(value) if isinstance(value, str) else int(value) for value in row)
             for row in zip(*(list(found[name]) for name in BookFile._fields), strict=True)]
    report = Report(run, files)
    for file in files:
        if file.code not in (Code.OK, Code.DUPLICATE_FILE):
            report.refusals[Code(file.code)] += file.records
    names = ("file", "line", "offset", "code", "field")
    rows = book.ask(f"SELECT {', '.join(names)}, hex(raw) AS raw FROM refusals "
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
