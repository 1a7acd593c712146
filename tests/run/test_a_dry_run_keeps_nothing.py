"""`clear --dry-run` says what the same command would come to, and leaves nothing behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.run.command import REPOSITORY, accepted, contents, onecard, refused, shown, write_csv
from tests.run.test_what_closes_is_shown_and_asked import COLUMNS, DAY, NETWORK, clear, tap

TAPS = sorted((REPOSITORY / "examples" / "taps").glob("*.csv"))


@pytest.mark.parametrize("location", ["folder", "server"])
def test_nothing_is_left_behind(location: str, tmp_path: Path, request: pytest.FixtureRequest,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the book, where there was none; and the counts are those of the real run."""
    monkeypatch.chdir(tmp_path)
    book = str(tmp_path / "book")
    if location == "server":
        book = request.getfixturevalue("clickhouse_server").location("dry_run")
    words = *TAPS, "--network", NETWORK, "--book", book
    dry = accepted("clear", *words, "--dry-run")
    assert list(tmp_path.iterdir()) == []
    refused("show", "runs", "--book", book)
    real = accepted("clear", *words)
    told = next(line for line in dry.out.splitlines() if "13 records" in line)
    assert told.partition(":")[2] in real.out
    assert dry.code == real.code == 1
    assert dry.out.count("TIME_INVALID") == real.out.count("TIME_INVALID")
    before = contents(book)
    accepted("clear", *words, "--dry-run")
    assert contents(book) == before


def test_the_whole_summary(tmp_path: Path) -> None:
    network, book = Path(shutil.copytree(NETWORK, tmp_path / "network")), tmp_path / "book"
    table = network / "haikou-bus.toml"
    table.write_text(table.read_text("utf-8").replace(
        'card_kinds = ["student", "elder", "disabled"]',
        'card_kinds = ["elder"]\nage_from = 65', 1), "utf-8")
    clear(book, tmp_path, tap(1, DAY))
    accepted("settle", "--yes", "--window", DAY, "--book", book)
    before = contents(book), shown("entries", book)
    path = write_csv(tmp_path / "late.csv", [
        tap(2, DAY, paid=500, due=500), tap(3, "2024-11-26", card_kind="elder"),
        tap(4, "2024-11-26", card_kind="elder", born_on="1950-01-01"),
        {**tap(5, "2024-11-26"), "tapped_at": "never"}], (*COLUMNS, "card_kind", "born_on"))
    done = onecard("clear", path, "--network", network, "--book", book, "--dry-run", "--json")
    assert done.code == 1, done
    said = json.loads(done.out)
    assert (said["run"], said["records"], said["accepted"], said["refused"]) == (None, 4, 3, 1)
    assert said["refusals"] == {"TIME_INVALID": 1}
    assert [(row["operator"], row["rides"], row["total"]) for row in said["variances"]] == [
        ("hk-bus", 1, 330)]
    assert [(row["operator"], row["rides"]) for row in said["uncollected"]] == [
        ("hk-bus", 1)]
    assert said["without_birth_date"] == [
        {"card_kind": "elder", "operator": "hk-bus", "rides": 1}]
    assert said["in_another_window"] == [{"day": DAY, "window": "2024-11-26", "entries": 1}]
    words = accepted("clear", path, "--network", network, "--book", book, "--dry-run").out
    assert "dry run, of which nothing is kept: 4 records, 3 accepted" in words
    assert " ".join(words.split()).count(f"{DAY} 2024-11-26 1") == 1
    assert (contents(book), shown("entries", book)) == before
    assert not list((book / "acknowledgements").glob("nothing-*"))
    done = accepted("clear", path, "--network", network, "--book", book)
    assert "run 3: 4 records, 3 accepted" in done.out
