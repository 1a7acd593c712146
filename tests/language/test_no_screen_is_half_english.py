"""A clerk's and an engineer's day in Chinese: what is left of English are codes, names and paths.

The catalogue's test asks for what is declared; this one reads what is printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from network.language import Phrase, translated, use
from settlement.disputes import STEPS
from tests.cli.clerk import FIRST, OPEN, make_book
from tests.fares.folder import BUS, head, write
from tests.run.command import REPOSITORY, onecard

HOME = "3105000020000000043"
# Words that stay: in the store's own sentences, names of places, forms. May only get shorter.
LEFT = {"expression", "identifier", "scope", "unknown", "nothing", "kept", "approver", "amount"}
# Codes of networks that are shown, such as card kinds in a table's rows, and what they are called.
CODES = {word for path in (*(REPOSITORY / "examples/network").glob("*.toml"),
                           *(REPOSITORY / "fare_tables/data").glob("*/*.toml"))
         for word in re.findall(r'"([a-z]+)"', path.read_text("utf-8"))}
TITLE = "Zhongshan and Haikou"
# What nobody translates: commands, paths, quoted text, options, what has signs or capitals in it.
NOBODYS = re.compile(r"推定：.*|未显示：[^；]*|^    .*|onecard( [a-z-]+)*|`[^`]*`|'[^']*'"
                     r"|\"[^\"]*\"|\S*[/._@=:\d–-]\S*|\b\w*[A-Z]\w*\b|\(\w+\)", re.MULTILINE)
DAY = [
    ("show", "files"), ("show", "refusals"), ("show", "runs"), ("show", "windows"),
    ("show", "instructions"), ("show", "positions", "--level", "city"),
    ("show", "rides", "--card", "…043"), ("show", "rides", "--card", "0043"),
    ("show", "rides", "--time", "07.00-08.30"), ("show", "rides", "--amount", "two"),
    ("show", "entries", "--window", FIRST), ("show", "positions"), ("show", "obligations"),
    ("show", "concessions"), ("show", "variances"), ("show", "bills"), ("show", "flows"),
    ("show", "clocks"), ("show", "rides", "--run", "99"), ("show", "rides", "--member", "nobody"),
    ("explain", f"{HOME}/1"), ("explain", f"{HOME}/99"), ("trace", f"{HOME}/1"),
    ("trace", "--member", "hk-bus", "--window", FIRST),
    ("compare", "--operator", "hk-bus", "--totals", "7.30", "--window", FIRST),
    ("completeness", "--window", FIRST), ("report", "day", "--window", FIRST),
    ("report", "refusals"), ("report", "devices", "--month", "2024-11"), ("verify",),
    ("verify", "--chain", "0123456789abcdef"), ("pay", "list"), ("pay", "show", "7"),
    ("pay", "make", "--by", "李娜", "--window", OPEN), ("dispute", "list"), ("held", "list"),
    ("dispute", "open", f"{HOME}/1", "--as", "query", "--by", "hk-civil", "--reason", "查",
     "--on", "2024-12-02"),
    ("dispute", "answer", "7", "--accept", "--by", "hk-bus"),
    ("held", "release", f"{HOME}/1", "--by", "nobody"),
    ("bill", "--funder", "hk-civil", "--month", "2024-11", "--out", "bills"),
    ("settle", "--window", FIRST, "--yes"), ("settle", "--window", OPEN), ("kept", "9"),
    ("what-if", "--network", "examples/network", "--from", FIRST, "--to", FIRST),
    ("restate", "--since", FIRST, "--dry-run"), ("restate", "--since", OPEN, "--dry-run"),
    ("clear", "examples/taps/none.csv"), ("book", "upgrade"),
    ("book", "archive", "--before", FIRST, "--to", "archive"), ("sql", "SELECT nothing FROM rides"),
    ("sql", "DROP TABLE rides"),
]
# These need no book.
APART = [
    ("tables", "show", "demo", "guangzhou-metro"), ("tables", "show", "chengdu", "chengdu-bus"),
    ("tables", "show", "demo", "none"), ("layouts", "check", "no.toml"),
    ("layouts", "guess", "LICENSE"), ("describe", "LICENSE"),
    ("book", "check", "nowhere"), ("show", "rides", "--book", "nowhere"),
    ("price", "--network", "examples/network", "--operator", "hk-bus", "--mode", "bus", "--at",
     "2024-11-25 08:00", "--line", "19", "--card-kind", "student"),
    ("price", "--network", "examples/network", "--mode", "ferry"),
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_book(tmp_path_factory.mktemp("day") / "clerk"))


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "examples").symlink_to(REPOSITORY / "examples")
    (tmp_path / "LICENSE").symlink_to(REPOSITORY / "LICENSE")
    monkeypatch.chdir(tmp_path)
    yield
    use("en")


def english_in(said: str) -> set[str]:
    """The words of a screen that are nobody's code."""
    left = NOBODYS.sub(" ", said.replace(TITLE, ""))
    return set(re.findall(r"(?<![a-z])[a-z]{2,}(?![a-z])", left)) - LEFT - CODES


@pytest.mark.parametrize("command", DAY, ids=" ".join)
def test_a_day_with_a_book(command: tuple[str, ...], book: str) -> None:
    done = onecard("--lang", "zh", *command, "--book", book)
    assert not english_in(done.out + done.err), done.out + done.err


@pytest.mark.parametrize("command", APART, ids=" ".join)
def test_commands_without_a_book(command: tuple[str, ...]) -> None:
    done = onecard("--lang", "zh", *command)
    assert not english_in(done.out + done.err), done.out + done.err


def test_a_table_with_faults(tmp_path: Path) -> None:
    text = head("bus") + BUS.replace("amount = 200", 'amount = "two"\nprice = 3')
    done = onecard("--lang", "zh", "tables", "check", str(write(tmp_path, {"bus": text})))
    assert done.code == 1 and not english_in(done.out + done.err), done.out + done.err


def test_english_would_be_found() -> None:
    assert english_in("onecard：b：没有 record 0043") == {"record"}
    assert not english_in("onecard：'two' 不是金额；--time 07:00 hk-bus TIME_INVALID a/b.csv")


def test_a_payment_that_came_back_and_a_dispute() -> None:
    """What a clerk reads of a month's payments: where they are, and who took which step."""
    use("zh")
    assert translated(Phrase("    {payment}", payment=Phrase(
        "payment {payment} of batch {batch}, {reference}: {state}", payment=7, batch=1,
        reference="OC-1-7", state="rejected"))) == "    付款批次 1 的第 7 笔划款，OC-1-7：被拒绝"
    assert [translated(step, "what") for step in STEPS if translated(step, "what") == step] == []
