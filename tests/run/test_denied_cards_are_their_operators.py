"""Who lets a card through that had to be stopped bears its ride: by the tap's time, no run's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.fares.folder import write
from tests.run.command import Outcome, accepted, codes_of, onecard, refused, shown, write_csv
from tests.run.test_claims_have_limits import CARD, COLUMNS, DAY, ride


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "network" / "deny").mkdir(parents=True)
    with open_book(str(tmp_path / "book")):
        yield tmp_path


def network(place: Path, *versions: tuple[str, str]) -> None:
    """Versions of the list: the civil time of the day from which each holds, and its file."""
    told = ""
    for number, (since, text) in enumerate(versions, 1):
        (place / "network" / "deny" / f"{number}.csv").write_text(text, "utf-8")
        told += (f"\n[[deny_list]]\nversion = {number}\non_validators_at = {DAY}T{since}\n"
                 f'file = "{number}.csv"\nsha256 = "{hashlib.sha256(text.encode()).hexdigest()}"\n')
        told += f"changes = {number - 1}\n" if "change" in text else ""
    write(place / "network", network=told)


def run(place: Path, *seqs: int, by: object = accepted) -> Outcome:
    """Clear rides of one card, each at 08:SEQ."""
    name = "-".join(map(str, seqs))
    path = write_csv(place / f"{name}.csv", [ride(seq) for seq in seqs], COLUMNS)
    assert callable(by)
    done: Outcome = by("clear", path, "--network", place / "network", "--book", place / "book")
    return done


LISTS = [("08:10:00", f"card\n{CARD}\n"), ("08:20:00", f"card,to,change\n{CARD},,remove\n"),
         ("08:30:00", f"card,to\n{CARD[:-3]}000,{CARD[:-3]}999\n")]


def test_the_moment_decides(place: Path) -> None:
    network(place, *LISTS)
    done = run(place, 9, 10, 19, 20, 29, 30)
    assert "CARD_DENIED" in done.out
    assert [row["line"] for row in shown("refusals", place / "book")] == [3, 4, 7]
    assert {row["column"] for row in shown("refusals", place / "book")} == {"card"}
    rides = shown("rides", place / "book")
    assert [row["started_at"][-8:] for row in rides] == ["08:09:00", "08:20:00", "08:29:00"]


def test_which_run_a_record_comes_in_does_not_matter(place: Path) -> None:
    """Nor whether later versions were there already."""
    network(place, *LISTS[:1])
    run(place, 15)
    network(place, *LISTS)
    run(place, 25)
    run(place, 12, 9)       # late: the version of their own time holds
    assert codes_of(place / "book") == ["CARD_DENIED", "CARD_DENIED"]
    assert len(shown("rides", place / "book")) == 2


def test_lists_go_on_from_those_that_taps_were_held_to(place: Path) -> None:
    network(place, *LISTS[:2])
    run(place, 5, 25)
    for lists, said in (
            (LISTS[:1], "version 2 of the deny list goes backwards"),
            ([LISTS[0], (LISTS[1][0], "card\n1\n")], "version 2 of the deny list goes backwards"),
            ([], "version 1 of the deny list goes backwards"),
            ([*LISTS[:2], ("08:24:00", "card\n1\n")],
             f"version 3 of the deny list comes too late: the book has taps up to {DAY}T08:25:00")):
        network(place, *lists)
        done = run(place, 40, by=refused)
        assert said in done.err
        # Whatever run would bring the list in: closing is one, too.
        done = refused("settle", "--yes", "--window", DAY, "--network", place / "network", "--book",
                       place / "book")
        assert said in done.err
    network(place, *LISTS)
    run(place, 40)
    assert codes_of(place / "book") == ["CARD_DENIED"]


def test_a_list_is_no_part_of_what_a_book_keeps(place: Path) -> None:
    """But its digest is: another file is refused, and lists of other times are not read."""
    network(place, *LISTS)
    run(place, 5, 12)
    with open_book(str(place / "book"), create=False, read_only=True) as book:
        last = book.last_run()
        assert last is not None
        assert not any("deny/" in name for name in book.network_contents(last.network_digest))
    (place / "network" / "deny" / "3.csv").write_text("card\n2\n", "utf-8")
    run(place, 6)
    done = run(place, 35, by=refused)
    assert "version 3 of the deny list is another file than network.toml has" in done.err
    assert "sha256 = " in done.err
    assert onecard("verify", "--all", "--book", place / "book").code == 0


def test_tables_are_checked_with_their_lists(place: Path) -> None:
    network(place, *LISTS)
    assert onecard("tables", "check", place / "network").code == 0
    (place / "network" / "deny" / "2.csv").write_text(f"card,to,change\n{CARD},,gone\n", "utf-8")
    done = onecard("tables", "check", place / "network")
    assert (done.code, "version 2 of the deny list is another file" in done.out) == (1, True)
    network(place, LISTS[0], ("08:20:00", f"card,to,change\n{CARD},,gone\n"))
    done = onecard("tables", "check", place / "network")
    assert (done.code, "2.csv:2:" in done.out) == (1, True)


def test_a_file_is_whole_although_a_card_had_to_be_stopped(place: Path) -> None:
    """Its sender cannot mend that: the validator let the card through."""
    network(place, *LISTS[:1])
    model = place / "network" / "network.toml"
    model.write_text(model.read_text("utf-8") + """
[[sender]]
sender = "bus"
operators = ["bus"]

[[sender.files]]
name = "{any}.csv"
""", "utf-8")
    path = write_csv(place / "bus" / "1.csv", [ride(5), ride(15)], COLUMNS)
    accepted("clear", path, "--network", place / "network", "--book", place / "book")
    assert codes_of(place / "book") == ["CARD_DENIED"]
    [file] = shown("files", place / "book")
    assert (file["code"], file["accepted"], file["message"]) == ("OK", 1, "")
