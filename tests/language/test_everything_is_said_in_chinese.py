"""All that is said to people has its Chinese, with the same values, in signs of any terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clearing.answers.documents.words import Words
from clearing.cli.pages import CLOSING, LEAST_WIDTH, wrap
from clearing.cli.say import width_of
from ext.codes import Cause, Reason
from network.language import (
    COUNTED,
    HEADING,
    Phrase,
    joined,
    language_of,
    read_catalogue,
    retold,
    translated,
    use,
)
from tests.language import update
from tests.language.messages import Message, collect, list_unsayable

CATALOGUE = {Message(*key): chinese for key, chinese in read_catalogue().items()}
HOLDING_CAUSES = (Cause.NO_AGREEMENT, Cause.AGREEMENTS_OVERLAP, Cause.GREY_RECORD)
# What ends so behind a value and is no plural of what the value counts.
NO_PLURALS = {
    "applies", "as", "asks", "belongs", "besides", "closes", "costs", "counts", "disputes", "does",
    "ends", "gaps", "has", "holds", "is", "its", "leads", "less", "members", "names", "needs",
    "owes", "prices", "reads", "runs", "says", "settles", "shares", "stands", "takes", "this",
    "was"}
TO_DO = "write it in network/zh.po after `python -m tests.language.update`"


def values_of(text: str) -> set[str]:
    """The names of a template's values."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def written_as_is(text: str) -> list[str]:
    """What people type: options and commands."""
    return sorted(re.findall(r"--[a-z][a-z-]+|`[^`]+`", text))


def test_nothing_is_without_chinese() -> None:
    missing = {message: places for message, places in collect().items()
               if message not in CATALOGUE}
    assert not missing, TO_DO


def test_nothing_is_there_that_nobody_says() -> None:
    stale = CATALOGUE.keys() - collect().keys()
    assert not stale, "take it out: python -m tests.language.update"


def test_sentences_are_looked_up_before_they_are_filled_in() -> None:
    wrong = list(list_unsayable())
    assert not wrong, "give a Phrase, its values by name, in place of an f-string"


def test_the_file_is_as_its_tool_writes_it() -> None:
    """So that an entry has one place, and two people's changes meet where they are about one."""
    known = update.read_catalogue()
    assert not any(entry.fuzzy for entry in known)
    entries = [(entry.context, entry.id, entry.string) for entry in known]
    again = update.bring_up_to_date(known)
    assert entries == [(entry.context, entry.id, entry.string) for entry in again]
    assert {Message(entry.context or "", str(entry.id)): entry.string
            for entry in known if entry.id} == CATALOGUE


def test_a_sentence_has_the_same_values() -> None:
    for message, chinese in CATALOGUE.items():
        assert written_as_is(chinese) == written_as_is(message.text)
        assert message.text.startswith("\n") == chinese.startswith("\n")
        assert values_of(message.text) == values_of(chinese), message


@pytest.fixture
def in_chinese() -> Iterator[None]:
    use("zh")
    yield
    use("en")


@pytest.mark.parametrize(("environment", "language"), [
    ({}, "en"), ({"LANG": "C.UTF-8"}, "en"), ({"LANG": "zh_CN.GB18030"}, "zh"),
    ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"), ({"LANG": "en_US", "LC_MESSAGES": "zh"}, "zh"),
    ({"LC_ALL": "zh_CN.UTF-8", "ONECARD_LANG": "en"}, "en"), ({"LC_ALL": "", "LANG": "zh"}, "zh"),
])
def test_the_environment_says_which_language(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


@pytest.mark.usefixtures("in_chinese")
def test_values_are_said_with_their_sentence() -> None:
    remedy = Phrase("did you mean {close}?", close=joined(" or ", ["rides", "runs"]))
    said = Phrase("there is no command {command!r}; {remedy}", command="ridse", remedy=remedy)
    assert said == "there is no command 'ridse'; did you mean rides or runs?"
    assert translated(said) == "没有命令 'ridse'；是否想写 rides 或 runs？"
    assert translated("rides", HEADING) == "乘次数" and translated("rides") == "乘次"
    assert translated("rides", "of nothing") == "rides"
    assert translated(Phrase("nobody says {it}", it=1)) == "nobody says 1"


@pytest.mark.parametrize(("template", "counts", "text"), [
    ("{records:,} records are refused", {"records": 1}, "1 record is refused"),
    ("{records:,} records are refused", {"records": 21}, "21 records are refused"),
    ("{left:,} more rows, {folded} folded entries", {"left": 1, "folded": 1},
     "1 more row, 1 folded entry"),
    ("run {run} holds {rows} rows", {"run": 1, "rows": 2}, "run 1 holds 2 rows"),
    ("{refused:,} of {records:,} records were taken", {"refused": 1, "records": 2},
     "1 of 2 records were taken"),
    ("{cards:,} cards pay more", {"cards": 1}, "1 card pays more"),
    ("{stops} stops of {operator} are far", {"stops": 1, "operator": "metro"},
     "1 stop of metro is far"),
])
def test_of_one_it_is_said_otherwise(template: str, counts: dict[str, Any], text: str) -> None:
    assert Phrase(template, **counts) == text


def test_all_that_is_counted_is_known_to_be() -> None:
    """A word in the plural behind a value that can be 1 is one that Phrase has a singular of."""
    behind = re.compile(r"\{(\w+)(?::[^}]*)?\} (?:[a-z]+ )?([a-z]+s)\b")
    unknown = {word for message in collect()
               for _, word in behind.findall(message.text)} - {*COUNTED} - NO_PLURALS
    assert not unknown, "add it to COUNTED in network/language.py, or to what is none here"


@pytest.mark.parametrize(("english", "chinese"), [
    ("paid adds up to 700, 900 in the trailer", "paid 合计为 700，文件尾写的是 900"),
    ("6 records found, 7 in the trailer; paid adds up to 1, 2 in the trailer",
     "实有 6 条记录，文件尾写的是 7；paid 合计为 1，文件尾写的是 2"),
    ("known: its content was cleared before, as b.csv in run 3",
     "已收过：内容先前已清分，见作业 3 的 b.csv"),
    ("the file is a zip archive; unpack it, and send what is in it",
     "文件是 zip 压缩包；请解压后送里面的文件"),
    ("missing columns: 'card'", "缺少的列：'card'"),
    ("nobody wrote this; the file holds nothing", "nobody wrote this；文件是空的"), ("", ""),
])
@pytest.mark.usefixtures("in_chinese")
def test_what_a_book_has_kept_in_english_is_said_in_chinese(english: str, chinese: str) -> None:
    assert retold(english) == chinese
    use("en")
    assert retold(english) == english


@pytest.mark.usefixtures("in_chinese")
def test_json_and_text_stay_english() -> None:
    """What machines read is the text that a phrase is, not what is printed of it."""
    said = Phrase("run {run}", run=7)
    assert f"{said}" == str(said) == "run 7" and type(str(said)) is str


@given(st.lists(st.sampled_from(["清", "分，", "（", "算）。", " ", "ab", "-c；", "“d”", "…"])),
       st.integers(1, 40))
@example([*["清"] * 10, " ", "…"], 20)      # a closing sign behind a space begins no line, either
def test_lines_are_as_wide_as_they_may_be(pieces: list[str], width: int) -> None:
    text = "".join(pieces)
    lines = list(wrap(text, width))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(width_of(line) <= max(width, LEAST_WIDTH) or len(line.split()) == 1
               for line in lines)
    assert not any(line[0] in CLOSING for line in lines[1:])


def test_documents_and_commands_call_a_thing_the_same() -> None:
    """Statements have words of their own, in the language of whoever gets them."""
    words = Words("zh")
    for cause in set(Cause) - set(HOLDING_CAUSES):      # what holds back is in no statement
        assert words.cause(cause) == CATALOGUE[Message("cause", cause.name.lower())]
    for reason in Reason:
        assert words.reason(reason) == CATALOGUE[Message("reason", reason.name.lower())]


def test_any_chinese_terminal_can_print_it() -> None:
    """GB 18030 has every sign; GBK, of older ones, has fewer."""
    for chinese in CATALOGUE.values():
        assert chinese.encode("gb18030").decode("gb18030") == chinese
        chinese.encode("gbk")
