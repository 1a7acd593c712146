"""What people read is Chinese, and stands in line; what machines read is the same bytes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearing.cli import onecard as root
from clearing.cli.say import width_of
from network.language import use
from tests.cli.clerk import FIRST, make_book
from tests.fares.folder import BUS, head, write
from tests.language.messages import walk
from tests.run.command import SCRIPT, SECONDS, environment, onecard

COLUMNS = 80
COMMANDS = [name.split()[1:] for name, _ in walk(root, "onecard")]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_book(tmp_path_factory.mktemp("words") / "clerk"))


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    use("en")


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_chinese_and_fits(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    done = onecard("--lang", "zh", *command, "--help")
    assert done.code == 0
    prose = [line for line in done.out.splitlines() if not line.startswith("    ")]
    assert "选项：" in prose and is_chinese(prose[2])
    wide = [line for line in prose if width_of(line) > COLUMNS and not line.startswith("  --")]
    assert not wide


@pytest.mark.parametrize("command", [
    ("show", "positions", "--json"), ("show", "rides", "--csv"), ("show", "refusals", "--json"),
    ("show", "rides", "--csv", "--columns", "card_id,paid,reason"), ("show", "windows", "--csv"),
    ("completeness", "--window", FIRST, "--json"), ("held", "list", "--csv"),
    ("trace", "--member", "hk-bus", "--window", FIRST, "--cause", "fare", "--json"),
], ids=" ".join)
def test_what_machines_read_stays_as_it_is(command: tuple[str, ...], book: str) -> None:
    english, chinese = (onecard("--lang", language, *command, "--book", book)
                        for language in ("en", "zh"))
    assert english == chinese and english.out


@pytest.mark.parametrize(("topic", "title"), [
    ("positions", "头寸：应收减应付；每一级合计为 0"), ("runs", "清算作业，单位：元"),
    ("concessions", "优惠：谁为谁的乘次补贴，单位：元"),
])
def test_columns_stand_in_line(topic: str, title: str, book: str) -> None:
    done = onecard("--lang", "zh", "show", topic, "--book", book)
    first, _, head, _, *rows = done.out.rstrip("\n").split("\n")
    assert first.startswith(title) and "，单位：元" in first
    assert is_chinese(head) and rows
    if topic != "runs":         # the last column of the others has numbers, which end together
        assert {width_of(row) for row in rows} == {width_of(head)}


def test_words_of_columns_are_said(book: str) -> None:
    done = onecard("--lang", "zh", "show", "obligations", "--member", "hk-bus", "--book", book)
    assert " 优惠 " in done.out and "concession" not in done.out
    done = onecard("--lang", "zh", "trace", "--member", "hk-bus", "--window", FIRST,
                   "--book", book)
    assert "hk-bus 的头寸，2024-11-25，单位：元" in done.out and "合计 " in done.out


def test_wrong_use_is_told_in_chinese(book: str) -> None:
    done = onecard("--lang", "zh", "show", "ridse", "--book", book)
    assert (done.code, done.out) == (2, "")
    assert "没有可列出的 'ridse'；是否想写 rides" in done.err
    assert "没有选项 '--nope'。" in onecard("--lang", "zh", "show", "rides", "--nope").err


def test_errors_are_told_in_chinese(book: str) -> None:
    done = onecard("--lang", "zh", "show", "rides", "--columns", "crad", "--book", book)
    assert done.err.splitlines()[0] == "onecard：没有列 'crad'" and done.code == 2
    assert done.err.splitlines()[-1] == "是否想写 card？"
    done = onecard("--lang", "zh", "statement", "--month", "2024/11", "--out", "x", "--book", book)
    assert done.err.splitlines() == ["onecard：'2024/11' 不是月份", "月份，如 2024-11",
                                     "请写清算批次所在的年和月"]


def test_what_is_no_book_is_told_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    for book, said in (("mysql://host/day", "onecard：账簿没有以 mysql:// 开头的地址"),
                       (str(tmp_path), f"onecard：{tmp_path}：此目录中有其他内容（letters.txt……），"
                                       "不是账簿")):
        done = onecard("--lang", "zh", "show", "rides", "--book", book)
        assert done.err.splitlines()[0] == said and done.code == 2


RIDE = ("price", "--network", "demo", "--operator", "sz-bus", "--line", "6", "--at",
        "2024-11-25 08:10", "--before", "bus:5 07:30 operator=sz-bus")


def test_why_a_row_holds_is_told_in_chinese() -> None:
    told = [line.split() for line in onecard("--lang", "zh", *RIDE).out.splitlines()]
    assert ["票价表", "shenzhen-bus-long@2018-01-01", "不适用", "未列出线路", "6"] in told
    assert ["优惠", "elder-free", "不适用", "不适用于卡种：普通", "2.00", "2.00"] in told
    assert ["优惠", "bus-bands", "适用", "分段付：3.00", "以内", "80", "%，6.00", "以内", "75",
            "%，其余部分", "65", "%", "2.00", "1.60"] in told


def test_what_a_check_finds_is_told_in_chinese(tmp_path: Path) -> None:
    text = head("bus") + BUS.replace("amount", 'card_kinds = ["adult"]\namount')
    done = onecard("--lang", "zh", "tables", "check", str(write(tmp_path, {"bus": text})))
    assert done.out.splitlines()[:3] == [
        f"{tmp_path}/bus.toml:2：错误 NO_FARE_ROW：bus@2024-01-01："
        "没有适用的票价规则：bus 公交，单次刷卡，卡种 student",
        '    table = "bus"', "  请在最后加一条不带条件的票价规则，或放宽某一条"]


@pytest.mark.parametrize("command", [(*RIDE, "--json"), ("tables", "check", "beijing", "--json")])
def test_why_is_english_for_machines(command: tuple[str, ...]) -> None:
    english, chinese = (onecard("--lang", language, *command) for language in ("en", "zh"))
    assert english == chinese and english.out


def test_a_terminal_of_gb18030_reads_it(book: str) -> None:
    done = subprocess.run([sys.executable, *SCRIPT, "show", "positions", "--book", book],
                          capture_output=True, timeout=SECONDS, env=environment(
                              ONECARD_LANG="", LC_ALL="zh_CN.GB18030", PYTHONIOENCODING="gb18030"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("gb18030").startswith("头寸：应收减应付")
