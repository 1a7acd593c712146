"""What an operator gets back for its files: an acknowledgement, reject files and its own forms.

They are a function of a committed run and its files, so that they can be written again, the same
bytes, where a run was committed and they were lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import msgspec
import numpy as np

from clearing.answers.brought import reach
from clearing.answers.claimed import check_folder, claim_folder, name_of
from clearing.answers.documents.unfinished import whole_file
from clearing.answers.session import Session
from clearing.book import Book, BookFile, Run
from clearing.engine.kept_networks import kept_network
from clearing.engine.run import Report
from clearing.engine.stages import HELD_OR_BACK
from clearing.intake.blocks import Source
from clearing.intake.formats.answers import write_file_answer, write_record_answers
from clearing.intake.formats.canonical import FORMAT
from clearing.intake.formats.rejects import ENDINGS, Rejected, write_rejects
from clearing.intake.kept import is_kept, read_kept
from clearing.intake.layout import answer_forms, load_layout
from clearing.intake.layout_model import Layout
from ext.codes import Code
from ext.records import REFUSAL, RIDE_FLAGS
from network.civil import day_of
from network.errors import OnecardError
from network.language import Phrase

FOLDER = "acknowledgements"     # in the book's folder, unless somebody says otherwise
NAME_BYTES = 150            # of an input file's name, in the names of what answers it


def path_of(run: int, folder: Path) -> Path:
    """Where the acknowledgement of a run is; written after its reject files."""
    return folder / f"run-{run}.ack.json"


def path_of_nothing(digest: str, folder: Path) -> Path:
    """Where the answer to a run is that came to nothing, and has no number therefore."""
    return folder / f"nothing-{digest[:12]}.ack.json"


class Answers:
    """Writes what senders get back, from the run and the files that they are from."""

    def __init__(self, session: Session, folder: Path, sources: Mapping[str, Source]) -> None:
        """sources: files at hand, by their SHA-256; others are read as they are kept."""
        self._session, self._folder, self._sources = session, folder, sources

    def acknowledge(self, report: Report) -> Path:
        """The acknowledgement of a run, written with a reject file for each file that needs one.

        That are also files of earlier runs: whose records were accepted then, and are not any more.
        Raises OSError, and OnecardError where a file is not any more what was cleared.
        """
        claim_folder(self._session, self._folder)
        order = sorted(range(len(report.files)),
                       key=lambda index: (report.files[index].file, report.files[index].code,
                                          report.files[index].name))
        rejects = {index: self._reject(report.run, report.files[index],
                                       report.run.network_digest) for index in order
                   if report.is_committed and report.files[index].refused
                   and not report.files[index].code}
        answers = {index: self._answer(report.run, report.files[index]) for index in order
                   if report.is_committed}
        path = (path_of(report.run.run, self._folder) if report.is_committed
                else path_of_nothing(report.run.digest, self._folder))
        content = {
            "book": name_of(self._session),
            "run": report.run.run if report.is_committed else None,
            "digest": report.run.digest,
            "records": report.run.taps,
            "accepted": report.run.accepted,
            "known": report.run.known,
            "refused": report.run.refused,
            "rides": report.run.rides,
            "open_rides": report.run.open_rides,
            "held": report.held,
            "files": [_file(report.files[index], rejects.get(index), answers.get(index, []))
                      for index in order],
            "earlier_files": self._answer_first_senders(report) if report.is_committed else [],
            "refusals": {Code(code).name: count
                         for code, count in sorted(report.refusals.items())},
        }
        with whole_file(path) as unfinished:
            unfinished.write_bytes(
                msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
        return path

    def acknowledge_again(self, report: Report) -> list[Path]:
        """Acknowledgements of earlier runs that took files of this one, which the folder lacks.

        Where a run was killed between its commit and its acknowledgement, the sender gives its
        files again, and all of them are known then: this is how it gets the answer to the first
        time. A reject file is written when its own file is here, or kept.
        """
        book, before = self._session.book, report.run.run
        again = {file.sha256: file.file for file in report.files}
        missing = {
            taken.run for digest, taken in book.files_taken(again, before=before).items()
            if not path_of(taken.run, self._folder).exists()
            or (taken.refused
                and not any(self._folder.glob(f"run-{taken.run}.{again[digest]}.*.rejects.*")))}
        return [self.acknowledge(read_report(book, run)) for run in sorted(missing)]

    def _answer_first_senders(self, report: Report) -> list[dict[str, Any]]:
        """What has become of records of earlier runs' files, each with a reject file of its own."""
        answers = []
        numbers, counts = np.unique(report.carried["file"], return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            file, run = find_taken(self._session.book, number, report.run.run)
            path = self._reject(report.run, file, run.network_digest)
            answers.append({"name": file.name, "sha256": file.sha256, "sender": file.sender,
                            "run": run.run, "refused": count, "reject_file": path.name})
        return answers

    def _reject(self, run: Run, file: BookFile, cleared_by: str) -> Path:
        """The reject file of one input file, written where that is at hand.

        cleared_by: the digest of the network by which it was.
        """
        layout = self._layout(cleared_by, file.layout)
        path = self._path(run, file,
                          f".rejects{ENDINGS['csv' if layout is None else layout.format]}")
        if file.sha256 in self._sources or self._is_kept(file):
            with (self._open(file) as source, whole_file(path) as unfinished,
                  unfinished.open("wb") as out):
                write_rejects(out, source, layout, _rejected(self._session.book, run, file))
        return path

    def _answer(self, run: Run, file: BookFile) -> list[Path]:
        """Answers to one input file in the forms that its layout names, if any."""
        if file.layout in ("", FORMAT):
            return []
        with kept_network(self._session.book, run.network_digest) as network:
            layout = load_layout(network.folder.path, file.layout)
            forms = answer_forms(network.folder.path, layout)
            day = day_of(network.clock.civil(run.started_at) // 86_400)
        paths = []
        for form in forms:
            assert form.fate is not None
            of_file = form.fate.of == "file"
            if not of_file and (file.code or not (
                    file.sha256 in self._sources or self._is_kept(file))):
                continue
            paths.append(self._path(run, file, f".{form.name}.txt"))
            with whole_file(paths[-1]) as unfinished, unfinished.open("wb") as out:
                if of_file:
                    write_file_answer(out, form, file.name, Code(file.code), f"{day:%Y%m%d}")
                    continue
                refused = {one.offset: Code(one.code)
                           for one in _rejected(self._session.book, run, file)}
                with self._open(file) as source:
                    write_record_answers(out, source, layout, form, refused, f"{day:%Y%m%d}")
        return paths

    def _path(self, run: Run, file: BookFile, ending: str) -> Path:
        name = file.name.encode()[:NAME_BYTES].decode(errors="ignore")
        return self._folder / f"run-{run.run}.{file.file}.{name}{ending}"

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


def write_again(session: Session, folder: Path, run: int | None = None) -> list[Path]:
    """Acknowledgements that a folder lacks, or that of one run, with their reject files.

    A reject file is made of its input file, as it is kept. Raises OnecardError where there is no
    such run, and OSError where the folder cannot be written.
    """
    check_folder(session, folder)
    cleared = [one.run for one in session.book.runs("kind = 'clear'")]
    if run is not None and run not in cleared:
        raise OnecardError(Phrase("no run {run} has cleared files",
                                  run=run), where=session.book.store.where,
                           expected="a run of the kind clear",
                           remedy="look for it with `onecard show runs`")
    lacking = [number for number in cleared
               if number == run or (run is None and not path_of(number, folder).exists())]
    if lacking:
        reach(session, run=lacking[0])
    answers = Answers(session, folder, {})
    return [answers.acknowledge(read_report(session.book, number)) for number in lacking]


def find_taken(book: Book, number: int, before: int) -> tuple[BookFile, Run]:
    """A file as the last run before another one took it, and that run."""
    file, = _read_files(book, f"file = {number} AND code = 0 AND run < {before}",
                        "run DESC LIMIT 1")
    found = book.files_taken({file.sha256}, before=before)[file.sha256]
    run = book.find_run(found.run)
    assert run is not None, "a file is taken by a committed run"
    return file, run


def _read_files(book: Book, where: str, order: str) -> list[BookFile]:
    columns = ", ".join(f"`{name}`" for name in BookFile._fields)
    found = book.ask(f"SELECT {columns} FROM files WHERE {where} ORDER BY {order}")
    return [BookFile._make(str(value) if isinstance(value, str) else int(value) for value in row)
            for row in zip(*(list(found[name]) for name in BookFile._fields), strict=True)]


def read_report(book: Book, number: int) -> Report:
    """What a committed run did, as the book has it."""
    run = book.find_run(number)
    assert run is not None, "whoever asks has the number from the book"
    files = _read_files(book, f"run = {number}", "file, code, name")
    report = Report(run, files)
    for file in files:
        if file.code not in (Code.OK, Code.DUPLICATE_FILE):
            report.refusals[Code(file.code)] += file.records
    rows = book.ask(f"SELECT code, count() AS refused FROM refusals WHERE run = {number} "
                    "GROUP BY code")
    for code, refused in zip(rows["code"], rows["refused"], strict=True):
        report.refusals[Code(int(code))] += int(refused)
    taken = ", ".join(str(file.file) for file in files if not file.code) or "0"
    names = ("file", "line", "offset", "code")
    rows = book.ask(f"SELECT {', '.join(names)} FROM refusals "
                    f"WHERE run = {number} AND file NOT IN ({taken})")
    report.carried = np.zeros(len(rows["file"]), dtype=REFUSAL)
    for name in names:
        report.carried[name] = rows[name]
    report.held = int(book.ask(
        f"SELECT count() AS held FROM entries WHERE run = {number} "
        f"AND bitAnd(flags, {HELD_OR_BACK}) = {RIDE_FLAGS['HELD']}")["held"][0])
    return report


def _rejected(book: Book, run: Run, file: BookFile) -> list[Rejected]:
    """What a run refused of a file: records of their own file only, however many a run has."""
    found = book.ask("SELECT offset, line, code, field, hex(raw) AS raw FROM refusals "
                     f"WHERE run = {run.run} AND file = {file.file} "
                     "ORDER BY offset, line, code, field")
    return [Rejected(int(offset), int(line), int(code), int(field), bytes.fromhex(str(head)))
            for offset, line, code, field, head in zip(
                *(found[name] for name in (*Rejected._fields[:4], "raw")), strict=True)]


def _file(file: BookFile, reject: Path | None, answers: list[Path]) -> dict[str, Any]:
    return {
        "name": file.name, "sha256": file.sha256, "bytes": file.bytes, "records": file.records,
        "accepted": file.accepted, "known": file.known, "refused": file.refused,
        "code": Code(file.code).name, "message": file.message,
        "reject_file": reject.name if reject else None,
        "answer_files": [path.name for path in answers],
    }
