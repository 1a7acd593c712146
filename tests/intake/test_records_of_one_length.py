"""Records of one length are what the same records are in CSV, and damage is refused where it is."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearing.intake.layout import load_layout
from clearing.intake.trailer import write_trailer
from ext.codes import Code
from ext.intake.decode import choose_way, list_ways
from network.errors import OnecardError
from network.names import Names
from network.network import Network, load_network
from tests.intake import sender
from tests.intake.test_agrees_with_the_plain_decoder import DECODER, records, values_of

LAYOUT = load_layout(sender.FOLDER, "fixed")
COLUMNS = tuple(LAYOUT.columns)
CODES = {Code(code).name for code in range(1, 8)}


@pytest.fixture(autouse=True, params=list_ways())
def _way(request: pytest.FixtureRequest) -> Iterator[None]:
    choose_way(request.param)
    yield
    choose_way(max(list_ways()))


def record_of(values: dict[str, str], *, right: bool = False, encoding: str = "utf-8") -> bytes:
    """A record of the town's fixed layout, without its end; `right`: spaces before the values."""
    line = bytearray(b" " * LAYOUT.record_bytes)
    for column, place in LAYOUT.columns.items():
        value = values[column].encode(encoding)[:place.width]
        value = value.rjust(place.width) if right else value.ljust(place.width)
        line[place.start:place.start + place.width] = value
    return bytes(line)


def good(**values: str) -> bytes:
    return record_of({**sender.GOOD, **values})


def outcomes(intake: Any) -> list[tuple[str, str]]:
    """As sender.outcomes, of a file whose first line is a record."""
    report = intake.files[0]
    assert not report.code, report.reason
    found = [("OK", "")] * report.records
    for refusal in intake.refusals(0).records:
        field = int(refusal["field"])
        found[int(refusal["line"]) - 1] = (Code(int(refusal["code"])).name,
                                           report.columns[field - 1] if field else "")
    return found


def read(folder: Path, content: bytes, **options: Any) -> Any:
    return sender.read(folder, content, layout="fixed", **options)


SHORT = good()[:-1]
CASES: list[tuple[bytes, str, str]] = [
    (good(),                                        "OK",               ""),
    (record_of(sender.GOOD, right=True),            "OK",               ""),
    (good(**sender.RAIL),                           "OK",               ""),
    (good(**sender.RIDE),                           "OK",               ""),
    (good(**{**sender.RAIL, "stop": "站三"}),       "OK",               ""),
    (good(device="x" * 64),                         "OK",               ""),
    (good(device="a b, \"c\""),                     "OK",               ""),
    (good(card=""),                                 "MISSING_VALUE",    "card"),
    (good(card="31 5"),                             "CARD_INVALID",     "card"),
    (good(paid="2.5"),                              "AMOUNT_INVALID",   "paid"),
    (good(**{**sender.RAIL, "stop": "S9"}),         "UNKNOWN_STOP",     "stop"),
    (good(kind="walk"),                             "UNKNOWN_KIND",     "kind"),
    (b"",                                           "EMPTY_RECORD",     ""),
    (b" " * LAYOUT.record_bytes,                    "EMPTY_RECORD",     ""),
    (b" " * 7,                                      "EMPTY_RECORD",     ""),
    (SHORT,                                         "COLUMN_COUNT",     ""),
    (good() + b" ",                                 "COLUMN_COUNT",     ""),
    (good() + good(),                               "COLUMN_COUNT",     ""),
    (good() + b"\tUNKNOWN_STOP no such stop",       "OK",               ""),
    (good(stop="", operator="rail", mode="metro") + "\t站".encode(),
                                                    "MISSING_VALUE",    "stop"),
    (b" " * LAYOUT.record_bytes + b"\twhy",         "EMPTY_RECORD",     ""),
    (SHORT + b"\twhy",                              "COLUMN_COUNT",     ""),
    (good() + b"\t" + b"x" * 4096,                  "LINE_TOO_LONG",    ""),
    (b"#trailer,1,0,0",                             "COLUMN_COUNT",     ""),
    (good(device="D\0"),                            "NUL_BYTE",         ""),
    (SHORT + b"\xff",                               "BAD_ENCODING",     ""),
    (SHORT + "站".encode(),                         "COLUMN_COUNT",     ""),
    (good(card="3" * 19 + "é"),                     "BAD_ENCODING",     ""),
    (b"x" * 4097,                                   "LINE_TOO_LONG",    ""),
    (b"x" * 9000,                                   "LINE_TOO_LONG",    ""),
    (good(),                                        "OK",               ""),
]


@pytest.mark.parametrize("block_bytes", [50, 777, 1 << 20])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines(tmp_path: Path, block_bytes: int, end: bytes) -> None:
    lines = [line for line, _, _ in CASES]
    content = end.join(lines) + end + b"cut"
    intake = read(tmp_path, content, block_bytes=block_bytes)
    wanted = [(code, column) for _, code, column in CASES] + [("COLUMN_COUNT", "")]
    assert outcomes(intake) == wanted
    refusals = intake.refusals(0)
    for index, refusal in enumerate(refusals.records):
        line = [*lines, b"cut"][int(refusal["line"]) - 1].removesuffix(b"\r")
        assert refusals.raw(index) == line[:1024]
        assert content[int(refusal["offset"]):][:int(refusal["length"])] == line


def in_gb18030(folder: Path) -> Network:
    """The town, with its fixed layout in another encoding."""
    town = Path(shutil.copytree(sender.FOLDER, folder / "town"))
    layout = town / "layouts" / "fixed.toml"
    layout.write_text(layout.read_text("utf-8").replace(
        'format = "fixed"', 'format = "fixed"\nencoding = "gb18030"'), "utf-8")
    return load_network(str(town))


@pytest.mark.parametrize("block_bytes", [777, 1 << 20])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines_in_another_encoding(tmp_path: Path, block_bytes: int, end: bytes) -> None:
    """The same outcomes; letters of two bytes stand where their bytes do, and none is cut."""
    third = {**sender.GOOD, **sender.RAIL, "stop": "站三"}
    lines = [case for case in CASES if case[0].isascii()] + [
        (record_of(third, encoding="gb18030"),          "OK",               ""),
        (record_of(third),                              "BAD_ENCODING",     ""),        # is UTF-8
        (good(device="a b, \"c\"".ljust(64, "x")),      "OK",               ""),
        (SHORT + b"\xff",                               "BAD_ENCODING",     ""),
        (b"3" * 19 + "站".encode("gb18030") + good()[21:], "BAD_ENCODING",   ""),    # is cut
    ]
    content = end.join(line for line, _, _ in lines) + end + b"cut"
    intake = read(tmp_path, content, block_bytes=block_bytes, network=in_gb18030(tmp_path))
    assert outcomes(intake) == [(code, column) for _, code, column in lines] + [
        ("COLUMN_COUNT", "")]


def test_a_carriage_return_is_no_part_of_a_record(tmp_path: Path) -> None:
    [found] = outcomes(read(tmp_path, SHORT + b"\r\n"))
    assert found == ("COLUMN_COUNT", "")


def test_values(tmp_path: Path) -> None:
    """Every column comes out as from CSV, and taps say where their record is."""
    sent = [{**sender.GOOD, **values} for values in (
        {}, sender.RAIL, sender.RIDE, {"device": "x" * 64, "due": "200", "paid": "0", "line": "B 1",
                                       "balance_before": "-5", "tac": "0123abcd"})]
    content = b"".join(record_of(values, right=bool(n % 2)) + b"\n"
                       for n, values in enumerate(sent))
    csv = sender.file_of(sender.line_of(**values) for values in sent)
    names, other = Names(), Names()
    taps = sender.all_taps(read(tmp_path, content, names=names), names)
    assert taps["source_line"].tolist() == [1, 2, 3, 4]
    assert taps["source_offset"].tolist() == [n * (LAYOUT.record_bytes + 1) for n in range(4)]
    plain = sender.all_taps(sender.read(tmp_path, csv, names=other), other)
    assert [values_of(tap, names) for tap in taps] == [values_of(tap, other) for tap in plain]


@settings(max_examples=150, deadline=None)
@given(st.lists(records(), max_size=12), st.booleans(), st.sampled_from([37, 1 << 16]))
def test_the_same_as_csv(lines: list[bytes], right: bool, block_bytes: int) -> None:
    """Rows that can be told apart have, as records of one length, the same outcome and values."""
    rows, fixed = [], []
    for line in lines:
        try:
            text = line.removesuffix(b"\r").decode()
        except UnicodeDecodeError:
            continue
        values = dict(zip(sender.COLUMNS, text.split(","), strict=False))
        fits = all(len(values.get(column, "").encode()) <= place.width
                   and values.get(column, "") == values.get(column, "").strip(" ")
                   for column, place in LAYOUT.columns.items())
        if '"' in text or "\0" in text or not fits or not text.strip(","):
            continue
        if text.count(",") != len(sender.COLUMNS) - 1:
            continue
        if len(text) > 4096 or text.endswith("\r"):
            continue
        rows.append(text.encode())
        fixed.append(record_of(values, right=right) + b"\n")
    wanted = DECODER.decode(sender.file_of(rows))
    names = Names()
    with tempfile.TemporaryDirectory() as folder:
        intake = read(Path(folder), b"".join(fixed) or b"\n", names=names, block_bytes=block_bytes)
    found = outcomes(intake) if fixed else []
    assert found == [each if isinstance(each, tuple) else ("OK", "") for each in wanted]
    taps = [values_of(tap, names) for tap in sender.all_taps(intake, names)]
    assert taps == [each for each in wanted if isinstance(each, dict)]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_bytes(data: st.DataObject) -> None:
    """Whatever is done to a file, every line has one outcome, the same for any blocks."""
    content = b"".join(data.draw(st.lists(st.sampled_from(
        [line + b"\n" for line, _, _ in CASES]), max_size=6)))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(content)))
        content = content[:at] + data.draw(st.binary(max_size=4) | st.sampled_from(
            [b"\n", b"\r\n", b"\0", b"\xe7\xab", b" " * 70])) + content[at + data.draw(
                st.integers(0, 5)):]
    if not content.removeprefix(b"\xef\xbb\xbf"):
        return
    found = []
    for block_bytes in (41, 1 << 20):
        with tempfile.TemporaryDirectory() as folder:
            intake = read(Path(folder), content, block_bytes=block_bytes)
        if intake.files[0].code:
            assert intake.files[0].code in (Code.TRAILER_MISMATCH, Code.ARCHIVE)
            return
        found.append(outcomes(intake))
    body = content.removeprefix(b"\xef\xbb\xbf")
    assert found[0] == found[1]
    assert len(found[0]) == body.count(b"\n") + (not body.endswith(b"\n")) - (
        body.split(b"\n")[-1 if not body.endswith(b"\n") else -2].startswith(b"#trailer"))


def test_a_trailer_and_a_mark_of_utf_8(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + good(due="200", paid="160") + b"\n" + good() + b"\n"
    trailer = write_trailer(2, 200, 160, hashlib.sha256(content).hexdigest())
    [report] = read(tmp_path, content + trailer).files
    assert (report.code, report.accepted, report.layout, report.trailer) == (0, 2, "fixed", True)
    [report] = read(tmp_path, content + trailer.replace(b",200,", b",201,")).files
    assert report.code == Code.TRAILER_MISMATCH
    assert read(tmp_path, b"").files[0].code == Code.FILE_EMPTY
    [canonical] = read(tmp_path, sender.file_of([sender.line_of()])).files
    assert (canonical.layout, canonical.accepted) == ("onecard-taps/1", 1)


GOOD_LAYOUT = (sender.FOLDER / "layouts" / "fixed.toml").read_text("utf-8")


@pytest.mark.parametrize(("old", "new", "words"), [
    ('record_bytes = 540', 'record_bytes = 539', "the columns end at byte 540, a record at 539"),
    ('record_bytes = 540', 'record_bytes = 0', "expected 1 to 4096 bytes"),
    ('record_bytes = 540', 'record_bytes = 5000', "1 to 4096 bytes"),
    ('card = { start = 0,', 'card = { start = -1,', "columns.card has 20 bytes from -1 on"),
    ('width = 20 }', 'width = 0 }', "columns.card has 0 bytes"),
    ('width = 20 }', 'width = 21 }', "columns.card_seq has 10 bytes from 20 on"),
    ('card = {', 'fare = {', "columns.fare is not a column"),
    ('format = "fixed"', 'format = "csv"', "record_bytes says nothing of csv"),
    ('format = "fixed"', 'format = "fixed"\nencoding = "utf-16"', "cannot be read by lines"),
    ('format = "fixed"', 'format = "fixed"\nencoding = "klingon"', "no encoding 'klingon'"),
    ('card = { start = 0, width = 20 }', '', "columns has no card"),
])
def test_layouts_with_a_fault(tmp_path: Path, old: str, new: str, words: str) -> None:
    (tmp_path / "layouts").mkdir()
    assert old in GOOD_LAYOUT
    (tmp_path / "layouts" / "mine.toml").write_text(GOOD_LAYOUT.replace(old, new, 1), "utf-8")
    with pytest.raises(OnecardError) as error:
        load_layout(tmp_path, "mine")
    assert words in str(error.value)


def test_no_records(tmp_path: Path) -> None:
    trailer = write_trailer(0, 0, 0, hashlib.sha256(b"").hexdigest())
    [report] = read(tmp_path, trailer).files
    assert (report.code, report.records) == (0, 0)
    assert np.array_equal(read(tmp_path, trailer).refusals(0).records["line"], [])
