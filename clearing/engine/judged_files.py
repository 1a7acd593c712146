"""Which files of a run are cleared, and what becomes of each: files as wholes.

A file is known by its content. Of a sender with contracts it is held to them, too: to its name, to
what came under that name or with that content before, and to the file that it follows.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from clearing.book import Book, BookFile
from clearing.intake.intake import FileReport, Intake
from ext.codes import Code
from network.file_names import FileNames, FileParts
from network.language import Phrase, joined
from network.network import Network

IN_BOOK = (Code.OK, Code.DUPLICATE_FILE)    # of files whose records the book has


@dataclass
class _File:
    """One file while it is judged."""

    report: FileReport
    name: str
    names: FileNames | None         # of the contract that it is held to
    parts: FileParts
    code: Code
    message: str
    passed: list[str] = field(default_factory=list)     # what its contract lets pass, in words

    @property
    def order(self) -> tuple[object, ...]:
        """Of one sequence first what is first; else by content."""
        contract = self.names.contract.name if self.names is not None else ""
        return (self.report.sender, contract, *_place(self.names, self.parts),
                self.report.digest, self.report.index)

    def hold(self, relaxation: str, code: Code, what: str) -> None:
        """Refuse what the contract does not let pass; else note that it does."""
        assert self.names is not None
        if relaxation in self.names.contract.allows:
            self.passed.append(f"{relaxation} ({what})")
        elif self.code == Code.OK:
            self.code, self.message = code, what

    def outcome(self, number: int, kept_in: str) -> BookFile:
        """What the book says of it; number: its own there."""
        report, is_known = self.report, self.code == Code.DUPLICATE_FILE
        allowed = (Phrase("taken, as its contract allows: {names}",
                          names=joined(", ", self.passed))
                   if self.passed and self.code in IN_BOOK else "")
        doubts = report.doubts if self.code == Code.OK else ""
        return BookFile(
            file=number, name=self.name, sha256=report.digest, bytes=report.size_bytes,
            records=report.records, accepted=0 if self.code else report.accepted,
            known=report.records if is_known else 0,
            refused=0 if is_known else report.records if self.code else report.refused,
            code=int(self.code), message="; ".join(filter(None, (self.message, doubts, allowed))),
            layout=report.layout, sender=report.sender, kept_in=kept_in)


def judge_files(intake: Intake, network: Network, book: Book) -> tuple[list[int], list[BookFile]]:
    """Which files are cleared, by their place; and what becomes of each.

    A file of which nothing was refused is known as a whole. Else it is read again: what was refused
    can have been mended meanwhile, and the rest is known record by record.
    """
    numbers = book.number_files({report.digest for report in intake.files})
    files = sorted((_file_of(report, network) for report in intake.files),
                   key=lambda file: file.order)
    judge = _Judge(files, intake, book)
    for file in files:
        judge.judge(file)
    outcomes = {file.report.index: file.outcome(numbers[file.report.digest], intake.kept_in)
                for file in files}
    return (sorted(file.report.index for file in files if file.code == Code.OK),
            [outcomes[report.index] for report in intake.files])


class _Judge:
    """What is known of files before a run, and of those of the run that are judged already."""

    def __init__(self, files: Sequence[_File], intake: Intake, book: Book) -> None:
        self._intake = intake
        taken = book.files_taken({file.report.digest for file in files})
        # By digest: as what a content came before; and where nothing of it was refused.
        self._contents = {digest: Phrase("as {name} in run {run}", name=file.name, run=file.run)
                          for digest, file in taken.items()}
        self._whole = {digest for digest, file in taken.items() if not file.refused}
        # By sender and name: the digests that came under it, and when.
        self._names = defaultdict[tuple[str, str], dict[str, str]](dict)
        self._places = set[tuple[str, str, int, int]]()
        for sender, contracts in _asked(files).items():
            expressions = {one for asked in contracts.values() for one in asked}
            for received in book.files_received(sender, expressions):
                self._names[sender, received.name][received.sha256] = Phrase("in run {run}",
                                                                             run=received.run)
                for names in contracts:
                    self._note_place(sender, names, names.read(received.name))

    def judge(self, file: _File) -> None:
        """Give a file its code and words, and keep in mind that it came."""
        report, sender = file.report, file.report.sender
        if file.names is not None and file.code == Code.OK:
            self._hold_to_name(file, file.names)
        if file.code == Code.OK and report.digest in self._whole:
            file.code = Code.DUPLICATE_FILE
            file.message = (
                Phrase("known: its content was cleared before, {before}",
                       before=self._contents[report.digest]))
        if file.names is not None and file.code == Code.OK:
            self._hold_to_sequence(file, file.names)
        if file.names is not None and file.code == Code.OK and report.refused:
            faults = self._faults_in_words(report)
            if faults:
                file.hold("rows", Code.FILE_IN_PART, faults)
        if file.code == Code.OK:
            self._whole.add(report.digest)
            self._contents[report.digest] = Phrase("as {name} in this run", name=file.name)
        if file.code in IN_BOOK:
            self._names[sender, file.name].setdefault(report.digest, "in this run")
            if file.names is not None:
                self._note_place(sender, file.names, file.parts)

    def _hold_to_name(self, file: _File, names: FileNames) -> None:
        report, came = file.report, self._names[file.report.sender, file.name]
        if report.digest in came:
            return
        if report.digest in self._contents and report.records:  # two empty days are no mistake
            file.hold("other_name", Code.FILE_CONTENT_TAKEN,
                      Phrase("its content came before, {before}",
                             before=self._contents[report.digest]))
        if came:
            file.hold("other_content", Code.FILE_NAME_TAKEN,
                      Phrase("its name came before with other content, {before}",
                             before=[*came.values()][-1]))

    def _hold_to_sequence(self, file: _File, names: FileNames) -> None:
        before = _parts_before(names, file.parts)
        if before is not None and (
                file.report.sender, names.contract.name, *_place(names, before)
                ) not in self._places:
            file.hold("gaps", Code.FILE_GAP, Phrase("{name} has not come",
                                                    name=names.write(before)))

    def _faults_in_words(self, report: FileReport) -> str:
        """How many records of a file are wrong, and the first line of each kind; "": none is.

        That a card had to be stopped is no fault of the file that says it was not.
        """
        rows = self._intake.refusals(report.index).records
        rows = rows[~np.isin(rows["code"], (
            Code.CARD_DENIED, Code.ISSUER_NOT_ADMITTED, Code.TEST_RECORD))]
        if len(rows) == 0:
            return ""
        codes, firsts = np.unique(rows["code"], return_index=True)
        kinds = joined(", ", (Phrase("line {line} {name}", line=rows["line"][first],
                                 name=Code(code).name) for first, code in
                          sorted(zip(firsts.tolist(), codes.tolist(), strict=True))))
        return Phrase("{refused:,} of {records:,} records are refused; first: {kinds}",
                      refused=len(rows), records=report.records, kinds=kinds)

    def _note_place(self, sender: str, names: FileNames, parts: FileParts | None) -> None:
        if parts is not None:
            self._places.add((sender, names.contract.name, *_place(names, parts)))


def _file_of(report: FileReport, network: Network) -> _File:
    """A file as it was read, with the contract that its name is of."""
    # Whatever the name's bytes are, it is text.
    name = os.fsencode(report.path.name).decode("utf-8", "backslashreplace")
    file = _File(report, name, None, FileParts(), report.code, report.reason)
    contracts = network.file_names.get(report.sender, [])
    for names in contracts:
        parts = names.read(name)
        if parts is not None:
            file.names, file.parts = names, parts
            return file
    if contracts and file.code == Code.OK:
        file.code = Code.FILE_NAME
        file.message = Phrase("the sender's files are called {names}", names=joined(
            ", ", (names.contract.name for names in contracts)))
    return file


def _asked(files: Iterable[_File]) -> dict[str, dict[FileNames, set[str]]]:
    """By sender and contract, expressions of the names that a book is to be asked for."""
    asked = defaultdict[str, dict[FileNames, set[str]]](dict)
    for file in files:
        if file.names is not None:
            wanted = asked[file.report.sender].setdefault(file.names, set())
            wanted.add(file.names.expression(file.parts))
            before = _parts_before(file.names, file.parts)
            if before is not None:
                wanted.add(file.names.expression(before))
    return asked


def _parts_before(names: FileNames, parts: FileParts) -> FileParts | None:
    """What the name says of the file that comes before in the sequence; None: none does."""
    if parts.number is None or parts.number <= names.contract.first:
        return None
    return FileParts(parts.day if names.contract.sequence == "daily" else None, parts.number - 1)


def _place(names: FileNames | None, parts: FileParts) -> tuple[int, int]:
    """Where a file stands in its sequence."""
    is_daily = names is not None and names.contract.sequence != "running" and parts.day is not None
    return (parts.day.toordinal() if is_daily and parts.day else 0, parts.number or 0)
