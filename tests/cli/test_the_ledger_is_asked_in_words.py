"""Who asks a book in SQL writes names, cities, civil times and words, and joins by them."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from benchmarks.clickhouse import Server
from clearing.answers.named_views import keep_named_views
from clearing.answers.open_book import open_book
from clearing.answers.session import open_session
from clearing.book.server import ServerStore
from clearing.book.snapshot import SnapshotStore
from tests.cli.clerk import COLUMNS, OPEN, clerks_network, fill_book, tap
from tests.run.command import accepted, refused, shown, write_csv

_numbers = itertools.count(1)


@pytest.fixture(scope="module", params=["folder", "server"])
def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
         ) -> Iterator[str]:
    """A clerk's book; what commands write beside one on a server is in the working folder."""
    folder = tmp_path_factory.mktemp("words")
    location = str(folder / "book")
    if request.param == "server":
        server: Server = request.getfixturevalue("clickhouse_server")
        location = server.location(f"words_{next(_numbers)}")
    with contextlib.chdir(folder):
        fill_book(folder, location)
        yield location


def client_of(server: Server, database: str = "") -> Client:
    """What a tool has that knows of no book."""
    return Client("127.0.0.1", port=server.port, database=database)


def asked(book: str, sql: str, *words: str) -> list[dict[str, str]]:
    """The rows of an answer, as text."""
    rows = json.loads(accepted("sql", sql, "--json", *words, "--book", book).out)
    return [{name: str(value) for name, value in row.items()} for row in rows]


def test_rides_are_those_that_are_listed(book: str) -> None:
    rows = asked(book, "SELECT * FROM named_rides ORDER BY card, started_at", "--cards", "full")
    same = ("card", "card_seq", "started_at", "ended_at", "operator", "mode", "line", "from_stop",
            "to_stop", "state", "medium", "card_kind", "due", "price", "paid", "variance",
            "uncollected", "table", "window", "issuer", "operator_name", "issuer_name", "reason")
    assert [{name: row[name] for name in same} for row in rows] == [
        {name: str(row[name]) for name in same} for row in shown("rides", book)]
    assert [(row["operator_city"], row["operator_city_name"]) for row in rows if
            row["operator"] == "zs-bus"] == [("6030", "中山")]
    assert {row["rule"] for row in rows} == {row["rule"].partition("+")[0]
                                             for row in shown("rides", book)}


def test_entries_flows_and_postings_are_those_that_are_listed(book: str) -> None:
    assert sorted(tuple(row.values()) for row in asked(
        book, "SELECT run, reason, paid FROM named_ledger")) == sorted(
            (str(row["run"]), row["reason"], str(row["paid"])) for row in shown("entries", book))
    flows = asked(book, "SELECT run, window, debtor, debtor_name, creditor, creditor_name, cause, "
                        "sum(items) AS items, sum(amount) AS amount FROM named_flows GROUP BY run, "
                        "window, debtor, debtor_name, creditor, creditor_name, cause")
    assert sorted(tuple(row.values()) for row in flows) == sorted(
        tuple(str(value) for value in row.values()) for row in shown("flows", book))
    sums = asked(book, "SELECT member, sum(amount) AS amount FROM named_postings "
                       "WHERE side = 'credit' AND member_city_name = '海口' GROUP BY member")
    assert {row["member"] for row in sums} <= {"hk-bus", "hk-card", "hk-finance", "hk-civil"}
    assert sum(int(row["amount"]) for row in sums) > 0


def test_records_and_refusals_have_words(book: str) -> None:
    kinds = asked(book, "SELECT kind, correction, correction_reason, count() AS records "
                        "FROM named_records GROUP BY kind, correction, correction_reason "
                        "ORDER BY correction")
    assert [tuple(row.values()) for row in kinds] == [
        ("single", "", "", "9"), ("single", "cancel", "not_a_ride", "1")]
    assert asked(book, "SELECT file, line, code FROM named_refusals") == [
        {name: str(row[name]) for name in ("file", "line", "code")}
        for row in shown("refusals", book)]


def test_a_time_that_is_not_known_is_blank(book: str) -> None:
    rows = asked(book, "SELECT in_at, tapped_at FROM named_records")
    assert {row["in_at"] for row in rows} == {""}
    assert all(row["tapped_at"][10:13] == "T08" for row in rows)
    assert len(asked(book, "SELECT 1 AS x FROM named_records WHERE in_at IS NULL")) == len(rows)
    assert asked(book, "SELECT min(toHour(tapped_at)) AS hour, any(toTypeName(tapped_at)) AS type "
                       "FROM named_records") == [
        {"hour": "8", "type": "Nullable(DateTime('Asia/Shanghai'))"}]


@pytest.mark.parametrize("sql", [
    "SELECT count() AS rides FROM named_rides "
    "WHERE issuer IN (SELECT code FROM named_members WHERE city_name = '中山')",
    "SELECT count() AS rides FROM rides "
    "WHERE issuer IN (SELECT number FROM named_members WHERE city_name = '中山')",
    "SELECT count() AS rides FROM named_rides ALL INNER JOIN (SELECT code AS issuer FROM "
    "named_members WHERE city_name = '中山') AS members USING issuer",
    "SELECT count() AS rides FROM named_rides WHERE issuer IN (SELECT code FROM names "
    "WHERE kind = 'member' AND code LIKE 'zs-%')",
    "SELECT count() AS rides FROM named_rides WHERE issuer_city_name = '中山'"])
def test_joins_work_as_anyone_would_write_them(book: str, sql: str) -> None:
    listed = [row for row in shown("rides", book) if row["issuer"] == "zs-card"]
    assert asked(book, sql) == [{"rides": str(len(listed))}]


def test_who_joins_by_numbers_of_another_type_is_told_how(clickhouse_server: Server,
                                                           tmp_path: Path) -> None:
    book = clickhouse_server.location(f"words_{next(_numbers)}")
    with contextlib.chdir(tmp_path):
        fill_book(tmp_path, book)
        for sql in ("SELECT count() AS rides FROM rides WHERE issuer IN (SELECT {} FROM names "
                    "WHERE kind = 'member')",
                    "SELECT count() AS rides FROM rides ANY INNER JOIN (SELECT {} AS issuer FROM "
                    "names WHERE kind = 'member') USING issuer"):
            told = refused("sql", sql.format("number"), "--book", book).err
            assert "write toUInt16(number) of names" in told
            [row] = asked(book, sql.format("toUInt16(number)"))
            assert row["rides"] == str(len(shown("rides", book)))


def test_views_follow_the_network_and_are_made_when_it_changes(
        clickhouse_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        request: pytest.FixtureRequest) -> None:
    """A tool asks the server itself, from any database."""
    monkeypatch.chdir(tmp_path)
    network = clerks_network(tmp_path / "network")
    database = f"words_{next(_numbers)}"
    book = clickhouse_server.location(database)
    tool = client_of(clickhouse_server)
    request.addfinalizer(tool.disconnect)
    ran: list[str] = []
    run = ServerStore.run
    monkeypatch.setattr(ServerStore, "run", lambda store, sql: (ran.append(sql), run(store, sql)))

    def names() -> list[Any]:
        return [name for name, in tool.execute(
            f"SELECT DISTINCT operator_name FROM {database}.named_rides")]

    def clear(counter: int) -> int:
        ran.clear()
        accepted("clear", write_csv(tmp_path / f"{counter}.csv", [tap(
            "3105000020000000043", counter, OPEN)], COLUMNS), "--network", network, "--book", book)
        return sum("VIEW named_" in sql for sql in ran)

    made = clear(1)
    assert made == 7
    assert names() == ["海口公交"]
    assert clear(2) == 0
    path = network / "network.toml"
    path.write_text(path.read_text("utf-8").replace('"海口公交"', '"海口的\'公交\\\\"'), "utf-8")
    assert clear(3) == made
    assert names() == ["海口的'公交\\"]
    assert sorted(name for name, in tool.execute(
        f"SELECT name FROM system.tables WHERE database = '{database}' AND name LIKE 'named%'")
        ) == ["named_flows", "named_ledger", "named_members", "named_postings", "named_records",
              "named_refusals", "named_rides"]


def test_a_book_that_has_none_yet_gets_them(clickhouse_server: Server, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch,
                                            request: pytest.FixtureRequest) -> None:
    monkeypatch.chdir(tmp_path)
    database = f"words_{next(_numbers)}"
    book = clickhouse_server.location(database)
    accepted("clear", write_csv(tmp_path / "a.csv", [tap("3105000020000000043", 1, OPEN)], COLUMNS),
             "--network", clerks_network(tmp_path / "network"), "--book", book)
    sql = "SELECT operator FROM named_rides"
    tool = client_of(clickhouse_server, database)
    request.addfinalizer(tool.disconnect)
    wrong = refused("sql", "SELECT nobody FROM named_rides", "--book", book).err
    assert "docs/ledger-in-sql.md" in wrong and "book upgrade" not in wrong
    tool.execute("DROP TABLE named_rides")
    tool.execute("DROP TABLE named_refusals")
    assert "onecard book upgrade" in refused("sql", sql, "--book", book).err
    tool.execute("CREATE VIEW named_rides_made AS SELECT 1")    # its maker was stopped
    accepted("book", "upgrade", "--book", book)
    assert asked(book, sql) == [{"operator": "hk-bus"}]


def test_a_folders_own_view_of_such_a_name_is_not_asked(tmp_path: Path) -> None:
    fill_book(tmp_path, tmp_path / "book")
    with open_session(str(tmp_path / "book")) as session:
        assert isinstance(session.book.store, SnapshotStore)
        session.book.store.make_view("named_flows", "SELECT 'a lie' AS cause")
        with open_book(tmp_path / "book") as again:     # of the same links
            assert "a lie" not in again.query("SELECT cause FROM named_flows")["cause"]
    with open_session(str(tmp_path / "book"), read_only=False) as session:
        keep_named_views(session)       # a folder has none
        assert not [name for name in session.book.store.statements()[0] if "named" in name]


def test_who_writes_a_folder_asks_elsewhere(tmp_path: Path) -> None:
    fill_book(tmp_path, tmp_path / "book")
    with open_book(tmp_path / "book", read_only=False) as book, \
            pytest.raises(Exception, match="views in words cannot be made here"):
        book.query("SELECT * FROM named_rides")
