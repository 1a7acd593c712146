"""The trailer is how a sender and we know that both speak of the same file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from clearing.intake.trailer import write_trailer
from ext.codes import Code
from tests.intake.sender import file_of, line_of, outcomes, read

LINES = [line_of(due="200", paid="160"), line_of(due="300", paid=""), line_of(operator="taxi",
         due="50", paid="40")]
CONTENT = file_of(LINES)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def test_a_true_trailer(tmp_path: Path) -> None:
    """Totals are over all records, the refused one too."""
    for trailer in (write_trailer(3, 550, 200, DIGEST), write_trailer(3, 550, 200, DIGEST)[:-1],
                    write_trailer(3, 550, 200, DIGEST.upper()),
                    write_trailer(3, 550, 200, DIGEST)[:-1] + b"\r\n"):
        for block_bytes in (1, 7, 64, 1 << 20):
            intake = read(tmp_path, CONTENT + trailer, block_bytes=block_bytes)
            report = intake.files[0]
            assert report.trailer
            assert [code for code, _ in outcomes(intake)] == ["OK", "OK", "UNKNOWN_OPERATOR"]
            assert (report.due, report.paid) == (500, 160)
            assert report.digest == hashlib.sha256(CONTENT + trailer).hexdigest()


@pytest.mark.parametrize(("trailer", "words"), [
    (write_trailer(4, 550, 200, DIGEST),     "3 records found, 4 in the trailer"),
    (write_trailer(3, 551, 200, DIGEST),     "due adds up to 550, 551 in the trailer"),
    (write_trailer(3, 550, 199, DIGEST),     "paid adds up to 200, 199 in the trailer"),
    (write_trailer(3, 550, 200, "0" * 64),   f"SHA-256 {DIGEST}, {'0' * 64} in the trailer"),
    (b"#trailer,3,550,200,abc\n",            "the trailer reads '#trailer,3,550,200,abc'"),
    (b"#trailer\n",                          "expected #trailer,<records>"),
    (b"#trailer,-3,550,200," + DIGEST.encode(), "expected #trailer,<records>"),
    (b"#trailer,\xff\n",                     "the trailer reads"),
    (write_trailer(3, 550, 200, DIGEST)[:-20], "the trailer reads"),
    (b"#trailer," + b"9" * 20 + b",1,1," + DIGEST.encode(), "expected #trailer,<records>"),
])
def test_a_false_trailer_refuses_the_whole_file(tmp_path: Path, trailer: bytes,
                                                words: str) -> None:
    intake = read(tmp_path, CONTENT + trailer, file_of(LINES[:1]))
    report = intake.files[0]
    assert report.code == Code.TRAILER_MISMATCH
    assert words in report.reason
    assert (report.records, report.accepted, report.refused) == (3, 0, 3)
    assert (report.due, report.paid) == (0, 0)
    assert intake.files[1].accepted == 1
    assert {chunk.file_index for chunk in intake.chunks} == {1}


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    changed = CONTENT.replace(b"D1", b"D2", 1) + write_trailer(3, 550, 200, DIGEST)
    assert read(tmp_path, changed).files[0].code == Code.TRAILER_MISMATCH


def test_totals_are_left_alone_where_an_amount_cannot_be_read(tmp_path: Path) -> None:
    for line in (line_of(due="x"), "a,b", line_of(device="D" * 5000)):
        content = file_of([*LINES, line])
        digest = hashlib.sha256(content).hexdigest()
        for trailer, code in ((write_trailer(4, 999, 999, digest), Code.OK),
                              (write_trailer(3, 550, 200, digest), Code.TRAILER_MISMATCH)):
            assert read(tmp_path, content + trailer).files[0].code == code


def test_blank_lines_charge_nothing(tmp_path: Path) -> None:
    content = file_of([*LINES, "", ",,,"])
    digest = hashlib.sha256(content).hexdigest()
    assert read(tmp_path, content + write_trailer(5, 550, 200, digest)).files[0].code == Code.OK
    assert read(tmp_path, content + write_trailer(5, 551, 200, digest)).files[0].code != Code.OK


def test_a_trailer_is_the_last_line_or_none(tmp_path: Path) -> None:
    content = CONTENT + write_trailer(3, 550, 200, DIGEST) + line_of().encode() + b"\n"
    for block_bytes in (1, 64, 1 << 20):
        intake = read(tmp_path, content, block_bytes=block_bytes)
        assert not intake.files[0].trailer
        assert [code for code, _ in outcomes(intake)] == [
            "OK", "OK", "UNKNOWN_OPERATOR", "COLUMN_COUNT", "OK"]


def test_a_file_of_nothing_but_a_trailer(tmp_path: Path) -> None:
    content = file_of([])
    trailer = write_trailer(0, 0, 0, hashlib.sha256(content).hexdigest())
    report = read(tmp_path, content + trailer).files[0]
    assert (report.code, report.records, report.trailer) == (Code.OK, 0, True)
