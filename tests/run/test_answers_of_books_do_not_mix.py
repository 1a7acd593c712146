"""What a book answers stands in a folder of its own: `run-1` of another would take its place."""

from __future__ import annotations

from pathlib import Path

from tests.run.command import REPOSITORY, accepted, refused, shown

EXAMPLES = REPOSITORY / "examples"
TAPS = sorted((EXAMPLES / "taps").glob("*.csv"))
DAY = "2024-11-25"


def test_a_folder_is_one_books(tmp_path: Path) -> None:
    books, out = [tmp_path / name for name in ("one", "two")], tmp_path / "out"
    for number, book in enumerate(books):
        words = ("clear", TAPS[number], "--network", EXAMPLES / "network", "--book", book)
        own = ("--acknowledgements", out) if number == 0 else ()
        accepted(*words, *own)
    before = (out / "run-1.ack.json").read_bytes()
    for words in (("clear", TAPS[0], "--acknowledgements", out),
                  ("settle", "--window", DAY, "--yes", "--out", out)):
        done = refused(*words, "--book", books[1])
        assert "the answers of another book" in done.err
        assert "name another folder" in done.err
    assert len(shown("runs", books[1])) == 1        # nothing was cleared, and nothing closed
    assert (out / "run-1.ack.json").read_bytes() == before
    accepted("clear", TAPS[1], "--acknowledgements", out, "--book", books[0])
    accepted("settle", "--window", DAY, "--yes", "--out", out, "--book", books[0])
