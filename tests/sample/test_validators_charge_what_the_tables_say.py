"""The validators of the day price by themselves: the plain engine must agree with them."""

from __future__ import annotations

import datetime
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from clearing.reference.engine import clear, close
from clearing.reference.state import State
from clearing.reference.taps import Tap
from clearing.sample.day import DAY
from network.folder import SHIPPED
from tests.reference.plain import read_world

ZONE = ZoneInfo("Asia/Shanghai")


def number(text: str) -> int | None:
    return int(text) if text else None


def is_sound(record: dict[str, str]) -> bool:
    return (
        record["card"].isdigit() and record["card_seq"] != "" and record["stop"] != "9999"
        and "-02-30T" not in record["tapped_at"] and "." not in record["paid"]
        and record["card_kind"] != "vip" and record["mode"] != "ferry"
        and record["direction"] != "sideways"
    )


def tap_of(record: dict[str, str], issuers: dict[str, str]) -> Tap:
    issuer = next(code for prefix, code in issuers.items() if record["card"].startswith(prefix))
    at = datetime.datetime.fromisoformat(record["tapped_at"]).replace(tzinfo=ZONE)
    return Tap(
        card=record["card"], card_seq=int(record["card_seq"]), tapped_at=int(at.timestamp()),
        operator=record["operator"], device=record["device"],
        device_seq=int(record["device_seq"]), mode=record["mode"], kind=record["kind"],
        stop=record["stop"], line=record["line"], vehicle=record["vehicle"],
        direction=record["direction"], medium=record["medium"], card_kind=record["card_kind"],
        issuer=issuer, due=number(record["due"]), paid=number(record["paid"]),
        balance_before=number(record["balance_before"]),
        file=int(record["file"]), source_line=int(record["line_number"]),
    )


@pytest.fixture(scope="module")
def entries(day):
    world = read_world(SHIPPED / "demo")
    issuers = {prefix: issuer.code for issuer in world.model.issuer
               for prefix in issuer.card_prefixes}
    taps = [tap_of(record, issuers) for record in day.records if is_sound(record)]
    run = clear(world, taps, State())
    assert not run.refused_rides
    assert {refusal.code for refusal in run.refusals} == {"DUPLICATE", "CONFLICT"}
    return [*run.entries, *close(world, run.state, DAY).entries]


def test_validators_charge_what_the_tables_say(entries):
    charged = [entry.charge for entry in entries if entry.charge.by_validator]
    wrong = [charge for charge in charged if charge.variance]
    assert 0 < len(wrong) / len(charged) < 0.003
    # A broken validator takes up to 2 yuan too much; anything else is a disagreement.
    assert all(0 < charge.variance <= 200 and charge.variance % 10 == 0 for charge in wrong)


def test_dues_agree_too(entries):
    for entry in entries:
        if entry.ride.due is not None:
            assert entry.ride.due == entry.charge.due


def test_every_kind_of_ride_and_most_rules_are_met(entries):
    states = Counter(entry.ride.state for entry in entries)
    assert set(states) == {"SINGLE_TAP", "COMPLETE", "MISSING_OUT", "MISSING_IN", "SAME_STATION"}
    rules = {leg.rule for entry in entries for leg in entry.charge.legs[1:]}
    assert {"social-card-half", "transfer-40-fen", "bus-bands", "elder-free", "card-8.5"} <= rules
