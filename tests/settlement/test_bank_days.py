"""When money moves: bank days over holidays and make-up workdays, cycles, cut-offs, value dates.

The days are those of the State Council's arrangement for 2024: National Day from 1 to 7 October,
the Sunday before and the Saturday behind it being workdays.
"""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from network.errors import TableError
from network.model import SettlementCycle
from network.network import Network, load_network
from settlement.bank_days import BankDays
from settlement.cycles import due_of, members_of, period_end, state_of
from tests.fares.folder import write

HOLIDAYS = """
[[bank_holiday]]
date = 2024-11-26

[[bank_holiday]]
date = 2024-11-27
members = ["bus"]
"""


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return load_network(str(write(tmp_path, network=HOLIDAYS)))


@pytest.mark.parametrize(("since", "bank_days", "members", "until"), [
    ("2024-11-18", 1, (),         "2024-11-19"),
    ("2024-11-22", 1, (),         "2024-11-25"),     # over a weekend
    ("2024-11-23", 1, (),         "2024-11-25"),     # from a day that is none
    ("2024-11-22", 3, (),         "2024-11-28"),     # the network's own holiday is none
    ("2024-11-25", 1, ("metro",), "2024-11-27"),
    ("2024-11-25", 1, ("metro", "bus"), "2024-11-28"),
    ("2024-09-27", 1, (),         "2024-09-29"),     # a Sunday that is made up for
    ("2024-09-30", 1, (),         "2024-10-08"),     # the holiday
    ("2024-10-11", 1, (),         "2024-10-12"),     # a Saturday that is made up for
    ("2024-11-25", 0, (),         "2024-11-25"),
    # 2026: make-up days on weekends before and behind what they make up for.
    ("2026-01-02", 1, (),         "2026-01-04"),
    ("2026-02-13", 1, (),         "2026-02-14"),
    ("2026-02-14", 1, (),         "2026-02-24"),
    ("2026-02-27", 1, (),         "2026-02-28"),
    ("2026-05-08", 1, (),         "2026-05-09"),
    ("2026-09-19", 1, (),         "2026-09-20"),
    ("2026-09-30", 2, (),         "2026-10-09"),
    ("2026-10-09", 1, (),         "2026-10-10"),
])
def test_bank_days_are_counted(network: Network, since: str, bank_days: int,
                               members: tuple[str, ...], until: str) -> None:
    assert BankDays(network).after(day(since), bank_days, members) == day(until)


def test_a_year_that_nobody_has_published_is_refused_in_words(network: Network) -> None:
    with pytest.raises(TableError) as refused:
        BankDays(network).after(day("2098-12-31"), 1)
    assert "holidays of 2099 are not known" in refused.value.found
    assert "chinesecalendar" in refused.value.remedy


def test_no_bank_day_at_all_is_told(tmp_path: Path) -> None:
    days = "".join(f"[[bank_holiday]]\ndate = {day('2024-11-01') + datetime.timedelta(days=n)}\n"
                   for n in range(90))
    with pytest.raises(TableError, match="no bank day"):
        BankDays(load_network(str(write(tmp_path, network=days)))).after(day("2024-11-01"), 1)


@pytest.mark.parametrize(("every", "window", "ends", "cut_off", "value_date"), [
    ("day",   "2024-11-18", "2024-11-18", "2024-11-19 15:00", "2024-11-20"),
    ("day",   "2024-11-22", "2024-11-22", "2024-11-25 15:00", "2024-11-27"),
    ("day",   "2024-11-23", "2024-11-23", "2024-11-25 15:00", "2024-11-27"),
    ("week",  "2024-11-18", "2024-11-24", "2024-11-19 15:00", "2024-11-27"),
    ("week",  "2024-11-24", "2024-11-24", "2024-11-25 15:00", "2024-11-27"),
    ("month", "2024-11-01", "2024-11-30", "2024-11-04 15:00", "2024-12-03"),
    ("month", "2024-02-29", "2024-02-29", "2024-03-01 15:00", "2024-03-04"),
])
def test_a_window_is_due(network: Network, every: str, window: str, ends: str, cut_off: str,
                         value_date: str) -> None:
    cycle = SettlementCycle(settlement_cycle="c", every=every,      # type: ignore[arg-type]
                            cut_off_at=datetime.time(15), value_days=2)
    due = due_of(day(window), cycle, BankDays(network), ("metro",))
    assert [due.period_ends.isoformat(), due.cut_off.isoformat(" ", "minutes"),
            due.value_date.isoformat()] == [ends, cut_off, value_date]
    assert period_end(day(window), cycle) == day(ends)


@pytest.mark.parametrize(("closed", "now", "settled", "state"), [
    (None,         "2024-11-26 14:59", (),              "open"),
    (None,         "2024-11-26 15:00", (),              "closing"),
    ("2024-11-24", "2024-11-26 15:00", (),              "closing"),
    ("2024-11-25", "2024-11-25 00:00", (),              "closed"),
    ("2024-11-26", "2024-12-26 00:00", ("2024-11-24",), "closed"),
    ("2024-11-26", "2024-12-26 00:00", ("2024-11-25",), "settled"),
])
def test_a_window_stands_somewhere(closed: str | None, now: str, settled: tuple[str, ...],
                                   state: str) -> None:
    assert state_of(day("2024-11-25"), closed and day(closed),
                    datetime.datetime.fromisoformat("2024-11-26 15:00"),
                    datetime.datetime.fromisoformat(now), [day(one) for one in settled]) == state


def test_who_is_in_no_other_cycle_is_in_the_one_for_the_rest(tmp_path: Path) -> None:
    cycles = ('[[settlement_cycle]]\nsettlement_cycle = "weekly"\nevery = "week"\n'
              'cut_off_at = 15:00:00\nmembers = ["bus", "civil"]\n'
              '[[settlement_cycle]]\nsettlement_cycle = "daily"\ncut_off_at = 15:00:00\n')
    model = load_network(str(write(tmp_path, network=cycles))).model
    weekly, daily = (members_of(one, model) for one in model.settlement_cycle)
    assert (weekly, daily) == ({"bus", "civil"}, {"metro", "gz-card", "sz-card", "finance"})


DAILY = '[[settlement_cycle]]\nsettlement_cycle = "{}"\ncut_off_at = 15:00:00\n'
BETWEEN = 'members = ["bus"]\ncounterparties = ["{}"]\n'
BILATERAL = '[[netting]]\nnetting = "all"\nmethod = "bilateral"\n'


def test_a_cycle_between_two_leaves_them_in_their_own(tmp_path: Path) -> None:
    cycles = DAILY.format("a") + BETWEEN.format("metro") + DAILY.format("b")
    model = load_network(str(write(tmp_path, network=cycles + BILATERAL))).model
    own, rest = (members_of(one, model) for one in model.settlement_cycle)
    assert (own, own <= rest) == ({"bus", "metro"}, True)


@pytest.mark.parametrize(("keys", "found", "excerpt"), [
    (DAILY.format("a") + DAILY.format("b"), "'b' is for every other member, and so is 'a'", ""),
    (DAILY.format("a") + 'members = ["bus"]\n' + DAILY.format("b") + 'members = ["bus"]',
     "is for 'bus', and so is 'a'", ""),
    (DAILY.format("a") + 'members = ["boat"]', "names 'boat', which is no member", "boat"),
    (BILATERAL + DAILY.format("a") + BETWEEN.format("bus"), "between one and itself",
     "counterparties"),
    (BILATERAL + DAILY.format("a") + 'counterparties = ["bus"]', "has no members",
     "counterparties"),
    (BILATERAL + DAILY.format("a") + BETWEEN.format("boat"), "names 'boat'", "counterparties"),
    (BILATERAL + DAILY.format("a") + BETWEEN.format("metro") + DAILY.format("b")
     + BETWEEN.format("metro"), "and 'a' are both between 'bus' and 'metro'", "counterparties"),
    (DAILY.format("a") + BETWEEN.format("metro"), "members that never pay each other",
     "counterparties"),
    (DAILY.format("a") + "causes = []", "names no causes", "causes"),
    (DAILY.format("a") + 'causes = ["rain"]', "rain", "causes"),
    (DAILY.format("a") + 'causes = ["tax"]\nmembers = ["boat"]', "names 'boat'", "boat"),
    (DAILY.format("a") + 'causes = ["tax"]\n' + BETWEEN.format("bus"), "between one and itself",
     "counterparties"),
    (BILATERAL + DAILY.format("a") + BETWEEN.format("metro") + "value_days = 0",
     "has value_days 0", "value_days = 0"),
    (DAILY.format("a") + "value_days = 0", "has value_days 0", "value_days = 0"),
    (DAILY.format("a") + 'every = "year"', "year", "every"),
    (DAILY.format("a") + DAILY.format("a"), "names 'a' twice", ""),
    ('[[bank_holiday]]\ndate = 2024-11-25\nmembers = ["x"]', "2024-11-25 names 'x'", "members"),
    ('[[bank_holiday]]\ndate = "soon"', "", "soon"),
])
def test_cycles_that_cannot_be_kept_are_refused(tmp_path: Path, keys: str, found: str,
                                                excerpt: str) -> None:
    with pytest.raises(TableError) as refused:
        load_network(str(write(tmp_path, network=keys)))
    assert found in refused.value.found
    assert refused.value.location is not None
    assert excerpt in refused.value.location.excerpt
