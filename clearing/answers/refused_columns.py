"""What the columns are called that records were refused for: refusals have their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import TemporaryFile

from clearing.answers.acknowledgements import find_taken
from clearing.answers.session import Session
from clearing.engine.kept_networks import kept_network
from clearing.intake.formats.canonical import FORMAT
from clearing.intake.formats.rejects import read_columns
from clearing.intake.kept import is_kept, read_kept
from clearing.intake.layout import load_layout


class RefusedColumns:
    """The columns of files, read from their layouts and heads as they are asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._columns: dict[int, Sequence[str]] = {}

    def name(self, file: int, field: int) -> str:
        """What a file's column is called; "" for 0, the record as a whole.

        Where its head is not kept, and no layout has it: its number.
        """
        if not field:
            return ""
        if file not in self._columns:
            self._columns[file] = self._read(file)
        columns = self._columns[file]
        return columns[field - 1] if field <= len(columns) else str(field)

    def _read(self, number: int) -> Sequence[str]:
        book = self._session.book
        last = book.last_run()
        assert last is not None, "somebody refused something"
        file, run = find_taken(book, number, last.run + 1)
        with kept_network(book, run.network_digest) as network:
            layout = None if file.layout == FORMAT else load_layout(
                network.folder.path, file.layout)
        folder = self._session.beside(file.kept_in)
        with TemporaryFile() as head:
            if file.kept_in and is_kept(folder, file.sha256):
                head.writelines(read_kept(folder, file.sha256))
                head.seek(0)
            return read_columns(head, layout)
