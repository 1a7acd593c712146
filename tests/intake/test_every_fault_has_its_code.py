"""A sender who gets a refusal has to be told what is wrong, and in which column."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from ext.codes import Code
from tests.intake.sender import (
    COLUMNS,
    NETWORK,
    RAIL,
    RIDE,
    file_of,
    line_of,
    outcome,
    outcomes,
    read,
    read_paths,
)

LONG = "x" * 65
TOP_UP = {"operator": "rail", "mode": "metro", "kind": "top_up"}

CASES: list[tuple[dict[str, str], str, str]] = [
    # what the record says instead                          code                  column
    ({},                                                    "OK",                 ""),
    ({"card": ""},                                          "MISSING_VALUE",      "card"),
    ({"card": "31" + "0" * 19},                             "CARD_INVALID",       "card"),
    ({"card": "31" + "0" * 18},                             "OK",                 ""),
    ({"card": "AB" + "Z" * 14},                             "OK",                 ""),
    ({"card": "AB" + "Z" * 15},                             "CARD_INVALID",       "card"),
    ({"card": "31 0"},                                      "CARD_INVALID",       "card"),
    ({"card": "310000000000-001"},                          "CARD_INVALID",       "card"),
    ({"card": "31号"},                                      "CARD_INVALID",       "card"),
    ({"card": "3.10063"},                                   "CARD_INVALID",       "card"),
    ({"card": "3100000000.0"},                              "CARD_INVALID",       "card"),
    ({"card": "1.80063E+14"},                               "CARD_SPREADSHEET",   "card"),
    ({"card": "3E+14"},                                     "CARD_SPREADSHEET",   "card"),
    ({"card": "1.80063e+14"},                               "CARD_SPREADSHEET",   "card"),
    ({"card": "1.80063123456789012345E+14"},                "CARD_SPREADSHEET",   "card"),
    ({"card": "1.E+14"},                                    "CARD_INVALID",       "card"),
    ({"card": "1.80063E+"},                                 "CARD_INVALID",       "card"),
    ({"card": "31E14"},                                     "OK",                 ""),
    ({"card_seq": ""},                                      "MISSING_VALUE",      "card_seq"),
    ({"card_seq": "4294967295"},                            "OK",                 ""),
    ({"card_seq": "4294967296"},                            "NUMBER_OVERFLOW",    "card_seq"),
    ({"card_seq": "9" * 40},                                "NUMBER_OVERFLOW",    "card_seq"),
    ({"card_seq": "0" * 40 + "1"},                          "OK",                 ""),
    ({"card_seq": "9" * 40 + "x"},                          "NUMBER_INVALID",     "card_seq"),
    ({"card_seq": "-1"},                                    "NUMBER_INVALID",     "card_seq"),
    ({"card_seq": "1.0"},                                   "NUMBER_INVALID",     "card_seq"),
    ({"card_seq": "１"},                                    "NUMBER_INVALID",     "card_seq"),
    ({"kind": ""},                                          "MISSING_VALUE",      "kind"),
    ({"kind": "tap"},                                       "UNKNOWN_KIND",       "kind"),
    ({"kind": "Single"},                                    "UNKNOWN_KIND",       "kind"),
    ({"kind": "singles"},                                   "UNKNOWN_KIND",       "kind"),
    ({"operator": ""},                                      "MISSING_VALUE",      "operator"),
    ({"operator": "taxi"},                                  "UNKNOWN_OPERATOR",   "operator"),
    ({"operator": "one"},                                   "UNKNOWN_OPERATOR",   "operator"),
    ({"operator": "b" * 3000},                              "UNKNOWN_OPERATOR",   "operator"),
    ({"mode": ""},                                          "MISSING_VALUE",      "mode"),
    ({"mode": "boat"},                                      "UNKNOWN_MODE",       "mode"),
    ({"mode": "ferry"},                                     "MODE_NOT_RUN",       "mode"),
    ({"mode": "brt"},                                       "OK",                 ""),
    ({"mode": "metro"},                                     "MODE_NOT_RUN",       "mode"),
    ({"tapped_at": ""},                                     "MISSING_VALUE",      "tapped_at"),
    ({"tapped_at": "20240229235959"},                       "OK",                 ""),
    ({"tapped_at": "20230229120000"},                       "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2023-02-29T12:00:00"},                  "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "20241125240000"},                       "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "20241125076000"},                       "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "20241125073060"},                       "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "20241131073000"},                       "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "20240025073000"},                       "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "20241325073000"},                       "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "20241100073000"},                       "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "00000101000000"},                       "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024112507300"},                        "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024112507300x"},                       "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024-11-25"},                           "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024-11-25T07:30"},                     "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024/11/25T07:30:00"},                  "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024-11-25t07:30:00"},                  "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024-11-25T07.30:00"},                  "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024-11-25T07:30:00z"},                 "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024-11-25T07:30:00.5"},                "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024-11-25T07:30:00+0800"},             "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024-11-25T07:30:00+24:00"},            "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024-11-25T07:30:00+08:60"},            "TIME_INVALID",       "tapped_at"),
    ({"tapped_at": "2024-11-25T07:30:00+08:00"},            "OK",                 ""),
    ({"tapped_at": "2024-11-25 07:30:00"},                  "OK",                 ""),
    ({"tapped_at": "20240101000000"},                       "OK",                 ""),
    ({"tapped_at": "20231231235959"},                       "TIME_TOO_EARLY",     "tapped_at"),
    ({"tapped_at": "2023-12-31T15:59:59Z"},                 "TIME_TOO_EARLY",     "tapped_at"),
    ({"tapped_at": "19700101000000"},                       "TIME_TOO_EARLY",     "tapped_at"),
    ({"tapped_at": "00010101000000"},                       "TIME_TOO_EARLY",     "tapped_at"),
    ({"tapped_at": "2024-12-01T04:10:00Z"},                 "OK",                 ""),
    ({"tapped_at": "2024-12-01T04:10:01Z"},                 "TIME_IN_FUTURE",     "tapped_at"),
    ({"tapped_at": "99991231235959"},                       "TIME_IN_FUTURE",     "tapped_at"),
    ({**RIDE, "in_at": "20241125073001"},              "ENTRY_AFTER_EXIT",   "in_at"),
    ({**RIDE, "in_at": "20241125073000"},              "OK",                 ""),
    ({**RIDE, "in_at": "yesterday"},                   "TIME_INVALID",       "in_at"),
    ({**RIDE, "in_at": "20231231000000"},              "TIME_TOO_EARLY",     "in_at"),
    ({**RIDE, "in_at": "", "in_stop": ""},          "OK",                 ""),
    ({**RIDE, "stop": ""},                                  "MISSING_VALUE",      "stop"),
    ({**RIDE, "stop": "", "tapped_at": ""},                 "OK",                 ""),
    ({**RIDE, "stop": "", "tapped_at": "20241125070000"},   "OK",                 ""),
    ({**RIDE, "stop": "", "in_at": ""},                "MISSING_VALUE",      "in_at"),
    ({**RIDE, "stop": "", "tapped_at": "", "in_stop": ""}, "MISSING_VALUE",    "in_stop"),
    ({**RAIL, "stop": ""},                                  "MISSING_VALUE",      "stop"),
    ({**RAIL, "stop": "S9"},                                "UNKNOWN_STOP",       "stop"),
    ({**RAIL, "stop": LONG},                                "CODE_TOO_LONG",      "stop"),
    ({**RAIL, "stop": "站三"},                              "OK",                 ""),
    ({**RAIL, "operator": "tram", "stop": "S9"},            "OK",                 ""),
    ({**RAIL, "operator": "tram", "stop": LONG},            "CODE_TOO_LONG",      "stop"),
    ({**RAIL, "operator": "tram", "stop": ""},              "OK",                 ""),
    ({**RIDE, "in_stop": "S9"},                          "UNKNOWN_STOP",       "in_stop"),
    ({**RIDE, "in_stop": LONG},                          "CODE_TOO_LONG",      "in_stop"),
    (TOP_UP,                                                "OK",                 ""),
    ({**TOP_UP, "kind": "lock"},                            "OK",                 ""),
    ({**TOP_UP, "stop": "S9"},                              "UNKNOWN_STOP",       "stop"),
    ({"line": LONG},                                        "CODE_TOO_LONG",      "line"),
    ({"line": "x" * 64},                                    "OK",                 ""),
    ({"line": "线" * 21},                                   "OK",                 ""),
    ({"line": "线" * 22},                                   "CODE_TOO_LONG",      "line"),
    ({"vehicle": LONG},                                     "CODE_TOO_LONG",      "vehicle"),
    ({"direction": "up"},                                   "OK",                 ""),
    ({"direction": "down"},                                 "OK",                 ""),
    ({"direction": "1"},                                    "UNKNOWN_DIRECTION",  "direction"),
    ({"device": ""},                                        "MISSING_VALUE",      "device"),
    ({"device": LONG},                                      "CODE_TOO_LONG",      "device"),
    ({"device_seq": ""},                                    "MISSING_VALUE",      "device_seq"),
    ({"device_seq": "x"},                                   "NUMBER_INVALID",     "device_seq"),
    ({"medium": "face"},                                    "UNKNOWN_MEDIUM",     "medium"),
    ({"medium": "qr"},                                      "OK",                 ""),
    ({"card_kind": "elder"},                                "UNKNOWN_CARD_KIND",  "card_kind"),
    ({"card_kind": "student"},                              "OK",                 ""),
    ({"issuer": "three"},                                   "UNKNOWN_ISSUER",     "issuer"),
    ({"issuer": "bus"},                                     "UNKNOWN_ISSUER",     "issuer"),
    ({"issuer": "two"},                                     "OK",                 ""),
    ({"card": "99"},                                        "UNKNOWN_ISSUER",     "issuer"),
    ({"card": "3"},                                         "UNKNOWN_ISSUER",     "issuer"),
    ({"card": "99", "issuer": "one"},                       "OK",                 ""),
    ({"due": "0"},                                          "OK",                 ""),
    ({"due": "2000000000"},                                 "OK",                 ""),
    ({"due": "2000000001"},                                 "AMOUNT_OVERFLOW",    "due"),
    ({"due": "9" * 30},                                     "AMOUNT_OVERFLOW",    "due"),
    ({"due": "-1"},                                         "AMOUNT_NEGATIVE",    "due"),
    ({"due": "-" + "9" * 30},                               "AMOUNT_NEGATIVE",    "due"),
    ({"due": "-"},                                          "AMOUNT_INVALID",     "due"),
    ({"due": "+1"},                                         "AMOUNT_INVALID",     "due"),
    ({"due": "2.50"},                                       "AMOUNT_INVALID",     "due"),
    ({"due": " 2"},                                         "AMOUNT_INVALID",     "due"),
    ({"due": "--1"},                                        "AMOUNT_INVALID",     "due"),
    ({"paid": "1e3"},                                       "AMOUNT_INVALID",     "paid"),
    ({"paid": "-200"},                                      "AMOUNT_NEGATIVE",    "paid"),
    ({"paid": "2000000001"},                                "AMOUNT_OVERFLOW",    "paid"),
    ({"balance_before": "-2000000000"},                     "OK",                 ""),
    ({"balance_before": "-2000000001"},                     "AMOUNT_OVERFLOW",    "balance_before"),
    ({"balance_before": "-x"},                              "AMOUNT_INVALID",     "balance_before"),
    ({"distance_m": "far"},                                 "NUMBER_INVALID",     "distance_m"),
    ({"distance_m": "4294967296"},                          "NUMBER_OVERFLOW",    "distance_m"),
    ({"tac": "0123abCD"},                                   "OK",                 ""),
    ({"tac": "0123abC"},                                    "TAC_INVALID",        "tac"),
    ({"tac": "0123abCDE"},                                  "TAC_INVALID",        "tac"),
    ({"tac": "0123abCg"},                                   "TAC_INVALID",        "tac"),
    ({"key_version": "255"},                                "OK",                 ""),
    ({"key_version": "256"},                                "NUMBER_OVERFLOW",    "key_version"),
    ({"algorithm": "x"},                                    "NUMBER_INVALID",     "algorithm"),
    ({"born_on": "1900-01-01"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "1900-01-02"},                             "OK",                 ""),
    ({"born_on": "1900-02-29"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "2000-02-29"},                             "OK",                 ""),
    ({"born_on": "2001-02-29"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "2024-11-25"},                             "OK",                 ""),
    ({"born_on": "2024-11-26"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "2024-11-26", "tapped_at": "2024-11-25T16:00:00Z"}, "OK",        ""),
    ({"born_on": "2024-11-26", "tapped_at": "2024-11-25T15:59:59Z"}, "DATE_INVALID", "born_on"),
    ({**RIDE, "born_on": "2024-11-25", "in_at": "20241124233000"}, "OK",     ""),
    ({"born_on": "1961-00-30"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "1961-13-30"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "1961-07-00"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "1961-07-32"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "0000-01-01"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "19610730"},                               "DATE_INVALID",       "born_on"),
    ({"born_on": "1961-7-30"},                              "DATE_INVALID",       "born_on"),
    ({"born_on": "1961/07/30"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "1961-07/30"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "1961-07-3o"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "30-07-1961"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "1961-07-30T00:00:00"},                    "DATE_INVALID",       "born_on"),
    ({"born_on": " 1961-07-30"},                            "DATE_INVALID",       "born_on"),
    ({"born_on": "-961-07-30"},                             "DATE_INVALID",       "born_on"),
    ({"born_on": "0"},                                      "DATE_INVALID",       "born_on"),
    ({"reviewed_until": "1970-01-01"},                      "DATE_INVALID",       "reviewed_until"),
    ({"reviewed_until": "1970-01-02"},                      "OK",                 ""),
    ({"reviewed_until": "2149-06-06"},                      "OK",                 ""),
    ({"reviewed_until": "2149-06-07"},                      "DATE_INVALID",       "reviewed_until"),
    ({"reviewed_until": "9999-12-31"},                      "DATE_INVALID",       "reviewed_until"),
    ({"reviewed_until": "2025-02-29"},                      "DATE_INVALID",       "reviewed_until"),
    ({"reviewed_until": "yes"},                             "DATE_INVALID",       "reviewed_until"),
]


@pytest.mark.parametrize(("values", "code", "column"), CASES)
def test_fields(tmp_path: Path, values: dict[str, str], code: str, column: str) -> None:
    assert outcome(tmp_path, **values) == (code, column)


BETWEEN = len(COLUMNS) - 1      # separators of a line
LINES: list[tuple[bytes, str]] = [
    (b"", "EMPTY_RECORD"),
    (b"\r", "EMPTY_RECORD"),
    (b"," * BETWEEN, "EMPTY_RECORD"),
    (b"," * 5, "EMPTY_RECORD"),
    (b"," * BETWEEN + b"\r", "EMPTY_RECORD"),
    (b" ", "COLUMN_COUNT"),
    (line_of().encode() + b",", "COLUMN_COUNT"),
    (line_of()[:-1].encode(), "COLUMN_COUNT"),
    (line_of().encode() + b"\r", "OK"),
    (line_of(device="D\0").encode(), "NUL_BYTE"),
    (b"\0", "NUL_BYTE"),
    (line_of(device="地铁").encode("gb18030"), "BAD_ENCODING"),
    (line_of(device="é").encode("latin-1"), "BAD_ENCODING"),
    (line_of().encode() + b"\xed\xa0\x80", "BAD_ENCODING"),     # a surrogate
    (line_of().encode() + b"\xc0\x80", "BAD_ENCODING"),         # an overlong NUL
    (line_of().encode() + b"\xf4\x90\x80\x80", "BAD_ENCODING"),   # beyond U+10FFFF
    (line_of().encode() + b"\xe7\xab", "BAD_ENCODING"),
    (line_of(device="\U0001f68c").encode(), "OK"),
    (line_of(device='"D,1"').encode(), "OK"),
    (line_of(device='"D""1"').encode(), "OK"),
    (line_of(card='"3100000000000001"').encode(), "OK"),
    (line_of(in_stop='""').encode() + b"\r", "OK"),
    (line_of(device='"D1').encode(), "BAD_QUOTING"),
    (line_of(device='D"1').encode(), "BAD_QUOTING"),
    (line_of(device='"D"1').encode(), "BAD_QUOTING"),
    (line_of(in_stop='"').encode(), "BAD_QUOTING"),
    (b'"' + b"," * BETWEEN, "BAD_QUOTING"),
    (b",".join([b'""'] * len(COLUMNS)), "MISSING_VALUE"),
    (b"#trailer,1,0,0," + b"0" * 64, "COLUMN_COUNT"),           # not the last line
    (line_of(device="D" * 4096).encode(), "LINE_TOO_LONG"),
    (b"," * 4097, "LINE_TOO_LONG"),
    (b"," * 4096, "EMPTY_RECORD"),
    (b"," * 4096 + b"\r", "EMPTY_RECORD"),
    (b"x" * 4096, "COLUMN_COUNT"),
    (b"x" * 4096 + b"\r", "COLUMN_COUNT"),
    (b"x" * 4097, "LINE_TOO_LONG"),
    (b"x" * 4097 + b"\r", "LINE_TOO_LONG"),
    (b"\0" * 5000, "LINE_TOO_LONG"),
]


@pytest.mark.parametrize("block_bytes", [1 << 20, 64])
def test_lines(tmp_path: Path, block_bytes: int) -> None:
    content = file_of([line for line, _ in LINES] + [line_of()])
    found = outcomes(read(tmp_path, content, block_bytes=block_bytes))
    assert [code for code, _ in found] == [code for _, code in LINES] + ["OK"]


def test_a_last_line_without_its_newline_is_never_believed(tmp_path: Path) -> None:
    whole = file_of([line_of(), line_of(paid="1234")], columns=COLUMNS)
    assert outcomes(read(tmp_path, whole))[-1] == ("OK", "")
    for cut in range(1, len(line_of(paid="1234")) + 1):
        found = outcomes(read(tmp_path, whole[:-cut]))
        assert found == [("OK", ""), ("TRUNCATED_LINE", "")]


def test_the_first_fault_counts(tmp_path: Path) -> None:
    """Give every field a fault, then mend them in the order in which they are checked."""
    faults = {
        "card": "?", "card_seq": "?", "kind": "?", "operator": "?", "mode": "?",
        "tapped_at": "?", "in_at": "?", "stop": "?", "in_stop": "?", "line": LONG,
        "vehicle": LONG, "direction": "?", "device": LONG, "device_seq": "?", "medium": "?",
        "card_kind": "?", "issuer": "?", "due": "?", "paid": "?", "balance_before": "?",
        "distance_m": "?", "tac": "?", "key_version": "?", "algorithm": "?", "born_on": "?",
        "reviewed_until": "?",
    }
    good = {**RIDE, "in_at": "20241125070000"}
    for column in list(faults):
        assert outcome(tmp_path, **{**good, **faults})[1] == column
        del faults[column]
    assert outcome(tmp_path, **good) == ("OK", "")


def test_a_column_that_the_file_lacks_has_no_number(tmp_path: Path) -> None:
    columns = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
               "stop")
    line = line_of(columns, operator="rail", mode="metro", kind="ride", tapped_at="")
    intake = read(tmp_path, file_of([line], columns))
    assert outcomes(intake) == [("MISSING_VALUE", "")]
    assert intake.refusals(0).records["field"].tolist() == [0]


def test_a_network_without_cards_has_no_medium_for_a_blank(tmp_path: Path) -> None:
    network = replace(NETWORK, model=msgspec.structs.replace(NETWORK.model, media=["qr"]))
    (tmp_path / "0.csv").write_bytes(file_of([line_of(), line_of(medium="qr")]))
    intake = read_paths([tmp_path / "0.csv"], network=network)
    assert outcomes(intake) == [("MISSING_VALUE", "medium"), ("OK", "")]


def test_every_code_of_a_record_is_among_the_cases() -> None:
    met = {code for _, code, _ in CASES} | {code for _, code in LINES} | {"TRUNCATED_LINE"}
    wanted = {code.name for code in Code if code < Code.DUPLICATE}
    assert wanted - met == set()
