"""Answers in the form that a sender's own kind of files has: the fate of each record, or of a file.

A layout that has a `fate` is such a form, and one that names it under `answers` gets it. What
stands in a column of the answer is, byte for byte, what the sender's record has in its column of
the same name; so both are of one encoding. What the sender does not have is blank.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from clearing.intake.formats.control import Control
from clearing.intake.layout_model import Fate, Layout
from ext.codes import Code

Values = dict[str, bytes]


def write_record_answers(out: BinaryIO, source: BinaryIO, layout: Layout, form: Layout,
                         refused: Mapping[int, Code], day: str) -> None:
    """Write what became of each record of a file, in its order.

    layout: of the file; form: of the answer; refused: by the place of a record's first byte;
    day: of the run, as 20241125.
    """
    fate = _fate(form)
    records = list(_records(source, layout))
    receiver = ""
    if records and fate.receiver in layout.columns:
        receiver = records[0][1][fate.receiver].decode(form.encoding, "replace")
    _write_head(out, form, len(records), day, receiver)
    for offset, values in records:
        said = fate.codes.get(refused[offset].name, fate.refused) if offset in refused \
            else fate.accepted
        out.write(_line(form, {**values, **_said(form, said)}))


def write_file_answer(out: BinaryIO, form: Layout, name: str, code: Code, day: str) -> None:
    """Write what became of a file as a whole; see write_record_answers."""
    fate = _fate(form)
    taken = code == Code.OK
    said = fate.accepted if taken else fate.codes.get(code.name, fate.refused)
    _write_head(out, form, 1, day, "")
    out.write(_line(form, {fate.file_name: name.encode(form.encoding, "replace"),
                           **_said(form, said)}))


def _fate(form: Layout) -> Fate:
    assert form.fate is not None, "clearing.intake.layout.answer_forms gives no others"
    return form.fate


def _records(source: BinaryIO, layout: Layout) -> Iterator[tuple[int, Values]]:
    """Where each record of a file begins, and its columns as they stand."""
    control, offset = Control(layout, again=False), 0
    for number, line in enumerate(source):
        if number >= layout.head_rows and not control.is_tail(line):
            yield offset, {name: line[place.start:place.start + place.width].rstrip(b"\r\n")
                           for name, place in layout.columns.items()}
        offset += len(line)


def _said(form: Layout, said: str) -> Values:
    code, _, words = said.partition(" ")
    fate = _fate(form)
    return {fate.code: code.encode(form.encoding), fate.words: words.encode(form.encoding)}


def _write_head(out: BinaryIO, form: Layout, records: int, day: str, receiver: str) -> None:
    head = _fate(form).head.format(records=records, day=day, receiver=receiver)
    if head:
        out.write(f"{head}\n".encode(form.encoding, "replace"))


def _line(form: Layout, values: Values) -> bytes:
    line = bytearray(b" " * _fate(form).line_bytes)
    for name, place in form.columns.items():
        value = _cut(values.get(name, b""), place.width, form.encoding)
        line[place.start:place.start + len(value)] = value
    return bytes(line) + b"\n"


def _cut(value: bytes, width: int, encoding: str) -> bytes:
    """As many whole letters as there is room for."""
    if len(value) <= width:
        return value
    return value[:width].decode(encoding, "ignore").encode(encoding)
