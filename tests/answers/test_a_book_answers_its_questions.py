"""Clear, settle, show, explain and verify as plain functions: no command, nothing printed."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path

import pytest

from clearing.answers.clear import clear
from clearing.answers.explain import explain_ride
from clearing.answers.filters import Filter
from clearing.answers.session import Session
from clearing.answers.settle import settle
from clearing.answers.show import TOPICS, show
from clearing.answers.verify import verify
from clearing.cli.show import TOPICS as TOPICS_IN_HELP
from network.errors import OnecardError
from tests.answers.conftest import RECEIVED_AT, TODAY, Asked


def test_clearing_answers_with_its_acknowledgement(asked: Asked) -> None:
    run = asked.cleared.report.run
    assert run.accepted + run.known + run.refused == run.taps
    assert asked.cleared.acknowledgement.parent == asked.folder / "book" / "acknowledgements"
    told = json.loads(asked.cleared.acknowledgement.read_text("utf-8"))
    assert (told["records"], told["accepted"]) == (run.taps, run.accepted)
    assert not asked.cleared.is_all_accepted
    assert asked.cleared.earlier == []


def test_files_that_are_known_get_their_first_acknowledgement(
        asked: Asked, tmp_path: Path) -> None:
    files = sorted((asked.folder / "taps").glob("*.csv"))[:1]
    again = clear(asked.session, files, received_at=RECEIVED_AT, folder=tmp_path)
    assert [path.name for path in again.earlier] == ["run-1.ack.json"]
    first = asked.cleared.acknowledgement.read_bytes()
    assert again.earlier[0].read_bytes() == first


def test_settling_answers_with_positions(asked: Asked, tmp_path: Path) -> None:
    assert {one.level for one in asked.settled.positions} == {"member", "city", "province"}
    for level in ("member", "city", "province"):
        assert sum(one.net for one in asked.settled.positions if one.level == level) == 0
    assert asked.settled.currency.name == "yuan"
    for path in asked.settled.folder.glob("*.csv"):
        rows = csv.DictReader(path.read_text("utf-8").splitlines())
        assert "unit" in (rows.fieldnames or ())
        assert {row["unit"] for row in rows} <= {"fen"}
    again = settle(asked.session, asked.settled.window, today=TODAY, folder=tmp_path / "again")
    assert again.positions == asked.settled.positions
    with pytest.raises(OnecardError, match="closed already"):
        settle(asked.session, asked.settled.window, today=TODAY)


def test_a_day_to_come_is_not_settled(asked: Asked) -> None:
    with pytest.raises(OnecardError, match="still to come"):
        settle(asked.session, "2024-11-28", today=datetime.date(2024, 11, 26))


def test_every_topic_has_rows_of_its_columns(asked: Asked) -> None:
    assert tuple(TOPICS) == tuple(TOPICS_IN_HELP)
    for topic in TOPICS:
        listing = show(asked.session, topic)
        rows = list(listing.rows)
        assert rows or "clock" in topic     # all clocks of the day agree
        assert all(len(row) == len(listing.columns) for row in rows)
        assert set(listing.numbers) <= set(listing.columns)
    currency = show(asked.session, "rides").currency
    assert currency is not None
    assert currency.minor_unit == "fen"


def test_a_listing_can_be_narrowed(asked: Asked) -> None:
    listing = show(asked.session, "rides", Filter(run=1))
    card = next(listing.rows)[0]
    own = list(show(asked.session, "rides", Filter(card=card)).rows)
    assert {row[0] for row in own} == {card}
    assert not list(show(asked.session, "rides", Filter(window="2020-01-01")).rows)
    with pytest.raises(OnecardError):
        show(asked.session, "rides", Filter(window="1 OR 1"))
    with pytest.raises(OnecardError):
        show(asked.session, "rides", Filter(card="'; DROP TABLE runs"))


def test_a_ride_is_explained_with_its_ledger_figures(asked: Asked) -> None:
    for row in list(show(asked.session, "rides").rows)[:20]:
        ride = dict(zip(show(asked.session, "rides").columns, row, strict=True))
        one, = explain_ride(asked.session, f"{ride['card']}/{ride['card_seq']}")
        assert (one.due, one.paid, one.state) == (ride["due"], ride["paid"], ride["state"])
        assert (one.started_at, one.currency) == (ride["started_at"], "yuan")
        assert one.taps
    with pytest.raises(OnecardError, match="does not name a ride"):
        explain_ride(asked.session, "31")
    with pytest.raises(OnecardError, match="has no ride"):
        explain_ride(asked.session, "31/1")


def test_a_whole_book_agrees_with_itself(asked: Asked) -> None:
    verified = verify(asked.session)
    assert verified.agrees
    assert verified.checked == len(list(show(asked.session, "rides").rows))
    assert verify(asked.session, cards=0).checked == 0


def test_the_network_is_the_one_last_cleared_with(asked: Asked) -> None:
    session = Session(asked.session.book)
    assert session.locator() == "demo"
    assert session.described().model.network == session.numbered().network.model.network == "demo"
    assert session.beside("a", "b") == asked.folder / "book" / "a" / "b"
