"""A card number with one digit changed is another person's card: nothing may be rounded or lost."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from ext.codes import CorrectionKind, CorrectionReason, TapKind
from ext.records import TAP_FLAGS
from network.names import Names
from tests.intake.sender import (
    FIXED,
    NETWORK,
    RAIL,
    RIDE,
    all_taps,
    file_of,
    line_of,
    one_tap,
    outcome,
    outcomes,
    read,
)


def card_text(tap: Any) -> str:
    """The card as text again, by the words of records.pxd."""
    high, low = int(tap["card_hi"]), int(tap["card_lo"])
    if high >> 56 <= 20:
        return str((high & (1 << 56) - 1) << 64 | low).zfill(high >> 56)
    return (high << 64 | low).to_bytes(16, "big").rstrip(b"\0").decode("ascii")


@pytest.mark.parametrize("card", [
    "31", "031", "0031000000", "31000000", "310000000", "3100000000000001", "31000000000000012",
    "99999999999999999999", "18446744073709551615", "18446744073709551616", "00000000000000000000",
    "0", "9", "10000000000000000", "12345678901234567890", "A", "AB0", "A1B2C3D4E5F6G7H8",
    "abcDEF12", "123456789A", "Z9999999999999999"[:16],
])
def test_cards(tmp_path: Path, card: str) -> None:
    tap, _ = one_tap(tmp_path, card=card, issuer="one")
    assert card_text(tap) == card
    assert tap["card_hi"] >> 56 == (len(card) if card.isdigit() else ord(card[0]))


@pytest.mark.parametrize(("text", "moment"), [
    ("20241125073000",            "2024-11-24T23:30:00"),
    ("2024-11-25T07:30:00",       "2024-11-24T23:30:00"),
    ("2024-11-25 07:30:00",       "2024-11-24T23:30:00"),
    ("2024-11-25T07:30:00Z",      "2024-11-25T07:30:00"),
    ("2024-11-25T07:30:00+08:00", "2024-11-24T23:30:00"),
    ("2024-11-25 07:30:00-05:45", "2024-11-25T13:15:00"),
    ("20240229000000",            "2024-02-28T16:00:00"),
    ("20240101000000",            "2023-12-31T16:00:00"),
    ("2024-01-01T00:00:00+14:00", None),
])
def test_times(tmp_path: Path, text: str, moment: str | None) -> None:
    if moment is None:
        assert outcomes(read(tmp_path, file_of([line_of(tapped_at=text)])))[0][0] != "OK"
        return
    tap, _ = one_tap(tmp_path, tapped_at=text)
    wanted = datetime.datetime.fromisoformat(moment).replace(tzinfo=datetime.UTC)
    assert tap["tapped_at"] == wanted.timestamp()


def test_every_day_of_a_year_in_both_ways_of_writing(tmp_path: Path) -> None:
    days = [datetime.datetime(2024, 1, 1, 23, 59, 59) + datetime.timedelta(days=day)
            for day in range(330)]
    lines = [line_of(tapped_at=f"{day:%Y%m%d%H%M%S}") for day in days]
    lines += [line_of(tapped_at=f"{day:%Y-%m-%dT%H:%M:%S}") for day in days]
    names = Names()
    taps = all_taps(read(tmp_path, file_of(lines), names=names), names)
    civil = datetime.timezone(datetime.timedelta(hours=8))
    assert taps["tapped_at"].tolist() == [
        int(day.replace(tzinfo=civil).timestamp()) for day in days * 2]


def test_every_day_of_birth_and_of_review(tmp_path: Path) -> None:
    """All that fits in its two bytes, leap days of three centuries among it."""
    since_1900 = [datetime.date(1900, 1, 1) + datetime.timedelta(days=day)
                  for day in range(1, (datetime.date(2024, 11, 25)
                                       - datetime.date(1900, 1, 1)).days + 1)]
    since_1970 = [datetime.date(1970, 1, 1) + datetime.timedelta(days=day)
                  for day in range(1, 65_536)]
    lines = [line_of(born_on=str(day)) for day in since_1900]
    lines += [line_of(reviewed_until=str(day)) for day in since_1970]
    names = Names()
    taps = all_taps(read(tmp_path, file_of(lines), names=names), names)
    born, reviewed = taps[:len(since_1900)], taps[len(since_1900):]
    assert born["born_day"].tolist() == list(range(1, len(since_1900) + 1))
    assert reviewed["review_day"].tolist() == list(range(1, 65_536))
    assert not born["review_day"].any()
    assert not reviewed["born_day"].any()


def test_amounts_and_proof(tmp_path: Path) -> None:
    tap, _ = one_tap(tmp_path, due="0200", paid="0", balance_before="-2000000000",
                     distance_m="4294967295", tac="89aBcDeF", key_version="7", algorithm="255",
                     card_seq="4294967295", device_seq="0")
    assert (tap["due"], tap["paid"], tap["balance_before"]) == (200, 0, -2_000_000_000)
    assert (tap["distance_m"], tap["tac"]) == (2**32 - 1, 0x89ABCDEF)
    assert (tap["key_version"], tap["algorithm"]) == (7, 255)
    assert (tap["card_seq"], tap["device_seq"]) == (2**32 - 1, 0)
    flags = sum(TAP_FLAGS[name] for name in TAP_FLAGS if name.startswith("HAS_"))
    assert tap["flags"] == flags


def test_a_blank_is_not_a_zero(tmp_path: Path) -> None:
    tap, _ = one_tap(tmp_path)
    assert tap["flags"] == 0
    tap, _ = one_tap(tmp_path, paid="0")
    assert tap["flags"] == TAP_FLAGS["HAS_PAID"]


def test_numbers_stand_for_the_codes(tmp_path: Path) -> None:
    tap, names = one_tap(tmp_path, line="B1", vehicle='"粤B,1"', device="D9", stop="here",
                         direction="down", medium="qr", card_kind="student", issuer="two")
    for kind, name, code, scope in (
        ("line", "line", "B1", "bus"), ("vehicle", "vehicle", "粤B,1", "bus"),
        ("device", "device", "D9", "bus"), ("stop", "stop", "here", "bus"),
        ("member", "operator", "bus", ""), ("member", "issuer", "two", ""),
        ("medium", "medium", "qr", ""), ("card_kind", "card_kind", "student", ""),
        ("mode", "mode", "bus", ""),
    ):
        assert names.code(kind, int(tap[name])) == code
        assert names.scope(kind, int(tap[name])) == scope
    assert tap["direction"] == 2


def test_blanks_that_stand_for_something(tmp_path: Path) -> None:
    tap, names = one_tap(tmp_path, card="3105000000000001")
    assert names.code("medium", int(tap["medium"])) == "card"
    assert names.code("card_kind", int(tap["card_kind"])) == "ordinary"
    assert names.code("member", int(tap["issuer"])) == "two"        # the longest prefix
    tap, names = one_tap(tmp_path, card="3104000000000001")
    assert names.code("member", int(tap["issuer"])) == "one"
    assert (tap["stop"], tap["line"], tap["vehicle"], tap["direction"]) == (0, 0, 0, 0)
    assert (tap["born_day"], tap["review_day"]) == (0, 0)


def test_a_ride_carries_both_ends(tmp_path: Path) -> None:
    tap, names = one_tap(tmp_path, **RIDE)
    assert tap["kind"] == TapKind.RIDE
    assert tap["tapped_at"] - tap["in_at"] == 1800
    assert names.code("stop", int(tap["in_stop"])) == "S1"
    assert names.code("stop", int(tap["stop"])) == "S2"
    assert names.scope("stop", int(tap["stop"])) == "rails"
    tap, _ = one_tap(tmp_path, **{**RIDE, "stop": "", "tapped_at": ""})
    assert (tap["stop"], tap["tapped_at"]) == (0, tap["in_at"])


def test_every_kind(tmp_path: Path) -> None:
    for kind in TapKind:
        values = {**RIDE, "kind": kind.name.lower()}
        assert one_tap(tmp_path, **values)[0]["kind"] == kind


CORRECTION = ("correction", "revision", "correction_reason", "authority")


def test_every_correction(tmp_path: Path) -> None:
    tap, _ = one_tap(tmp_path)
    assert [tap[name] for name in CORRECTION] == [0, 0, 0, 0]
    for kind in CorrectionKind:
        for reason in CorrectionReason:
            said = {"correction": kind.name.lower(), "reason": reason.name.lower()}
            if reason >= CorrectionReason.RELEASED:     # that only an approver of claims gives
                assert outcome(tmp_path, **{**FIXED, **said}) == ("CLAIM_DECISION", "reason")
                continue
            tap, names = one_tap(tmp_path, **{**FIXED, **said})
            assert [tap[name] for name in CORRECTION[:3]] == [kind, 1, reason]
            assert names.code("member", int(tap["authority"])) == "bus"
    assert one_tap(tmp_path, **FIXED, revision="255")[0]["revision"] == 255


def test_every_member_but_other_operators_can_authorise_a_correction(tmp_path: Path) -> None:
    model = NETWORK.model
    own = [one for one in model.operator if one.code == "bus"]
    members = (*own, *model.issuer, *model.funder, *model.centre)
    for member in members:
        tap, names = one_tap(tmp_path, **{**FIXED, "authorised_by": member.code})
        assert names.code("member", int(tap["authority"])) == member.code


def test_stops_that_others_name_do_not_enter_a_list(tmp_path: Path) -> None:
    """Trams share rail's stops and may name new ones; rail may not use those."""
    new = {**RAIL, "stop": "S9"}
    lines = [line_of(**new), line_of(**{**new, "operator": "tram"}), line_of(**new)]
    for order in (lines, lines[::-1]):
        found = outcomes(read(tmp_path, file_of(order)))
        assert [code for code, _ in found] == ["UNKNOWN_STOP", "OK", "UNKNOWN_STOP"]


def test_places_of_records(tmp_path: Path) -> None:
    lines = [line_of(), "", line_of(device='"a,b"'), line_of(due="x")]
    content = file_of(lines)
    names = Names()
    intake = read(tmp_path, content, names=names)
    taps = all_taps(intake, names, {0: 5})
    assert taps["source_line"].tolist() == [2, 4]
    assert taps["source_file"].tolist() == [5, 5]
    for tap, line in zip(taps, (lines[0], lines[2]), strict=True):
        assert content[int(tap["source_offset"]):].startswith(line.encode() + b"\n")
    refusals = intake.refusals(0, file_number=5)
    assert refusals.records["line"].tolist() == [3, 5]
    assert refusals.records["file"].tolist() == [5, 5]
    assert [refusals.raw(index) for index in range(2)] == [b"", lines[3].encode()]
    for refusal in refusals.records:
        raw = content[int(refusal["offset"]):][:int(refusal["length"])]
        assert raw == lines[int(refusal["line"]) - 2].encode()


def test_raw_bytes_are_kept_up_to_a_limit(tmp_path: Path) -> None:
    lines = [b"a" * 1023, b"b" * 1024, b"c" * 1025 + b"\r", b"d" * 9999, b"\0\xff"]
    refusals = read(tmp_path, file_of(lines)).refusals(0)
    assert [refusals.raw(index) for index in range(5)] == [
        b"a" * 1023, b"b" * 1024, b"c" * 1024, b"d" * 1024, b"\0\xff"]
    assert refusals.records["length"].tolist() == [1023, 1024, 1025, 9999, 2]
