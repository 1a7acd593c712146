"""What strangers wrote is given back to them, and no spreadsheet carries any of it out.

A reject file is read by programs and opened by people: the first must find the records as they
were, the second text. Both are tried, whatever separates the cells.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.intake.formats import guards
from clearing.intake.formats.canonical import FORMAT
from clearing.intake.formats.guards import GuardedLines, guard, unguard
from clearing.intake.layout import load_layout
from ext.codes import Code
from network.errors import TableError
from network.network import Network, load_network
from network.refusals import WORDS
from tests.intake import sender
from tests.intake.test_reject_files_are_read_again import read, rejects_of, town

__all__ = ["town"]

SIGNS = "=+-@＝＋－＠"
# A number or dashes, and what another separator than the sheet's parts from it.
HARMLESS = re.compile(r"([+-][0-9]+(\.[0-9]+)?|-+)([,;|\t].*)?")
ATTACK = "=cmd|'/C calc'!A0"
# Pieces of which lines are made that a spreadsheet and we may part in different ways.
PIECES = [b"=", b"+", b"-", b"@", b"'", b'"', b",", b";", b"|", b"\t", b"\r", b" ", b"\0", b"1",
          b"200", b".5", b"a", b"^", b"\x81", b"\xa3\xbd", "＝".encode(), b"\xef\xbb\xbf", b"\n"]
texts = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)
delimiters = st.sampled_from([b",", b";", b"\t", b"|", b"^", "，".encode()])


def formulas(text: bytes, separator: str) -> list[str]:
    """The cells that a spreadsheet would carry out, of those that this separator parts.

    Quotes hold none together, and are passed over: that finds more than any spreadsheet.
    """
    lines = text.decode("utf-8", "replace").replace("\r", "\n").split("\n")
    found = [cell for line in lines for cell in line.split(separator)
             if cell.lstrip(' "\0\ufeff').startswith(tuple(SIGNS))]
    return [cell for cell in found if not HARMLESS.fullmatch(cell)]


@given(texts, delimiters)
def test_no_cell_is_a_formula(text: bytes, delimiter: bytes) -> None:
    for separator in {",", ";", "\t", "|", delimiter.decode()}:
        assert not formulas(guard(text, delimiter), separator)


@given(texts, delimiters)
def test_what_is_put_in_is_taken_off(text: bytes, delimiter: bytes) -> None:
    assert unguard(guard(text, delimiter), delimiter) == text


@given(st.lists(texts, max_size=8), delimiters)
def test_however_it_is_written(parts: list[bytes], delimiter: bytes) -> None:
    out = io.BytesIO()
    with GuardedLines(out, delimiter) as lines:
        for part in parts:
            lines.write(part)
    assert out.getvalue() == guard(b"".join(parts), delimiter)


def test_a_line_without_an_end_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written as it comes, parted where nothing could be guarded."""
    monkeypatch.setattr(guards, "HELD_BYTES", 10)
    line, out = b"abc,=a,-2,+3|x" * 50, io.BytesIO()
    with GuardedLines(out, b",") as lines:
        for start in range(0, len(line), 7):
            lines.write(line[start:start + 7])
            assert len(lines._held) < 30
    assert unguard(out.getvalue(), b",") == line


def test_a_line_of_signs_is_not_held_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has more apostrophes than are taken off: no record is as long as that."""
    monkeypatch.setattr(guards, "HELD_BYTES", 10)
    out = io.BytesIO()
    with GuardedLines(out, b",") as lines:
        for _ in range(20):
            lines.write(b",=,+,@")
            assert len(lines._held) < 30
    assert not formulas(out.getvalue(), ",")


@pytest.mark.parametrize("number", ["-200", "+86", "-2.5", "-", "--"])
def test_numbers_stay(number: str) -> None:
    line = f"a,{number},b\n".encode()
    assert guard(line, b",") == line


@pytest.mark.parametrize("code", WORDS)
def test_our_own_words_stay(code: Code) -> None:
    """As the documents print them: no reason needs an apostrophe."""
    reason = f"a,{code.name},\"{WORDS[code]}\"\n".encode()
    assert guard(reason, b",") == reason


def test_the_formats_own(tmp_path: Path, town: Network) -> None:
    """A sender's codes and columns: text when it is opened, the same records when it is read."""
    columns = (*sender.COLUMNS, "x_note")
    content = sender.file_of([
        sender.line_of(device=ATTACK, paid="x") + ",",
        sender.line_of(card_kind="cat") + f",{ATTACK}",
        sender.line_of(paid="-200", tapped_at="never") + ",'=1;@SUM(A1)"], columns)
    first = read(tmp_path, content, FORMAT, town)
    again, codes = rejects_of(first, content, town)
    rows = list(csv.reader(io.StringIO(again.decode())))
    assert not [found for mark in ",;|" for found in formulas(again, mark)]
    assert f"'{ATTACK}" in rows[1]
    assert "-200" in rows[3]
    second = read(tmp_path, again, FORMAT, town)
    assert second.files[0].accepted == 0
    assert [Code(code).name for code in second.refusals(0).records["code"]] == codes
    records = content.splitlines()[1:]
    # What the book has of them is what was sent, and not how it was shown.
    assert [second.refusals(0).raw(i).startswith(records[i]) for i in range(3)] == [True] * 3
    third, _ = rejects_of(second, again, town)
    assert third == again


def test_a_mended_record_is_taken(tmp_path: Path, town: Network) -> None:
    """What stands beside the mended value comes as it was first sent."""
    columns = (*sender.COLUMNS, "x_note")
    content = sender.file_of([sender.line_of(tapped_at="never") + f",{ATTACK}"], columns)
    again, _ = rejects_of(read(tmp_path, content, FORMAT, town), content, town)
    mended = again.replace(b"never", b"20241125073000")
    intake = read(tmp_path, mended, FORMAT, town)
    assert (intake.files[0].accepted, intake.files[0].refused) == (1, 0)


LAYOUT = """
title = "signs"
format = "csv"
delimiter = "^"
%s
[fields]
card = { column = "card" }
card_seq = { constant = "7" }
tapped_at = { column = "time" }
operator = { constant = "bus" }
device = { constant = "D1" }
device_seq = { constant = "70" }
mode = { constant = "bus" }
kind = { column = "kind", map = { "=1" = "single" } }
stop = { constant = "" }
"""


@pytest.mark.parametrize("header", ["", 'header = ["card", "time", "kind"]'])
def test_a_layouts_own(tmp_path: Path, header: str) -> None:
    """With a header and without one: a value that the layout maps is that value again."""
    folder = Path(shutil.copytree(sender.FOLDER, tmp_path / "town"))
    (folder / "layouts" / "signs.toml").write_text(LAYOUT % header, "utf-8")
    network = load_network(str(folder))
    content = (b"" if header else b"card^time^kind\n") + b"".join(
        b"310000000000000%d^never^%b\n" % one for one in ((1, b"=1"), (2, ATTACK.encode())))
    again, codes = rejects_of(read(tmp_path, content, "signs", network), content, network)
    assert codes == ["TIME_INVALID", "UNKNOWN_KIND"]
    assert b"^'=1^" in again
    assert not [found for mark in ",;|^" for found in formulas(again, mark)]
    mended = again.replace(b"never", b"20241125073000")
    second = read(tmp_path, mended, "signs", network)
    assert (second.files[0].accepted, second.files[0].refused) == (1, 1)
    third, codes = rejects_of(second, mended, network)
    assert codes == ["UNKNOWN_KIND"]
    assert f"^'{ATTACK}^UNKNOWN_KIND".encode() in third


def test_an_apostrophe_parts_no_columns(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sender.FOLDER, tmp_path / "town"))
    (folder / "layouts" / "signs.toml").write_text((LAYOUT % "").replace("^", "'"), "utf-8")
    with pytest.raises(TableError, match="expected one character that is no quote"):
        load_layout(load_network(str(folder)).folder.path, "signs")
