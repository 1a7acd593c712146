"""A partner's user reads its own rows on a server, feed by feed, and nothing of anybody else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from benchmarks.clickhouse import Server
from clearing.book.fed import FedDatabase
from network.errors import OnecardError
from tests.cli.clerk import COLUMNS, OPEN, clerks_network, fill_book, tap
from tests.run.command import accepted, refused, write_csv

CARD = "3105000020000000043"
BOOK, PARTNER = "whole", "partner"      # databases; the user `partner` is kept to the other one
MEMBER = ("--member", "zs-bus")


class Place(NamedTuple):
    """A server with a book of everybody's rides."""

    server: Server
    book: str
    into: str


@pytest.fixture(scope="module")
def place(clickhouse_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("fed")
    (folder / "key").write_bytes(bytes(range(32)))
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONECARD_PSEUDONYM_KEY_FILE", str(folder / "key"))
        book = clickhouse_server.location(BOOK)
        fill_book(folder, book)
        yield Place(clickhouse_server, book, clickhouse_server.location(PARTNER))


@pytest.fixture
def partner(place: Place) -> Iterator[Client]:
    """The partner's user, when its database has been fed once, and by nobody else."""
    with_all = client(place, "default", "")
    with_all.execute(f"DROP DATABASE IF EXISTS {PARTNER}")
    with_all.disconnect()
    accepted("feed", *MEMBER, "--into", place.into, "--book", place.book)
    reader = client(place, "partner", "see own", PARTNER)
    yield reader
    reader.disconnect()


def client(place: Place, user: str, password: str, database: str = "") -> Client:
    return Client("127.0.0.1", port=place.server.port, user=user, password=password,
                  database=database)


def listed(place: Place, topic: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(accepted(
        "show", topic, *MEMBER, "--json", "--book", place.book).out)
    return rows


def test_it_has_the_rows_that_are_the_members(place: Place, partner: Client) -> None:
    columns = ("run", "card_seq", "paid", "operator", "reason")
    listing = listed(place, "entries")
    assert 0 < len(listing) < len(json.loads(accepted(
        "show", "entries", "--json", "--book", place.book).out))
    assert sorted(partner.execute(f"SELECT {', '.join(columns)} FROM entries")) == sorted(
        tuple(row[name] for name in columns) for row in listing)
    flows = partner.execute("SELECT run, toString(window), debtor, creditor, cause, items, amount "
                            "FROM flows")
    names = ("run", "window", "debtor", "creditor", "cause", "items", "amount")
    assert sorted(flows) == sorted(tuple(row[name] for name in names)
                                   for row in listed(place, "flows"))
    times = partner.execute("SELECT toString(started_at), toString(window) FROM entries")
    assert sorted(times) == sorted((row["started_at"].replace("T", " "), row["window"])
                                   for row in listing)
    assert partner.execute("SELECT toTypeName(started_at) FROM entries LIMIT 1") == [
        ("Nullable(DateTime('Asia/Shanghai'))",)]


def test_cards_are_masked_and_join_all_the_same(place: Place, partner: Client) -> None:
    for table in ("entries", "stored_entries", "flows"):
        text = str(partner.execute(f"SELECT * FROM {table}"))
        assert "3104870500000000017" not in text
    assert {(card, len(id_)) for card, id_ in partner.execute(
        "SELECT card, card_id FROM entries")} == {("310487…0017", 16)}


@pytest.mark.parametrize("sql", [
    "SELECT * FROM whole.rides", "SELECT * FROM whole.named_rides", "SELECT * FROM whole.flows",
    "SELECT * FROM whole.stored_entries", "SELECT * FROM whole.stored_records",
    "SELECT * FROM whole.names", "SELECT * FROM default.anything", "DROP TABLE stored_entries",
    "CREATE VIEW all AS SELECT * FROM whole.rides", "INSERT INTO feeds VALUES (9, 9, 'x')",
    "SELECT * FROM merge('whole', '^rides$')", "SELECT * FROM remote('127.0.0.1', whole, rides)",
    "SET readonly = 0"])
def test_its_user_reads_nothing_else(partner: Client, sql: str) -> None:
    with pytest.raises(ServerException,
                       match=r"Access denied|readonly mode|not accessible|Not enough privileges"):
        partner.execute(sql)


def test_its_user_does_not_see_what_there_is_beside_it(partner: Client) -> None:
    for what in ("tables", "columns", "parts"):
        found = {name for name, in partner.execute(f"SELECT DISTINCT database FROM system.{what}")}
        assert found <= {PARTNER, "system"}, what
    assert {name for name, in partner.execute("SHOW DATABASES")} == {PARTNER, "system"}


def test_every_row_comes_once_feed_by_feed(clickhouse_server: Server, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    network, book = clerks_network(tmp_path / "network"), tmp_path / "book"
    into = clickhouse_server.location("feed_by_feed")
    feed = ("feed", "--member", "hk-bus", "--into", into, "--book", book)

    def clear(counter: int) -> None:
        accepted("clear", write_csv(tmp_path / f"{counter}.csv", [tap(CARD, counter, OPEN)],
                                    COLUMNS), "--network", network, "--book", book)

    def counters() -> list[int]:
        reader = Client("127.0.0.1", port=clickhouse_server.port, database="feed_by_feed")
        found = reader.execute("SELECT card_seq FROM entries ORDER BY card_seq")
        reader.disconnect()
        return [number for number, in found]

    clear(1)
    assert accepted(*feed).out == "fed by runs 1 to 1: entries 1, flows 2\n"
    assert accepted(*feed).out == "nothing is new: the last run is 1\n"
    clear(2)
    with monkeypatch.context() as patch:
        def stop(*_: Any) -> None:
            raise OnecardError("stopped")

        patch.setattr(FedDatabase, "end", stop)
        assert "stopped" in refused_in_words(*feed)
    assert counters() == [1]
    clear(3)
    assert accepted(*feed).out == "fed by runs 2 to 3: entries 2, flows 4\n"
    assert counters() == [1, 2, 3]


def refused_in_words(*words: str | Path) -> str:
    """Of an error that has no remedy."""
    from tests.run.command import onecard

    done = onecard(*words)
    assert done.code == 2
    return done.err


def test_what_cannot_be_fed_is_told(place: Place, partner: Client, tmp_path: Path) -> None:
    def err(*words: str | Path) -> str:
        return refused("feed", *words, "--book", place.book).err

    assert "is no database of a server" in err(*MEMBER, "--into", tmp_path / "x")
    assert "give --out FOLDER or" in err(*MEMBER)
    assert "leave out --since-run" in err(*MEMBER, "--into", place.into, "--since-run", "2")
    assert "leave out --since-run" in err(*MEMBER, "--into", place.into, "--form", "csv")
    assert "fed with something else: member zs-bus, cards masked" in err(
        "--member", "hk-bus", "--into", place.into)
    assert "fed with something else" in err(*MEMBER, "--into", place.into, "--cards", "full")
    assert "this database holds other tables" in err(*MEMBER, "--into", place.book)
    accepted("feed", *MEMBER, "--into", place.into, "--book", place.book)
    # Of a book that has fewer runs than were fed.
    accepted("clear", write_csv(tmp_path / "a.csv", [tap(CARD, 1, OPEN)], COLUMNS),
             "--network", clerks_network(tmp_path / "network"), "--book", tmp_path / "other")
    assert "there is no run 6" in refused("feed", *MEMBER, "--into", place.into, "--book",
                                          tmp_path / "other").err


def test_a_network_that_masks_cards_does_so_here(clickhouse_server: Server, tmp_path: Path) -> None:
    network = clerks_network(tmp_path / "network")
    path = network / "network.toml"
    path.write_text('card_numbers = "masked"\n' + path.read_text("utf-8"), "utf-8")
    accepted("clear", write_csv(tmp_path / "a.csv", [tap(CARD, 1, OPEN)], COLUMNS),
             "--network", network, "--book", tmp_path / "book")
    assert "card numbers are not listed in full" in refused(
        "feed", "--member", "hk-bus", "--cards", "full", "--into",
        clickhouse_server.location("never"), "--book", tmp_path / "book").err
