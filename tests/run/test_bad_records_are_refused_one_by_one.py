"""Every kind of bad input through the command: exit code 1, a place and a reason, no harm done."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from tests.run.command import accepted, shown

COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "medium", "card_kind", "due", "paid", "born_on", "reviewed_until")
GOOD = ("3104870300000000017", "{}", "2024-11-25T08:00:00", "gz-bus", "B1", "1", "bus", "single",
        "", "7", "qr", "ordinary", "", "", "", "")
HEADER = ",".join(COLUMNS).encode() + b"\n"


def line(seq: int, **values: str) -> bytes:
    """A record with its newline; the good one but for these values."""
    fields = dict(zip(COLUMNS, GOOD, strict=True)) | {"card_seq": str(seq)} | values
    return ",".join(fields.values()).encode() + b"\n"


# What is wrong, and the reason it is refused with.
RECORDS: list[tuple[bytes, str]] = [
    (b"\n", "EMPTY_RECORD"), (b"," * (len(COLUMNS) - 1) + b"\n", "EMPTY_RECORD"),
    (b"x" * 10_000_000 + b"\n", "LINE_TOO_LONG"),
    (line(1, line="7\0"), "NUL_BYTE"),
    (line(1).replace(b"gz-bus", "广州".encode("gb18030")), "BAD_ENCODING"),
    (line(1, line='"7'), "BAD_QUOTING"), (b"a,b,c\n", "COLUMN_COUNT"),
    (line(1, card=""), "MISSING_VALUE"), (line(1, card="12-34"), "CARD_INVALID"),
    (line(1, card="3.10487E+18"), "CARD_SPREADSHEET"),
    (line(1, card="'3104870300000000017"), "CARD_SPREADSHEET"),
    (line(1, card='"=""3104870300000000017"""'), "CARD_SPREADSHEET"),
    (line(1, line="7 "), "PADDED_VALUE"), (line(1, line="7\t"), "PADDED_VALUE"),
    (line(1, operator="gz-bus "), "PADDED_VALUE"), (line(1, medium=" "), "PADDED_VALUE"),
    (line(1, kind="refund", paid="200"), "REBATE_ALONE"),
    (line(1, card_seq="one"), "NUMBER_INVALID"), (line(1, card_seq="9" * 30), "NUMBER_OVERFLOW"),
    (line(1, due="2.50"), "AMOUNT_INVALID"), (line(1, due="free"), "AMOUNT_INVALID"),
    (line(1, due="-1"), "AMOUNT_NEGATIVE"), (line(1, paid="9" * 19), "AMOUNT_OVERFLOW"),
    (line(1, tapped_at="2023-02-29T08:00:00"), "TIME_INVALID"),
    (line(1, tapped_at="1970-01-01T08:00:00"), "TIME_TOO_EARLY"),
    (line(1, tapped_at="2099-01-01T08:00:00"), "TIME_IN_FUTURE"),
    (line(1, operator="nobody"), "UNKNOWN_OPERATOR"), (line(1, mode="rocket"), "UNKNOWN_MODE"),
    (line(1, kind="sideways"), "UNKNOWN_KIND"), (line(1, medium="shell"), "UNKNOWN_MEDIUM"),
    (line(1, card_kind="cat"), "UNKNOWN_CARD_KIND"), (line(1, mode="metro"), "MODE_NOT_RUN"),
    (line(1, operator="gz-metro", mode="metro", kind="in", stop="Atlantis"), "UNKNOWN_STOP"),
    (line(1, card="9999999999999999999"), "UNKNOWN_ISSUER"),
    (line(1, born_on="2024-11-26"), "DATE_INVALID"),
    (line(1, reviewed_until="31/08/2025"), "DATE_INVALID"),
    (b"\x1b]0;owned\x07,\xff\xfe=cmd|' /C calc'!A0\n", "BAD_ENCODING"),
]


def send(folder: Path, *contents: bytes) -> tuple[dict[str, Any], str]:
    """Clear files of these contents into the book; the acknowledgement and what was printed."""
    paths = []
    for number, content in enumerate(contents):
        paths.append(folder / f"{number}-{hashlib.sha256(content).hexdigest()[:8]}.csv")
        paths[-1].write_bytes(content)
    done = accepted("clear", *paths, "--network", "demo", "--book", folder / "book")
    acks = (folder / "book" / "acknowledgements").glob("*.json")
    content = json.loads(max(acks, key=lambda path: path.stat().st_mtime_ns).read_bytes())
    assert sum(content[name] for name in ("accepted", "known", "refused")) == content["records"]
    assert done.code == (1 if content["refused"] or any(
        file["code"] != "OK" for file in content["files"]) else 0)
    return content, done.out


def test_every_record_for_itself(tmp_path: Path) -> None:
    good = [line(100 + number) for number in range(len(RECORDS) + 1)]
    lines = [good[0]]
    for (bad, _), fine in zip(RECORDS, good[1:], strict=True):
        lines += [bad, fine]
    lines.append(line(500)[:-9])        # cut off
    ack, out = send(tmp_path, HEADER + b"".join(lines))
    codes = [code for _, code in RECORDS] + ["TRUNCATED_LINE"]
    assert ack["accepted"] == len(good)
    assert ack["refused"] == len(codes)
    file, = ack["files"]
    rejects = (tmp_path / "book" / "acknowledgements" / file["reject_file"]).read_bytes()
    refusals = shown("refusals", tmp_path / "book")
    offset = len(HEADER)
    places = {}
    for number, content in enumerate(lines, 2):
        places[number] = offset, content.rstrip(b"\n")
        offset += len(content)
    head, *rest = rejects.split(b"\n")
    assert head == HEADER.rstrip(b"\n") + b",x_code,x_reason"
    for refusal, record, code in zip(refusals, rest, codes, strict=True):
        at, content = places[refusal["line"]]
        content = content.replace(b'"=""', b'"\'=""')        # no formula in a spreadsheet
        assert (refusal["code"], refusal["offset"]) == (code, at)
        assert "; " in refusal["reason"], "what it means, and what to do"
        if code == "TRUNCATED_LINE":
            assert record == content, "nothing that would make it look whole"
            continue
        assert record.startswith(content + b"," + code.encode() + b",")
        note, = csv.reader([record[len(content):].decode()])
        assert note[:2] == ["", code]
        assert note[2].startswith(f"line {refusal['line']}")
        assert note[2].endswith(refusal["reason"])
    rides = shown("rides", tmp_path / "book")
    assert [ride["card_seq"] for ride in rides] == [100 + number for number in range(len(good))]
    # The book has the same refusals, whatever their bytes; a terminal is shown them spelt out.
    assert [row["code"] for row in shown("refusals", tmp_path / "book")] == codes
    listed = accepted("show", "refusals", "--book", tmp_path / "book", "--run", "1",
                      "--wide")
    assert not {"\x1b", "\x07", "\0"} & set(listed.out + out)
    as_csv = accepted("show", "refusals", "--csv", "--cards", "full", "--book", tmp_path / "book")
    assert as_csv.out.count("\n") == len(codes) + 1


def trailer(records: int, body: bytes) -> bytes:
    return f"#trailer,{records},0,0,{hashlib.sha256(body).hexdigest()}\n".encode()


TWO = HEADER + line(1) + line(2)
FILES: list[tuple[bytes, str, int]] = [
    (b"", "FILE_EMPTY", 0), (b"\xef\xbb\xbf", "FILE_EMPTY", 0),
    (HEADER.replace(b"card,", b"") + line(1), "HEADER_INVALID", 1),
    (HEADER.replace(b"paid", b"due") + line(1), "HEADER_INVALID", 1),
    (HEADER.replace(b"paid", b"pay") + line(1), "HEADER_INVALID", 1),
    (line(1) + line(2), "HEADER_INVALID", 1), (b"\x89PNG\r\n\x1a\n\0\0\0\r", "FILE_ENCODING", 1),
    (TWO.decode().encode("utf-16"), "FILE_ENCODING", 2),
    (TWO + trailer(3, TWO), "TRAILER_MISMATCH", 2),
    (TWO + trailer(2, TWO + b"x"), "TRAILER_MISMATCH", 2),
    (TWO + b"#trailer,2\n", "TRAILER_MISMATCH", 2),
]


@pytest.mark.parametrize(("content", "code", "records"), FILES,
                         ids=[f"{code}-{place}" for place, (_, code, _) in enumerate(FILES)])
def test_a_file_that_is_refused_as_a_whole(content: bytes, code: str, records: int,
                                           tmp_path: Path) -> None:
    with open_book(str(tmp_path / "book")):
        ack, out = send(tmp_path, content, HEADER + line(7))
        bad, = (file for file in ack["files"] if file["code"] != "OK")
        assert (bad["code"], bad["accepted"]) == (code, 0)
        assert bad["records"] == bad["refused"]
        if code != "FILE_ENCODING":
            assert bad["records"] == records
        assert bad["message"]
        assert bad["message"] in out
        ride, = shown("rides", tmp_path / "book")       # the other file is taken
        assert ride["card_seq"] == 7
        # Mended, it is taken: a file that was refused is none that was cleared.
        ack, _ = send(tmp_path, TWO + trailer(2, TWO))
        assert ack["accepted"] == 2


def test_a_header_alone_is_no_fault(tmp_path: Path) -> None:
    ack, _ = send(tmp_path, HEADER)
    assert (ack["records"], ack["files"][0]["code"]) == (0, "OK")
