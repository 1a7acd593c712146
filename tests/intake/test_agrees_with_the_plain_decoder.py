"""The kernel reads eight bytes at a time; plain Python, from the format's text, must agree."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ext.codes import CorrectionKind, CorrectionReason, TapKind
from ext.records import TAP_FLAGS
from network.names import Names
from tests.intake.plain_decoder import PlainDecoder
from tests.intake.sender import (
    COLUMNS,
    FIXED,
    NETWORK,
    RAIL,
    RECEIVED_AT,
    RIDE,
    all_taps,
    file_of,
    line_of,
    outcomes,
    read,
)
from tests.intake.test_values_come_out_exact import card_text

DECODER = PlainDecoder(NETWORK.model, {"rails": {"S1", "S2", "站三"}}, RECEIVED_AT)
FLAGS = {"due": "HAS_DUE", "paid": "HAS_PAID", "balance_before": "HAS_BALANCE",
         "distance_m": "HAS_DISTANCE", "tac": "HAS_TAC"}
NAMED = {"operator": "member", "issuer": "member", "mode": "mode", "medium": "medium",
         "card_kind": "card_kind", "stop": "stop", "in_stop": "stop", "line": "line",
         "vehicle": "vehicle", "device": "device"}

DIGITS = st.text("0123456789", max_size=22)
NUMBERS = DIGITS | st.sampled_from(["4294967295", "4294967296", "255", "256", "2000000000",
                                    "2000000001", "-1", "-2000000001", "00000000000000001", "1x"])
CODES = st.sampled_from(["", "S1", "S2", "S9", "站三", "B1", "12 ", "\u30001",
                         '"a,b"', '"q""q"', "x" * 64, "y" * 65,
                         "1234567", "12345678", "123456789", "long-code-of-some-length"])
TIMES = st.builds(
    lambda date, clock, form: form.format(date=date, clock=clock, d=date.replace("-", ""),
                                          c=clock.replace(":", "")),
    st.sampled_from(["2024-11-25", "2024-02-29", "2023-02-29", "2024-12-01", "2024-00-10",
                     "1999-12-31", "2024-06-31", "2024-11-30"]),
    st.sampled_from(["07:30:00", "00:00:00", "23:59:59", "24:00:00", "12:60:00", "12:10:00",
                     "12:10:01", "07:3a:00"]),
    st.sampled_from(["{date}T{clock}", "{date} {clock}", "{d}{c}", "{date}T{clock}Z",
                     "{date}T{clock}+08:00", "{date}T{clock}-00:30", "{date}T{clock}+25:00",
                     "{date}", "{d}{c}0"]))
DATES = st.sampled_from([
    "", "1900-01-01", "1900-01-02", "1900-02-29", "1904-02-29", "1961-07-30", "1970-01-01",
    "1970-01-02", "2024-02-28", "2024-02-30", "2024-11-24", "2024-11-25", "2024-11-26",
    "2024-12-01", "2079-06-06", "2079-06-07", "2149-06-06", "2149-06-07", "9999-12-31",
    "0000-00-00", "19610730", "1961-7-30", "1961/07/30", "1961-07-30 ", "1961-07-30T00:00:00",
]) | st.dates().map(str)
ANY = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=20)
FIELDS: dict[str, st.SearchStrategy[str]] = {
    "card": DIGITS.map("31".__add__) | st.text("01ABz9", max_size=18)
            | st.sampled_from(["1.8E+14", "'31", "31\t", "3105999", "18E+2", "9"]),
    "card_seq": NUMBERS, "tapped_at": TIMES, "operator": st.sampled_from(["bus", "rail", "tram"]),
    "device": CODES, "device_seq": NUMBERS,
    "mode": st.sampled_from(["bus", "brt", "metro", "ferry", "boat"]),
    "kind": st.sampled_from(["single", "in", "out", "ride", "top_up", "lock", "refund", "inn",
                             ""]),
    "stop": CODES, "line": CODES, "vehicle": CODES,
    "direction": st.sampled_from(["", "up", "down", "upp"]),
    "medium": st.sampled_from(["", "card", "qr", "face"]),
    "card_kind": st.sampled_from(["", "ordinary", "student", "old"]),
    "issuer": st.sampled_from(["", "one", "two", "bus"]),
    "due": NUMBERS, "paid": NUMBERS, "balance_before": NUMBERS | NUMBERS.map("-".__add__),
    "distance_m": NUMBERS, "tac": st.text("09afAFg", min_size=7, max_size=9),
    "key_version": NUMBERS, "algorithm": NUMBERS, "born_on": DATES, "reviewed_until": DATES,
    "in_at": TIMES, "in_stop": CODES,
    "correction": st.sampled_from(["", "replace", "cancel", "cancels", "1"]),
    "revision": NUMBERS | st.sampled_from(["", "0", "1", "2"]),
    "reason": st.sampled_from(["", *(one.name.lower() for one in CorrectionReason), "refunds"]),
    "authorised_by": st.sampled_from(["", "one", "bus", "rail", "nobody"]),
    "ride_code": st.sampled_from(["", "8101"]),
}


@st.composite
def records(draw: st.DrawFn) -> bytes:
    """A good record with a few fields changed, or a line of nothing in particular."""
    base = draw(st.sampled_from([{}, RAIL, RIDE, {**RAIL, "operator": "tram"}, FIXED]))
    changed = draw(st.lists(st.sampled_from(COLUMNS), max_size=3, unique=True))
    values = {**base, **{column: draw(FIELDS[column] | ANY) for column in changed}}
    line = line_of(**values).encode()
    spoilt = draw(st.integers(0, 19))
    if spoilt == 0:
        at = draw(st.integers(0, len(line)))
        line = line[:at] + draw(st.binary(min_size=1, max_size=3)).replace(b"\n", b"") + line[at:]
    elif spoilt == 1:
        line = draw(st.binary(max_size=40)).replace(b"\n", b"")
    elif spoilt == 2:
        line = line[:draw(st.integers(0, len(line)))]
    return line + draw(st.sampled_from([b"", b"", b"\r"]))


def date_of(days: Any, since: datetime.date) -> datetime.date | None:
    """A date of a tap; None where it is not said."""
    return since + datetime.timedelta(days=int(days)) if days else None


def values_of(tap: Any, names: Names) -> dict[str, Any]:
    """A tap as the plain decoder gives a record."""
    values: dict[str, Any] = {name: int(tap[name]) for name in (
        "card_seq", "tapped_at", "device_seq", "direction", "key_version", "algorithm",
        "revision")}
    values["card"] = card_text(tap)
    values["kind"] = TapKind(int(tap["kind"])).name.lower()
    values["in_at"] = int(tap["in_at"]) or None
    values["born_on"] = date_of(tap["born_day"], datetime.date(1900, 1, 1))
    values["reviewed_until"] = date_of(tap["review_day"], datetime.date(1970, 1, 1))
    for column, name, words in (("correction", "correction", CorrectionKind),
                                ("reason", "correction_reason", CorrectionReason)):
        values[column] = words(int(tap[name])).name.lower() if tap["revision"] else ""
    values["authorised_by"] = names.code("member", int(tap["authority"]))
    for column, kind in NAMED.items():
        values[column] = names.code(kind, int(tap[column]))
    for column, flag in FLAGS.items():
        values[column] = int(tap[column]) if tap["flags"] & TAP_FLAGS[flag] else None
    return values


@settings(max_examples=400, deadline=None)
@given(lines=st.lists(records(), max_size=12), block_bytes=st.sampled_from([37, 1 << 16]),
       ending=st.sampled_from([b"", b"", b"cut"]))
def test_record_by_record(lines: list[bytes], block_bytes: int, ending: bytes) -> None:
    content = file_of(lines) + ending
    names = Names()
    with tempfile.TemporaryDirectory() as folder:
        intake = read(Path(folder), content, names=names, block_bytes=block_bytes)
    wanted = DECODER.decode(content)
    found = outcomes(intake)
    assert found == [each if isinstance(each, tuple) else ("OK", "") for each in wanted]
    taps = [values_of(tap, names) for tap in all_taps(intake, names)]
    assert taps == [each for each in wanted if isinstance(each, dict)]
    report = intake.files[0]
    assert report.due == sum(tap["due"] or 0 for tap in taps)
    assert report.paid == sum(tap["paid"] or 0 for tap in taps)
