"""A column that is missing, twice there or misspelt would shift money without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from ext.codes import Code
from tests.intake.sender import COLUMNS, file_of, line_of, outcomes, read

REQUIRED = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
            "stop")


def test_required_columns_in_any_order(tmp_path: Path) -> None:
    for columns in (REQUIRED, REQUIRED[::-1], COLUMNS[::-1], COLUMNS[5:] + COLUMNS[:5]):
        content = file_of([line_of(columns), line_of(columns, operator="taxi")], columns)
        assert outcomes(read(tmp_path, content)) == [("OK", ""), ("UNKNOWN_OPERATOR", "operator")]


def test_mark_of_utf_8_and_line_ends(tmp_path: Path) -> None:
    content = file_of([line_of(), line_of(paid="5")])
    for variant in (content, b"\xef\xbb\xbf" + content, content.replace(b"\n", b"\r\n"),
                    b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")):
        intake = read(tmp_path, variant)
        assert outcomes(intake) == [("OK", "")] * 2
        assert intake.files[0].columns == COLUMNS


def test_a_quoted_header(tmp_path: Path) -> None:
    content = b",".join(b'"%s"' % name.encode() for name in COLUMNS) + b"\n"
    assert outcomes(read(tmp_path, content + line_of().encode() + b"\n")) == [("OK", "")]


def test_columns_of_ones_own_are_left_alone(tmp_path: Path) -> None:
    columns = ("x_a", *REQUIRED, "x_a", "x_")
    line = "?," + line_of(REQUIRED) + ",\"1,2\",x"
    assert outcomes(read(tmp_path, file_of([line], columns))) == [("OK", "")]
    line = "?," + line_of(REQUIRED, stop="x" * 65) + ",,"
    assert outcomes(read(tmp_path, file_of([line], columns))) == [("CODE_TOO_LONG", "stop")]


@pytest.mark.parametrize(("columns", "words"), [
    (REQUIRED[1:],                   "missing columns: 'card'"),
    ((*REQUIRED[1:], "Card"),        "missing columns: 'card'; unknown columns: 'Card'"),
    ((*REQUIRED, "card"),            "repeated columns: 'card'"),
    ((*REQUIRED, "due", "due"),      "repeated columns: 'due'"),
    ((*REQUIRED, "fare"),            "unknown columns: 'fare'"),
    ((*REQUIRED, ""),                "unknown columns: ''"),
    ((*REQUIRED, " due"),            "unknown columns: ' due'"),
    ((*REQUIRED, *["x_"] * 250),     "259 columns, at most 254"),
    ((*REQUIRED[1:], " Card"),       "write 'card' for ' Card'"),
    ((*REQUIRED, "Due", "paid "),    "write 'due' for 'Due', 'paid' for 'paid '"),
    (("a", "b"),                     "missing columns: 'card', 'card_seq'"),
])
def test_refused_headers(tmp_path: Path, columns: tuple[str, ...], words: str) -> None:
    intake = read(tmp_path, file_of(["a", "b", ""], columns))
    report = intake.files[0]
    assert report.code == Code.HEADER_INVALID
    assert words in report.reason
    assert (report.records, report.accepted, report.refused) == (3, 0, 3)
    assert len(intake.refusals(0)) == 0


@pytest.mark.parametrize(("content", "code", "records"), [
    (b"",                                     Code.FILE_EMPTY,     0),
    (b"\xef\xbb\xbf",                         Code.FILE_EMPTY,     0),
    (b"\n",                                   Code.HEADER_INVALID, 0),
    (b"\n\n\n",                               Code.HEADER_INVALID, 2),
    (b",".join(name.encode() for name in REQUIRED), Code.HEADER_INVALID, 0),    # no newline
    (b"x" * 20_000 + b"\n1\n2",               Code.HEADER_INVALID, 2),
    (b"card\xff,stop\n1\n",                   Code.FILE_ENCODING,  1),
    (b'"card,stop\n1\n',                      Code.HEADER_INVALID, 1),
    (file_of([line_of()]).decode().encode("utf-16"),    Code.FILE_ENCODING, None),
    (file_of([line_of()]).decode().encode("utf-16-le"), Code.FILE_ENCODING, None),
])
def test_files_without_a_header(tmp_path: Path, content: bytes, code: Code,
                                records: int | None) -> None:
    report = read(tmp_path, content).files[0]
    assert report.code == code
    assert report.reason
    assert report.refused == report.records
    assert records is None or report.records == records


def test_a_header_alone_is_a_file_without_records(tmp_path: Path) -> None:
    report = read(tmp_path, file_of([])).files[0]
    assert (report.code, report.records) == (Code.OK, 0)
