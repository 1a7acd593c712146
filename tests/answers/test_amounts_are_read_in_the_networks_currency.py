"""Amounts, distances, times and names as people write them."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest

from clearing.answers.parse import (
    find_code,
    find_codes,
    parse_amount,
    parse_count,
    parse_metres,
    parse_moment,
)
from network.errors import OnecardError
from network.money import Currency

YUAN = Currency("yuan", "fen", 2)
RUPIAH = Currency("rupiah", "rupiah", 0)
DINAR = Currency("dinar", "fils", 3)
SHANGHAI = ZoneInfo("Asia/Shanghai")
STATIONS = {"M1": "东站", "M3": "西站", "M4": "西站", "C": "中環 Central"}


@pytest.mark.parametrize(("text", "currency", "amount"), [
    ("99.50", YUAN, 9_950), ("99.5", YUAN, 9_950), (" 99 ", YUAN, 9_900), ("0.05", YUAN, 5),
    ("20000000", YUAN, 2_000_000_000),
    ("3500", RUPIAH, 3_500), ("2000000000", RUPIAH, 2_000_000_000),
    ("1.25", DINAR, 1_250), ("0.005", DINAR, 5),
])
def test_an_amount_has_the_decimals_of_its_currency(
        text: str, currency: Currency, amount: int) -> None:
    assert parse_amount(text, currency, "--due") == amount


@pytest.mark.parametrize(("text", "currency", "expected"), [
    ("9.999", YUAN, "yuan, from 0 to 20,000,000.00, with up to 2 decimals"),
    ("35.00", RUPIAH, "rupiah, from 0 to 2,000,000,000, whole"),
    ("1.0005", DINAR, "with up to 3 decimals"), ("20000000.01", YUAN, "yuan"),
    ("-1", YUAN, "yuan"), ("1e3", YUAN, "yuan"), ("1,000", YUAN, "yuan"), ("", YUAN, "yuan"),
])
def test_what_is_no_amount_is_refused(text: str, currency: Currency, expected: str) -> None:
    with pytest.raises(OnecardError) as refused:
        parse_amount(text, currency, "--due")
    assert refused.value.where == "--due"
    assert expected in refused.value.expected
    example = refused.value.remedy.removeprefix("write ")
    assert parse_amount(example, currency, "--due") == 9_950


@pytest.mark.parametrize(("amount", "currency", "text"), [
    (123_456, YUAN, "1,234.56"), (5, YUAN, "0.05"), (-20, YUAN, "-0.20"), (0, YUAN, "0.00"),
    (3_500, RUPIAH, "3,500"), (-3_500, RUPIAH, "-3,500"), (1_250, DINAR, "1.250"),
])
def test_an_amount_is_told_with_its_decimals(amount: int, currency: Currency, text: str) -> None:
    assert currency.text(amount) == text


def test_distances_and_counts() -> None:
    assert {parse_metres(text, "--distance") for text in ("12.1km", "12.1 km", "12100 m")} == {
        12_100}
    assert parse_count("12", "--month-rides") == 12
    for text in ("1.5", "²", "-1", ""):
        with pytest.raises(OnecardError):
            parse_count(text, "--month-rides")


def test_times_are_civil() -> None:
    at = parse_moment("2024-11-25T06:50:01", SHANGHAI, "--at")
    assert datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat() == (
        "2024-11-24T22:50:01+00:00")
    day = datetime.date(2024, 11, 25)
    assert parse_moment("6:50:01", SHANGHAI, "--until", day) == at
    with pytest.raises(OnecardError, match="a time without a day"):
        parse_moment("6:50", SHANGHAI, "--at")


def test_names_stand_for_codes() -> None:
    assert find_code("stop", "东站", STATIONS, "--from") == "M1"
    assert find_code("stop", "Central", STATIONS, "--from") == "C"
    assert find_codes("stop", "西站", STATIONS, "--from") == ["M3", "M4"]
    with pytest.raises(OnecardError, match="2 are called"):
        find_code("stop", "西站", STATIONS, "--from")
    with pytest.raises(OnecardError, match="did you mean M1"):
        find_code("stop", "m1", STATIONS, "--from")
